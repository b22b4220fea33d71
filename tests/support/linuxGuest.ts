/** A Linux guest with a busybox shell on COM1, run in this thread: it is booted, and told commands. */
import type { Machine } from "../../src/machine/machine.ts";
import { GuestMachine, type GuestMachineOptions } from "./guestMachine.ts";
import { image } from "./images.ts";

/** Of a test: its waits have limits of their own; this one is for a host that does other things at the same time. */
export const TEST_LIMIT_MS = 900_000;
/** From power-on to the shell, of the processor's time. */
const BOOT_SECONDS = 270;
const COMMAND_SECONDS = 270;
const PROMPT = /~ # /;
/** What a command prints, and its status; the echo of the command has no number behind it. */
const RESULT = /\n([\s\S]*?)status=(\d+)\r/;

export interface LinuxGuestOptions extends Omit<GuestMachineOptions, "boot" | "memoryMib"> {
  /** Files of the catalogue; initrds are put one behind the other. */
  kernel: string;
  initrds?: readonly string[];
  append?: string;
  memoryMib?: number;
}

/** What a command came to. */
interface CommandResult {
  output: string;
  status: number;
}

export class LinuxGuest {
  /** How much of what the guest has written has been dealt with. */
  private seen = 0;

  private constructor(private readonly pc: GuestMachine) {}

  static async create(options: LinuxGuestOptions): Promise<LinuxGuest> {
    const { kernel, initrds = [], append = "console=ttyS0", memoryMib = 256, ...config } = options;
    const initrd = Buffer.concat(initrds.map(image));
    const boot = { kind: "kernel", kernel: image(kernel), initrd, append } as const;
    return new LinuxGuest(await GuestMachine.create({ ...config, memoryMib, boot }));
  }

  get machine(): Machine {
    return this.pc.machine;
  }

  /** Types on COM1. */
  send(text: string): void {
    this.pc.send(text);
  }

  /** Runs until the guest has written what matches since the last wait. */
  async waitFor(pattern: RegExp, seconds?: number): Promise<RegExpExecArray> {
    const match = await this.pc.untilSerial(pattern, seconds, this.seen);
    this.seen += match.index + match[0].length;
    return match;
  }

  /** Runs until `reached` gives something other than false and undefined. */
  until<T>(what: string, reached: () => T | false | undefined): Promise<T> {
    return this.pc.until(what, reached);
  }

  /** Has the shell execute a command; returns what it prints. */
  async run(command: string): Promise<string> {
    return (await this.execute(command)).output;
  }

  /** As {@link run}, and a command that fails is an error. */
  async succeed(command: string): Promise<string> {
    const { output, status } = await this.execute(command);
    if (status !== 0) throw new Error(`${command}: status ${status}: ${output}`);
    return output;
  }

  /** Runs until there is a shell. */
  async boot(): Promise<void> {
    await this.waitFor(PROMPT, BOOT_SECONDS);
    // The shell's line editor shall not wrap what it echoes, nor the kernel write between (of a host that was busy elsewhere).
    this.send("stty columns 500; dmesg -n 1\n");
    await this.waitFor(PROMPT);
  }

  /** Runs until the machine has switched itself off. */
  async powerOff(): Promise<void> {
    this.send("poweroff\n");
    await this.pc.until("the power to be off", () => this.pc.stopped);
  }

  close(): void {
    this.pc.close();
  }

  private async execute(command: string): Promise<CommandResult> {
    this.send(`${command}; echo status=$?\n`);
    const [, output = "", status] = await this.waitFor(RESULT, COMMAND_SECONDS);
    await this.waitFor(PROMPT);
    return { output: output.replaceAll("\r", "").trim(), status: Number(status) };
  }
}
