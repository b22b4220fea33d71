/** An engine that runs random programs: set-up, traps, devices, and a log of everything that reached the host. */
import { ExitReason } from "../../assembly/shared/exitReason.ts";
import { MemoryKind } from "../../assembly/shared/memoryKind.ts";
import { MemoryMap } from "../../assembly/shared/memoryMap.ts";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { Engine, HostImports } from "../../src/core/engine.ts";
import { SEGMENT } from "../../src/machine/cpuState.ts";
import { emptyHost } from "../support/engine.ts";
import { SELECTOR, type SegmentName } from "./environment.ts";
import { type Image, physicalFrame } from "./image.ts";
import { entryFrame, INTERRUPT_VECTOR, kernelLinear, kernelMemory, kernelWord, TRAP_PORT, VECTORS } from "./kernel.ts";
import { DATA, type Frame, KERNEL, mappings, OFFSET, PAGE, PHYSICAL } from "./layout.ts";
import { mix, Resume } from "./resume.ts";

/** Guest RAM in MiB: the machine's own memory and all sets of frames. */
export const RAM_MIB = 5;

const CR0_PROTECTED = 0x8005_0033; // PG, AM, WP, NE, ET, MP, PE
const CR0_REAL = 0x32; // NE, ET, MP
const CR4_SSE = 0x600; // OSFXSR, OSXMMEXCPT
const CR4_PAE = 0x20;
const EFER_LONG = 0xd01; // NXE, LMA, LME, SCE
/** After so many traps a program only faults. */
const MAX_TRAPS = 250;

/** What reached the host: kind, then numbers that depend on it, then the count of retired instructions. */
export type Event = readonly [kind: string, ...numbers: number[]];

const SEGMENTS: readonly (readonly [SegmentName, number])[] = [
  ["es", SEGMENT.ES],
  ["cs", SEGMENT.CS],
  ["ss", SEGMENT.SS],
  ["ds", SEGMENT.DS],
  ["fs", SEGMENT.FS],
  ["gs", SEGMENT.GS],
];

export class FuzzMachine {
  engine!: Engine;
  log: Event[] = [];
  /** Events that were compared already. */
  agreed = 0;
  /** The program reached its end, or does nothing but trap. */
  finished = false;
  image!: Image;
  private resume!: Resume;
  private traps = 0;
  private mmioAccesses = 0;
  private started = 0;
  private modulesBefore = 0;
  private readonly pages = new Map<number, Frame>();
  private readonly stack = new Uint8Array(48);

  /** What the engine calls; to be handed to it before `attach`. */
  readonly host: HostImports = emptyHost({
    portWrite: (port, value, size) => (port === TRAP_PORT ? this.trap() : this.note("out", port, value, size)),
    portRead: (port, size) => this.answer("in", port, size),
    mmioRead: (low, _high, size) => this.answer("mmio read", low >>> 0, size),
    mmioWrite: (low, _high, value, size) => this.mmioWrite(low >>> 0, value, size),
    acknowledgeInterrupt: () => {
      this.engine.setInterruptRequest(false);
      return INTERRUPT_VECTOR;
    },
    nowNs: () => (this.engine ? this.retired : 0),
  });

  attach(engine: Engine): this {
    this.engine = engine;
    return this;
  }

  /** Instructions retired since the program was loaded. */
  get retired(): number {
    return this.engine.instructionsRetired() - this.started;
  }

  private note(kind: string, ...numbers: number[]): void {
    this.log.push([kind, ...numbers, this.retired]);
  }

  private answer(kind: string, address: number, size: number): number {
    this.note(kind, address, size);
    const value = mix(address * 31 + size, this.mmioAccesses++);
    return size === 1 ? value & 0xff : size === 2 ? value & 0xffff : value | 0;
  }

