// Stacks of far transfers: frames pushed on a stack that is not in force yet, reads above the stack pointer, and the
// inner stacks a TSS names. SDM vol. 3A 5.8.5, 6.12, 6.14, 7.2.
import { Mode, SCRATCH_OFFSET, Seg, SegAttr, Segment, Vcpu, segment } from "../../cpu/state";
import { Vector, raiseError } from "../../cpu/exceptions";
import { isCanonical } from "../../cpu/mode";
import { linearLoad, linearStore } from "../../mmu/access";
import { isWithinLimit, segmentLinear } from "../../mmu/segmentation";
import {
  systemLoad16,
  systemLoad32,
  systemLoad64,
  systemStore16,
  systemStore32,
  systemStore64,
} from "../../mmu/systemAccess";
import {
  Slot,
  faulted,
  fetchDescriptor,
  isNull,
  isPresent,
  isWritableData,
  privilegeOf,
  scratchSegment,
  selectorError,
} from "./segments";

/** A frame being pushed. Nothing of it shows until the caller takes `sp` over. */
@unmanaged
export class Frame {
  sp: u64;
  /** What of `sp` counts: 16, 32 or 64 bits. */
  mask: u64;
  /** Address of the Segment. */
  segment: u32;
  /** Error code of #SS. */
  error: u32;
  /** Pushes are accesses of CPL 3. */
  user: u32;
  _pad: u32;
}

/** What innerStack found. */
@unmanaged
export class InnerStack {
  sp: u64;
  selector: u32;
  _pad: u32;
}

const FRAME: usize = SCRATCH_OFFSET + 0xd00;
const INNER: usize = SCRATCH_OFFSET + 0xd40;
const WIDE: u64 = <u64>-1;

/** Width of the stack pointer under `ss`. */
// @ts-ignore: decorator
@inline
export function stackMaskOf(ss: Segment): u64 {
  return ss.attributes & SegAttr.BIG ? 0xffff_ffff : 0xffff;
}

/** Width of the stack pointer now. */
// @ts-ignore: decorator
@inline
export function stackMask(cpu: Vcpu): u64 {
  const size = (cpu.mode & Mode.STACK_SIZE) >> Mode.STACK_SHIFT;
  return size == 3 ? WIDE : size == 2 ? 0xffff_ffff : 0xffff;
}

export function openFrame(cpu: Vcpu, ss: Segment, sp: u64, mask: u64, cpl: u32, error: u32): Frame {
  const frame = changetype<Frame>(changetype<usize>(cpu) + FRAME);
  frame.sp = sp;
  frame.mask = mask;
  frame.segment = <u32>changetype<usize>(ss);
  frame.error = error;
  frame.user = cpl == 3 ? 1 : 0;
  return frame;
}

/** A frame on the stack in force. */
export function openCurrentFrame(cpu: Vcpu, error: u32): Frame {
  return openFrame(cpu, segment(cpu, Seg.SS), cpu.rsp, stackMask(cpu), cpu.cpl, error);
}

/** Pushes `value`, 1 << size bytes. After a fault further pushes do nothing. */
export function framePush(cpu: Vcpu, frame: Frame, size: u32, value: u64): void {
  if (faulted(cpu)) return;
  const bytes = (<u32>1) << size;
  const mask = frame.mask;
  const offset = (frame.sp - <u64>bytes) & mask;
  let linear = offset;
  if (mask == WIDE) {
    if (!isCanonical(offset) || !isCanonical(offset + <u64>bytes - 1)) {
      raiseError(cpu, Vector.SS, frame.error);
      return;
    }
  } else {
    const ss = changetype<Segment>(<usize>frame.segment);
    if (ss.attributes & SegAttr.UNUSABLE || !isWithinLimit(ss.attributes, ss.limit, offset, bytes)) {
      raiseError(cpu, Vector.SS, frame.error);
      return;
    }
    linear = (ss.base + offset) & 0xffff_ffff;
  }
  if (frame.user) pushUser(cpu, linear, size, value);
  else pushSystem(cpu, linear, size, value);
  frame.sp = (frame.sp & ~mask) | offset;
}

function pushUser(cpu: Vcpu, linear: u64, size: u32, value: u64): void {
  if (size == 3) linearStore<u64>(cpu, linear, value);
  else if (size == 2) linearStore<u32>(cpu, linear, value);
  else linearStore<u16>(cpu, linear, value);
}

function pushSystem(cpu: Vcpu, linear: u64, size: u32, value: u64): void {
  if (size == 3) systemStore64(cpu, linear, value);
  else if (size == 2) systemStore32(cpu, linear, value);
  else systemStore16(cpu, linear, value);
}

