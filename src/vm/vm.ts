/**
 * A virtual machine with its life: made, started, paused, reset, closed. Runs in whichever thread makes it (a worker in
 * the browser, the main thread in Node) and lets that thread's events in between slices.
 */
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import { SerialChannel } from "../console/serialChannel.ts";
import type { EngineModules } from "../core/engine.ts";
import type { ModuleCompiler } from "../core/moduleInstaller.ts";
import { readTextScreen } from "../devices/vga/textScreen.ts";
import { type Frame, Renderer } from "../display/renderer.ts";
import { Typist } from "../input/typing.ts";
import { Machine, type SliceResult } from "../machine/machine.ts";
import type { StopReason, VmConfig, VmProfile, VmState, VmStats } from "./vmConfig.ts";
import { VmError } from "./vmError.ts";
import { collectStats } from "./vmStats.ts";
import { EventYielder } from "./yieldToEvents.ts";

export type StateListener = (state: VmState, reason?: StopReason) => void;

/** A sleeping guest is looked at no later than this, in ms: setTimeout takes no more than 2^31. */
const LONGEST_SLEEP_MS = 1_000_000;

export class Vm {
  /** COM1. */
  readonly serial: SerialChannel;
  /** Hears bytes written to port 0xe9. */
  onDebugByte: ((byte: number) => void) | undefined;
  private readonly listeners = new Set<StateListener>();
  private readonly renderer = new Renderer();
  private readonly yielder = new EventYielder();
  private readonly typist: Typist;
  private current: VmState = "created";
  /** Ends the sleep of an idle guest. */
  private wake: (() => void) | undefined;
  private looping = false;
  private firstInstructionMs: number | undefined;

  private constructor(
    private readonly machine: Machine,
    serial: SerialChannel,
    private readonly createdMs: number,
  ) {
    this.serial = serial;
    serial.connect({ receive: (bytes) => this.input(() => machine.board.com1.receive(bytes)) });
    machine.onWake = () => this.wake?.();
    this.typist = new Typist({ clock: machine.clock, keyboard: machine.board.keyboardController.keyboard });
  }

  /**
   * Throws a VmError or EngineError with one clear message when the VM cannot be made. `compiler` compiles translated code
   * while the guest goes on; left out, that is done in place.
   */
  static async create(config: VmConfig, engine: EngineModules, compiler?: ModuleCompiler): Promise<Vm> {
    const createdMs = performance.now();
    const serial = new SerialChannel();
    let vm: Vm | undefined;
    const machine = await Machine.create(
      config,
      engine,
      {
        com1: serial,
        com2: { write: () => {} },
        onDebugByte: (byte) => vm?.onDebugByte?.(byte),
      },
      compiler,
    );
    vm = new Vm(machine, serial, createdMs);
    return vm;
  }

  get state(): VmState {
    return this.current;
  }

