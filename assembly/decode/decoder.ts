// The working state of one decode, and reading the instruction's bytes. It lies at the end of the vCPU struct: the engine
// has no mutable statics.
//
//   +0   the bytes: at most 15 of the instruction, then zeros, so that reading on past the end is harmless (the length
//        tells); 15 prefixes, opcode, ModRM, SIB, disp32 and an 8-byte immediate fit in
import { Vcpu, registerAddress } from "../cpu/state";
import { Insn } from "./insn";

/** Offset of the Decoder in the vCPU struct. */
export const DECODER_OFFSET: usize = 0x3f00;
/** The longest instruction. */
export const MAX_LENGTH: u32 = 15;


@unmanaged
export class Decoder {
  bytes0: u64;
  bytes1: u64;
  bytes2: u64;
  bytes3: u64;
  /** Address of the next byte to read. */
  next: usize;
  /** IP of the instruction. */
  ip: u64;
  /** log2 of the code segment's default size; 3 is 64-bit mode. */
  codeSize: u32;
  /** log2 of the operand size in bytes after 66 and REX.W. */
  operandSize: u32;
  /** log2 of the address size in bytes. */
  addressSize: u32;
  /** The REX byte, or 0. */
  rex: u32;
  /** The override, or NO_OVERRIDE. */
  segmentOverride: u32;
  /** 0 none, 1 66, 2 F3, 3 F2. */
  mandatoryPrefix: u32;
  opcode: u32;
  /** ModRM.reg with REX.R. */
  reg: u32;
  /** ModRM.rm with REX.B, when it is a register. */
  rm: u32;
  /** ModRM names memory. */
  memory: bool;
  /** Its displacement counts from the next instruction. */
  ripRelative: bool;

  /** Takes `available` bytes at `bytes`. */
  begin(bytes: usize, available: u32, ip: u64): void {
    const buffer = changetype<usize>(this);
    if (available >= MAX_LENGTH) {
      store<u64>(buffer, load<u64>(bytes));
      store<u64>(buffer, load<u64>(bytes, 7), 7);
      store<u8>(buffer, 0, 15);
    } else {
      this.bytes0 = 0;
      this.bytes1 = 0;
      for (let n: u32 = 0; n < available; n++) store<u8>(buffer + n, load<u8>(bytes + n));
    }
    this.bytes2 = 0;
    this.bytes3 = 0;
    this.next = buffer;
    this.ip = ip;
  }

  /** Bytes read so far. */
  @inline get length(): u32 {
    return <u32>(this.next - changetype<usize>(this));
  }


  @inline fetch8(): u32 {
    const at = this.next;
    this.next = at + 1;
    return load<u8>(at);
  }


  @inline fetchS8(): i64 {
    const at = this.next;
    this.next = at + 1;
    return <i64>load<i8>(at);
  }


  @inline fetch16(): u32 {
    const at = this.next;
    this.next = at + 2;
    return load<u16>(at);
  }


  @inline fetch32(): u32 {
    const at = this.next;
    this.next = at + 4;
    return load<u32>(at);
  }


  @inline fetchS32(): i64 {
    return <i64>(<i32>this.fetch32());
  }


  @inline fetch64(): u64 {
    const at = this.next;
    this.next = at + 8;
    return load<u64>(at);
  }

  /** An immediate of at most 32 bits, sign-extended ("z" in the manual). */
  fetchImmediate(size: u32): i64 {
    if (size == 0) return this.fetchS8();
    if (size == 1) return <i64>(<i16>this.fetch16());
    return this.fetchS32();
  }


  @inline get rexB(): u32 {
    return (this.rex & 1) << 3;
  }

  /** The register in the opcode's low three bits. */
  @inline get opcodeRegister(): u32 {
    return (this.opcode & 7) | this.rexB;
  }

  /** IP after the bytes read so far, not truncated. */
  @inline get ipAfter(): u64 {
    return this.ip + <u64>this.length;
  }


  @inline truncateIp(value: u64): u64 {
    return truncate(value, this.codeSize);
  }
}

export const NO_OVERRIDE: u32 = 0xff;

// @ts-ignore: decorator
@inline
export function decoder(cpu: Vcpu): Decoder {
  return changetype<Decoder>(changetype<usize>(cpu) + DECODER_OFFSET);
}

/** `value` modulo a size of 2, 4 or 8 bytes. */
// @ts-ignore: decorator
@inline
export function truncate(value: u64, size: u32): u64 {
  if (size == 3) return value;
  return size == 2 ? value & 0xffff_ffff : value & 0xffff;
}

/** Address of register `n` as an operand of `size`: bytes 4-7 are AH-BH without REX. */
// @ts-ignore: decorator
@inline
export function operandAddress(cpu: Vcpu, d: Decoder, n: u32, size: u32): u32 {
  if (size == 0 && n >= 4 && !d.rex) return <u32>registerAddress(cpu, n - 4) + 1;
  return <u32>registerAddress(cpu, n);
}

/** Zeroes the record. */
// @ts-ignore: decorator
@inline
export function clearInsn(i: Insn): void {
  const at = changetype<usize>(i);
  store<u64>(at, 0);
  store<u64>(at, 0, 8);
  store<u64>(at, 0, 16);
  store<u64>(at, 0, 24);
  store<u64>(at, 0, 32);
  store<u64>(at, 0, 40);
  store<u64>(at, 0, 48);
  store<u64>(at, 0, 56);
}
