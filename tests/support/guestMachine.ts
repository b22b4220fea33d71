/** A whole machine with drives, driven step by step by a test: type, wait for what the guest shows, look at the pixels. */
import { enableBranchHinting } from "../../src/cli/branchHinting.ts";
import { readTextScreen } from "../../src/devices/vga/textScreen.ts";
import { type Frame, Renderer } from "../../src/display/renderer.ts";
import { Typist } from "../../src/input/typing.ts";
import type { AttachedDrive } from "../../src/machine/drives.ts";
import { Machine, type MachineBackends } from "../../src/machine/machine.ts";
import type { StopReason, VmConfig } from "../../src/machine/vmConfig.ts";
import { EventYielder } from "../../src/vm/yieldToEvents.ts";
import { engineModules } from "./engine.ts";

const LONGEST_SLEEP_MS = 10;
/** Between two motions of the pointer. */
const POINTER_SECONDS = 0.1;
/** The screen is read this often while something is waited for: a picture of it takes several milliseconds to look at. */
const LOOK_MS = 200;

export interface GuestMachineOptions extends Omit<VmConfig, "engine" | "clock" | "drives"> {
  drives?: readonly AttachedDrive[];
  engine?: VmConfig["engine"];
  clock?: VmConfig["clock"];
  /** What the machine is connected to besides. */
  backends?: Partial<MachineBackends>;
}

export class GuestMachine {
  /** All that the guest has sent on COM1. */
  serial = "";
  private readonly typist: Typist;
  private readonly renderer = new Renderer();
  private readonly yielder = new EventYielder();
  private stopReason: StopReason | undefined;

  private constructor(
    readonly machine: Machine,
    output: { onText: (text: string) => void },
  ) {
    output.onText = (text) => {
      this.serial += text;
    };
    this.typist = new Typist({ clock: machine.clock, keyboard: machine.board.keyboardController.keyboard });
    machine.clock.start();
  }

  static async create({ drives = [], backends, ...config }: GuestMachineOptions): Promise<GuestMachine> {
    // As the command line does.
    enableBranchHinting();
    const decoder = new TextDecoder();
    const output = { onText: (_text: string) => {} };
    const machine = await Machine.create({ engine: "auto", clock: "host", ...config }, await engineModules("shared"), {
      com1: { write: (byte: number) => output.onText(decoder.decode(Uint8Array.of(byte), { stream: true })) },
      com2: { write: () => {} },
      onDebugByte: () => {},
      drives,
      ...backends,
    });
    return new GuestMachine(machine, output);
  }

  get stopped(): StopReason | undefined {
    return this.stopReason;
  }

  /**
   * Runs until `reached` gives something other than false and undefined; throws with what the guest shows when time is up. Only
   * what the guest computes and sleeps counts, so that a test does not fail because the host had other things to do. `reached` is
   * asked now and then, and as soon as `sign` gives another value.
   */
  async until<T>(
    what: string,
    reached: () => T | false | undefined,
    seconds = 90,
    sign: () => unknown = () => undefined,
  ): Promise<T> {
    for (let spentMs = 0; spentMs < seconds * 1000; spentMs += await this.runToNextLook(sign)) {
      const found = reached();
      if (found !== undefined && found !== false) return found;
      if (this.stopReason) throw new Error(`stopped while waiting for ${what}: ${JSON.stringify(this.stopReason)}`);
    }
    throw new Error(
      `time is up, waiting for ${what}\nserial: ${this.serial.slice(-1500)}\nscreen:\n${this.screenText()}`,
    );
  }

  /** Until the text screen matches. */
  untilScreen(pattern: RegExp, seconds?: number): Promise<RegExpExecArray> {
    return this.until(`${pattern} on the screen`, () => pattern.exec(this.screenText()) ?? undefined, seconds);
  }

  /** Until what has come on the serial line since `from` matches. */
  untilSerial(pattern: RegExp, seconds?: number, from = 0): Promise<RegExpExecArray> {
    return this.until(
      `${pattern} on serial`,
      () => pattern.exec(this.serial.slice(from)) ?? undefined,
      seconds,
      () => this.serial.length,
    );
  }

  /** Lets the guest go on for `seconds`. */
  async run(seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end && !this.stopReason) await this.step();
  }

  /** Types on the PS/2 keyboard; `<enter>` and such are keys. */
  async type(script: string): Promise<void> {
    let taken = false;
    void this.typist.type(script).then(() => {
      taken = true;
    });
    await this.until(
      `the guest to take ${script}`,
      () => taken,
      undefined,
      () => taken,
    );
  }

  /** Whether the guest takes positions of the pointer: it has a driver for the VMware mouse. */
  get takesPositions(): boolean {
    return this.machine.board.vmport.mouse.isAbsolute;
  }

  /** The pointer is at this pixel of the screen, with `buttons` as in `MouseEvent.buttons`; the guest has a while to take it. */
  async pointAt(x: number, y: number, buttons = 0): Promise<void> {
    const { width, height } = this.frame();
    this.machine.board.vmport.mouse.moveTo(x / width, y / height, 0, buttons);
    await this.run(POINTER_SECONDS);
  }

  /** Sends text on the serial line. */
  send(text: string): void {
    this.machine.board.com1.receive(new TextEncoder().encode(text));
  }

  screenText(): string {
    return readTextScreen(this.machine.board.vga.chip)?.join("\n") ?? "";
  }

  frame(): Frame {
    return this.renderer.render(this.machine.board.vga.chip);
  }

  close(): void {
    this.machine.clock.stop();
    this.yielder.close();
  }

  /** Gives the time that it took: of the processor, and asleep, in ms. Asking for the former is too dear for every slice. */
  private async runToNextLook(sign: () => unknown): Promise<number> {
    const before = process.cpuUsage();
    const end = performance.now() + LOOK_MS;
    const shown = sign();
    let asleepMs = 0;
    do asleepMs += await this.step();
    while (performance.now() < end && !this.stopReason && sign() === shown);
    const { user, system } = process.cpuUsage(before);
    return asleepMs + (user + system) / 1000;
  }

  /** Runs a slice, or sleeps; gives the time asleep, in ms. */
  private async step(): Promise<number> {
    const result = this.machine.runSlice();
    if (result.kind === "stopped") this.stopReason = result.reason;
    else if (result.kind === "waiting") await result.until;
    else if (result.kind === "idle") {
      const sleepMs = Math.min(LONGEST_SLEEP_MS, result.sleepMs);
      await new Promise((resolve) => setTimeout(resolve, sleepMs));
      return sleepMs;
    } else await this.yielder.yield();
    return 0;
  }
}
