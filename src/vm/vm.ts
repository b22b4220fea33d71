/**
 * A virtual machine with its life: made, started, paused, reset, closed. Runs in whichever thread makes it (a worker in
 * the browser, the main thread in Node) and lets that thread's events in between slices.
 */
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import { OutputChannel } from "../console/outputChannel.ts";
import { SerialChannel } from "../console/serialChannel.ts";
import type { EngineModules } from "../core/engine.ts";
import type { ModuleCompiler } from "../core/moduleInstaller.ts";
import type { SpeakerWave } from "../devices/pit/speakerWave.ts";
import { readTextScreen } from "../devices/vga/textScreen.ts";
import type { ScanoutSource } from "../devices/vga/vga.ts";
import { type Frame, Renderer } from "../display/renderer.ts";
import { Typist } from "../input/typing.ts";
import { Machine, type SliceResult } from "../machine/machine.ts";
import { type DriveOpeners, openDrives, openMedium } from "../machine/openDrives.ts";
import { openShares, type TreeOpener } from "../machine/openShares.ts";
import { SpeakerFeed } from "./speakerFeed.ts";
import type { GuestSignal, MediumConfig, StopReason, VmConfig, VmProfile, VmState, VmStats } from "./vmConfig.ts";
import { VmError } from "./vmError.ts";
import { collectStats } from "./vmStats.ts";
import { EventYielder } from "./yieldToEvents.ts";

export type StateListener = (state: VmState, reason?: StopReason) => void;
/** `message` is one line that names the file or address. */
export type DriveFailureListener = (message: string) => void;

export type SignalListener = (signal: GuestSignal) => void;

/** What of its host a VM uses. */
export interface VmHost {
  /** Opens the drives' images. */
  openers?: DriveOpeners;
  /** Opens shared folders. */
  openTree?: TreeOpener;
  /** Compiles translated code while the guest goes on; left out, that is done in place. */
  compiler?: ModuleCompiler;
}

/** A sleeping guest is looked at no later than this, in ms: setTimeout takes no more than 2^31. */
const LONGEST_SLEEP_MS = 1_000_000;
/** Events wait at least so long from one turn to the next while the guest runs, in ms. */
const SHORTEST_TURN_MS = 1;
/** A guest that never flushes its disks loses no more than the last of this time, in ms. */
const FLUSH_INTERVAL_MS = 5000;

/** Where a guest's bytes go to and come from. */
interface Lines {
  serial: SerialChannel;
  virtioConsole: SerialChannel;
  printer: OutputChannel;
}

export class Vm {
  /** COM1. */
  readonly serial: SerialChannel;
  /** hvc0, the virtio console; where the guest has none, nothing comes and input waits. */
  readonly virtioConsole: SerialChannel;
  /** What the guest prints on LPT1. */
  readonly printer: OutputChannel;
  /** The PC speaker. */
  readonly speaker = new SpeakerFeed(() => this.machine.clock.nowNs());
  /** Hears bytes written to port 0xe9. */
  onDebugByte: ((byte: number) => void) | undefined;
  private readonly listeners = new Set<StateListener>();
  private readonly driveListeners = new Set<DriveFailureListener>();
  private readonly signalListeners = new Set<SignalListener>();
  /** Failures that were told: a guest tries again and again. */
  private readonly toldFailures = new Set<string>();
  private flushTimer: ReturnType<typeof setInterval> | undefined;
  private readonly renderer = new Renderer();
  private readonly yielder = new EventYielder();
  private readonly typist: Typist;
  private current: VmState = "created";
  /** Ends the sleep of an idle guest. */
  private wake: (() => void) | undefined;
  private looping = false;
  private restCount = 0;
  private firstInstructionMs: number | undefined;
  /** When events were let in the last time. */
  private turnStartedMs = 0;

