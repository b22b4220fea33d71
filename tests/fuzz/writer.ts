/** Appends random instructions to a program: which registers it may change, memory operands that mostly exist, sizes, values. */
import { type Fields, HIGH_BYTE, le, type Mem } from "../instructions/encoder.ts";
import type { Random } from "../support/random.ts";
import { assemble, memoryName, registerName, withoutHighBytes } from "./encode.ts";
import { type Bits, type Environment, offsetIn, type SegmentName } from "./environment.ts";
import { CONTROL, DATA, OFFSET, PAGE } from "./layout.ts";
import type { Context, Insn, Label, Patch } from "./program.ts";

export const RAX = 0;
export const RCX = 1;
export const RDX = 2;
export const RBX = 3;
export const RSP = 4;
export const RBP = 5;
export const RSI = 6;
export const RDI = 7;

const EDGES = [
  0n,
  1n,
  2n,
  -1n,
  -2n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
].concat([0x7fffffffffffffffn, 0x8000000000000000n, -0x80n, -0x8000n, -0x80000000n, 0x0fn, 0x99n, 0x100n]);

const PREFIX: Record<SegmentName, number> = { es: 0x26, cs: 0x2e, ss: 0x36, ds: 0x3e, fs: 0x64, gs: 0x65 };

/** A memory operand and the segment prefix it needs. */
export interface Operand {
  mem: Mem;
  segment?: SegmentName;
}

export interface MemoryOptions {
  /** Alignment in bytes, nearly always kept. */
  align?: number;
  /** Only a place that surely exists. */
  safe?: boolean;
}

/** The store number `insn` writes `value` into instruction `target`. */
export interface Patcher {
  insn: number;
  target: number;
  fromEnd: number;
  value: number;
}

export interface EmitOptions {
  structural?: boolean;
  patches?: Patch[];
}

export class Writer {
  readonly insns: Insn[] = [];
  readonly tables: Label[] = [];
  /** Self-modifying stores, to be aimed when the program is complete. */
  readonly patchers: Patcher[] = [];
  block = 0;
  /** Registers that random instructions leave alone: pointers to data, loop counters, the stack pointer. */
  readonly reserved = new Set<number>([RSP]);
  /** Registers that point into the data pages, with the offset (from DATA) they point to. */
  readonly anchors = new Map<number, number>();
  readonly bits: Bits;

  constructor(
    readonly environment: Environment,
    readonly random: Random,
  ) {
    this.bits = environment.bits;
  }

  get word(): number {
    return this.bits / 8;
  }

  /** Sizes of integer operands, the default ones more often. */
  size(): number {
    const sizes = this.bits === 64 ? [1, 2, 4, 4, 8, 8] : this.bits === 32 ? [1, 2, 4, 4] : [1, 2, 2, 4];
    return this.random.pick(sizes);
  }

  /** A size of at least two bytes. */
  wideSize(): number {
    return Math.max(2, this.size());
  }

  get registerCount(): number {
    return this.bits === 64 ? 16 : 8;
  }

  isFree(register: number): boolean {
    return !this.reserved.has(register) && !this.anchors.has(register);
  }

  areFree(...registers: number[]): boolean {
    return registers.every((register) => this.isFree(register));
  }

  /** A register to change; seldom one that is in use as a pointer. */
  target(size: number): number {
    for (;;) {
      const register = this.random.below(this.registerCount);
      if (this.reserved.has(register)) continue;
      if (this.anchors.has(register) && !this.random.chance(60)) continue;
      if (size > 1) return register;
      if (register < 4 && this.random.chance(3)) return HIGH_BYTE + register;
      if (this.bits === 64 || register < 4) return register;
    }
  }

  /** A register to read. */
  source(size: number): number {
    if (size > 1) return this.random.below(this.registerCount);
    if (this.random.chance(3)) return HIGH_BYTE + this.random.below(4);
    return this.random.below(this.bits === 64 ? 16 : 4);
  }

  /** An edge value, a small or a random one. */
  value(): bigint {
    const kind = this.random.below(4);
    if (kind === 0) return BigInt(this.random.below(256) - 128);
    return kind === 1 ? this.random.u64() : this.random.pick(EDGES);
  }

  /** Immediate bytes of an operand: four at most, as instructions have them. */
  immediate(size: number): number[] {
    return le(this.value(), Math.min(size, 4));
  }

  label(): Label {
    return { index: -1 };
  }

  /** Puts `label` before the next instruction. */
  place(label: Label): void {
    label.index = this.insns.length;
  }

  here(): Label {
    return { index: this.insns.length };
  }

  /** Appends an instruction made of fields; `rm` may be an operand of `memory`. */
  emit(text: string, fields: Fields, operand?: Operand, options: EmitOptions = {}): void {
    const prefix = [...(operand?.segment ? [PREFIX[operand.segment]] : []), ...(fields.prefix ?? [])];
    const all: Fields = withoutHighBytes(this.bits, { ...fields, prefix, ...(operand ? { rm: operand.mem } : {}) });
    const immediates = (fields.imm ?? []).map((_, n): Patch => ({ fromEnd: n + 1, values: [] }));
    this.push(text, (at) => this.encode(at, all), { patches: immediates, ...options });
  }

