// Far JMP, CALL and RET. SDM vol. 2 (JMP, CALL, RET), vol. 3A 5.8.
import { Mode, Seg, SegAttr, Vcpu, segment } from "../../cpu/state";
import { Vector, raiseError, raiseGp } from "../../cpu/exceptions";
import { isCanonical, setCpl, updateMode } from "../../cpu/mode";
import { Insn } from "../../decode/insn";
import { Exec } from "../../interp/exec";
import { linearAddress } from "../../mmu/address";
import { linearLoad } from "../../mmu/access";
import { commitReturn, fetchReturnCode, fetchReturnStack } from "./iret";
import {
  Slot,
  SystemType,
  checkTarget,
  commitCode,
  copySegment,
  dropInnerSegments,
  faulted,
  fetchDescriptor,
  fetchRaw,
  fetchUpper,
  isBadLongCode,
  isCode,
  isConforming,
  isNull,
  isPresent,
  isSystem,
  markAccessed,
  privilegeOf,
  scratchSegment,
  selectorError,
  setNullStack,
  setRealSegment,
  systemType,
} from "./segments";
import {
  Frame,
  fetchInnerStackSegment,
  framePush,
  innerStack,
  innerStack64,
  openCurrentFrame,
  openFrame,
  releaseStack,
  setStackPointer,
  stackMask,
  stackMaskOf,
  stackPeek,
} from "./stack";
import { completeSwitch } from "./taskGate";
import { SwitchReason, fetchAvailableTss } from "./taskSwitch";

/** JMP ptr16:16/32 */
export function jumpFarDirect(cpu: Exec, i: Insn): void {
  jumpFar(cpu, i, (<u32>((<u64>i.imm) >> 32)) & 0xffff, (<u64>i.imm) & 0xffff_ffff);
}

export function callFarDirect(cpu: Exec, i: Insn): void {
  callFar(cpu, i, (<u32>((<u64>i.imm) >> 32)) & 0xffff, (<u64>i.imm) & 0xffff_ffff);
}

/** The offset of a far pointer in memory; its selector is behind it. */
function loadOffset(cpu: Exec, i: Insn, linear: u64): u64 {
  if (i.size == 3) return linearLoad<u64>(cpu, linear);
  return i.size == 2 ? linearLoad<u32>(cpu, linear) : linearLoad<u16>(cpu, linear);
}

function loadPointerSelector(cpu: Exec, i: Insn, linear: u64): u32 {
  return <u32>linearLoad<u16>(cpu, linear + ((<u64>1) << (<u64>i.size)));
}

export function jumpFarIndirect(cpu: Exec, i: Insn): void {
  const linear = linearAddress(cpu, i);
  if (faulted(cpu)) return;
  const offset = loadOffset(cpu, i, linear);
  const selector = loadPointerSelector(cpu, i, linear);
  if (!faulted(cpu)) jumpFar(cpu, i, selector, offset);
}

export function callFarIndirect(cpu: Exec, i: Insn): void {
  const linear = linearAddress(cpu, i);
  if (faulted(cpu)) return;
  const offset = loadOffset(cpu, i, linear);
  const selector = loadPointerSelector(cpu, i, linear);
  if (!faulted(cpu)) callFar(cpu, i, selector, offset);
}

/** LDS, LES, LSS, LFS, LGS: `imm` is the segment register. */
export function loadFarPointerOffset(cpu: Exec, i: Insn, linear: u64): u64 {
  return loadOffset(cpu, i, linear);
}

function jumpFar(cpu: Exec, i: Insn, selector: u32, offset: u64): void {
  if (!(cpu.mode & Mode.PROTECTED)) {
    if (!checkTarget(cpu, segment(cpu, Seg.CS), offset)) return;
    setRealSegment(cpu, Seg.CS, selector);
    updateMode(cpu);
    cpu.leaveTo(offset);
    return;
  }
  if (!fetchTarget(cpu, selector)) return;
  const s = scratchSegment(cpu, Slot.CODE);
  if (isSystem(s)) {
    jumpSystem(cpu, i, selector);
    return;
  }
  if (!checkDirectCode(cpu, selector) || !checkTarget(cpu, s, offset) || !markAccessed(cpu, s)) return;
  commitCode(cpu, s, cpu.cpl);
  updateMode(cpu);
  cpu.leaveTo(offset);
}

