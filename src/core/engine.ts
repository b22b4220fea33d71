/** The typed view of one engine instance: its memory, its exports, the vCPU's fields. One Engine is one vCPU. */
import { Attention } from "../../assembly/shared/attention.ts";
import type { ExitReason } from "../../assembly/shared/exitReason.ts";
import { JitFeature } from "../../assembly/shared/jit.ts";
import type { MemoryKind } from "../../assembly/shared/memoryKind.ts";
import { MemoryMap } from "../../assembly/shared/memoryMap.ts";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { GuestMemory } from "../bus/guestMemory.ts";
import type { RegionProfile } from "../machine/vmConfig.ts";
import { EngineError } from "./engineError.ts";
import { detectFeatures, JIT_MODES, type JitOptions } from "./jit.ts";
import { type InstallerExports, ModuleInstaller } from "./moduleInstaller.ts";
import { mergeRegions, readTranslation, type TranslationProfile } from "./profile.ts";

/** What the engine calls: assembly/host/imports.ts. */
export interface HostImports {
  portRead(port: number, size: number): number;
  portWrite(port: number, value: number, size: number): void;
  /** REP INS into `target`, part of the engine's memory: how many bytes came, 0 where they go unit by unit. */
  portReadBlock(port: number, size: number, target: Uint8Array): number;
  /** REP OUTS likewise. */
  portWriteBlock(port: number, size: number, source: Uint8Array): number;
  mmioRead(low: number, high: number, size: number): number;
  mmioWrite(low: number, high: number, value: number, size: number): void;
  acknowledgeInterrupt(): number;
  nowNs(): number;
  event(kind: number, value: number): void;
  query(kind: number): number;
}

interface EngineExports extends InstallerExports {
  initialize(ramBytes: number): void;
  reset(): void;
  run(): ExitReason;
  instructionsRetired(): number;
  setInstructionLimit(count: number, exact: boolean): void;
  vcpuFieldAddress(field: VcpuField): number;
  eflags(): number;
  setSegment(index: number, selector: number, base: number, limit: number, attributes: number): void;
  readSegment(index: number, target: number): void;
  stateChanged(): void;
  mapMemory(physicalPage: number, pages: number, kind: MemoryKind, host: number): boolean;
  hostWrote(physical: number, length: number): void;
  takeDirtyPages(firstPage: number, pages: number, target: number): number;
  setA20(open: boolean): void;
  setJit(mode: number, threshold: number, cacheBytes: number, features: number, firstPlace: number): void;
  translationAfter(address: number): number;
  describeTranslation(address: number, target: number): number;
  translatedWasmBytes(): number;
  translationRecordBytes(): number;
}

/** The compiled engine in both builds (tools/buildEngine.ts); compile once, instantiate for each VM. */
export interface EngineModules {
  shared?: WebAssembly.Module;
  unshared?: WebAssembly.Module;
}

const PAGE = 0x10000;
const MIB = 0x100000;
const GUEST_PAGE = 0x1000;
/** Guest RAM ends where the PCI hole begins. */
export const MAX_RAM_MIB = 3072;

/** General registers by their number in encodings. */
export const REGISTER_NAMES = [
  ..."rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split(" "),
] as readonly string[];

export interface SegmentState {
  selector: number;
  base: bigint;
  limit: number;
  attributes: number;
}

export class Engine implements GuestMemory {
  readonly sizeBytes: number;
  readonly vram: Uint8Array;
  readonly rom: Uint8Array;
  private readonly exports: EngineExports;
  private readonly ram: Uint8Array;
  private readonly u32: Uint32Array;
  private readonly view: DataView;
  private readonly fields: number[] = [];
  private readonly attentionIndex: number;
  private readonly interruptIndex: number;
  private readonly installer: ModuleInstaller;
  /** Of translations that are no more. */
  private dropped: RegionProfile[] = [];

  private constructor(
    readonly memory: WebAssembly.Memory,
    exports: EngineExports,
    ramBytes: number,
    private readonly shared: boolean,
  ) {
    this.exports = exports;
    this.installer = new ModuleInstaller(memory, exports);
    this.sizeBytes = ramBytes;
    this.ram = new Uint8Array(memory.buffer, MemoryMap.GUEST_RAM, ramBytes);
    this.vram = new Uint8Array(memory.buffer, MemoryMap.VRAM, MemoryMap.VRAM_SIZE);
    this.rom = new Uint8Array(memory.buffer, MemoryMap.ROM, MemoryMap.ROM_SIZE);
    this.u32 = new Uint32Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    for (let field = 0; field < VcpuField.COUNT; field++) this.fields.push(exports.vcpuFieldAddress(field) >>> 0);
    this.attentionIndex = this.fields[VcpuField.ATTENTION] >> 2;
    this.interruptIndex = this.fields[VcpuField.INTERRUPT_REQUEST] >> 2;
    exports.initialize(ramBytes);
  }

