// Descriptor-table registers, and instructions that look at descriptors. SDM vol. 2: LGDT, SGDT, LLDT, LTR, LAR, LSL, VERR, ARPL.
import { Flag, Mode, Seg, SegAttr, Segment, Vcpu, segment } from "../../cpu/state";
import { Vector, raiseError, raiseGp, raiseUd } from "../../cpu/exceptions";
import { in64BitMode, isCanonical } from "../../cpu/mode";
import { Insn, Mem, Reg } from "../../decode/insn";
import { Form, Op } from "../../decode/op";
import { Exec } from "../../interp/exec";
import { linearAddress } from "../../mmu/address";
import { checkWrite } from "../../mmu/slow";
import {
  Slot,
  SystemType,
  copySegment,
  faulted,
  fetchDescriptor,
  fetchUpper,
  isCode,
  isConforming,
  isNull,
  isPresent,
  isSystem,
  privilegeOf,
  scratchSegment,
  selectorError,
  setNull,
  systemType,
  writeAccessByte,
} from "./segments";

/** `linear` + 2, as it wraps outside 64-bit mode. */
function behindLimit(cpu: Vcpu, linear: u64): u64 {
  return in64BitMode(cpu) ? linear + 2 : (linear + 2) & 0xffff_ffff;
}

/** LGDT, LIDT. */
export function loadTable(cpu: Exec, i: Insn): void {
  if (cpu.cpl != 0) {
    raiseGp(cpu, 0);
    return;
  }
  const linear = linearAddress(cpu, i);
  if (faulted(cpu)) return;
  const limit = <u32>cpu.load<u16>(linear);
  const at = behindLimit(cpu, linear);
  let base = in64BitMode(cpu) ? cpu.load<u64>(at) : cpu.load<u32>(at);
  if (faulted(cpu)) return;
  if (in64BitMode(cpu)) {
    if (!isCanonical(base)) {
      raiseGp(cpu, 0);
      return;
    }
  } else if (i.size == 1) base &= 0xff_ffff;
  if (i.op == <u16>Op.LGDT) {
    cpu.gdtBase = base;
    cpu.gdtLimit = limit;
  } else {
    cpu.idtBase = base;
    cpu.idtLimit = limit;
  }
}

/** SGDT, SIDT: the whole base, whatever the operand size (as processors since the 386 do). UMIP is not claimed. */
export function storeTable(cpu: Exec, i: Insn): void {
  const linear = linearAddress(cpu, i);
  if (faulted(cpu)) return;
  const isGdt = i.op == <u16>Op.SGDT;
  const base = isGdt ? cpu.gdtBase : cpu.idtBase;
  const at = behindLimit(cpu, linear);
  if (!checkWrite(cpu, linear, in64BitMode(cpu) ? 10 : 6)) return;
  cpu.store<u16>(linear, isGdt ? <u64>cpu.gdtLimit : <u64>cpu.idtLimit);
  if (in64BitMode(cpu)) cpu.store<u64>(at, base);
  else cpu.store<u32>(at, base);
}

function inProtectedMode(cpu: Vcpu): bool {
  if (cpu.mode & Mode.PROTECTED) return true;
  raiseUd(cpu);
  return false;
}

function inProtectedMode0(cpu: Vcpu): bool {
  if (!inProtectedMode(cpu)) return false;
  if (cpu.cpl == 0) return true;
  raiseGp(cpu, 0);
  return false;
}

/** The 16-bit source operand. */
function readSelector(cpu: Exec, i: Insn): u32 {
  return <u32>(i.form == Form.RM ? cpu.readSrc<u16, Mem>(i) : cpu.readSrc<u16, Reg>(i));
}

/** A selector into memory (16 bits) or a register (the operand size, zero-extended). */
export function writeSelector(cpu: Exec, i: Insn, selector: u32): void {
  if (i.form == Form.MR) cpu.writeDst<u16, Mem>(i, <u64>selector);
  else if (i.size == 1) cpu.writeReg<u16>(i.dst, <u64>selector);
  else cpu.writeReg<u64>(i.dst, <u64>selector);
}

