// A decoded instruction: 64 bytes, one cache line, so that a block is an array of them.
//
// Operands are resolved to addresses once, at decode: a register operand is the address of that register in the vCPU
// struct, an immediate is the address of this record's own `imm`. So "ADD r, r" and "ADD r, imm" are one handler.
// A memory operand is base + (index << scale) + disp, where absent registers point at Vcpu.zero, RIP-relative ones
// have their absolute address in disp.
import { HANDLER_COLD, Op } from "./op";

export const enum Prefix {
  REPNE = 1,
  REP = 2,
  LOCK = 4,
  OPERAND_SIZE = 8,
  REX_W = 16,
  REX = 32,
  SEGMENT = 64,
  /** Not a prefix: the block ends after this instruction. */
  ENDS_BLOCK = 128,
}

/** How a memory operand becomes a linear address. */
export const enum AddressMode {
  /** 64-bit, no segment base: use as is. */
  FLAT64 = 0,
  /** Truncate to 32 bits; the segment is flat. */
  FLAT32 = 1,
  /** Truncate to addressSize, check and add the segment (cpu/segmentation). */
  GENERAL = 2,
}

export const INSN_SIZE: usize = 64;


@unmanaged
export class Insn {
  handler: u16;
  op: u16;
  /** Bytes of the encoding, 1 to 15. */
  length: u8;
  /** log2 of the operand size in bytes (0-3). */
  size: u8;
  form: u8;
  /** Effective segment of the memory operand (Seg). SS for implicit stack accesses. */
  segment: u8;
  dst: u32;
  src: u32;
  /** Immediate, sign-extended as the instruction wants it; for direct near jumps and calls the target's linear IP (not CS base). */
  imm: i64;
  base: u32;
  index: u32;
  disp: i64;
  /** IP of the next instruction (offset in CS, truncated to its size). */
  nextRip: u64;
  scale: u8;
  addressMode: u8;
  /** log2 of the address size in bytes: 1, 2, 3. */
  addressSize: u8;
  prefixes: u8;
  /** Position in its block: instructions before it. */
  indexInBlock: u16;
  modrm: u8;
  opcode: u8;
  /** Condition (SETcc, CMOVcc, Jcc), or the extended reg field of ModRM (segment, CR, DR number; SSE register). */
  regField: u8;
  /** Extended r/m field of ModRM where it names a register. */
  rmField: u8;
  _pad: u16;
  /** Chained block of the taken way out, or 0. The fall-through one is in the BLOCK_END record after it. */
  link: u32;

  /** IP of this instruction. */
  // @ts-ignore: decorator
  @inline
  get rip(): u64 {
    return this.nextRip - <u64>this.length;
  }

  /** Address of `imm`, for src. */
  // @ts-ignore: decorator
  @inline
  get immAddress(): u32 {
    return <u32>changetype<usize>(this) + <u32>offsetof<Insn>("imm");
  }


  @inline
  setHandler(): void {
    this.handler =
      <u32>this.op < <u32>Op.COLD_FIRST
        ? <u16>(((<u32>this.op) << 4) | ((<u32>this.size) << 2) | this.form)
        : <u16>HANDLER_COLD;
  }
}

// Operand kinds, for the generic meanings in isa/. Only their sizes matter: a kind must be a compile-time constant.

/** The operand is a value in the vCPU struct (register or immediate). */
@unmanaged
export class Reg {
  a: u8;
}

/** The operand is in guest memory. */
@unmanaged
export class Mem {
  a: u16;
}

// @ts-ignore: decorator
@inline
export function isMem<K>(): bool {
  return offsetof<K>() == 2;
}
