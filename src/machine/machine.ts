/**
 * A machine: engine and board, run in slices by whoever owns it (vm/vm.ts). Everything here is synchronous and knows
 * neither threads nor pages.
 */
import { ExitReason } from "../../assembly/shared/exitReason.ts";
import { IoScheduler } from "../bus/ioScheduler.ts";
import { Engine, type EngineModules } from "../core/engine.ts";
import type { ModuleCompiler } from "../core/moduleInstaller.ts";
import { defaultAcpiConfig } from "../devices/acpi/tables.ts";
import { addAcpiTables, addE820 } from "../devices/fwcfg/firmwareFiles.ts";
import type { SpeakerWave } from "../devices/pit/speakerWave.ts";
import type { UartBackend } from "../devices/uart/uart16550.ts";
import type { ConsoleBackend } from "../devices/virtio/virtioConsole.ts";
import { writeBiosDataArea } from "./biosDataArea.ts";
import { Board, HostSide } from "./board.ts";
import { HostClock, InstructionClock, type MachineClock } from "./clocks.ts";
import { dumpRegisters } from "./cpuState.ts";
import { setUpChips } from "./directBoot.ts";
import { type AttachedDrive, DriveBay } from "./drives.ts";
import { entropyFor } from "./entropy.ts";
import type { AttachedShare } from "./expansionCards.ts";
import { FirmwareRom, mapShadowAsRam } from "./firmware.ts";
import { bootLinux, isLinuxImage } from "./linuxBoot.ts";
import { bootMultiboot, findMultibootHeader } from "./multiboot.ts";
import { runVgaBios } from "./vgaBios.ts";
import type { GuestSignal, StopReason, VmConfig } from "./vmConfig.ts";
import { VmError } from "./vmError.ts";

export interface MachineBackends {
  com1: UartBackend;
  com2: UartBackend;
  /** What the guest prints on LPT1. */
  onPrint?: (byte: number) => void;
  onDebugByte: (byte: number) => void;
  /** What the guest's hvc0 is connected to; without it there is none. */
  console?: ConsoleBackend;
  /** Trees of files that the guest may mount by virtio-9p. */
  shares?: readonly AttachedShare[];
  drives?: readonly AttachedDrive[];
  /** A medium failed; the guest has an I/O error. */
  onDriveFailure?: (error: Error) => void;
  onSignal?: (signal: GuestSignal) => void;
  /** What the PC speaker's input does. */
  onSpeaker?: (wave: SpeakerWave) => void;
}

/** What a slice came to. */
export type SliceResult =
  | { kind: "running" }
  /** Nothing to do before `sleepMs` are over or input comes; Infinity: only input wakes it. */
  | { kind: "idle"; sleepMs: number }
  /** Guest time stands still until an operation of the outside is done. */
  | { kind: "waiting"; until: Promise<void> }
  | { kind: "stopped"; reason: StopReason };

/** Wall time a slice aims at, in ms: short enough to answer input, long enough to be worth it. */
const SLICE_MS = 2;
/** V8 replaces baseline code by optimised code at the next call only, so the first slices are short. */
const FIRST_SLICE_INSTRUCTIONS = 20_000;
/** Under the instruction clock every slice has the same length, whatever the host's speed. */
const EXACT_SLICE_INSTRUCTIONS = 100_000;
/** How the configuration's words name the engine's modes. */
const JIT_MODE_OF = { interp: "off", auto: "auto", jit: "forced" } as const;
const RUNNING: SliceResult = { kind: "running" };

/** Whether a machine like this has use for another thread that compiles. */
export function wantsCompiler({ engine, clock, jit }: VmConfig): boolean {
  return engine === "auto" && (jit?.compile ?? (clock === "icount" ? "sync" : "async")) === "async";
}