  /**
   * Makes an engine with `ramMib` MiB of guest RAM. Takes shared memory where `modules.shared` is given. Throws an EngineError
   * that says how much was asked when the memory cannot be had. Without `jit` all code is interpreted.
   */
  static async create(
    modules: EngineModules,
    ramMib: number,
    host: HostImports,
    jit: JitOptions = { mode: "off" },
  ): Promise<Engine> {
    if (!Number.isInteger(ramMib) || ramMib < 1 || ramMib > MAX_RAM_MIB)
      throw new EngineError("no-memory", `guest memory must be 1 to ${MAX_RAM_MIB} MiB, not ${ramMib}`);
    const module = modules.shared ?? modules.unshared;
    if (!module) throw new EngineError("bad-engine", "no engine module was given");
    const shared = modules.shared !== undefined;
    const memory = allocateMemory(ramMib, shared);
    let engine: Engine | undefined;
    const installModule = (address: number, length: number, place: number, count: number) =>
      engine?.installer.install(address, length, place, count) ?? 0;
    const env = {
      memory,
      abort: (_message: number, _file: number, line: number) => {
        throw new Error(`engine assertion failed, line ${line}`);
      },
    };
    const instance = await WebAssembly.instantiate(module, {
      env,
      host: { ...host, ...blockImports(host, memory), installModule },
    });
    engine = new Engine(memory, instance.exports as unknown as EngineExports, ramMib * MIB, shared);
    engine.setJit(jit);
    return engine;
  }

  /** From now on translates as `options` say. Drops all translated code. */
  setJit(options: JitOptions): void {
    const { threshold = 0, cacheBytes = 0 } = options;
    const host = (options.features ?? detectFeatures()) & ~(JitFeature.SHARED_MEMORY | JitFeature.PROFILE);
    const own = (this.shared ? JitFeature.SHARED_MEMORY : 0) | (options.profile ? JitFeature.PROFILE : 0);
    const features = host | own;
    this.installer.onEmptied = options.profile ? (first, count) => this.keepProfiles(first, count) : undefined;
    this.installer.compiler = options.mode === "auto" ? options.compiler : undefined;
    if (options.inPlaceBytes !== undefined) this.installer.inPlaceBytes = options.inPlaceBytes;
    this.exports.setJit(JIT_MODES[options.mode], threshold, cacheBytes, features, this.installer.firstPlace);
  }

  /** Time that the host's compiler has taken for translated code. */
  compileMs(): number {
    return this.installer.compileMs;
  }

  /** What the translations there are take: as wasm, and in the engine's memory. */
  codeMemory(): { wasmBytes: number; recordBytes: number } {
    const { translatedWasmBytes, translationRecordBytes } = this.exports;
    return { wasmBytes: translatedWasmBytes() >>> 0, recordBytes: translationRecordBytes() >>> 0 };
  }

  /** Where guest time went since JitTuning.profile was set, busiest first. */
  profile(): RegionProfile[] {
    return mergeRegions([...this.dropped, ...this.translations()]);
  }

  /** Runs guest code for at most `instructions`; `exact` stops precisely there, else at the end of a block. */
  run(instructions: number, exact: boolean): ExitReason {
    this.installer.settle();
    this.exports.setInstructionLimit(instructions, exact);
    return this.exports.run();
  }

  private *translations(): Generator<TranslationProfile> {
    const { translationAfter, describeTranslation } = this.exports;
    for (let address = translationAfter(0); address !== 0; address = translationAfter(address)) {
      const length = describeTranslation(address, MemoryMap.SCRATCH);
      yield readTranslation(new DataView(this.memory.buffer, MemoryMap.SCRATCH, length));
    }
  }

  /** The translations in these places of the table are about to be forgotten: keeps what they have counted. */
  private keepProfiles(first: number, count: number): void {
    const leaving = [...this.translations()].filter(({ place }) => place >= first && place < first + count);
    this.dropped = mergeRegions([...this.dropped, ...leaving]);
  }

  reset(): void {
    this.exports.reset();
  }

  /** Instructions retired since power-on, exact also during a host call. */
  instructionsRetired(): number {
    return this.exports.instructionsRetired();
  }

  /** INTR. Takes effect at the next instruction boundary, also from within a host call. */
  setInterruptRequest(asserted: boolean): void {
    this.u32[this.interruptIndex] = asserted ? 1 : 0;
    if (asserted) this.u32[this.attentionIndex] |= Attention.STOP;
  }

