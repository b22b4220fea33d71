// IRET in all modes. SDM vol. 2A, IRET/IRETD/IRETQ.
import { Flag, Mode, Seg, SegAttr, Vcpu, segment } from "../../cpu/state";
import { arithmeticFlags, setArithmeticFlags } from "../../cpu/flags";
import { Vector, raiseError, raiseGp } from "../../cpu/exceptions";
import { setCpl, updateMode, updateTlbKind } from "../../cpu/mode";
import { Dr7 } from "../../cpu/registerBits";
import { Insn } from "../../decode/insn";
import { Exec } from "../../interp/exec";
import { systemLoad16 } from "../../mmu/systemAccess";
import { completeSwitch } from "./taskGate";
import {
  Slot,
  SystemType,
  checkTarget,
  commitCode,
  copySegment,
  dropInnerSegments,
  faulted,
  fetchDescriptor,
  isBadLongCode,
  isCode,
  isConforming,
  isNull,
  isPresent,
  isSystem,
  isWritableData,
  markAccessed,
  privilegeOf,
  scratchSegment,
  selectorError,
  setNullStack,
  setRealSegment,
  systemType,
} from "./segments";
import { releaseStack, setStackPointer, stackMaskOf, stackPeek } from "./stack";
import { SwitchReason } from "./taskSwitch";

/** What a 16-bit image may change at any CPL. */
const ANY_LEVEL: u32 = Flag.ARITHMETIC | Flag.TF | Flag.DF | Flag.NT;
/** And a 32-bit one. */
const ANY_LEVEL32: u32 = Flag.RF | Flag.AC | Flag.ID;

/**
 * Loads EFLAGS from a popped image: the bits of `mask`. RF matters only while breakpoints are set; otherwise it would
 * stand for one instruction, unseen.
 */
function loadFlags(cpu: Vcpu, image: u64, mask: u32): void {
  if (!(cpu.dr7 & Dr7.ENABLES)) {
    image &= ~(<u64>Flag.RF);
    mask |= Flag.RF;
  }
  const current = (cpu.eflags & ~(<u64>Flag.ARITHMETIC)) | (<u64>arithmeticFlags(cpu));
  const merged = (current & ~(<u64>mask)) | (image & (<u64>mask));
  cpu.eflags = merged | Flag.ONE;
  setArithmeticFlags(cpu, (<u32>merged) & Flag.ARITHMETIC);
  updateTlbKind(cpu);
}

/** What an image of 1 << size bytes may change at the present CPL. */
function flagsMask(cpu: Vcpu, size: u32): u32 {
  let mask: u32 = ANY_LEVEL;
  if (size > 1) mask |= ANY_LEVEL32;
  if (cpu.cpl <= ((<u32>cpu.eflags) & Flag.IOPL) >> 12) mask |= Flag.IF;
  if (cpu.cpl == 0) mask |= size > 1 ? Flag.IOPL | Flag.VIF | Flag.VIP : Flag.IOPL;
  return mask;
}

export function iret(cpu: Exec, i: Insn): void {
  const size = <u32>i.size;
  if (cpu.mode & Mode.PROTECTED) returnProtected(cpu, i, size);
  else returnReal(cpu, size);
  if (faulted(cpu)) return;
  cpu.nmiBlocked = 0;
}

/** Real mode, and virtual-8086 mode with IOPL 3. */
function returnReal(cpu: Exec, size: u32): void {
  const isV86 = (cpu.eflags & Flag.VM) != 0;
  if (isV86 && (cpu.eflags & Flag.IOPL) != Flag.IOPL) {
    raiseGp(cpu, 0);
    return;
  }
  const bytes = (<u64>1) << (<u64>size);
  const ip = stackPeek(cpu, 0, size);
  const cs = (<u32>stackPeek(cpu, bytes, size)) & 0xffff;
  const flags = stackPeek(cpu, bytes * 2, size);
  if (faulted(cpu) || !checkTarget(cpu, segment(cpu, Seg.CS), ip)) return;
  releaseStack(cpu, bytes * 3);
  setRealSegment(cpu, Seg.CS, cs);
  let mask: u32 = ANY_LEVEL | Flag.IF;
  if (!isV86) mask |= Flag.IOPL;
  if (size > 1) mask |= ANY_LEVEL32;
  loadFlags(cpu, flags, mask);
  updateMode(cpu);
  cpu.leaveTo(ip);
}

