/** One instruction test: code, the state it starts in, and what of the result is not defined. */

import { Random } from "../support/random.ts";
import { type Bits, encode, type Fields, HIGH_BYTE, le, type Mem, needsRex } from "./encoder.ts";
import { CODE, DATA, PAGE, STACK_TOP } from "./layout.ts";

export const F = {
  CF: 1,
  PF: 4,
  AF: 0x10,
  ZF: 0x40,
  SF: 0x80,
  TF: 0x100,
  IF: 0x200,
  DF: 0x400,
  OF: 0x800,
  AC: 0x40000,
  ID: 0x200000,
} as const;
export const ARITHMETIC = F.CF | F.PF | F.AF | F.ZF | F.SF | F.OF;

export interface Override {
  address: number;
  bytes: Uint8Array;
}

/** Bytes of memory, or of an FXSAVE image, that are not compared. */
export interface Range {
  address: number;
  length: number;
}

export interface TestCase {
  family: string;
  name: string;
  bits: Bits;
  /** Linear address of the first byte. */
  at: number;
  code: Uint8Array;
  registers: BigUint64Array;
  flags: number;
  memory: Override[];
  /** FXSAVE image to start from; the x87 and SSE state is compared only then. */
  fx?: Uint8Array;
  /** Flags left undefined (masks.ts). */
  undefinedFlags: number;
  /** Bits of the x87 status word left undefined. */
  undefinedStatus: number;
  ignoredMemory: Range[];
  /** XMM results are approximations (RCPPS, RSQRTPS): compared to 1.5 * 2^-12. */
  approximate: boolean;
}

const EDGES = [0n, 1n, 2n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x7fffffffn, 0x80000000n, 0xffffffffn]
  .concat([0x7fffffffffffffffn, 0x8000000000000000n, 0xffffffffffffffffn, 0x0123456789abcdefn, 0xaaaaaaaaaaaaaaaan])
  .concat([
    0xffffffffffffff80n,
    0xffffffffffff8000n,
    0xffffffff80000000n,
    0x0fn,
    0x99n,
    0xffffffffffffff00n,
    0x100000000n,
  ]);

export class Draft {
  readonly registers = new BigUint64Array(16);
  flags: number;
  at: number;
  fx: Uint8Array | undefined;
  undefinedFlags = 0;
  undefinedStatus = 0;
  approximate = false;
  readonly memory: Override[] = [];
  readonly ignoredMemory: Range[] = [];
  private readonly code: number[] = [];

  constructor(
    readonly bits: Bits,
    readonly random: Random,
    slot: number,
  ) {
    this.at = CODE + (slot % 32) * 96;
    for (let i = 0; i < 16; i++) this.registers[i] = bits === 64 || i < 8 ? this.value() : 0n;
    this.registers[4] = BigInt(STACK_TOP);
    this.flags = 0x202 | (random.u32() & ARITHMETIC);
  }

  get registerCount(): number {
    return this.bits === 64 ? 16 : 8;
  }

  /** Sizes of integer operands in this mode. */
  get sizes(): readonly number[] {
    return this.bits === 64 ? [1, 2, 4, 8] : [1, 2, 4];
  }

  /** An edge value or a random one. */
  value(): bigint {
    const v = this.random.below(5) < 2 ? this.random.u64() : this.random.pick(EDGES);
    return this.bits === 64 ? v : v & 0xffff_ffffn;
  }

  /** Any general register. */
  anyRegister(): number {
    return this.random.below(this.registerCount);
  }

  /** A general register none of `except`, and not the stack pointer. */
  register(...except: number[]): number {
    for (;;) {
      const r = this.random.below(this.registerCount);
      if (r !== 4 && !except.includes(r)) return r;
    }
  }

  /** A byte register, now and then AH..BH. */
  byteRegister(): number {
    if (this.bits === 32) return this.random.below(8);
    return this.random.chance(4) ? HIGH_BYTE + this.random.below(4) : this.random.below(16);
  }

  set(register: number, value: bigint | number): this {
    this.registers[register] = BigInt.asUintN(this.bits, BigInt(value));
    return this;
  }

  /** Memory contents to start with. */
  put(address: number, bytes: readonly number[] | Uint8Array): this {
    this.memory.push({ address, bytes: Uint8Array.from(bytes) });
    return this;
  }

  /** An address in the data pages for `size` bytes: often aligned, often not, sometimes across the page border. */
  dataAddress(size: number, align = 1): number {
    const kind = this.random.below(8);
    if (kind === 0 && align < size && size > 1) return DATA + PAGE - 1 - this.random.below(size - 1);
    const place = DATA + 0x200 + this.random.below(0x1a00);
    const to = kind < 5 ? Math.max(size, align) : align;
    return place - (place % to);
  }

