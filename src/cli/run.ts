/**
 * `tabvisor run`: makes a VM, joins it to the terminal, the files and the script that the options ask for, and waits for the
 * first thing that ends the run.
 */
import { NodeTerminal, type NodeTerminalOptions } from "../console/nodeTerminal.ts";
import type { OutputChannel } from "../console/outputChannel.ts";
import type { SerialChannel } from "../console/serialChannel.ts";
import type { GuestSignal, StopReason, VmState } from "../vm/vmConfig.ts";
import { Expectations } from "./expectations.ts";
import type { RunOptions, ScriptedInput } from "./options.ts";
import { Console, OutputFile, type TextOutput } from "./outputs.ts";
import { type ReportSource, writeReports } from "./report.ts";
import type { SymbolTable } from "./symbols.ts";

type Line = Pick<SerialChannel, "onOutput" | "send" | "flush">;

/** What a run needs of a `Vm`. */
export interface RunnableVm extends ReportSource {
  start(): void;
  close(): Promise<void>;
  onDriveFailure(listener: (message: string) => void): () => void;
  onState(listener: (state: VmState, reason?: StopReason) => void): () => void;
  onSignal(listener: (signal: GuestSignal) => void): () => void;
  readonly serial: Line;
  readonly virtioConsole: Line;
  readonly printer: Pick<OutputChannel, "onOutput" | "flush">;
  readonly mouse: { move(dx: number, dy: number, dz: number, buttons: number): void };
  onDebugByte: ((byte: number) => void) | undefined;
  type(text: string): Promise<void>;
}

/** The process, as far as a run touches it; tests hand in their own. */
export interface RunEnvironment {
  stdout: TextOutput;
  stderr: TextOutput;
  stdin: NonNullable<NodeTerminalOptions["input"]>;
  signals: NonNullable<NodeTerminalOptions["exitHooks"]>;
}

export const EXIT_OK = 0;
export const EXIT_DEFECT = 1;
export const EXIT_USAGE = 2;
export const EXIT_TRIPLE_FAULT = 3;
export const EXIT_TIMEOUT = 124;
/** A process ended by a signal has this plus the signal's number. */
const EXIT_SIGNAL = 128;
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

const SCREEN_POLL_MS = 200;

/** How a run ended. */
interface Ending {
  status: number;
  /** A line or more for standard error. */
  message?: string;
}

/** Runs `vm` to its end; gives the exit status. The VM is closed and the terminal as it was when this resolves or rejects. */
export function runVm(
  vm: RunnableVm,
  options: RunOptions,
  environment: RunEnvironment,
  symbols?: SymbolTable,
): Promise<number> {
  return new Run(vm, options, environment, symbols).toEnd();
}

class Run {
  private readonly output: Console;
  private readonly expectations: Expectations;
  private readonly cleanUps: (() => void)[] = [];
  private readonly ended: Promise<Ending>;
  private end!: (ending: Ending) => void;
  private fail!: (error: unknown) => void;

