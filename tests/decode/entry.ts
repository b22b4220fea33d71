// Test-only exports over the decoder: one vCPU at MemoryMap.VCPU, one record, one buffer of bytes.
import { Mode, vcpu } from "../../assembly/cpu/state";
import { decode } from "../../assembly/decode/decode";
import { Insn } from "../../assembly/decode/insn";
import { MemoryMap } from "../../assembly/shared/memoryMap";

const RECORD: usize = MemoryMap.BLOCKS;
const BYTES: usize = MemoryMap.SCRATCH;

export function vcpuAddress(): usize {
  return changetype<usize>(vcpu());
}

export function recordAddress(): usize {
  return RECORD;
}

export function bytesAddress(): usize {
  return BYTES;
}

/** Decodes the bytes in the buffer. */
export function decodeOne(mode: u32, available: u32, ip: u64): i32 {
  const cpu = vcpu();
  cpu.mode = mode;
  return decode(cpu, changetype<Insn>(RECORD), BYTES, available, ip);
}

/** Decodes `count` times, going through the buffer of `size` bytes over and over; gives the sum of the lengths. */
export function decodeMany(mode: u32, size: u32, count: u32): u32 {
  const cpu = vcpu();
  cpu.mode = mode;
  let at: u32 = 0;
  let sum: u32 = 0;
  for (let n: u32 = 0; n < count; n++) {
    const length = decode(cpu, changetype<Insn>(RECORD), BYTES + at, 15, 0x1000);
    sum += length;
    at += length;
    if (at + 15 > size) at = 0;
  }
  return sum;
}

/** 16-bit protected mode, so that everything is defined. */
export const MODE_16: u32 = 1 | Mode.PROTECTED;
export const MODE_32: u32 = 2 | Mode.PROTECTED | Mode.FLAT_CS | Mode.FLAT_DS | Mode.FLAT_ES | Mode.FLAT_SS;
export const MODE_64: u32 =
  3 | Mode.PROTECTED | Mode.LONG | Mode.FLAT_CS | Mode.FLAT_DS | Mode.FLAT_ES | Mode.FLAT_SS;

const offsets = memory.data<u32>([
  offsetof<Insn>("handler"),
  offsetof<Insn>("op"),
  offsetof<Insn>("length"),
  offsetof<Insn>("size"),
  offsetof<Insn>("form"),
  offsetof<Insn>("segment"),
  offsetof<Insn>("dst"),
  offsetof<Insn>("src"),
  offsetof<Insn>("imm"),
  offsetof<Insn>("base"),
  offsetof<Insn>("index"),
  offsetof<Insn>("disp"),
  offsetof<Insn>("nextRip"),
  offsetof<Insn>("scale"),
  offsetof<Insn>("addressMode"),
  offsetof<Insn>("addressSize"),
  offsetof<Insn>("prefixes"),
  offsetof<Insn>("modrm"),
  offsetof<Insn>("opcode"),
  offsetof<Insn>("regField"),
  offsetof<Insn>("rmField"),
]);

/** Offset of field `n` of Insn, in the order above. */
export function fieldOffset(n: u32): u32 {
  return load<u32>(offsets + (n << 2));
}
