// Operands of MMX and SSE instructions. A load that faults gives 0 with the fault pending; a store is all or nothing.
import { Vcpu } from "../../cpu/state";
import { AddressMode, Insn } from "../../decode/insn";
import { Form } from "../../decode/op";
import { linearLoad, linearStore } from "../../mmu/access";
import { effectiveAddress, linearAddress } from "../../mmu/address";
import { faultPending, isWide } from "../../mmu/fill";
import { segmentLinear } from "../../mmu/segmentation";
import { checkWrite } from "../../mmu/slow";
import { ADDEND, PAGE_MASK, READ_TAG, WRITE_TAG, tlbEntry } from "../../mmu/tlb";
import { requireAligned } from "./ready";

/** The linear address of the memory operand, of which `size` bytes are accessed. */
// @ts-ignore: decorator
@inline
export function memoryOperand(cpu: Vcpu, i: Insn, size: u32, write: bool): u64 {
  if (i.addressMode != AddressMode.GENERAL) return linearAddress(cpu, i);
  return segmentedOperand(cpu, i, size, write);
}

function segmentedOperand(cpu: Vcpu, i: Insn, size: u32, write: bool): u64 {
  cpu.insn = <u32>changetype<usize>(i);
  return segmentLinear(cpu, i.segment, effectiveAddress(i), size, write);
}

/** `linear + offset`, within 4 GiB outside of 64-bit mode. */
// @ts-ignore: decorator
@inline
export function linearOffset(cpu: Vcpu, linear: u64, offset: u32): u64 {
  const sum = linear + <u64>offset;
  return isWide(cpu) ? sum : sum & 0xffff_ffff;
}

/** 16 bytes at `linear`, aligned or not. */
// @ts-ignore: decorator
@inline
export function linearLoad128(cpu: Vcpu, linear: u64): v128 {
  const entry = tlbEntry(cpu.tlb, linear);
  if (load<u64>(entry, READ_TAG) == ((linear + 15) & PAGE_MASK))
    return v128.load(<usize>(<u32>linear + load<u32>(entry, ADDEND)));
  return load128Slow(cpu, linear);
}

function load128Slow(cpu: Vcpu, linear: u64): v128 {
  const low = linearLoad<u64>(cpu, linear);
  if (faultPending(cpu)) return i64x2.splat(0);
  const high = linearLoad<u64>(cpu, linearOffset(cpu, linear, 8));
  return i64x2.replace_lane(i64x2.splat(<i64>low), 1, <i64>high);
}

// @ts-ignore: decorator
@inline
export function linearStore128(cpu: Vcpu, linear: u64, value: v128): void {
  const entry = tlbEntry(cpu.tlb, linear);
  if (load<u64>(entry, WRITE_TAG) == ((linear + 15) & PAGE_MASK))
    v128.store(<usize>(<u32>linear + load<u32>(entry, ADDEND)), value);
  else store128Slow(cpu, linear, value);
}

function store128Slow(cpu: Vcpu, linear: u64, value: v128): void {
  if (!checkWrite(cpu, linear, 16)) return;
  linearStore<u64>(cpu, linear, <u64>i64x2.extract_lane(value, 0));
  linearStore<u64>(cpu, linearOffset(cpu, linear, 8), <u64>i64x2.extract_lane(value, 1));
}

/** src: an XMM register or 16 aligned bytes. */
// @ts-ignore: decorator
@inline
export function source128(cpu: Vcpu, i: Insn): v128 {
  if (i.form == Form.RR) return v128.load(<usize>i.src);
  return alignedSource(cpu, i);
}

function alignedSource(cpu: Vcpu, i: Insn): v128 {
  const linear = memoryOperand(cpu, i, 16, false);
  if (!requireAligned(cpu, linear, 16)) return i64x2.splat(0);
  return linearLoad128(cpu, linear);
}

/** src: the low 64 bits of a register, or 8 bytes of memory. */
// @ts-ignore: decorator
@inline
export function source64(cpu: Vcpu, i: Insn): u64 {
  if (i.form == Form.RR) return load<u64>(<usize>i.src);
  return linearLoad<u64>(cpu, memoryOperand(cpu, i, 8, false));
}

// @ts-ignore: decorator
@inline
export function source32(cpu: Vcpu, i: Insn): u64 {
  if (i.form == Form.RR) return <u64>load<u32>(<usize>i.src);
  return linearLoad<u32>(cpu, memoryOperand(cpu, i, 4, false));
}

/** src of type F's size, as bits. */
// @ts-ignore: decorator
@inline
export function sourceBits<F>(cpu: Vcpu, i: Insn): u64 {
  return sizeof<F>() == 4 ? source32(cpu, i) : source64(cpu, i);
}

/** v128 with `low` and zeros. */
// @ts-ignore: decorator
@inline
export function fromLow64(low: u64): v128 {
  return i64x2.replace_lane(i64x2.splat(0), 0, <i64>low);
}

// @ts-ignore: decorator
@inline
export function low64(v: v128): u64 {
  return <u64>i64x2.extract_lane(v, 0);
}

// @ts-ignore: decorator
@inline
export function high64(v: v128): u64 {
  return <u64>i64x2.extract_lane(v, 1);
}
