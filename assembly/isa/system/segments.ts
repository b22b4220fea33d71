// Descriptor fetch and the loading of segment registers, in all modes. SDM vol. 3A 3.4, 5.4 to 5.6; vol. 2B, MOV.
import { Attention, Flag, Mode, SCRATCH_OFFSET, Seg, SegAttr, Segment, Vcpu, segment } from "../../cpu/state";
import { Vector, raiseError, raiseGp } from "../../cpu/exceptions";
import { V86_ATTRIBUTES, REAL_DATA_ATTRIBUTES, isCanonical, updateMode } from "../../cpu/mode";
import { systemLoad64, systemStore8 } from "../../mmu/systemAccess";

/** System descriptor types (SDM vol. 3A table 3-2). */
export const enum SystemType {
  TSS16 = 1,
  LDT = 2,
  TSS16_BUSY = 3,
  CALL_GATE16 = 4,
  TASK_GATE = 5,
  INTERRUPT_GATE16 = 6,
  TRAP_GATE16 = 7,
  /** TSS32 and, in IA-32e mode, the 64-bit TSS; likewise the others. */
  TSS32 = 9,
  TSS32_BUSY = 11,
  CALL_GATE32 = 12,
  INTERRUPT_GATE32 = 14,
  TRAP_GATE32 = 15,
}

/** Scratch segment records: descriptors on their way into a register. Slots are named by their users. */
const SCRATCH_SEGMENTS: usize = SCRATCH_OFFSET + 0xc00;
export const enum Slot {
  CODE,
  STACK,
  GATE,
  TSS,
  DATA,
}
/** What descriptorAddress gives beyond the table's limit. */
export const NO_ADDRESS: u64 = <u64>-1;

// @ts-ignore: decorator
@inline
export function scratchSegment(cpu: Vcpu, slot: u32): Segment {
  return changetype<Segment>(changetype<usize>(cpu) + SCRATCH_SEGMENTS + ((<usize>slot) << 5));
}

// @ts-ignore: decorator
@inline
export function faulted(cpu: Vcpu): bool {
  return (cpu.attention & Attention.FAULT) != 0;
}

// @ts-ignore: decorator
@inline
export function isNull(selector: u32): bool {
  return (selector & 0xfffc) == 0;
}

/** The selector as an error code: without RPL. */
// @ts-ignore: decorator
@inline
export function selectorError(selector: u32): u32 {
  return selector & 0xfffc;
}

// @ts-ignore: decorator
@inline
export function privilegeOf(s: Segment): u32 {
  return (s.attributes & SegAttr.DPL_MASK) >> SegAttr.DPL_SHIFT;
}

// @ts-ignore: decorator
@inline
export function isPresent(s: Segment): bool {
  return (s.attributes & SegAttr.PRESENT) != 0;
}

// @ts-ignore: decorator
@inline
export function isCode(s: Segment): bool {
  return (s.attributes & (SegAttr.CODE_OR_DATA | SegAttr.CODE)) == (SegAttr.CODE_OR_DATA | SegAttr.CODE);
}

// @ts-ignore: decorator
@inline
export function isConforming(s: Segment): bool {
  return (s.attributes & SegAttr.CONFORMING) != 0;
}

export function isWritableData(s: Segment): bool {
  const mask = SegAttr.CODE_OR_DATA | SegAttr.CODE | SegAttr.WRITABLE;
  return (s.attributes & mask) == (SegAttr.CODE_OR_DATA | SegAttr.WRITABLE);
}

// @ts-ignore: decorator
@inline
export function isSystem(s: Segment): bool {
  return !(s.attributes & SegAttr.CODE_OR_DATA);
}

/** SystemType of a system descriptor. */
// @ts-ignore: decorator
@inline
export function systemType(s: Segment): u32 {
  return s.attributes & SegAttr.TYPE_MASK;
}

// @ts-ignore: decorator
@inline
export function copySegment(to: Segment, from: Segment): void {
  to.base = from.base;
  to.limit = from.limit;
  to.attributes = from.attributes;
  to.selector = from.selector;
}

/** Linear address of a selector's descriptor of `size` bytes, or NO_ADDRESS. */
export function descriptorAddress(cpu: Vcpu, selector: u32, size: u32): u64 {
  const offset = selector & 0xfff8;
  if (selector & 4) {
    const ldt = segment(cpu, Seg.LDTR);
    if (ldt.attributes & SegAttr.UNUSABLE || offset + size - 1 > ldt.limit) return NO_ADDRESS;
    return ldt.base + <u64>offset;
  }
  if (offset + size - 1 > cpu.gdtLimit) return NO_ADDRESS;
  return cpu.gdtBase + <u64>offset;
}

