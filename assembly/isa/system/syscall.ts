// SYSCALL, SYSRET, SYSENTER, SYSEXIT. SDM vol. 2B; vol. 3A 5.8.7, 5.8.8. SYSCALL exists in 64-bit mode only, as on Intel.
import { Flag, Mode, Seg, SegAttr, Vcpu, segment } from "../../cpu/state";
import { readEflags } from "../../cpu/flags";
import { raiseGp, raiseUd } from "../../cpu/exceptions";
import { in64BitMode, isCanonical, setCpl, updateMode } from "../../cpu/mode";
import { Efer } from "../../cpu/registerBits";
import { Insn } from "../../decode/insn";
import { Exec } from "../../interp/exec";

/** Present, code or data, accessed, and: */
const CODE: u32 = 0x809b; // readable code, 4 KiB units
const DATA: u32 = 0xc093; // writable data, 4 KiB units, 32-bit
/** RFLAGS bits that R11 may carry back. */
const SYSRET_FLAGS: u64 = 0x3c7fd7;

function setFlat(cpu: Vcpu, index: u32, selector: u32, attributes: u32, cpl: u32): void {
  const s = segment(cpu, index);
  s.selector = selector;
  s.base = 0;
  s.limit = 0xffff_ffff;
  s.attributes = attributes | (cpl << SegAttr.DPL_SHIFT);
}

export function syscall(cpu: Exec, i: Insn): void {
  if (!(cpu.efer & Efer.SCE) || !in64BitMode(cpu)) {
    raiseUd(cpu);
    return;
  }
  const flags = readEflags(cpu);
  cpu.rcx = i.nextRip;
  cpu.r11 = flags & ~(<u64>Flag.RF);
  const selector = (<u32>(cpu.star >> 32)) & 0xfffc;
  setFlat(cpu, Seg.CS, selector, CODE | SegAttr.LONG, 0);
  setFlat(cpu, Seg.SS, selector + 8, DATA, 0);
  cpu.eflags = (flags & ~(cpu.sfmask | Flag.RF)) | Flag.ONE;
  if (!(cpu.eflags & Flag.TF)) cpu.stepSuppressed = 1;
  setCpl(cpu, 0);
  updateMode(cpu);
  cpu.leaveTo(cpu.lstar);
}

export function sysret(cpu: Exec, i: Insn): void {
  if (!(cpu.efer & Efer.SCE) || !in64BitMode(cpu)) {
    raiseUd(cpu);
    return;
  }
  const to64 = i.size == 3;
  if (cpu.cpl != 0 || (to64 && !isCanonical(cpu.rcx))) {
    raiseGp(cpu, 0);
    return;
  }
  const base = <u32>(cpu.star >> 48);
  const target = to64 ? cpu.rcx : cpu.rcx & 0xffff_ffff;
  setFlat(cpu, Seg.CS, ((base + (to64 ? 16 : 0)) & 0xffff) | 3, to64 ? CODE | SegAttr.LONG : CODE | SegAttr.BIG, 3);
  setFlat(cpu, Seg.SS, ((base + 8) & 0xffff) | 3, DATA, 3);
  cpu.eflags = (cpu.r11 & SYSRET_FLAGS & ~(<u64>Flag.RF)) | Flag.ONE;
  cpu.flagOp = 0;
  setCpl(cpu, 3);
  updateMode(cpu);
  cpu.leaveTo(target);
}

export function sysenter(cpu: Exec): void {
  const selector = (<u32>cpu.sysenterCs) & 0xfffc;
  if (!(cpu.mode & (Mode.PROTECTED | Mode.V86)) || selector == 0) {
    raiseGp(cpu, 0);
    return;
  }
  const long = (cpu.mode & Mode.LONG) != 0;
  const flags = readEflags(cpu);
  cpu.eflags = flags & ~(<u64>(Flag.VM | Flag.IF | Flag.RF));
  cpu.rsp = long ? cpu.sysenterEsp : cpu.sysenterEsp & 0xffff_ffff;
  setFlat(cpu, Seg.CS, selector, long ? CODE | SegAttr.LONG : CODE | SegAttr.BIG, 0);
  setFlat(cpu, Seg.SS, selector + 8, DATA, 0);
  setCpl(cpu, 0);
  updateMode(cpu);
  cpu.leaveTo(long ? cpu.sysenterEip : cpu.sysenterEip & 0xffff_ffff);
}

export function sysexit(cpu: Exec, i: Insn): void {
  const selector = (<u32>cpu.sysenterCs) & 0xfffc;
  const to64 = i.size == 3;
  if (!(cpu.mode & Mode.PROTECTED) || selector == 0 || cpu.cpl != 0) {
    raiseGp(cpu, 0);
    return;
  }
  if (to64 && !(isCanonical(cpu.rcx) && isCanonical(cpu.rdx))) {
    raiseGp(cpu, 0);
    return;
  }
  const target = to64 ? cpu.rdx : cpu.rdx & 0xffff_ffff;
  cpu.rsp = to64 ? cpu.rcx : cpu.rcx & 0xffff_ffff;
  setFlat(cpu, Seg.CS, (selector + (to64 ? 32 : 16)) | 3, to64 ? CODE | SegAttr.LONG : CODE | SegAttr.BIG, 3);
  setFlat(cpu, Seg.SS, (selector + (to64 ? 40 : 24)) | 3, DATA, 3);
  setCpl(cpu, 3);
  updateMode(cpu);
  cpu.leaveTo(target);
}