  private constructor(
    private readonly machine: Machine,
    { serial, virtioConsole, printer }: Lines,
    private readonly openers: DriveOpeners | undefined,
    private readonly createdMs: number,
  ) {
    this.serial = serial;
    this.virtioConsole = virtioConsole;
    this.printer = printer;
    const { com1, expansion } = machine.board;
    serial.connect({ receive: (bytes) => this.input(() => com1.receive(bytes)) });
    virtioConsole.connect({ receive: (bytes) => this.input(() => expansion.console?.receive(bytes)) });
    machine.onWake = () => this.wake?.();
    this.typist = new Typist({ clock: machine.clock, keyboard: machine.board.keyboardController.keyboard });
  }

  /** Throws a VmError, EngineError or StorageError with one clear message when the VM cannot be made; then no drive stays open. */
  static async create(config: VmConfig, engine: EngineModules, host: VmHost = {}): Promise<Vm> {
    const createdMs = performance.now();
    const lines = { serial: new SerialChannel(), virtioConsole: new SerialChannel(), printer: new OutputChannel() };
    const shares = openShares(config.shares ?? [], host.openTree);
    const drives = await openDrives(config.drives ?? [], host.openers);
    let vm: Vm | undefined;
    const backends = {
      com1: lines.serial,
      ...(config.virtio?.console && { console: lines.virtioConsole }),
      onPrint: (byte: number) => lines.printer.write(byte),
      com2: { write: () => {} },
      onDebugByte: (byte: number) => vm?.onDebugByte?.(byte),
      drives,
      shares,
      onDriveFailure: (error: Error) => vm?.driveFailed(error),
      onSignal: (signal: GuestSignal) => vm?.signal(signal),
      onSpeaker: (wave: SpeakerWave) => vm?.speaker.write(wave),
    };
    try {
      const machine = await Machine.create(config, engine, backends, host.compiler);
      vm = new Vm(machine, lines, host.openers, createdMs);
    } catch (error) {
      await Promise.allSettled(drives.map(({ backend }) => backend?.close()));
      throw error;
    }
    if (drives.length > 0) vm.flushTimer = setInterval(() => void vm.machine.drives.flush(), FLUSH_INTERVAL_MS);
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

  /** Calls `listener` when a medium fails, with each message once; the guest has an I/O error. Returns how to stop that. */
  onDriveFailure(listener: DriveFailureListener): () => void {
    this.driveListeners.add(listener);
    return () => this.driveListeners.delete(listener);
  }

  /** Calls `listener` at what the guest signals (see {@link GuestSignal}); returns how to stop that. */
  onSignal(listener: SignalListener): () => void {
    this.signalListeners.add(listener);
    return () => this.signalListeners.delete(listener);
  }

  /**
   * Puts another medium, or none, into a CD-ROM or floppy drive: "ide2", "floppy0". Throws a VmError or StorageError, and then
   * the old one is still there.
   */
  async changeMedium(drive: string, medium: MediumConfig | undefined): Promise<void> {
    if (this.current === "closed") throw new VmError("bad-state", "cannot change a medium of a closed VM");
    const { drives } = this.machine;
    const media = drives.mediaOf(drive);
    const backend = medium && (await openMedium(medium, media, this.openers));
    this.toldFailures.clear();
    await drives.change(drive, backend);
    this.wake?.();
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
    void this.machine.drives.flush();
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
    this.wake?.(); // the guest may have been asleep for good
    if (this.current !== "paused" && this.current !== "created" && this.current !== "running") this.run();
  }

  /** Ends the VM for good. What was written to drives is on their media when this resolves. */
  async close(): Promise<void> {
    if (this.current === "closed") return;
    this.machine.clock.stop();
    clearInterval(this.flushTimer);
    this.setState("closed");
    this.wake?.();
    this.listeners.clear();
    this.yielder.close();
    await this.machine.drives.close();
    this.driveListeners.clear();
    this.signalListeners.clear();
  }

  readonly keyboard = {
    /** A physical key by its `KeyboardEvent.code`. Without `typematic` it is repeated only by going down again. */
    key: (code: string, down: boolean, typematic = true): void =>
      this.input(() => this.machine.board.keyboardController.keyboard.key(code, down, typematic)),
    /** All keys up: the page lost the focus. */
    releaseAll: (): void => this.input(() => this.machine.board.keyboardController.keyboard.releaseAll()),
  };

  readonly mouse = {
    /** Motion in browser directions, wheel steps, and `MouseEvent.buttons`. */
    move: (dx: number, dy: number, dz: number, buttons: number): void =>
      this.input(() => this.machine.board.moveMouse(dx, dy, dz, buttons)),
    /**
     * The pointer is at `x`, `y`, fractions of the screen's width and height. Nothing happens where the guest takes no positions: see
     * `isAbsolute`.
     */
    moveTo: (x: number, y: number, dz: number, buttons: number): void =>
      this.input(() => this.machine.board.vmport.mouse.moveTo(x, y, dz, buttons)),
    /** Whether the guest takes positions; a signal tells when that changes. */
    isAbsolute: (): boolean => this.machine.board.vmport.mouse.isAbsolute,
  };

  /** Types on the PS/2 keyboard, US layout; `<enter>`, `<ctrl-alt-delete>` and such are keys. Done when the guest took it. */
  type(text: string): Promise<void> {
    const typed = this.typist.type(text);
    this.wake?.();
    return typed;
  }

  /**
   * Types text as it is, without names of keys; characters that a US keyboard lacks are left out. Keys that are down are let go of:
   * those that ask for pasting are not part of it.
   */
  paste(text: string): Promise<void> {
    this.keyboard.releaseAll();
    const typed = this.typist.paste(text);
    this.wake?.();
    return typed;
  }

  /** The VGA text screen, lines joined by newlines; "" in graphics modes. */
  screenText(): string {
    return readTextScreen(this.machine.board.vga.chip)?.join("\n") ?? "";
  }

  /** What the screen shows, for who draws it elsewhere. */
  get screen(): ScanoutSource {
    return this.machine.board.vga.chip;
  }

  /** The screen as pixels, with the rows that changed since the last call. */
  frame(): Frame {
    return this.renderer.render(this.screen);
  }

  /** ACPI power button. */
  powerButton(): void {
    this.input(() => this.machine.board.power.pm.pressPowerButton());
  }

  /** A printable dump of the CPU's registers. */
  registers(): string {
    return this.machine.registers();
  }

  /** How often the guest has had nothing to do so far. */
  get rests(): number {
    return this.restCount;
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
        else if (result.kind !== "running" || this.isTurnOver()) await this.letEventsIn(result);
      }
    } catch (error) {
      this.stopped({ kind: "internal-error", message: error instanceof Error ? error.message : String(error) });
    } finally {
      this.looping = false;
    }
  }

  /** Timers that the guest sets for soon cut slices short; a turn of the event loop for each would cost as much as they do. */
  private isTurnOver(): boolean {
    return performance.now() - this.turnStartedMs >= SHORTEST_TURN_MS;
  }

  private async letEventsIn(result: Exclude<SliceResult, { kind: "stopped" }>): Promise<void> {
    if (result.kind === "idle") {
      this.restCount++;
      await this.sleep(result.sleepMs);
    } else if (result.kind === "waiting") await this.waitFor(result.until);
    else await this.yielder.yield();
    this.turnStartedMs = performance.now();
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

  private driveFailed(error: Error): void {
    if (this.toldFailures.has(error.message)) return;
    this.toldFailures.add(error.message);
    for (const listener of [...this.driveListeners]) listener(error.message);
  }

  private signal(signal: GuestSignal): void {
    for (const listener of [...this.signalListeners]) listener(signal);
  }

  private stopped(reason: StopReason): void {
    this.machine.clock.stop();
    this.setState(reason.kind === "triple-fault" || reason.kind === "internal-error" ? "crashed" : "off", reason);
  }

  private setState(state: VmState, reason?: StopReason): void {
    if (this.current === state) return;
    this.current = state;
    for (const line of [this.serial, this.virtioConsole, this.printer]) line.flush();
    for (const listener of [...this.listeners]) listener(state, reason);
  }

  private require(action: string, state: VmState): void {
    if (this.current !== state)
      throw new VmError("bad-state", `cannot ${action} a VM that is ${this.current}; it must be ${state}`);
  }
}
