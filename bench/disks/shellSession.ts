/** Commands to a busybox shell over a serial line, and how long they take by the harness's clock. */
import { LineReader, type SerialPort } from "../suite/serialPort.ts";

const BOOT_TIMEOUT_MS = 240_000;
const RUN_TIMEOUT_MS = 120_000;
const PROMPT = "~ # ";
const TAIL_CHARACTERS = 300;

export class ShellSession {
  private text = "";
  private look: (() => void) | undefined;
  private fail: ((why: string) => void) | undefined;
  private begunMs = 0;
  private ended: { status: number; atMs: number } | undefined;
  private readonly reader = new LineReader(({ text, atMs }) => {
    const [, mark, status] = /^<(begin|end)>(\d*)$/.exec(text) ?? [];
    if (mark === "begin") this.begunMs = atMs;
    else if (mark === "end") this.ended = { status: Number(status), atMs };
  });

  constructor(private readonly port: SerialPort) {
    port.onText((text, atMs) => {
      this.text += text;
      this.reader.feed(text, atMs);
      this.look?.();
    });
    port.onEnd((why) => this.fail?.(why));
  }

  /** Resolves when there is a shell. */
  async ready(): Promise<void> {
    await this.until(() => this.text.includes(PROMPT), "boot", BOOT_TIMEOUT_MS);
    await this.run("stty -echo");
  }

  /** Runs a command; its seconds of wall time. Throws if it fails. */
  async run(command: string): Promise<number> {
    this.ended = undefined;
    // The echo of the command line does not look like the marks. The first stands on a line of its own, behind the prompt's.
    this.port.send(`echo; echo "<"begin">"; ${command}; echo "<"end">"$?\n`);
    await this.until(() => this.ended !== undefined, command, RUN_TIMEOUT_MS);
    const { status, atMs } = this.ended as unknown as { status: number; atMs: number };
    if (status !== 0) throw new Error(`${command}: exit status ${status}: ${this.tail()}`);
    return (atMs - this.begunMs) / 1000;
  }

  private until(isThere: () => boolean, what: string, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.look = this.fail = undefined;
        act();
      };
      this.fail = (why) => settle(() => reject(new Error(`${what}: ${why}: ${this.tail()}`)));
      this.look = () => {
        if (isThere()) settle(resolve);
      };
      const timer = setTimeout(() => this.fail?.(`no answer in ${timeoutMs / 1000} s`), timeoutMs);
      this.look();
    });
  }

  private tail(): string {
    return this.text.slice(-TAIL_CHARACTERS);
  }
}
