/**
 * The Node process's own terminal on a serial line: raw mode, so that Ctrl-C and the like go to the guest.
 * Ctrl-A x quits, Ctrl-A Ctrl-A sends Ctrl-A, Ctrl-A h lists these; the tty is put back whatever happens.
 */
import type { ByteChannel } from "./byteChannel.ts";

/** What is used of `process.stdin`. */
export interface TerminalInput {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  on(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  off(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** What is used of `process.stdout`. */
export interface TerminalOutput {
  write(data: Uint8Array | string): unknown;
}

/** What is used of `process`, to put the tty back. */
export interface ExitHooks {
  once(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

export interface NodeTerminalOptions {
  channel: ByteChannel;
  input?: TerminalInput;
  output?: TerminalOutput;
  exitHooks?: ExitHooks;
  onQuit(): void;
}

const CTRL_A = 0x01;
const KEY_X = 0x78;
const KEY_H = 0x68;
const HELP = "\r\nCtrl-A x quits, Ctrl-A Ctrl-A sends Ctrl-A, Ctrl-A h shows this\r\n";
const EXIT_EVENTS = ["exit", "uncaughtExceptionMonitor"] as const;
const SIGNALS = ["SIGTERM", "SIGHUP"] as const;

export class NodeTerminal {
  private readonly input: TerminalInput;
  private readonly output: TerminalOutput;
  private readonly exitHooks: ExitHooks;
  private readonly channel: ByteChannel;
  private readonly onQuit: () => void;
  private stopOutput: (() => void) | undefined;
  private escaped = false;

  constructor(options: NodeTerminalOptions) {
    this.input = options.input ?? process.stdin;
    this.output = options.output ?? process.stdout;
    this.exitHooks = options.exitHooks ?? (process as ExitHooks);
    this.channel = options.channel;
    this.onQuit = options.onQuit;
  }

  start(): void {
    if (this.stopOutput !== undefined) return;
    this.stopOutput = this.channel.onOutput((bytes) => this.output.write(bytes));
    for (const event of EXIT_EVENTS) this.exitHooks.once(event, this.stop);
    for (const signal of SIGNALS) this.exitHooks.once(signal, this.quit);
    this.setRaw(true);
    this.input.on("data", this.receive);
    this.input.resume();
  }

  /** Lets go of the terminal and puts it back into its own mode; safe to call twice. */
  readonly stop = (): void => {
    if (this.stopOutput === undefined) return;
    this.stopOutput();
    this.stopOutput = undefined;
    this.input.off("data", this.receive);
    this.input.pause();
    this.setRaw(false);
    for (const event of EXIT_EVENTS) this.exitHooks.off(event, this.stop);
    for (const signal of SIGNALS) this.exitHooks.off(signal, this.quit);
  };

  private readonly quit = (): void => {
    this.stop();
    this.onQuit();
  };

  private readonly receive = (bytes: Uint8Array): void => {
    const forGuest: number[] = [];
    for (const byte of bytes) {
      if (this.escaped) this.command(byte, forGuest);
      else if (byte === CTRL_A && this.input.isTTY === true) this.escaped = true;
      else forGuest.push(byte);
      if (this.stopOutput === undefined) return;
    }
    if (forGuest.length > 0) this.channel.send(Uint8Array.from(forGuest));
  };

  /** The key after Ctrl-A; unknown ones do nothing. */
  private command(byte: number, forGuest: number[]): void {
    this.escaped = false;
    if (byte === CTRL_A) forGuest.push(CTRL_A);
    else if (byte === KEY_X) this.quit();
    else if (byte === KEY_H) this.output.write(HELP);
  }

  private setRaw(raw: boolean): void {
    if (this.input.isTTY === true) this.input.setRawMode?.(raw);
  }
}