  raiseNmi(): void {
    this.setField(VcpuField.NMI_REQUEST, 1);
    this.u32[this.attentionIndex] |= Attention.STOP;
  }

  /** Ends the running slice after the current instruction. */
  requestExit(): void {
    this.setField(VcpuField.EXIT_REQUEST, 1);
    this.u32[this.attentionIndex] |= Attention.STOP;
  }

  field(field: VcpuField): number {
    return this.u32[this.fields[field] >> 2];
  }

  setField(field: VcpuField, value: number): void {
    this.u32[this.fields[field] >> 2] = value;
  }

  field64(field: VcpuField, index = 0): bigint {
    return this.view.getBigUint64(this.fields[field] + index * 8, true);
  }

  setField64(field: VcpuField, value: bigint, index = 0): void {
    this.view.setBigUint64(this.fields[field] + index * 8, value, true);
  }

  eflags(): number {
    return this.exports.eflags() >>> 0;
  }

  segment(index: number): SegmentState {
    const at = MemoryMap.SCRATCH;
    this.exports.readSegment(index, at);
    return {
      selector: this.view.getUint32(at, true),
      base: this.view.getBigUint64(at + 4, true),
      limit: this.view.getUint32(at + 12, true),
      attributes: this.view.getUint32(at + 16, true),
    };
  }

  setSegment(index: number, selector: number, base: number, limit: number, attributes: number): void {
    this.exports.setSegment(index, selector, base, limit, attributes);
  }

  /** To be called after control registers, RIP or segments were set from here. */
  stateChanged(): void {
    this.exports.stateChanged();
  }

  /** Maps guest-physical pages (mmu/physical.ts); `host` is an address in `memory`. */
  mapMemory(physicalPage: number, pages: number, kind: MemoryKind, host: number): void {
    if (!this.exports.mapMemory(physicalPage, pages, kind, host))
      throw new Error("too many memory regions are mapped at once");
  }

  /**
   * Which 4 KiB pages from address `start` of `memory` on were written by the guest since the last call for them (at the first: any may have
   * been): a bit each, undefined for none. `start` and `bytes` are multiples of 128 KiB; at most 128 MiB. Between slices only; valid until then.
   */
  takeDirtyPages(start: number, bytes: number): Uint32Array | undefined {
    const pages = bytes / GUEST_PAGE;
    if (this.exports.takeDirtyPages(start / GUEST_PAGE, pages, MemoryMap.SCRATCH) === 0) return undefined;
    return this.u32.subarray(MemoryMap.SCRATCH >> 2, (MemoryMap.SCRATCH >> 2) + pages / 32);
  }

  setA20(open: boolean): void {
    this.exports.setA20(open);
  }

  read(physicalAddress: number, target: Uint8Array): void {
    const inside = Math.max(0, Math.min(target.length, this.sizeBytes - physicalAddress));
    target.set(this.ram.subarray(physicalAddress, physicalAddress + inside));
    target.fill(0xff, inside);
  }

  write(physicalAddress: number, source: Uint8Array): void {
    const inside = Math.max(0, Math.min(source.length, this.sizeBytes - physicalAddress));
    if (inside === 0) return;
    this.ram.set(source.subarray(0, inside), physicalAddress);
    this.exports.hostWrote(physicalAddress, inside);
  }

  /** Engine memory beyond guest RAM, in bytes. */
  overheadBytes(): number {
    return this.memory.buffer.byteLength - this.sizeBytes;
  }
}

function allocateMemory(ramMib: number, shared: boolean): WebAssembly.Memory {
  const pages = MemoryMap.GUEST_RAM / PAGE + (ramMib * MIB) / PAGE;
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  } catch {
    throw new EngineError(
      "no-memory",
      `this machine could not be given ${ramMib} MiB of guest memory (${Math.round((pages * PAGE) / MIB)} MiB with the engine); try less`,
    );
  }
}

/** The engine names places in its memory, the host gets views of them. */
function blockImports(host: HostImports, memory: WebAssembly.Memory) {
  const units = (size: number, address: number, count: number, move: (bytes: Uint8Array) => number) =>
    move(new Uint8Array(memory.buffer, address >>> 0, (count >>> 0) * size)) / size;
  return {
    portReadBlock: (port: number, size: number, address: number, count: number) =>
      units(size, address, count, (target) => host.portReadBlock(port, size, target)),
    portWriteBlock: (port: number, size: number, address: number, count: number) =>
      units(size, address, count, (source) => host.portWriteBlock(port, size, source)),
  };
}