  /** Some writes to the device raise an interrupt, or want the machine to stop. */
  private mmioWrite(address: number, value: number, size: number): void {
    this.note("mmio write", address, value, size);
    const effect = mix(value, this.mmioAccesses++) & 15;
    if (effect === 0) this.engine.setInterruptRequest(true);
    else if (effect === 1) this.engine.requestExit();
  }

  /** Physical address of a linear one of the program's or the machine's pages; -1 if there is none. */
  private physical(linear: number): number {
    const { environment, frameSet } = this.image;
    if (environment.paging === "none") return linear;
    if (linear >= KERNEL && linear < KERNEL + PHYSICAL.KERNEL_PAGES * PAGE) return linear - KERNEL;
    const frame = this.pages.get(linear >>> 12);
    return frame === undefined ? -1 : physicalFrame(environment, frame, frameSet) + (linear & (PAGE - 1));
  }

  /** A handler's stub reports. Its frame: vector, error code, IP, CS, flags. */
  private trap(): void {
    const { engine, image, stack } = this;
    const word = kernelWord(image.environment);
    const ss = engine.segment(SEGMENT.SS);
    const rsp = engine.field64(VcpuField.REGISTERS, 4);
    const mask = word === 8 ? 0xffff_ffff_ffff_ffffn : ss.attributes & 0x4000 ? 0xffff_ffffn : 0xffffn;
    const linear = Number((rsp & mask) + (word === 8 ? 0n : ss.base));
    const at = this.physical(linear);
    if (at < 0) {
      this.note("trap, bad stack", linear);
      return;
    }
    engine.read(at, stack.subarray(0, 5 * word));
    const view = new DataView(stack.buffer);
    const get = (n: number) =>
      word === 8
        ? Number(view.getBigUint64(8 * n, true))
        : word === 4
          ? view.getUint32(4 * n, true)
          : view.getUint16(2 * n, true);
    const vector = get(0);
    const cr2 = vector === 14 ? engine.field64(VcpuField.CR2) : 0n;
    this.note("trap", vector, get(1), Number(cr2), get(2), get(3), get(4));
    if (++this.traps > MAX_TRAPS) this.finish();
    const { ip, flags } = this.resume.after({ vector, ip: get(2), cs: get(3), flags: get(4) });
    if (ip === image.halt && vector === 13) {
      this.finish();
      return;
    }
    if (word === 2) {
      view.setUint16(2 * word, ip, true);
      view.setUint16(4 * word, flags, true);
    } else {
      if (word === 8) view.setBigUint64(2 * word, BigInt(ip), true);
      else view.setUint32(2 * word, ip, true);
      view.setUint32(4 * word, flags, true);
    }
    engine.write(at, stack.subarray(0, 5 * word));
  }

  private finish(): void {
    this.finished = true;
    this.engine.requestExit();
  }

  /** A fresh CPU at the program's first instruction, its memory as the image says. */
  load(image: Image): void {
    const { engine } = this;
    this.image = image;
    this.resume = new Resume(image);
    this.log = [];
    this.agreed = 0;
    this.finished = false;
    this.traps = 0;
    this.mmioAccesses = 0;
    this.pages.clear();
    const { environment } = image;
    for (const { offset, frame } of mappings(true))
      if (frame !== "MMIO") this.pages.set((environment.base + offset) >>> 12, frame);
    engine.setInterruptRequest(false);
    engine.reset();
    engine.setField(VcpuField.EXIT_REQUEST, 0);
    engine.setField(VcpuField.NMI_REQUEST, 0);
    engine.write(0, kernelMemory(image));
    for (const [frame, bytes] of image.frames) engine.write(physicalFrame(environment, frame, image.frameSet), bytes);
    if (environment.paging === "none") engine.mapMemory((DATA + OFFSET.MMIO) >>> 12, 1, MemoryKind.MMIO, 0);
    else engine.mapMemory((DATA + OFFSET.MMIO) >>> 12, 1, MemoryKind.RAM, MemoryMap.GUEST_RAM + DATA + OFFSET.MMIO);
    this.setControl();
    this.setSegments();
    this.setRegisters();
    engine.stateChanged();
    this.started = engine.instructionsRetired();
    this.modulesBefore += this.modules;
  }

