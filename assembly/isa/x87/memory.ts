// Memory operands: where they lie, and moving those that are no single access.
import { Vector, raiseError } from "../../cpu/exceptions";
import { Vcpu } from "../../cpu/state";
import { AddressMode, Insn } from "../../decode/insn";
import { linearLoad, linearStore } from "../../mmu/access";
import { effectiveAddress, linearAddress } from "../../mmu/address";
import { faultPending, fillKind, isWide } from "../../mmu/fill";
import { Access } from "../../mmu/paging";
import { segmentLinear } from "../../mmu/segmentation";
import { checkRead, checkWrite, probe } from "../../mmu/slow";
import { TlbKind, kindOf } from "../../mmu/tlb";

/** Linear address of an operand of `size` bytes that is written. (The decoder's form says only "memory".) */
// @ts-ignore: decorator
@inline
export function storeAddress(cpu: Vcpu, i: Insn, size: u32): u64 {
  if (i.addressMode != AddressMode.GENERAL) return linearAddress(cpu, i);
  return rangeAddress(cpu, i, size, true);
}

function rangeAddress(cpu: Vcpu, i: Insn, size: u32, write: bool): u64 {
  cpu.insn = <u32>changetype<usize>(i);
  return segmentLinear(cpu, i.segment, effectiveAddress(i), size, write);
}

/** `linear + offset`, within 32 bits outside 64-bit mode. */
// @ts-ignore: decorator
@inline
export function linearAt(cpu: Vcpu, linear: u64, offset: u32): u64 {
  const at = linear + <u64>offset;
  return isWide(cpu) ? at : at & 0xffff_ffff;
}

/** Stores 10 bytes from `from`; with a fault pending none. */
export function store80(cpu: Vcpu, linear: u64, from: usize): void {
  // Within a page the second part cannot fault when the first has not.
  if (((<u32>linear) & 0xfff) > 0x1000 - 10 && !checkWrite(cpu, linear, 10)) return;
  linearStore<u64>(cpu, linear, load<u64>(from));
  if (faultPending(cpu)) return;
  linearStore<u16>(cpu, linearAt(cpu, linear, 8), <u64>load<u16>(from, 8));
}

/** Loads 10 bytes to `to`; false with a fault pending. */
export function load80(cpu: Vcpu, linear: u64, to: usize): bool {
  if (((<u32>linear) & 0xfff) > 0x1000 - 10 && !checkRead(cpu, linear, 10)) return false;
  store<u64>(to, linearLoad<u64>(cpu, linear));
  store<u16>(to, <u16>linearLoad<u16>(cpu, linearAt(cpu, linear, 8)), 8);
  return !faultPending(cpu);
}

/**
 * Address of an environment or state image of `size` bytes, which can then be accessed in pieces of up to `alignment` bytes
 * without a fault. Check for a pending fault after it.
 */
export function imageAddress(cpu: Vcpu, i: Insn, size: u32, alignment: u32, write: bool): u64 {
  const linear = i.addressMode == AddressMode.GENERAL ? rangeAddress(cpu, i, size, write) : linearAddress(cpu, i);
  if (faultPending(cpu)) return linear;
  if (kindOf(cpu.tlb) == TlbKind.CHECKED && (<u32>linear) & (alignment - 1)) raiseError(cpu, Vector.AC, 0);
  else probe(cpu, fillKind(cpu), linear, size, write ? Access.WRITE : Access.READ, isWide(cpu));
  return linear;
}
