// What the string instructions have in common: the counters and pointers of one, by address size, and their addresses.
// Helper instructions. SDM vol. 1 7.3.9, vol. 2B "REP".
//
// A repeated instruction works for a while (BUDGET) and, if there is more to do, goes back to itself, so that interrupts
// come in between. Registers always tell how far it is, so a fault in the middle is restartable.
import { Flag, Mode, Seg, Vcpu, segment } from "../cpu/state";
import { Insn, Prefix } from "../decode/insn";
import { Exec } from "../interp/exec";
import { isWithinLimit, segmentLinear } from "../mmu/segmentation";
import { ADDEND, READ_TAG, WRITE_TAG, tlbEntry } from "../mmu/tlb";

/** Bytes of work in one go. */
export const BUDGET: u32 = 0x8000;
/** What an element counts at least, when it goes the slow way. */
export const ELEMENT_COST: u32 = 64;

const PAGE_MASK: u64 = ~(<u64>0xfff);

/** rCX, rSI, rDI. */
export const COUNTER: u32 = 1;
export const SOURCE: u32 = 6;
export const DESTINATION: u32 = 7;

// @ts-ignore: decorator
@inline
export function isRepeated(i: Insn): bool {
  return (i.prefixes & (Prefix.REP | Prefix.REPNE)) != 0;
}

// @ts-ignore: decorator
@inline
export function addressMask(i: Insn): u64 {
  return i.addressSize == 3 ? <u64>-1 : i.addressSize == 2 ? 0xffff_ffff : 0xffff;
}

/** Register `index` as counter or pointer. */
// @ts-ignore: decorator
@inline
export function getIndex(cpu: Exec, i: Insn, index: u32): u64 {
  return load<u64>(<usize>cpu.gpr(index)) & addressMask(i);
}

// @ts-ignore: decorator
@inline
export function setIndex(cpu: Exec, i: Insn, index: u32, value: u64): void {
  if (i.addressSize == 1) cpu.writeReg<u16>(cpu.gpr(index), value);
  else store<u64>(<usize>cpu.gpr(index), value & addressMask(i));
}

/** Moves pointer `index` by `count` elements of T in the direction of DF. */
// @ts-ignore: decorator
@inline
export function advance<T>(cpu: Exec, i: Insn, index: u32, count: u64): void {
  const bytes = count * sizeof<T>();
  setIndex(cpu, i, index, getIndex(cpu, i, index) + (cpu.eflags & Flag.DF ? 0 - bytes : bytes));
}

/** How many elements may be done before the next look around: all of rCX; one when single-stepping. */
// @ts-ignore: decorator
@inline
export function roundsOf(cpu: Exec, i: Insn): u64 {
  const count = getIndex(cpu, i, COUNTER);
  return count && cpu.eflags & Flag.TF ? 1 : count;
}

/** `done` elements of a repeated instruction are through. */
// @ts-ignore: decorator
@inline
export function countDown(cpu: Exec, i: Insn, done: u64): void {
  setIndex(cpu, i, COUNTER, getIndex(cpu, i, COUNTER) - done);
}

/** The end of a go without a fault: on to the next instruction, or back to this one. */
// @ts-ignore: decorator
@inline
export function endRound(cpu: Exec, i: Insn, finished: bool): void {
  if (finished) cpu.fallThrough(i);
  else cpu.restart(i);
}

/** Whether an offset in `seg` is the linear address (after truncation). */
// @ts-ignore: decorator
@inline
function isFlat(cpu: Vcpu, i: Insn, seg: u32): bool {
  const mode = cpu.mode;
  if ((mode & Mode.CODE_SIZE) == 3) return seg < <u32>Seg.FS;
  if (i.addressSize != 2) return false;
  if (seg == Seg.DS) return (mode & Mode.FLAT_DS) != 0;
  if (seg == Seg.ES) return (mode & Mode.FLAT_ES) != 0;
  return seg == Seg.SS && (mode & Mode.FLAT_SS) != 0;
}

/** The linear address of one element; FAULT_ADDRESS with the fault pending. */
// @ts-ignore: decorator
@inline
export function elementLinear<T>(cpu: Vcpu, i: Insn, seg: u32, offset: u64, write: bool): u64 {
  return isFlat(cpu, i, seg) ? offset : segmentLinear(cpu, seg, offset, <u32>sizeof<T>(), write);
}

/**
 * How many elements of 1 << `size` bytes, at most `wanted` and in the direction of DF from the one at `offset`, lie on one page
 * and surely within the segment.
 */
export function elementsOnPage(cpu: Vcpu, i: Insn, seg: u32, offset: u64, size: u32, wanted: u64): u64 {
  const flat = isFlat(cpu, i, seg);
  const linear = flat ? offset : offset + segment(cpu, seg).base;
  const backward = (cpu.eflags & Flag.DF) != 0;
  let count = elementsBefore(linear & 0xfff, 0x1000, size, backward, wanted);
  if (i.addressSize == 1) count = elementsBefore(offset, 0x1_0000, size, backward, count);
  if (flat || !count || (cpu.mode & Mode.CODE_SIZE) == 3) return count;
  const s = segment(cpu, seg);
  return isWithinLimit(s.attributes, s.limit, lowest(cpu, offset, size, count), <u32>(count << size)) ? count : 0;
}

/** How many elements, at most `wanted`, lie in one piece of `end` bytes, of which the first begins at byte `at`. */
// @ts-ignore: decorator
@inline
function elementsBefore(at: u64, end: u64, size: u32, backward: bool, wanted: u64): u64 {
  const above = (end - at) >> size;
  if (!backward) return min<u64>(wanted, above);
  return above ? min<u64>(wanted, (at >> size) + 1) : 0;
}

/** The lowest address of a run of `count` elements in the direction of DF whose first is at `address`. */
// @ts-ignore: decorator
@inline
export function lowest(cpu: Vcpu, address: u64, size: u32, count: u64): u64 {
  return cpu.eflags & Flag.DF ? address - ((count - 1) << size) : address;
}

/** The host address of `linear` when its page may be read plainly, else 0. */
// @ts-ignore: decorator
@inline
export function hostToRead(cpu: Vcpu, linear: u64): u32 {
  const entry = tlbEntry(cpu.tlb, linear);
  return load<u64>(entry, READ_TAG) == (linear & PAGE_MASK) ? <u32>linear + load<u32>(entry, ADDEND) : 0;
}

/** Likewise when it may be written plainly. */
// @ts-ignore: decorator
@inline
export function hostToWrite(cpu: Vcpu, linear: u64): u32 {
  const entry = tlbEntry(cpu.tlb, linear);
  return load<u64>(entry, WRITE_TAG) == (linear & PAGE_MASK) ? <u32>linear + load<u32>(entry, ADDEND) : 0;
}