  /** A memory operand at `target`, by any addressing form; sets the registers it uses, none of `except`. */
  mem(target: number, ...except: number[]): Mem {
    const form = this.random.below(this.bits === 64 ? 9 : 7);
    const small = this.random.below(256) - 128;
    const large = (this.random.u32() | 0) >> this.random.below(16);
    switch (form) {
      case 0:
        return this.based(target, 0, except);
      case 1:
        return this.based(target, small, except);
      case 2:
        return this.based(target, large, except);
      case 3:
        return this.indexed(target, small, except);
      case 4:
        return this.indexed(target, this.random.chance(2) ? 0 : large, except);
      case 5: {
        const index = this.register(...except);
        const scale = this.random.below(4);
        const value = BigInt(this.random.below(0x1000));
        this.set(index, value);
        return { index, scale, disp: target - (Number(value) << scale) };
      }
      case 6:
        return { disp: target };
      case 7:
        return { disp: target, rip: true };
      default: {
        // 67: a 32-bit address, high halves of the registers ignored.
        const mem = this.indexed(target, small, except);
        for (const r of [mem.base!, mem.index!])
          this.registers[r] = (this.registers[r]! & 0xffff_ffffn) | (this.random.u64() << 32n);
        return { ...mem, addressPrefix: true };
      }
    }
  }

  private based(target: number, disp: number, except: number[]): Mem {
    const base = this.register(...except);
    this.set(base, BigInt(target) - BigInt(disp));
    return { base, disp };
  }

  private indexed(target: number, disp: number, except: number[]): Mem {
    const index = this.register(...except);
    const base = this.register(index, ...except);
    const scale = this.random.below(4);
    this.set(base, BigInt(target) - BigInt(disp) - (this.registers[index]! << BigInt(scale)));
    return { base, index, scale, disp };
  }

  /** A memory operand of `size` bytes in the data pages with `value` (or an edge value) in it. */
  dataOperand(size: number, except: number[] = [], value?: bigint): Mem {
    const address = this.dataAddress(size);
    this.put(address, le(value ?? this.value(), size));
    return this.mem(address, ...except);
  }

  /** Appends an instruction. AH..BH become AL..BL where a REX prefix rules them out. */
  emit(f: Fields): this {
    let fields = f;
    if (this.bits === 64 && needsRexWithBytes(f)) {
      fields = { ...f };
      if (f.byteReg && f.reg !== undefined && f.reg >= HIGH_BYTE) fields.reg = f.reg - HIGH_BYTE;
      if (f.byteRm && typeof f.rm === "number" && f.rm >= HIGH_BYTE) fields.rm = f.rm - HIGH_BYTE;
      if (f.byteRm && f.plus !== undefined && f.plus >= HIGH_BYTE) fields.plus = f.plus - HIGH_BYTE;
    }
    if (f.byteRm && f.plus !== undefined && f.plus >= HIGH_BYTE)
      fields = { ...fields, plus: f.plus - HIGH_BYTE + 4, byteRm: false };
    this.code.push(...encode(this.bits, this.at + this.code.length, fields));
    return this;
  }

  raw(...bytes: number[]): this {
    this.code.push(...bytes);
    return this;
  }

  get here(): number {
    return this.at + this.code.length;
  }

  done(family: string, name: string): TestCase {
    const { bits, at, registers, flags, memory, undefinedFlags, undefinedStatus, ignoredMemory, approximate } = this;
    const code = Uint8Array.from([...this.code, 0xf4]);
    const test: TestCase = {
      family,
      name,
      bits,
      at,
      code,
      registers,
      flags,
      memory,
      undefinedFlags,
      undefinedStatus,
      ignoredMemory,
      approximate,
    };
    if (this.fx) test.fx = this.fx;
    return test;
  }
}

/** Whether a REX prefix is in the way of AH..BH: by the size or the registers, SPL..DIL included. */
function needsRexWithBytes(f: Fields): boolean {
  const low = (n: number | undefined, isByte?: boolean) => isByte === true && n !== undefined && n >= 4 && n < 8;
  const rm = typeof f.rm === "number" ? f.rm : undefined;
  return needsRex(f) || low(f.reg, f.byteReg) || low(rm, f.byteRm) || low(f.plus, f.byteRm);
}

/** Collects a family's cases; each draft has its own random stream, so that a case does not depend on those before it. */
export class Family {
  readonly cases: TestCase[] = [];

  constructor(
    readonly name: string,
    readonly bits: Bits,
    private readonly seed: number,
  ) {}

  /** `count` cases made by `make`, which may give up on one by returning false. */
  add(name: string, count: number, make: (d: Draft, n: number) => unknown): void {
    for (let n = 0; n < count; n++) {
      const slot = this.cases.length;
      const d = new Draft(this.bits, new Random(Math.imul(this.seed + slot, 0x9e3779b1) ^ this.bits), slot);
      if (make(d, n) !== false) this.cases.push(d.done(this.name, name));
    }
  }
}