  /** The bytes of fields at IP `at`. */
  encode(at: number, fields: Fields): number[] {
    return assemble(this.bits, at, fields);
  }

  push(text: string, encode: (at: number, context: Context) => number[], options: EmitOptions = {}): void {
    const { structural = false, patches = [] } = options;
    this.insns.push({ text, encode, block: this.block, structural, patches });
  }

  raw(text: string, ...bytes: number[]): void {
    this.push(text, () => bytes);
  }

  /** Name of a register for the listing, after AH..BH were ruled out or not. */
  name(register: number, size: number): string {
    return registerName(register, size);
  }

  operandName(operand: Operand, size: number): string {
    return memoryName(this.bits, operand.mem, size, operand.segment ?? "");
  }

  /** Offset from DATA for an access of `size` bytes: mostly the two plain pages; else what crosses, faults or is special. */
  private dataOffset(size: number, { align = 1, safe = false }: MemoryOptions): number {
    const { random } = this;
    const place = (page: number) => {
      const at = page + random.below(PAGE - size);
      const to = random.chance(3) ? align : Math.max(align, size);
      return at - (at % to);
    };
    const kind = safe ? 0 : random.below(60) - 20;
    if (kind < 28) return place(random.pick([OFFSET.D0, OFFSET.D1]));
    if (kind < 31) return OFFSET.D1 - (size > 1 ? 1 + random.below(size - 1) : 1);
    if (kind < 33) return place(OFFSET.ALIAS_D0);
    if (kind < 35) return place(OFFSET.WINDOW);
    if (kind === 35) return place(OFFSET.READ_ONLY);
    if (kind === 36) return OFFSET.READ_ONLY + random.pick([0, PAGE]) - random.below(size);
    if (kind === 37) return OFFSET.UNMAPPED - random.below(size);
    if (kind === 38) return place(OFFSET.MMIO);
    return place(random.pick([OFFSET.UNMAPPED, OFFSET.ALIAS_CODE, OFFSET.D0]));
  }

  /** The operand for a byte of the data pages by its number, without registers. */
  absolute(offset: number): Operand {
    const disp = offsetIn(this.environment, "ds", DATA + offset);
    return { mem: { disp, ...(this.bits === 64 && this.random.chance(2) ? { rip: true } : {}) } };
  }

  control(offset: number): Operand {
    return this.absolute(OFFSET.CONTROL + offset);
  }

  /** A constant in the control page's pool. */
  constant(index: number): Operand {
    return this.control(CONTROL.CONSTANTS + index * 4);
  }

  /** A memory operand in any addressing form. May put an instruction before that bounds an index register. */
  memory(size: number, options: MemoryOptions = {}): Operand {
    const offset = this.dataOffset(size, options);
    const kind = this.random.below(10);
    if (kind < 2 || this.anchors.size === 0) return this.absolute(offset);
    if (kind === 2 && !options.safe) {
      const fs = offsetIn(this.environment, "fs", DATA + offset);
      return { mem: { disp: fs }, segment: "fs" };
    }
    const [anchor, at] = this.random.pick([...this.anchors]);
    const disp = offset - at;
    if (kind < 7 || options.align) return this.based(anchor, disp);
    return this.indexed(anchor, disp);
  }

  private based(base: number, disp: number): Operand {
    if (this.bits !== 16) return this.inData({ base, disp, ...this.maybeNarrow() });
    if (this.random.chance(4)) return this.inData({ base, disp, addressPrefix: true });
    return this.inData({ ...(base === RSI || base === RDI ? { index: base } : { base }), disp });
  }

  /** base + index * scale + disp, the index made small just before. */
  private indexed(base: number, disp: number): Operand {
    const free = [...Array(this.registerCount).keys()].filter((n) => this.isFree(n));
    const wide = this.bits !== 16 || this.random.chance(2);
    const narrow = base === RBX || base === RBP ? [RSI, RDI] : [];
    const usable = wide ? free : free.filter((n) => narrow.includes(n));
    if (usable.length === 0) return this.based(base, disp);
    const index = this.random.pick(usable);
    const from = this.random.below(this.bits === 64 ? 16 : 4);
    const size = wide ? 4 : 2;
    this.emit(`movzx ${this.name(index, size)}, ${this.name(from, 1)}`, {
      size,
      op: [0x0f, 0xb6],
      reg: index,
      rm: from,
      byteRm: true,
    });
    if (!wide) return this.inData({ base, index, disp });
    const mem = { base, index, scale: this.random.below(4), disp };
    return this.inData(this.bits === 16 ? { ...mem, addressPrefix: true } : { ...mem, ...this.maybeNarrow() });
  }

  /** rBP means the stack segment, if nothing else is said. */
  private inData(mem: Mem): Operand {
    const elsewhere = this.environment.ss.base !== this.environment.ds.base;
    return mem.base === RBP && elsewhere ? { mem, segment: "ds" } : { mem };
  }

  /** Now and then 32-bit addresses in 64-bit code: all of them lie below 4 GiB. */
  private maybeNarrow(): { addressPrefix?: boolean } {
    return this.bits === 64 && this.random.chance(12) ? { addressPrefix: true } : {};
  }
}