/**
 *   63    56 55 54 53 52 51  48 47 46 45 44 43  40 39     32 31      16 15       0
 *   base     G  DB L  A  limit  P  DPL   S  type   base      base      limit
 */
export function parseDescriptor(target: Segment, selector: u32, raw: u64): void {
  const limit = ((<u32>raw) & 0xffff) | ((<u32>(raw >> 32)) & 0xf0000);
  const attributes = (<u32>(raw >> 40)) & 0xf0ff;
  target.base = ((raw >> 16) & 0xff_ffff) | ((raw >> 32) & 0xff00_0000);
  target.limit = attributes & SegAttr.GRANULARITY ? (limit << 12) | 0xfff : limit;
  target.attributes = attributes;
  target.selector = selector;
}

/** Reads the descriptor of `selector` into `target`; false with `vector`(`error`) or a page fault pending. */
export function fetchDescriptor(cpu: Vcpu, target: Segment, selector: u32, vector: u32, error: u32): bool {
  const address = descriptorAddress(cpu, selector, 8);
  if (address == NO_ADDRESS) {
    raiseError(cpu, vector, error);
    return false;
  }
  const raw = systemLoad64(cpu, address);
  if (faulted(cpu)) return false;
  parseDescriptor(target, selector, raw);
  return true;
}

/** The first 8 bytes of a descriptor as they are (gates), 0 with the fault pending. */
export function fetchRaw(cpu: Vcpu, selector: u32, vector: u32, error: u32): u64 {
  const address = descriptorAddress(cpu, selector, 8);
  if (address == NO_ADDRESS) {
    raiseError(cpu, vector, error);
    return 0;
  }
  return systemLoad64(cpu, address);
}

/** The upper half of a 16-byte system descriptor of IA-32e mode. */
export function fetchUpper(cpu: Vcpu, selector: u32, vector: u32, error: u32): u64 {
  const address = descriptorAddress(cpu, selector, 16);
  if (address == NO_ADDRESS) {
    raiseError(cpu, vector, error);
    return 0;
  }
  return systemLoad64(cpu, address + 8);
}

/** Writes descriptor byte 5 (type, DPL, present). */
export function writeAccessByte(cpu: Vcpu, selector: u32, value: u32): void {
  const address = descriptorAddress(cpu, selector, 8);
  if (address != NO_ADDRESS) systemStore8(cpu, address + 5, <u64>value);
}

/** Linear address of descriptor byte 5, for probing. */
export function accessByteAddress(cpu: Vcpu, selector: u32): u64 {
  return descriptorAddress(cpu, selector, 8) + 5;
}

/** Sets the accessed bit in memory and in `s`; false when that write faults. */
export function markAccessed(cpu: Vcpu, s: Segment): bool {
  if (s.attributes & SegAttr.ACCESSED) return true;
  s.attributes |= SegAttr.ACCESSED;
  writeAccessByte(cpu, s.selector, s.attributes & 0xff);
  return !faulted(cpu);
}

export function setNull(s: Segment, selector: u32): void {
  s.selector = selector;
  s.base = 0;
  s.limit = 0;
  s.attributes = SegAttr.UNUSABLE;
}

/** A load in real or virtual-8086 mode. Real mode keeps limit and attributes of before ("unreal" mode lives by it). */
export function setRealSegment(cpu: Vcpu, seg: u32, selector: u32): void {
  const s = segment(cpu, seg);
  s.selector = selector & 0xffff;
  s.base = (<u64>(selector & 0xffff)) << 4;
  if (cpu.eflags & Flag.VM) {
    s.limit = 0xffff;
    s.attributes = V86_ATTRIBUTES;
  } else if (s.attributes & SegAttr.UNUSABLE) {
    s.limit = 0xffff;
    s.attributes = REAL_DATA_ATTRIBUTES;
  }
}

/** Null into SS: only in 64-bit mode, below CPL 3, with RPL = CPL. */
function loadNullStack(cpu: Vcpu, selector: u32, vector: u32): bool {
  if ((cpu.mode & Mode.CODE_SIZE) != 3 || cpu.cpl == 3 || (selector & 3) != cpu.cpl) {
    raiseError(cpu, vector, selectorError(selector));
    return false;
  }
  setNullStack(cpu, selector);
  return true;
}