  /** Calls `listener` at each change of state; returns how to stop that. */
  onState(listener: StateListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  start(): void {
    this.require("start", "created");
    this.run();
  }

  pause(): void {
    this.require("pause", "running");
    this.machine.clock.stop();
    this.setState("paused");
    this.wake?.();
  }

  resume(): void {
    this.require("resume", "paused");
    this.run();
  }

  /** Power-cycles the machine; one that was off or had crashed runs again. */
  reset(): void {
    if (this.current === "closed") throw new VmError("bad-state", "cannot reset a closed VM");
    this.typist.cancel();
    this.machine.powerCycle();
    if (this.current !== "paused" && this.current !== "created" && this.current !== "running") this.run();
  }

  /** Ends the VM for good. */
  close(): void {
    if (this.current === "closed") return;
    this.machine.clock.stop();
    this.setState("closed");
    this.wake?.();
    this.listeners.clear();
    this.yielder.close();
  }

  readonly keyboard = {
    /** A physical key by its `KeyboardEvent.code`. */
    key: (code: string, down: boolean): void =>
      this.input(() => this.machine.board.keyboardController.keyboard.key(code, down)),
    /** All keys up: the page lost the focus. */
    releaseAll: (): void => this.input(() => this.machine.board.keyboardController.keyboard.releaseAll()),
  };

  readonly mouse = {
    /** Motion in browser directions, wheel steps, and `MouseEvent.buttons`. */
    move: (dx: number, dy: number, dz: number, buttons: number): void =>
      this.input(() => this.machine.board.keyboardController.mouse.move(dx, dy, dz, buttons)),
  };

  /** Types on the PS/2 keyboard, US layout; `<enter>`, `<ctrl-alt-delete>` and such are keys. Done when the guest took it. */
  type(text: string): Promise<void> {
    const typed = this.typist.type(text);
    this.wake?.();
    return typed;
  }

  /** The VGA text screen, lines joined by newlines; "" in graphics modes. */
  screenText(): string {
    return readTextScreen(this.machine.board.vga.chip)?.join("\n") ?? "";
  }

  /** The screen as pixels, with the rows that changed since the last call. */
  frame(): Frame {
    return this.renderer.render(this.machine.board.vga.chip);
  }

  /** ACPI power button. */
  powerButton(): void {
    this.input(() => this.machine.board.power.pm.pressPowerButton());
  }

  /** A printable dump of the CPU's registers. */
  registers(): string {
    return this.machine.registers();
  }

  stats(): VmStats {
    const { engine, busyMs } = this.machine;
    const firstInstructionMs = (this.firstInstructionMs ?? performance.now()) - this.createdMs;
    return collectStats(engine, { busyMs, firstInstructionMs });
  }

  /** Where guest time went, if the configuration's `jit.profile` asked for it; else all counts are 0. */
  profile(): VmProfile {
    const { engine } = this.machine;
    return {
      instructions: engine.instructionsRetired(),
      translatedInstructions: Number(engine.field64(VcpuField.STAT_JIT_INSTRUCTIONS)),
      regions: engine.profile(),
    };
  }

  private input(give: () => void): void {
    if (this.current === "closed") return;
    give();
    this.wake?.();
  }

  private run(): void {
    this.machine.clock.start();
    this.setState("running");
    if (!this.looping) void this.loop();
  }

  private async loop(): Promise<void> {
    this.looping = true;
    this.firstInstructionMs ??= performance.now();
    try {
      while (this.current === "running") {
        const result = this.machine.runSlice();
        if (result.kind === "stopped") this.stopped(result.reason);
        else await this.letEventsIn(result);
      }
    } catch (error) {
      this.stopped({ kind: "internal-error", message: error instanceof Error ? error.message : String(error) });
    } finally {
      this.looping = false;
    }
  }

  private letEventsIn(result: Exclude<SliceResult, { kind: "stopped" }>): Promise<void> {
    if (result.kind === "idle") return this.sleep(result.sleepMs);
    if (result.kind === "waiting") return this.waitFor(result.until);
    return this.yielder.yield();
  }

  /** Sleeps until `done` is settled, or the machine is paused or closed. */
  private waitFor(done: Promise<void>): Promise<void> {
    const slept = this.sleep(Number.POSITIVE_INFINITY);
    void done.then(() => this.wake?.());
    return slept;
  }

  /** Sleeps until the time is over, input comes, or a disk is done. */
  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer =
        ms === Number.POSITIVE_INFINITY ? undefined : setTimeout(() => this.wake?.(), Math.min(ms, LONGEST_SLEEP_MS));
      this.wake = () => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve();
      };
    });
  }

  private stopped(reason: StopReason): void {
    this.machine.clock.stop();
    this.setState(reason.kind === "triple-fault" || reason.kind === "internal-error" ? "crashed" : "off", reason);
  }

  private setState(state: VmState, reason?: StopReason): void {
    if (this.current === state) return;
    this.current = state;
    this.serial.flush();
    for (const listener of [...this.listeners]) listener(state, reason);
  }

  private require(action: string, state: VmState): void {
    if (this.current !== state)
      throw new VmError("bad-state", `cannot ${action} a VM that is ${this.current}; it must be ${state}`);
  }
}