function returnProtected(cpu: Exec, i: Insn, size: u32): void {
  if (cpu.eflags & Flag.NT) {
    if (cpu.mode & Mode.LONG) raiseGp(cpu, 0);
    else returnFromTask(cpu, i);
    return;
  }
  const bytes = (<u64>1) << (<u64>size);
  const ip = stackPeek(cpu, 0, size);
  const selector = (<u32>stackPeek(cpu, bytes, size)) & 0xffff;
  const flags = stackPeek(cpu, bytes * 2, size);
  if (faulted(cpu)) return;
  if (flags & Flag.VM && size == 2 && cpu.cpl == 0 && !(cpu.mode & Mode.LONG)) {
    returnToV86(cpu, ip, selector, flags);
    return;
  }
  if (!fetchReturnCode(cpu, selector)) return;
  const newCpl = selector & 3;
  const is64 = (cpu.mode & Mode.CODE_SIZE) == 3;
  if (newCpl == cpu.cpl && !is64) {
    const cs = scratchSegment(cpu, Slot.CODE);
    if (!checkTarget(cpu, cs, ip) || !markAccessed(cpu, cs)) return;
    commitCode(cpu, cs, newCpl);
    releaseStack(cpu, bytes * 3);
    loadFlags(cpu, flags, flagsMask(cpu, size));
    updateMode(cpu);
    cpu.leaveTo(ip);
    return;
  }
  const sp = stackPeek(cpu, bytes * 3, size);
  const stack = (<u32>stackPeek(cpu, bytes * 4, size)) & 0xffff;
  if (faulted(cpu)) return;
  const cs = scratchSegment(cpu, Slot.CODE);
  const hasStack = fetchReturnStack(cpu, stack, newCpl);
  if (faulted(cpu) || !checkTarget(cpu, cs, ip) || !markAccessed(cpu, cs)) return;
  if (hasStack && !markAccessed(cpu, scratchSegment(cpu, Slot.STACK))) return;
  const outer = newCpl > cpu.cpl;
  const mask = flagsMask(cpu, size);
  commitReturn(cpu, newCpl, hasStack, stack, sp, size);
  loadFlags(cpu, flags, mask);
  if (outer) dropInnerSegments(cpu);
  updateMode(cpu);
  cpu.leaveTo(ip);
}

/** Fetches and checks the code segment a far return goes to, into slot CODE; false with the fault pending. */
export function fetchReturnCode(cpu: Vcpu, selector: u32): bool {
  const error = selectorError(selector);
  if (isNull(selector)) {
    raiseGp(cpu, 0);
    return false;
  }
  const cs = scratchSegment(cpu, Slot.CODE);
  if (!fetchDescriptor(cpu, cs, selector, Vector.GP, error)) return false;
  const rpl = selector & 3;
  const right = isConforming(cs) ? privilegeOf(cs) <= rpl : privilegeOf(cs) == rpl;
  if (!isCode(cs) || rpl < cpu.cpl || !right || isBadLongCode(cpu, cs)) raiseGp(cpu, error);
  else if (!isPresent(cs)) raiseError(cpu, Vector.NP, error);
  return !faulted(cpu);
}

/**
 * Fetches and checks the stack segment of a far return to level `cpl` (code segment in slot CODE) into slot STACK. False: null,
 * which 64-bit code below CPL 3 may have, or a fault is pending.
 */