/** SS as 64-bit mode has it after a null selector. */
export function setNullStack(cpu: Vcpu, selector: u32): void {
  const s = segment(cpu, Seg.SS);
  setNull(s, selector);
  s.attributes |= (selector & 3) << SegAttr.DPL_SHIFT;
}

/** Whether `s` suits SS at the present CPL; false with the fault pending. */
function checkStackSegment(cpu: Vcpu, s: Segment, vector: u32): bool {
  const error = selectorError(s.selector);
  if ((s.selector & 3) != cpu.cpl || !isWritableData(s) || privilegeOf(s) != cpu.cpl) raiseError(cpu, vector, error);
  else if (!isPresent(s)) raiseError(cpu, Vector.SS, error);
  return !faulted(cpu);
}

function checkDataSegment(cpu: Vcpu, s: Segment, vector: u32): bool {
  const error = selectorError(s.selector);
  const type = s.attributes & (SegAttr.CODE | SegAttr.READABLE);
  if (isSystem(s) || type == SegAttr.CODE) raiseError(cpu, vector, error);
  else if (!(isCode(s) && isConforming(s)) && (privilegeOf(s) < (s.selector & 3) || privilegeOf(s) < cpu.cpl))
    raiseError(cpu, vector, error);
  else if (!isPresent(s)) raiseError(cpu, Vector.NP, error);
  return !faulted(cpu);
}

/**
 * Loads DS, ES, FS, GS or SS in protected mode. `vector` is #GP, or #TS in a task switch. The caller does updateMode.
 */
export function loadProtectedSegment(cpu: Vcpu, seg: u32, selector: u32, vector: u32): bool {
  if (isNull(selector)) {
    if (seg == Seg.SS) return loadNullStack(cpu, selector, vector);
    setNull(segment(cpu, seg), selector);
    return true;
  }
  const s = scratchSegment(cpu, Slot.DATA);
  if (!fetchDescriptor(cpu, s, selector, vector, selectorError(selector))) return false;
  if (!(seg == Seg.SS ? checkStackSegment(cpu, s, vector) : checkDataSegment(cpu, s, vector))) return false;
  if (!markAccessed(cpu, s)) return false;
  copySegment(segment(cpu, seg), s);
  return true;
}

/** MOV and POP to a segment register, LDS and its like: any mode. False with the fault pending. */
export function loadSegment(cpu: Vcpu, seg: u32, selector: u32): bool {
  if (cpu.mode & Mode.PROTECTED) {
    if (!loadProtectedSegment(cpu, seg, selector & 0xffff, Vector.GP)) return false;
  } else setRealSegment(cpu, seg, selector);
  updateMode(cpu);
  return true;
}

/** Whether IP `target` may be gone to in code segment `cs`: limit, or canonicality; false with #GP(0) pending. */
export function checkTarget(cpu: Vcpu, cs: Segment, target: u64): bool {
  const long = (cpu.mode & Mode.LONG) != 0 && (cs.attributes & SegAttr.LONG) != 0;
  if (long ? isCanonical(target) : target <= <u64>cs.limit) return true;
  raiseGp(cpu, 0);
  return false;
}

/** In IA-32e mode a code segment with both L and D is no good. */
// @ts-ignore: decorator
@inline
export function isBadLongCode(cpu: Vcpu, s: Segment): bool {
  return (cpu.mode & Mode.LONG) != 0 && (s.attributes & (SegAttr.LONG | SegAttr.BIG)) == (SegAttr.LONG | SegAttr.BIG);
}

/** Puts `s` into CS with `cpl` as RPL. CPL itself and updateMode are the caller's. */
export function commitCode(cpu: Vcpu, s: Segment, cpl: u32): void {
  const cs = segment(cpu, Seg.CS);
  copySegment(cs, s);
  cs.selector = (s.selector & 0xfffc) | cpl;
}

/** After a return to an outer level: data segments it may not use become null (SDM vol. 2, RET). */
export function dropInnerSegments(cpu: Vcpu): void {
  dropIfInner(cpu, Seg.ES);
  dropIfInner(cpu, Seg.DS);
  dropIfInner(cpu, Seg.FS);
  dropIfInner(cpu, Seg.GS);
}

function dropIfInner(cpu: Vcpu, seg: u32): void {
  const s = segment(cpu, seg);
  if (s.attributes & SegAttr.UNUSABLE) return;
  if (isCode(s) && isConforming(s)) return;
  if (privilegeOf(s) < cpu.cpl) setNull(s, 0);
}