/** The descriptor a far pointer names, into slot CODE; false with the fault pending. */
function fetchTarget(cpu: Vcpu, selector: u32): bool {
  if (isNull(selector)) {
    raiseGp(cpu, 0);
    return false;
  }
  return fetchDescriptor(cpu, scratchSegment(cpu, Slot.CODE), selector, Vector.GP, selectorError(selector));
}

/** Rights of a transfer to the code segment in slot CODE without a gate. */
function checkDirectCode(cpu: Vcpu, selector: u32): bool {
  const s = scratchSegment(cpu, Slot.CODE);
  const error = selectorError(selector);
  const dpl = privilegeOf(s);
  const right = isConforming(s) ? dpl <= cpu.cpl : dpl == cpu.cpl && (selector & 3) <= cpu.cpl;
  if (!isCode(s) || !right || isBadLongCode(cpu, s)) raiseGp(cpu, error);
  else if (!isPresent(s)) raiseError(cpu, Vector.NP, error);
  return !faulted(cpu);
}

/** DPL (against CPL and RPL) and presence of the gate or TSS in slot CODE. */
function checkSystemRights(cpu: Vcpu, selector: u32): bool {
  const s = scratchSegment(cpu, Slot.CODE);
  const dpl = privilegeOf(s);
  if (dpl < cpu.cpl || dpl < (selector & 3)) raiseGp(cpu, selectorError(selector));
  else if (!isPresent(s)) raiseError(cpu, Vector.NP, selectorError(selector));
  return !faulted(cpu);
}

function jumpSystem(cpu: Exec, i: Insn, selector: u32): void {
  const type = systemType(scratchSegment(cpu, Slot.CODE));
  if (isCallGate(cpu, type)) {
    jumpGate(cpu, selector, type);
    return;
  }
  switchThrough(cpu, i, selector, type, SwitchReason.JUMP);
}

/** Task gate or TSS; anything else raises #GP. */
function switchThrough(cpu: Exec, i: Insn, selector: u32, type: u32, reason: SwitchReason): void {
  const isTss = type == SystemType.TSS16 || type == SystemType.TSS32;
  if (cpu.mode & Mode.LONG || (!isTss && type != SystemType.TASK_GATE)) {
    raiseGp(cpu, selectorError(selector));
    return;
  }
  if (!checkSystemRights(cpu, selector)) return;
  let tssSelector = selector;
  if (!isTss) {
    const gate = fetchRaw(cpu, selector, Vector.GP, selectorError(selector));
    if (faulted(cpu)) return;
    tssSelector = (<u32>(gate >> 16)) & 0xffff;
  }
  if (!fetchAvailableTss(cpu, tssSelector, Vector.GP, 0)) return;
  completeSwitch(cpu, scratchSegment(cpu, Slot.TSS), reason, i.nextRip);
}

/** IA-32e mode has only the 64-bit call gate (type 12); there 16-bit ones are no good. */
function isCallGate(cpu: Vcpu, type: u32): bool {
  return type == SystemType.CALL_GATE32 || (type == SystemType.CALL_GATE16 && !(cpu.mode & Mode.LONG));
}

/** Whether the gate is right for us to use; gives its raw low half, 0 with the fault pending. */
function fetchGate(cpu: Vcpu, selector: u32): u64 {
  if (!checkSystemRights(cpu, selector)) return 0;
  return fetchRaw(cpu, selector, Vector.GP, selectorError(selector));
}

/** The gate's entry point. */
function gateOffset(cpu: Vcpu, selector: u32, gate: u64, type: u32): u64 {
  const low = gate & 0xffff;
  if (type == SystemType.CALL_GATE16) return low;
  const offset = low | ((gate >> 32) & 0xffff_0000);
  if (!(cpu.mode & Mode.LONG)) return offset;
  const upper = fetchUpper(cpu, selector, Vector.GP, selectorError(selector));
  if (!faulted(cpu) && (upper >> 40) & 0x1f) raiseGp(cpu, selectorError(selector));
  return offset | (upper << 32);
}

/** Fetches the code segment a gate names into slot CODE and checks it but for privilege. */
function fetchGateCode(cpu: Vcpu, selector: u32, forJump: bool): bool {
  if (isNull(selector)) {
    raiseGp(cpu, 0);
    return false;
  }
  const error = selectorError(selector);
  const s = scratchSegment(cpu, Slot.CODE);
  if (!fetchDescriptor(cpu, s, selector, Vector.GP, error)) return false;
  const dpl = privilegeOf(s);
  let right = isCode(s) && dpl <= cpu.cpl;
  if (forJump && !isConforming(s) && dpl != cpu.cpl) right = false;
  if (cpu.mode & Mode.LONG && (s.attributes & (SegAttr.LONG | SegAttr.BIG)) != SegAttr.LONG) right = false;
  if (!right) raiseGp(cpu, error);
  else if (!isPresent(s)) raiseError(cpu, Vector.NP, error);
  return !faulted(cpu);
}