  constructor(
    private readonly vm: RunnableVm,
    private readonly options: RunOptions,
    private readonly environment: RunEnvironment,
    private readonly symbols: SymbolTable | undefined,
  ) {
    this.output = new Console(environment.stdout);
    this.expectations = new Expectations(options, {
      perform: (input) => this.perform(input),
      screenText: () => vm.screenText(),
    });
    this.ended = new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
    });
  }

  async toEnd(): Promise<number> {
    try {
      this.connectFiles();
      this.connectSignals();
      this.connectTerminal();
      this.connectScript();
      this.cleanUps.push(this.vm.onState((state, reason) => this.stateChanged(state, reason)));
      // Failures while the VM is closed are of interest too.
      this.vm.onDriveFailure((message) => this.say(message));
      this.vm.onSignal((signal) => {
        if (signal.kind === "panicked") this.say("the guest's kernel has panicked");
      });
      this.startTimeout();
      this.vm.start();
      const { status, message } = await this.ended;
      this.cleanUp();
      if (message !== undefined) this.say(message);
      writeReports(this.options, this.vm, this.output, this.symbols);
      return status;
    } finally {
      this.cleanUp();
      await this.vm.close();
      await this.output.flush();
    }
  }

  private connectFiles(): void {
    const { serial, virtioConsole, parallel, debugcon } = this.options;
    if (debugcon !== undefined) {
      const file = new OutputFile("--debugcon", debugcon);
      this.vm.onDebugByte = file.writeByte;
      this.cleanUps.push(() => file.close());
    }
    if (parallel !== undefined) this.connectFile("--parallel", parallel, this.vm.printer);
    if (serial.kind === "file") this.connectFile("--serial", serial.path, this.vm.serial);
    if (virtioConsole.kind === "file") this.connectFile("--virtio-console", virtioConsole.path, this.vm.virtioConsole);
  }

  private connectFile(option: string, path: string, line: Pick<OutputChannel, "onOutput" | "flush">): void {
    const file = new OutputFile(option, path);
    // Undone in reverse: what is still on its way reaches the file.
    this.cleanUps.push(
      () => file.close(),
      line.onOutput(file.write),
      () => line.flush(),
    );
  }

  /** Without a terminal in raw mode, Ctrl-C comes as a signal. These come before the terminal's own handlers. */
  private connectSignals(): void {
    for (const [signal, number] of Object.entries(SIGNALS)) {
      const onSignal = () => this.end({ status: EXIT_SIGNAL + number });
      this.environment.signals.once(signal, onSignal);
      this.cleanUps.push(() => this.environment.signals.off(signal, onSignal));
    }
  }

  /**
   * With `--until` a person's terminal stays as it is: the run is a script's, and Ctrl-C ends it. Input from a pipe or a file goes
   * to the guest in either case; its end ends nothing.
   */
  private connectTerminal(): void {
    const { serial, virtioConsole } = this.options;
    if (serial.kind === "stdio") this.connectStdio(this.vm.serial);
    else if (virtioConsole.kind === "stdio") this.connectStdio(this.vm.virtioConsole);
  }

  private connectStdio(line: Line): void {
    const { stdin, signals } = this.environment;
    if (this.options.until !== undefined && stdin.isTTY === true) {
      this.cleanUps.push(line.onOutput((bytes) => this.output.write(bytes)));
      return;
    }
    const onQuit = () => this.end({ status: EXIT_OK });
    const terminal = new NodeTerminal({
      channel: line,
      input: stdin,
      output: this.output,
      exitHooks: signals,
      onQuit,
    });
    terminal.start();
    this.cleanUps.push(() => {
      line.flush();
      terminal.stop();
    });
  }

  private connectScript(): void {
    if (this.options.until === undefined && this.options.inputs.length === 0) return;
    const endIf = (matched: boolean) => {
      if (matched) this.end({ status: EXIT_OK });
    };
    // Scripts talk to the line that the terminal has; to the serial line where it has none.
    this.cleanUps.push(this.scriptLine.onOutput((bytes) => endIf(this.expectations.serialOutput(bytes))));
    const timer = setInterval(() => endIf(this.expectations.checkScreen()), SCREEN_POLL_MS);
    this.cleanUps.push(() => clearInterval(timer));
  }

  private get scriptLine(): Line {
    return this.options.virtioConsole.kind === "stdio" ? this.vm.virtioConsole : this.vm.serial;
  }

  private perform(input: ScriptedInput): void {
    if (input.on === "mouse") this.vm.mouse.move(input.dx, input.dy, 0, input.buttons);
    else if (input.on === "serial") this.scriptLine.send(new TextEncoder().encode(input.text));
    else this.vm.type(input.text).catch(this.fail);
  }

  private startTimeout(): void {
    const { timeoutSeconds } = this.options;
    if (timeoutSeconds === undefined) return;
    const timer = setTimeout(() => {
      const { waitingFor } = this.expectations;
      const what = waitingFor === undefined ? "the guest was still running" : `still waiting for ${waitingFor}`;
      this.end({ status: EXIT_TIMEOUT, message: `time-out after ${timeoutSeconds} s: ${what}` });
    }, timeoutSeconds * 1000);
    this.cleanUps.push(() => clearTimeout(timer));
  }

  private stateChanged(state: VmState, reason: StopReason | undefined): void {
    if (reason !== undefined) {
      // The last words of the guest may be what was waited for.
      this.scriptLine.flush();
      if (this.expectations.checkScreen()) this.end({ status: EXIT_OK });
      this.end(this.endingOf(reason));
    } else if (state === "off" || state === "closed") this.end({ status: EXIT_OK });
  }

  private endingOf(reason: StopReason): Ending {
    switch (reason.kind) {
      case "power-off": {
        const { waitingFor } = this.expectations;
        const message = waitingFor && `the guest powered off; there was no ${waitingFor}`;
        return { status: EXIT_OK, ...(message !== undefined && { message }) };
      }
      case "debug-exit":
        return { status: reason.status & 0xff };
      case "triple-fault":
        return { status: EXIT_TRIPLE_FAULT, message: `triple fault\n${reason.registers}` };
      case "internal-error":
        return { status: EXIT_DEFECT, message: reason.message };
    }
  }

  /** Undoes the connections in reverse; each once. */
  private cleanUp(): void {
    while (this.cleanUps.length > 0) this.cleanUps.pop()?.();
  }

  private say(message: string): void {
    this.output.freshLine();
    this.environment.stderr.write(`tabvisor: ${message.trimEnd()}\n`);
  }
}