export function sldt(cpu: Exec, i: Insn): void {
  if (inProtectedMode(cpu)) writeSelector(cpu, i, segment(cpu, Seg.LDTR).selector);
}

export function str(cpu: Exec, i: Insn): void {
  if (inProtectedMode(cpu)) writeSelector(cpu, i, segment(cpu, Seg.TR).selector);
}

/** The upper half of the base of a system descriptor in IA-32e mode; false with the fault pending. */
function extendBase(cpu: Vcpu, s: Segment): bool {
  if (!(cpu.mode & Mode.LONG)) return true;
  const error = selectorError(s.selector);
  const upper = fetchUpper(cpu, s.selector, Vector.GP, error);
  if (faulted(cpu)) return false;
  const base = s.base | (upper << 32);
  if ((upper >> 40) & 0x1f || !isCanonical(base)) {
    raiseGp(cpu, error);
    return false;
  }
  s.base = base;
  return true;
}

export function lldt(cpu: Exec, i: Insn): void {
  if (!inProtectedMode0(cpu)) return;
  const selector = readSelector(cpu, i);
  if (faulted(cpu)) return;
  const ldtr = segment(cpu, Seg.LDTR);
  if (isNull(selector)) {
    setNull(ldtr, selector);
    return;
  }
  const error = selectorError(selector);
  if (selector & 4) {
    raiseGp(cpu, error);
    return;
  }
  const s = scratchSegment(cpu, Slot.DATA);
  if (!fetchDescriptor(cpu, s, selector, Vector.GP, error)) return;
  if (!isSystem(s) || systemType(s) != SystemType.LDT) raiseGp(cpu, error);
  else if (!isPresent(s)) raiseError(cpu, Vector.NP, error);
  if (faulted(cpu) || !extendBase(cpu, s)) return;
  copySegment(ldtr, s);
}

export function ltr(cpu: Exec, i: Insn): void {
  if (!inProtectedMode0(cpu)) return;
  const selector = readSelector(cpu, i);
  if (faulted(cpu)) return;
  const error = selectorError(selector);
  if (isNull(selector) || selector & 4) {
    raiseGp(cpu, error);
    return;
  }
  const s = scratchSegment(cpu, Slot.DATA);
  if (!fetchDescriptor(cpu, s, selector, Vector.GP, error)) return;
  const type = systemType(s);
  const isTss = type == SystemType.TSS32 || (type == SystemType.TSS16 && !(cpu.mode & Mode.LONG));
  if (!isSystem(s) || !isTss) raiseGp(cpu, error);
  else if (!isPresent(s)) raiseError(cpu, Vector.NP, error);
  if (faulted(cpu) || !extendBase(cpu, s)) return;
  s.attributes |= 2;
  writeAccessByte(cpu, selector, s.attributes & 0xff);
  if (!faulted(cpu)) copySegment(segment(cpu, Seg.TR), s);
}

/** Whether a descriptor can be had at all; it is then in slot DATA. Only page faults stay pending. */
function tryFetch(cpu: Vcpu, selector: u32): bool {
  if (isNull(selector)) return false;
  const s = scratchSegment(cpu, Slot.DATA);
  if (fetchDescriptor(cpu, s, selector, Vector.GP, selectorError(selector))) return true;
  // Beyond the table is no fault here.
  if (cpu.exceptionVector == Vector.GP) cpu.attention &= ~1;
  return false;
}

/** Conforming code is for all; otherwise DPL against CPL and RPL. */
function isVisible(cpu: Vcpu, s: Segment, selector: u32): bool {
  if (isCode(s) && isConforming(s)) return true;
  return privilegeOf(s) >= cpu.cpl && privilegeOf(s) >= (selector & 3);
}