function jumpGate(cpu: Exec, selector: u32, type: u32): void {
  const gate = fetchGate(cpu, selector);
  if (faulted(cpu)) return;
  const offset = gateOffset(cpu, selector, gate, type);
  if (faulted(cpu) || !fetchGateCode(cpu, (<u32>(gate >> 16)) & 0xffff, true)) return;
  const s = scratchSegment(cpu, Slot.CODE);
  if (!checkTarget(cpu, s, offset) || !markAccessed(cpu, s)) return;
  commitCode(cpu, s, cpu.cpl);
  updateMode(cpu);
  cpu.leaveTo(offset);
}

function callFar(cpu: Exec, i: Insn, selector: u32, offset: u64): void {
  const size = <u32>i.size;
  if (!(cpu.mode & Mode.PROTECTED)) {
    const frame = pushReturn(cpu, openCurrentFrame(cpu, 0), size, i.nextRip);
    if (faulted(cpu) || !checkTarget(cpu, segment(cpu, Seg.CS), offset)) return;
    setStackPointer(cpu, frame.sp, frame.mask);
    setRealSegment(cpu, Seg.CS, selector);
    updateMode(cpu);
    cpu.leaveTo(offset);
    return;
  }
  if (!fetchTarget(cpu, selector)) return;
  const s = scratchSegment(cpu, Slot.CODE);
  if (isSystem(s)) {
    const type = systemType(s);
    if (isCallGate(cpu, type)) callGate(cpu, i, selector, type);
    else switchThrough(cpu, i, selector, type, SwitchReason.CALL);
    return;
  }
  if (!checkDirectCode(cpu, selector)) return;
  const frame = pushReturn(cpu, openCurrentFrame(cpu, 0), size, i.nextRip);
  if (faulted(cpu) || !checkTarget(cpu, s, offset) || !markAccessed(cpu, s)) return;
  setStackPointer(cpu, frame.sp, frame.mask);
  commitCode(cpu, s, cpu.cpl);
  updateMode(cpu);
  cpu.leaveTo(offset);
}

function pushReturn(cpu: Vcpu, frame: Frame, size: u32, returnIp: u64): Frame {
  framePush(cpu, frame, size, <u64>segment(cpu, Seg.CS).selector);
  framePush(cpu, frame, size, returnIp);
  return frame;
}

function callGate(cpu: Exec, i: Insn, selector: u32, type: u32): void {
  const gate = fetchGate(cpu, selector);
  if (faulted(cpu)) return;
  const offset = gateOffset(cpu, selector, gate, type);
  if (faulted(cpu) || !fetchGateCode(cpu, (<u32>(gate >> 16)) & 0xffff, false)) return;
  const s = scratchSegment(cpu, Slot.CODE);
  const isLong = (cpu.mode & Mode.LONG) != 0;
  const size: u32 = isLong ? 3 : type == SystemType.CALL_GATE32 ? 2 : 1;
  if (!isConforming(s) && privilegeOf(s) < cpu.cpl) {
    if (isLong) callInnerLong(cpu, offset, i.nextRip);
    else callInner(cpu, offset, size, (<u32>(gate >> 32)) & 0x1f, i.nextRip);
    return;
  }
  let frame = openCurrentFrame(cpu, 0);
  if (isLong) frame.mask = <u64>-1;
  frame = pushReturn(cpu, frame, size, i.nextRip);
  if (faulted(cpu) || !checkTarget(cpu, s, offset) || !markAccessed(cpu, s)) return;
  setStackPointer(cpu, frame.sp, frame.mask);
  commitCode(cpu, s, cpu.cpl);
  updateMode(cpu);
  cpu.leaveTo(offset);
}