export class Machine {
  readonly board: Board;
  readonly clock: MachineClock;
  readonly drives: DriveBay;
  /** Called when a timer is due that was not foreseen (a disk is done): an idle machine is to go on. */
  onWake: (() => void) | undefined;
  /** Wall time spent in the engine, ms. */
  busyMs = 0;
  private readonly io: IoScheduler;
  private readonly firmware: FirmwareRom | undefined;
  private stopReason: StopReason | undefined;
  private resetRequested = false;
  private instructionsPerNs = FIRST_SLICE_INSTRUCTIONS / (SLICE_MS * 1e6);

  private constructor(
    readonly engine: Engine,
    host: HostSide,
    private readonly config: VmConfig,
    backends: MachineBackends,
  ) {
    this.clock = config.clock === "icount" ? new InstructionClock() : new HostClock();
    if (this.clock instanceof InstructionClock) this.clock.retired = () => engine.instructionsRetired();
    this.io = new IoScheduler(this.clock, { exact: this.clock.exact });
    this.drives = new DriveBay(backends.drives ?? [], this.io, (error) => backends.onDriveFailure?.(error));
    this.board = new Board({
      engine,
      clock: this.clock,
      com1: backends.com1,
      com2: backends.com2,
      onPrint: (byte) => backends.onPrint?.(byte),
      drives: this.drives,
      bootOrder: config.bootOrder,
      hasVga: hasVga(config),
      expansion: {
        drives: this.drives,
        entropy: entropyFor(this.clock),
        console: backends.console,
        virtio: config.virtio,
        shares: backends.shares,
        io: this.io,
      },
      onDebugByte: backends.onDebugByte,
      onPowerOff: () => this.stop({ kind: "power-off" }),
      onReset: () => this.requestReset(),
      onDebugExit: config.debugExit ? (status) => this.stop({ kind: "debug-exit", status }) : undefined,
      onSpeaker: (wave) => backends.onSpeaker?.(wave),
      onSignal: (signal) => backends.onSignal?.(signal),
      onPam: (segment, readRam, writeRam) => this.firmware?.setPam(segment, readRam, writeRam),
    });
    host.board = this.board;
    // A timer that the guest arms for earlier than the slice was cut to, or sees to be due, must still fire on time.
    this.clock.onDue = () => {
      engine.requestExit();
      this.onWake?.();
    };
    checkBootSource(config);
    this.firmware = config.bios ? new FirmwareRom(engine, config.bios) : undefined;
    if (config.boot.kind === "firmware") this.describeToFirmware();
    this.powerOn();
  }

  /**
   * Throws a VmError or EngineError that says what is wrong with the configuration. `compiler` is for owners that let events in
   * between slices.
   */
  static async create(
    config: VmConfig,
    modules: EngineModules,
    backends: MachineBackends,
    compiler?: ModuleCompiler,
  ): Promise<Machine> {
    const host = new HostSide();
    const engine = await Engine.create(modules, config.memoryMib, host, {
      ...config.jit,
      mode: JIT_MODE_OF[config.engine],
      ...(compiler && wantsCompiler(config) && { compiler }),
    });
    return new Machine(engine, host, config, backends);
  }

  /** Runs guest code for a short while. */
  runSlice(): SliceResult {
    this.clock.fireDue();
    if (this.stopReason) return { kind: "stopped", reason: this.stopReason };
    if (this.io.stalled) return { kind: "waiting", until: this.io.stalled };
    const before = this.engine.instructionsRetired();
    const started = performance.now();
    const exit = this.engine.run(this.sliceLength(), this.clock.exact);
    const tookMs = performance.now() - started;
    this.busyMs += tookMs;
    this.learnSpeed(this.engine.instructionsRetired() - before, tookMs);
    return this.afterSlice(exit);
  }

  /** Starts the machine afresh, as the power switch does. */
  powerCycle(): void {
    this.stopReason = undefined;
    this.powerOn();
  }

  /** A printable register dump. */
  registers(): string {
    return dumpRegisters(this.engine);
  }