/** System types that LAR (and, gates apart, LSL) accept: bit n is type n. */
const LAR_TYPES: u32 = 0x1a3e; // 1-5, 9, 11, 12
const LAR_TYPES_LONG: u32 = 0x1a04; // LDT, TSS, call gate
const LSL_TYPES: u32 = 0x0a0e; // 1-3, 9, 11
const LSL_TYPES_LONG: u32 = 0x0a04;

function isLookable(cpu: Vcpu, s: Segment, types: u32, longTypes: u32): bool {
  if (!isSystem(s)) return true;
  return ((cpu.mode & Mode.LONG ? longTypes : types) >> systemType(s)) & 1 ? true : false;
}

function writeResult(cpu: Exec, i: Insn, value: u32): void {
  if (i.size == 1) cpu.writeReg<u16>(i.dst, <u64>value);
  else cpu.writeReg<u64>(i.dst, <u64>value);
}

function setZero(cpu: Exec, zero: bool): void {
  cpu.updateFlags(Flag.ZF, zero ? Flag.ZF : 0);
}

/** The access rights as descriptor bytes 4 to 7 show them, masked by 00FxFF00H. */
export function lar(cpu: Exec, i: Insn): void {
  if (!inProtectedMode(cpu)) return;
  const selector = readSelector(cpu, i);
  if (faulted(cpu)) return;
  const s = scratchSegment(cpu, Slot.DATA);
  const found = tryFetch(cpu, selector) && isLookable(cpu, s, LAR_TYPES, LAR_TYPES_LONG) && isVisible(cpu, s, selector);
  if (faulted(cpu)) return;
  setZero(cpu, found);
  if (found) writeResult(cpu, i, (s.attributes & 0xf0ff) << 8);
}

export function lsl(cpu: Exec, i: Insn): void {
  if (!inProtectedMode(cpu)) return;
  const selector = readSelector(cpu, i);
  if (faulted(cpu)) return;
  const s = scratchSegment(cpu, Slot.DATA);
  const found = tryFetch(cpu, selector) && isLookable(cpu, s, LSL_TYPES, LSL_TYPES_LONG) && isVisible(cpu, s, selector);
  if (faulted(cpu)) return;
  setZero(cpu, found);
  if (found) writeResult(cpu, i, s.limit);
}

export function verr(cpu: Exec, i: Insn): void {
  verify(cpu, i, false);
}

export function verw(cpu: Exec, i: Insn): void {
  verify(cpu, i, true);
}

function verify(cpu: Exec, i: Insn, write: bool): void {
  if (!inProtectedMode(cpu)) return;
  const selector = readSelector(cpu, i);
  if (faulted(cpu)) return;
  const s = scratchSegment(cpu, Slot.DATA);
  let fine = tryFetch(cpu, selector) && !isSystem(s) && isVisible(cpu, s, selector);
  if (faulted(cpu)) return;
  if (fine) {
    const writableOrReadable = (s.attributes & SegAttr.WRITABLE) != 0;
    if (write) fine = !isCode(s) && writableOrReadable;
    else fine = !isCode(s) || writableOrReadable;
  }
  setZero(cpu, fine);
}

/** ARPL: raises the RPL of dst to that of src. */
export function arpl(cpu: Exec, i: Insn): void {
  if (!inProtectedMode(cpu)) return;
  const isMemory = i.form == Form.MR;
  const selector = isMemory ? cpu.readModify<u16, Mem>(i) : cpu.readModify<u16, Reg>(i);
  if (faulted(cpu)) return;
  const rpl = cpu.readReg<u16>(i.src) & 3;
  const lower = (selector & 3) < rpl;
  const result = lower ? (selector & ~(<u64>3)) | rpl : selector;
  if (isMemory) cpu.writeBack<u16, Mem>(i, result);
  else if (lower) cpu.writeBack<u16, Reg>(i, result);
  setZero(cpu, lower);
}