/** The value `above` bytes over the stack pointer, 1 << size bytes; 0 with the fault pending. */
export function stackPeek(cpu: Vcpu, above: u64, size: u32): u64 {
  if (faulted(cpu)) return 0;
  const mask = stackMask(cpu);
  const bytes = (<u32>1) << size;
  const linear = segmentLinear(cpu, Seg.SS, (cpu.rsp + above) & mask, bytes, false);
  if (faulted(cpu)) return 0;
  if (mask == WIDE && (!isCanonical(linear) || !isCanonical(linear + <u64>bytes - 1))) {
    raiseError(cpu, Vector.SS, 0);
    return 0;
  }
  if (size == 3) return linearLoad<u64>(cpu, linear);
  return size == 2 ? linearLoad<u32>(cpu, linear) : linearLoad<u16>(cpu, linear);
}

/** Sets the part of RSP that `mask` covers; a 32-bit write clears the upper half. */
// @ts-ignore: decorator
@inline
export function setStackPointer(cpu: Vcpu, value: u64, mask: u64): void {
  if (mask == 0xffff) cpu.rsp = (cpu.rsp & ~(<u64>0xffff)) | (value & 0xffff);
  else cpu.rsp = value & mask;
}

/** Releases `bytes` of the stack in force. */
export function releaseStack(cpu: Vcpu, bytes: u64): void {
  setStackPointer(cpu, cpu.rsp + bytes, stackMask(cpu));
}

/** PUSH as an instruction. False with the fault pending. */
export function pushValue(cpu: Vcpu, size: u32, value: u64): bool {
  const mask = stackMask(cpu);
  const bytes = (<u32>1) << size;
  const sp = (cpu.rsp - <u64>bytes) & mask;
  const linear = segmentLinear(cpu, Seg.SS, sp, bytes, true);
  if (faulted(cpu)) return false;
  if (mask == WIDE && (!isCanonical(linear) || !isCanonical(linear + <u64>bytes - 1))) {
    raiseError(cpu, Vector.SS, 0);
    return false;
  }
  pushUser(cpu, linear, size, value);
  if (faulted(cpu)) return false;
  setStackPointer(cpu, sp, mask);
  return true;
}

/** Reads SS:SP of level `cpl` from the TSS; 0 with #TS pending. `ext` is the EXT bit of error codes. */
export function innerStack(cpu: Vcpu, cpl: u32, ext: u32): InnerStack {
  const found = changetype<InnerStack>(changetype<usize>(cpu) + INNER);
  const tr = segment(cpu, Seg.TR);
  const is32 = (tr.attributes & 8) != 0;
  const offset: u32 = is32 ? 4 + (cpl << 3) : 2 + (cpl << 2);
  if (tr.attributes & SegAttr.UNUSABLE || offset + (is32 ? 7 : 3) > tr.limit) {
    raiseError(cpu, Vector.TS, selectorError(tr.selector) | ext);
    return found;
  }
  const at = tr.base + <u64>offset;
  found.sp = is32 ? systemLoad32(cpu, at) : systemLoad16(cpu, at);
  found.selector = <u32>systemLoad16(cpu, at + (is32 ? 4 : 2));
  return found;
}

/** RSP at byte `offset` of the 64-bit TSS (RSPn, ISTn); 0 with #TS pending. */
export function innerStack64(cpu: Vcpu, offset: u32, ext: u32): u64 {
  const tr = segment(cpu, Seg.TR);
  if (tr.attributes & SegAttr.UNUSABLE || offset + 7 > tr.limit) {
    raiseError(cpu, Vector.TS, selectorError(tr.selector) | ext);
    return 0;
  }
  const sp = systemLoad64(cpu, tr.base + <u64>offset);
  if (!faulted(cpu) && !isCanonical(sp)) raiseError(cpu, Vector.SS, ext);
  return sp;
}

/** Fetches and checks the stack segment of inner level `cpl` into scratch slot STACK; false with the fault pending. */
export function fetchInnerStackSegment(cpu: Vcpu, selector: u32, cpl: u32, ext: u32): bool {
  const error = selectorError(selector) | ext;
  if (isNull(selector)) {
    raiseError(cpu, Vector.TS, ext);
    return false;
  }
  const s = scratchSegment(cpu, Slot.STACK);
  if (!fetchDescriptor(cpu, s, selector, Vector.TS, error)) return false;
  if ((selector & 3) != cpl || privilegeOf(s) != cpl || !isWritableData(s)) raiseError(cpu, Vector.TS, error);
  else if (!isPresent(s)) raiseError(cpu, Vector.SS, error);
  return !faulted(cpu);
}