  private sliceLength(): number {
    const wanted = this.clock.exact
      ? EXACT_SLICE_INSTRUCTIONS
      : Math.max(FIRST_SLICE_INSTRUCTIONS, this.instructionsPerNs * SLICE_MS * 1e6);
    const untilTimer = this.clock.instructionsUntil(this.clock.nextDeadlineNs(), this.instructionsPerNs);
    return Math.floor(Math.min(wanted, untilTimer));
  }

  private learnSpeed(instructions: number, tookMs: number): void {
    if (instructions < 5000 || tookMs <= 0.05) return;
    const now = instructions / (tookMs * 1e6);
    // Code that turned slow counts sooner: a slice that is too long makes timers late.
    this.instructionsPerNs += (now - this.instructionsPerNs) / (now < this.instructionsPerNs ? 2 : 8);
  }

  private afterSlice(exit: ExitReason): SliceResult {
    if (this.resetRequested) {
      this.resetRequested = false;
      this.powerOn();
      return RUNNING;
    }
    if (this.stopReason) return { kind: "stopped", reason: this.stopReason };
    if (exit === ExitReason.SHUTDOWN) {
      this.stopReason = { kind: "triple-fault", registers: this.registers() };
      return { kind: "stopped", reason: this.stopReason };
    }
    if (exit === ExitReason.HALT) return this.idle();
    return RUNNING;
  }

  private idle(): SliceResult {
    const sleepMs = this.clock.idleUntil(this.clock.nextDeadlineNs());
    return sleepMs > 0 ? { kind: "idle", sleepMs } : RUNNING;
  }

  private stop(reason: StopReason): void {
    this.stopReason ??= reason;
    this.engine.requestExit();
  }

  private requestReset(): void {
    this.resetRequested = true;
    this.engine.requestExit();
  }

  private powerOn(): void {
    this.board.reset();
    this.firmware?.reset();
    this.engine.setA20(true);
    this.engine.reset();
    const { boot } = this.config;
    if (boot.kind === "kernel") this.bootKernel(boot);
  }

  private bootKernel(boot: Extract<VmConfig["boot"], { kind: "kernel" }>): void {
    const { engine, board, config } = this;
    mapShadowAsRam(engine);
    setUpChips(board);
    writeBiosDataArea(engine);
    if (config.vgaBios && hasVga(config)) runVgaBios(engine, config.vgaBios);
    if (isLinuxImage(boot.kernel)) bootLinux(engine, boot.kernel, boot.initrd, boot.append);
    else bootMultiboot(engine, boot.kernel, multibootModules(boot), boot.append);
  }

  private describeToFirmware(): void {
    const { fwCfg } = this.board;
    const ramBytes = this.engine.sizeBytes;
    addE820(fwCfg, [{ base: 0, length: ramBytes, type: 1 }]);
    addAcpiTables(fwCfg, defaultAcpiConfig(ramBytes));
    if (this.config.vgaBios && hasVga(this.config)) fwCfg.addFile("vgaroms/vgabios.bin", this.config.vgaBios);
  }
}

function hasVga({ vga = "std" }: VmConfig): boolean {
  return vga === "std";
}

function multibootModules(boot: Extract<VmConfig["boot"], { kind: "kernel" }>) {
  if (boot.modules) return boot.modules;
  return boot.initrd ? [{ data: boot.initrd, commandLine: "" }] : [];
}

/** Says early what cannot boot. */
function checkBootSource(config: VmConfig): void {
  const { boot } = config;
  if (boot.kind === "firmware") {
    if (!config.bios)
      throw new VmError("bad-config", "there is nothing to boot: neither a kernel nor a BIOS image was given");
    return;
  }
  if (boot.kernel.length === 0) throw new VmError("bad-kernel", "the kernel file is empty");
  if (!isLinuxImage(boot.kernel) && findMultibootHeader(boot.kernel) === undefined)
    throw new VmError(
      "bad-kernel",
      "the kernel is neither a Linux bzImage nor a multiboot 1 image (or it is truncated)",
    );
}