/** Through a 16- or 32-bit gate to an inner level: new stack, `count` parameters copied. */
function callInner(cpu: Exec, offset: u64, size: u32, count: u32, returnIp: u64): void {
  const s = scratchSegment(cpu, Slot.CODE);
  const newCpl = privilegeOf(s);
  const inner = innerStack(cpu, newCpl, 0);
  if (faulted(cpu) || !fetchInnerStackSegment(cpu, inner.selector, newCpl, 0)) return;
  const ss = scratchSegment(cpu, Slot.STACK);
  const frame = openFrame(cpu, ss, inner.sp, stackMaskOf(ss), newCpl, selectorError(inner.selector));
  framePush(cpu, frame, size, <u64>segment(cpu, Seg.SS).selector);
  framePush(cpu, frame, size, cpu.rsp);
  for (let n = count; n > 0; n--) framePush(cpu, frame, size, stackPeek(cpu, <u64>((n - 1) << size), size));
  pushReturn(cpu, frame, size, returnIp);
  if (faulted(cpu) || !checkTarget(cpu, s, offset)) return;
  if (!markAccessed(cpu, s) || !markAccessed(cpu, ss)) return;
  copySegment(segment(cpu, Seg.SS), ss);
  cpu.rsp = frame.sp & 0xffff_ffff;
  commitCode(cpu, s, newCpl);
  setCpl(cpu, newCpl);
  updateMode(cpu);
  cpu.leaveTo(offset);
}

/** Through a 64-bit gate to an inner level: RSPn, null SS, no parameters. */
function callInnerLong(cpu: Exec, offset: u64, returnIp: u64): void {
  const s = scratchSegment(cpu, Slot.CODE);
  const newCpl = privilegeOf(s);
  const sp = innerStack64(cpu, 4 + (newCpl << 3), 0);
  if (faulted(cpu)) return;
  const ss = segment(cpu, Seg.SS);
  const frame = openFrame(cpu, ss, sp, <u64>-1, newCpl, 0);
  framePush(cpu, frame, 3, <u64>ss.selector);
  framePush(cpu, frame, 3, cpu.rsp);
  pushReturn(cpu, frame, 3, returnIp);
  if (faulted(cpu)) return;
  if (!isCanonical(offset)) {
    raiseGp(cpu, 0);
    return;
  }
  if (!markAccessed(cpu, s)) return;
  setNullStack(cpu, newCpl);
  cpu.rsp = frame.sp;
  commitCode(cpu, s, newCpl);
  setCpl(cpu, newCpl);
  updateMode(cpu);
  cpu.leaveTo(offset);
}

/** RETF, RETF imm16. */
export function returnFar(cpu: Exec, i: Insn): void {
  const size = <u32>i.size;
  const bytes = (<u64>1) << (<u64>size);
  const release = (<u64>i.imm) & 0xffff;
  const ip = stackPeek(cpu, 0, size);
  const selector = (<u32>stackPeek(cpu, bytes, size)) & 0xffff;
  if (faulted(cpu)) return;
  if (!(cpu.mode & Mode.PROTECTED)) {
    if (!checkTarget(cpu, segment(cpu, Seg.CS), ip)) return;
    releaseStack(cpu, bytes * 2 + release);
    setRealSegment(cpu, Seg.CS, selector);
    updateMode(cpu);
    cpu.leaveTo(ip);
    return;
  }
  if (!fetchReturnCode(cpu, selector)) return;
  const s = scratchSegment(cpu, Slot.CODE);
  const newCpl = selector & 3;
  if (newCpl == cpu.cpl) {
    if (!checkTarget(cpu, s, ip) || !markAccessed(cpu, s)) return;
    releaseStack(cpu, bytes * 2 + release);
    commitCode(cpu, s, newCpl);
    updateMode(cpu);
    cpu.leaveTo(ip);
    return;
  }
  returnOuter(cpu, ip, newCpl, size, release);
}

/** To an outer level: SS:SP follow the parameters, and those are released on both stacks. */
function returnOuter(cpu: Exec, ip: u64, newCpl: u32, size: u32, release: u64): void {
  const bytes = (<u64>1) << (<u64>size);
  const s = scratchSegment(cpu, Slot.CODE);
  const sp = stackPeek(cpu, bytes * 2 + release, size);
  const stack = (<u32>stackPeek(cpu, bytes * 3 + release, size)) & 0xffff;
  if (faulted(cpu)) return;
  const hasStack = fetchReturnStack(cpu, stack, newCpl);
  if (faulted(cpu) || !checkTarget(cpu, s, ip) || !markAccessed(cpu, s)) return;
  if (hasStack && !markAccessed(cpu, scratchSegment(cpu, Slot.STACK))) return;
  commitReturn(cpu, newCpl, hasStack, stack, sp, size);
  dropInnerSegments(cpu);
  updateMode(cpu);
  setStackPointer(cpu, cpu.rsp + release, stackMask(cpu));
  cpu.leaveTo(ip);
}
