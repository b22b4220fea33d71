/** The conversation with bench/guest/main.c over a serial line: asks for a program, hears its marks, and takes the time between them. */
import { type Line, LineReader, type SerialPort } from "./serialPort.ts";

/** One run of a program in a fresh process. */
export interface RunTiming {
  /** By the harness's clock: guests may be wrong about time. */
  seconds: number;
  /** By the guest's own. */
  guestSeconds: number;
  checksum: string;
}

const BOOT_TIMEOUT_MS = 240_000;
const RUN_TIMEOUT_MS = 180_000;
/** Of what the guest said last, in an error message. */
const TAIL_LINES = 5;

export class GuestSession {
  private readonly tail: string[] = [];
  private readonly reader = new LineReader((line) => this.hear(line));
  private listener: ((line: Line) => void) | undefined;
  private fail: ((error: Error) => void) | undefined;
  private ended: string | undefined;

  constructor(
    private readonly port: SerialPort,
    private readonly runTimeoutMs = RUN_TIMEOUT_MS,
  ) {
    port.onText((text, atMs) => this.reader.feed(text, atMs));
    port.onEnd((why) => {
      this.ended = why;
      this.fail?.(this.complaint(why));
    });
  }

  /** Resolves when the guest takes commands; a kernel's last words may stand on the same line. */
  ready(): Promise<void> {
    return this.converse("boot", BOOT_TIMEOUT_MS, ({ text }) =>
      text.endsWith("READY") ? { value: undefined } : undefined,
    );
  }

  /** Runs `rounds` of a program in a fresh process. `onMark` is called when the rounds begin and when they have ended. */
  run(program: string, rounds: number, onMark?: () => void): Promise<RunTiming> {
    let started: number | undefined;
    let timing: RunTiming | undefined;
    const onLine = ({ text, atMs }: Line): { value: RunTiming } | undefined => {
      const [mark, ...values] = text.split(" ");
      if (mark === "B" && values.length === 0) {
        started = atMs;
        onMark?.();
      } else if (mark === "F") throw new Error(values.join(" "));
      else if (mark === "E" && started !== undefined) {
        timing = timingOf(values, atMs - started);
        onMark?.();
      } else if (mark === "READY") throw new Error("the guest has started anew");
      else if (mark !== "D") return undefined;
      else if (timing && values[0] === "0") return { value: timing };
      else throw new Error(`the process ended with wait status ${values[0]}`);
      return undefined;
    };
    const answer = this.converse(program, this.runTimeoutMs, onLine);
    if (this.ended === undefined) this.port.send(`run ${program} ${rounds}\n`);
    return answer;
  }

  /** Hands lines to `onLine` until it gives a value or throws. */
  private converse<T>(what: string, timeoutMs: number, onLine: (line: Line) => { value: T } | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => this.fail?.(this.complaint(`no answer in ${timeoutMs / 1000} s`)), timeoutMs);
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.listener = undefined;
        this.fail = undefined;
        act();
      };
      this.fail = (error) => settle(() => reject(new Error(`${what}: ${error.message}`)));
      this.listener = (line) => {
        try {
          const answer = onLine(line);
          if (answer) settle(() => resolve(answer.value));
        } catch (error) {
          this.fail?.(error as Error);
        }
      };
      if (this.ended !== undefined) this.fail(this.complaint(this.ended));
    });
  }

  private hear(line: Line): void {
    this.tail.push(line.text);
    this.tail.splice(0, this.tail.length - TAIL_LINES);
    this.listener?.(line);
  }

  private complaint(why: string): Error {
    const said = [...this.tail, this.reader.rest].filter((text) => text !== "").join(" | ");
    return new Error(said === "" ? why : `${why}; the guest's last words: ${said}`);
  }
}

function timingOf([checksum, nanoseconds]: string[], milliseconds: number): RunTiming {
  if (checksum === undefined || !/^\d+$/.test(nanoseconds ?? "")) throw new Error("the result cannot be read");
  return { seconds: milliseconds / 1000, guestSeconds: Number(nanoseconds) / 1e9, checksum };
}