  private setControl(): void {
    const { engine } = this;
    const { paging } = this.image.environment;
    const long = paging === "long";
    engine.setField64(VcpuField.GDT_BASE, BigInt(KERNEL + PHYSICAL.GDT));
    engine.setField(VcpuField.GDT_LIMIT, SELECTOR.TSS + 15);
    engine.setField64(VcpuField.IDT_BASE, BigInt(paging === "none" ? 0 : KERNEL + PHYSICAL.IDT));
    engine.setField(VcpuField.IDT_LIMIT, VECTORS * (long ? 16 : paging === "legacy" ? 8 : 4) - 1);
    engine.setField64(VcpuField.CR4, BigInt(CR4_SSE | (long ? CR4_PAE : 0)));
    if (paging === "none") {
      engine.setField64(VcpuField.CR0, BigInt(CR0_REAL));
      return;
    }
    engine.setField64(VcpuField.CR3, BigInt(PHYSICAL.TABLES));
    engine.setField64(VcpuField.EFER, BigInt(long ? EFER_LONG : 0));
    engine.setField64(VcpuField.CR0, BigInt(CR0_PROTECTED));
  }

  /** The program's segments; to leave for ring 3 the machine's own code and stack. */
  private setSegments(): void {
    const { engine } = this;
    const { environment } = this.image;
    for (const [name, index] of SEGMENTS) {
      const { selector, base, limit, attributes } = environment[name];
      engine.setSegment(index, selector, base, limit, attributes);
    }
    if (environment.paging !== "none") engine.setSegment(SEGMENT.TR, SELECTOR.TSS, KERNEL + PHYSICAL.TSS, 0x67, 0x8b);
    if (environment.cpl === 0) return;
    const long = environment.paging === "long";
    engine.setSegment(SEGMENT.CS, SELECTOR.KERNEL_CODE, 0, 0xffff_ffff, long ? 0xa09b : 0xc09b);
    engine.setSegment(SEGMENT.SS, SELECTOR.KERNEL_DATA, 0, 0xffff_ffff, 0xc093);
  }

  private setRegisters(): void {
    const { engine, image } = this;
    const { environment } = image;
    for (let n = 0; n < 16; n++) engine.setField64(VcpuField.REGISTERS, image.registers[n]!, n);
    if (environment.cpl === 0) {
      engine.setField64(VcpuField.RIP, BigInt(image.entry));
      engine.setField64(VcpuField.EFLAGS, BigInt(image.flags));
      return;
    }
    const word = kernelWord(environment);
    const frame = entryFrame(image);
    const at = PHYSICAL.KERNEL_STACK - frame.length * word;
    const bytes = Buffer.alloc(frame.length * word);
    for (const [n, value] of frame.entries()) {
      if (word === 8) bytes.writeBigUInt64LE(value, 8 * n);
      else bytes.writeUInt32LE(Number(value), 4 * n);
    }
    engine.write(at, bytes);
    engine.setField64(VcpuField.REGISTERS, BigInt(kernelLinear(environment, at)), 4);
    engine.setField64(VcpuField.RIP, BigInt(kernelLinear(environment, PHYSICAL.ENTRY)));
  }

  /** Modules that were translated since the program was loaded. */
  get modules(): number {
    return Number(this.engine.field64(VcpuField.STAT_MODULES)) - this.modulesBefore;
  }

  /** Runs at most `count` instructions. */
  run(count: number, exact: boolean): ExitReason {
    const reason = this.engine.run(count, exact);
    if (reason === ExitReason.HALT || reason === ExitReason.SHUTDOWN) this.finished = true;
    return reason;
  }
}
