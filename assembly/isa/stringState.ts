// What the string instructions have in common: the counters and pointers of one, by address size, and their addresses.
// Helper instructions. SDM vol. 1 7.3.9, vol. 2B "REP".
//
// A repeated instruction works for a while (BUDGET) and, if there is more to do, goes back to itself, so that interrupts
// come in between. Registers always tell how far it is, so a fault in the middle is restartable.
import { Flag, Mode, Seg, SegAttr, Vcpu, segment } from "../cpu/state";
import { Insn, Prefix } from "../decode/insn";
import { Exec } from "../interp/exec";
import { isWide } from "../mmu/fill";
import { isUsable, segmentLinear } from "../mmu/segmentation";
import { ADDEND, OFFSET_MASK, PAGE_MASK, READ_TAG, WRITE_TAG, tlbEntry } from "../mmu/tlb";

/** Bytes of work in one go. */
export const BUDGET: u32 = 0x8000;
/** What an element counts at least, when it goes the slow way. */
export const ELEMENT_COST: u32 = 64;

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

/** What is added to an offset in `seg` for its linear address. */
// @ts-ignore: decorator
@inline
export function linearBase(cpu: Vcpu, i: Insn, seg: u32): u64 {
  if (isFlat(cpu, i, seg)) return 0;
  return (cpu.mode & Mode.CODE_SIZE) == 3 && seg < <u32>Seg.FS ? 0 : segment(cpu, seg).base;
}

/** The bits of a linear address. */
// @ts-ignore: decorator
@inline
export function linearMask(cpu: Vcpu): u64 {
  return isWide(cpu) ? <u64>-1 : 0xffff_ffff;
}

/**
 * How many elements of 1 << `size` bytes, at most `wanted` and in the direction of DF from the one at `offset`, surely lie within
 * the segment and do not wrap within the address size.
 */
// @ts-ignore: decorator
@inline
export function elementsInSegment(cpu: Vcpu, i: Insn, seg: u32, offset: u64, size: u32, wanted: u64, write: bool): u64 {
  if (i.addressSize == 3) return wanted;
  const count = elementsBefore(offset, addressMask(i) + 1, size, (cpu.eflags & Flag.DF) != 0, wanted);
  return isFlat(cpu, i, seg) || isWide(cpu) ? count : elementsInLimit(cpu, seg, offset, size, count, write);
}

function elementsInLimit(cpu: Vcpu, seg: u32, offset: u64, size: u32, wanted: u64, write: bool): u64 {
  const s = segment(cpu, seg);
  if ((cpu.mode & Mode.PROTECTED) != 0 && !isUsable(s.attributes, write)) return 0;
  // Those that expand down are rare: by elements.
  if ((s.attributes & (SegAttr.CODE | SegAttr.EXPAND_DOWN)) == SegAttr.EXPAND_DOWN) return 0;
  const end = <u64>s.limit + 1;
  return offset < end ? elementsBefore(offset, end, size, (cpu.eflags & Flag.DF) != 0, wanted) : 0;
}

/** How many elements, at most `wanted`, lie below `end` when the first begins at `at` < `end`; backwards: down to 0. */
// @ts-ignore: decorator
@inline
function elementsBefore(at: u64, end: u64, size: u32, backward: bool, wanted: u64): u64 {
  const above = (end - at) >> (<u64>size);
  if (!backward) return min<u64>(wanted, above);
  return above ? min<u64>(wanted, (at >> (<u64>size)) + 1) : 0;
}

/** The same for the page of `linear`: 0 where the first element crosses its end. */
// @ts-ignore: decorator
@inline
export function elementsOnPage(linear: u64, size: u32, backward: bool, wanted: u64): u64 {
  return elementsBefore(linear & OFFSET_MASK, 0x1000, size, backward, wanted);
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