export function fetchReturnStack(cpu: Vcpu, selector: u32, cpl: u32): bool {
  const error = selectorError(selector);
  if (isNull(selector)) {
    const cs = scratchSegment(cpu, Slot.CODE);
    const long = (cpu.mode & Mode.LONG) != 0 && (cs.attributes & SegAttr.LONG) != 0;
    if (!long || cpl == 3 || (selector & 3) != cpl) raiseGp(cpu, 0);
    return false;
  }
  const ss = scratchSegment(cpu, Slot.STACK);
  if (!fetchDescriptor(cpu, ss, selector, Vector.GP, error)) return false;
  if ((selector & 3) != cpl || !isWritableData(ss) || privilegeOf(ss) != cpl) raiseGp(cpu, error);
  else if (!isPresent(ss)) raiseError(cpu, Vector.SS, error);
  return !faulted(cpu);
}

/** Takes over CS, SS, CPL and the stack pointer, as wide as the new stack has it. */
export function commitReturn(cpu: Vcpu, cpl: u32, hasStack: bool, stackSelector: u32, sp: u64, size: u32): void {
  const cs = scratchSegment(cpu, Slot.CODE);
  commitCode(cpu, cs, cpl);
  if (hasStack) copySegment(segment(cpu, Seg.SS), scratchSegment(cpu, Slot.STACK));
  else setNullStack(cpu, stackSelector);
  if (cpu.mode & Mode.LONG && cs.attributes & SegAttr.LONG) cpu.rsp = size == 3 ? sp : sp & 0xffff_ffff;
  else setStackPointer(cpu, sp, stackMaskOf(segment(cpu, Seg.SS)));
  setCpl(cpu, cpl);
}

function returnToV86(cpu: Exec, ip: u64, cs: u32, flags: u64): void {
  const sp = stackPeek(cpu, 12, 2);
  const ss = <u32>stackPeek(cpu, 16, 2);
  const es = <u32>stackPeek(cpu, 20, 2);
  const ds = <u32>stackPeek(cpu, 24, 2);
  const fs = <u32>stackPeek(cpu, 28, 2);
  const gs = <u32>stackPeek(cpu, 32, 2);
  if (faulted(cpu)) return;
  if (ip > 0xffff) {
    raiseGp(cpu, 0);
    return;
  }
  const mask = Flag.IOPL | Flag.IF | Flag.VM | Flag.VIF | Flag.VIP;
  loadFlags(cpu, flags, (<u32>mask) | ANY_LEVEL | ANY_LEVEL32);
  setRealSegment(cpu, Seg.CS, cs);
  setRealSegment(cpu, Seg.SS, ss);
  setRealSegment(cpu, Seg.ES, es);
  setRealSegment(cpu, Seg.DS, ds);
  setRealSegment(cpu, Seg.FS, fs);
  setRealSegment(cpu, Seg.GS, gs);
  cpu.rsp = sp & 0xffff_ffff;
  setCpl(cpu, 3);
  updateMode(cpu);
  cpu.leaveTo(ip);
}

/** IRET with NT: back to the task in the TSS's link field. */
function returnFromTask(cpu: Exec, i: Insn): void {
  const link = <u32>systemLoad16(cpu, segment(cpu, Seg.TR).base);
  if (faulted(cpu)) return;
  const error = selectorError(link);
  const tss = scratchSegment(cpu, Slot.TSS);
  if (isNull(link) || link & 4) {
    raiseError(cpu, Vector.TS, error);
    return;
  }
  if (!fetchDescriptor(cpu, tss, link, Vector.TS, error)) return;
  const type = systemType(tss);
  if (!isSystem(tss) || (type != SystemType.TSS16_BUSY && type != SystemType.TSS32_BUSY))
    raiseError(cpu, Vector.TS, error);
  else if (!isPresent(tss)) raiseError(cpu, Vector.NP, error);
  if (faulted(cpu)) return;
  completeSwitch(cpu, tss, SwitchReason.RETURN, i.nextRip);
}
