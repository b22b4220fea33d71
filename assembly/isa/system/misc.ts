// The rest of the system instructions: MSRs, CPUID, the TSC, HLT, TLB and cache control, FS/GS bases, XCR0, CLAC/STAC. SDM vol. 2.
import { Flag, Seg, Vcpu, segment } from "../../cpu/state";
import { raiseGp, raiseUd } from "../../cpu/exceptions";
import { in64BitMode, isCanonical, timeStamp, updateTlbKind } from "../../cpu/mode";
import { readMsr, writeMsr } from "../../cpu/msr";
import { Cr4 } from "../../cpu/registerBits";
import { Insn } from "../../decode/insn";
import { Exec } from "../../interp/exec";
import { effectiveAddress, linearAddress } from "../../mmu/address";
import { flushAll, flushNonGlobal, flushPage } from "../../mmu/flush";
import { faulted } from "./segments";

/** x87 and SSE. */
const XCR0_SUPPORTED: u64 = 3;

/** CPL 0, or #GP(0). */
function isSupervisor(cpu: Vcpu): bool {
  if (cpu.cpl == 0) return true;
  raiseGp(cpu, 0);
  return false;
}

// @ts-ignore: decorator
@inline
function setEdxEax(cpu: Vcpu, value: u64): void {
  cpu.rax = value & 0xffff_ffff;
  cpu.rdx = value >> 32;
}

// @ts-ignore: decorator
@inline
function edxEax(cpu: Vcpu): u64 {
  return (cpu.rax & 0xffff_ffff) | (cpu.rdx << 32);
}

export function rdmsr(cpu: Exec): void {
  if (!isSupervisor(cpu)) return;
  const value = readMsr(cpu, <u32>cpu.rcx);
  if (!faulted(cpu)) setEdxEax(cpu, value);
}

export function wrmsr(cpu: Exec, i: Insn): void {
  if (!isSupervisor(cpu)) return;
  writeMsr(cpu, <u32>cpu.rcx, edxEax(cpu));
  if (!faulted(cpu)) cpu.leaveTo(i.nextRip);
}

function mayReadTime(cpu: Vcpu): bool {
  if (cpu.cr4 & Cr4.TSD && cpu.cpl != 0) {
    raiseGp(cpu, 0);
    return false;
  }
  return true;
}

export function rdtsc(cpu: Exec): void {
  if (mayReadTime(cpu)) setEdxEax(cpu, timeStamp(cpu));
}

export function rdtscp(cpu: Exec): void {
  if (!mayReadTime(cpu)) return;
  setEdxEax(cpu, timeStamp(cpu));
  cpu.rcx = cpu.tscAux;
}

export function hlt(cpu: Exec, i: Insn): void {
  if (!isSupervisor(cpu)) return;
  cpu.halted = 1;
  cpu.leaveTo(i.nextRip);
}

/** The address is not checked against limit or type; one that is not canonical does nothing. */
export function invlpg(cpu: Exec, i: Insn): void {
  if (!isSupervisor(cpu)) return;
  const offset = effectiveAddress(i);
  const isData = i.segment != <u8>Seg.FS && i.segment != <u8>Seg.GS;
  if (in64BitMode(cpu)) {
    const linear = isData ? offset : offset + segment(cpu, i.segment).base;
    if (isCanonical(linear)) flushPage(cpu, linear);
  } else flushPage(cpu, (offset + segment(cpu, i.segment).base) & 0xffff_ffff);
  cpu.leaveTo(i.nextRip);
}

/**
 * dst is the type, memory the 16-byte descriptor {PCID, address}. Only the current PCID has entries in the TLB, and dropping
 * more than was asked for is allowed, so the PCID is checked and not looked at.
 */
export function invpcid(cpu: Exec, i: Insn): void {
  if (!isSupervisor(cpu)) return;
  const type = i.size == 3 ? load<u64>(<usize>i.dst) : <u64>load<u32>(<usize>i.dst);
  const linear = linearAddress(cpu, i);
  if (faulted(cpu)) return;
  const pcid = cpu.load<u64>(linear);
  const address = cpu.load<u64>(linear + 8);
  if (faulted(cpu)) return;
  const largestPcid: u64 = cpu.cr4 & Cr4.PCIDE ? 0xfff : 0;
  const wrong = type > 3 || (type < 2 ? pcid > largestPcid : pcid >> 12 != 0) || (type == 0 && !isCanonical(address));
  if (wrong) {
    raiseGp(cpu, 0);
    return;
  }
  if (type == 0) flushPage(cpu, address);
  else if (type == 2) flushAll(cpu);
  else flushNonGlobal(cpu);
  cpu.leaveTo(i.nextRip);
}

/** INVD, WBINVD: there is no cache. */
export function invalidateCaches(cpu: Exec): void {
  isSupervisor(cpu);
}

export function swapgs(cpu: Exec): void {
  if (!in64BitMode(cpu)) {
    raiseUd(cpu);
    return;
  }
  if (!isSupervisor(cpu)) return;
  const gs = segment(cpu, Seg.GS);
  const base = gs.base;
  gs.base = cpu.kernelGsBase;
  cpu.kernelGsBase = base;
}

function mayUseBases(cpu: Vcpu): bool {
  if (in64BitMode(cpu) && (cpu.cr4 & Cr4.FSGSBASE) != 0) return true;
  raiseUd(cpu);
  return false;
}

export function readBase(cpu: Exec, i: Insn, seg: u32): void {
  if (!mayUseBases(cpu)) return;
  const base = segment(cpu, seg).base;
  store<u64>(<usize>i.dst, i.size == 3 ? base : base & 0xffff_ffff);
}

export function writeBase(cpu: Exec, i: Insn, seg: u32): void {
  if (!mayUseBases(cpu)) return;
  const base = i.size == 3 ? load<u64>(<usize>i.src) : <u64>load<u32>(<usize>i.src);
  if (!isCanonical(base)) raiseGp(cpu, 0);
  else segment(cpu, seg).base = base;
}

function hasXsave(cpu: Vcpu): bool {
  if (cpu.cr4 & Cr4.OSXSAVE) return true;
  raiseUd(cpu);
  return false;
}

export function xgetbv(cpu: Exec): void {
  if (!hasXsave(cpu)) return;
  if (<u32>cpu.rcx != 0) raiseGp(cpu, 0);
  else setEdxEax(cpu, cpu.xcr0);
}

export function xsetbv(cpu: Exec, i: Insn): void {
  if (!hasXsave(cpu) || !isSupervisor(cpu)) return;
  const value = edxEax(cpu);
  if (<u32>cpu.rcx != 0 || !(value & 1) || value & ~XCR0_SUPPORTED) {
    raiseGp(cpu, 0);
    return;
  }
  cpu.xcr0 = value;
  cpu.leaveTo(i.nextRip);
}

/** CLAC, STAC: #UD above CPL 0, whether CR4.SMAP is set or not. */
export function setAlignmentFlag(cpu: Exec, on: bool): void {
  if (cpu.cpl != 0) {
    raiseUd(cpu);
    return;
  }
  if (on) cpu.eflags |= Flag.AC;
  else cpu.eflags &= ~(<u64>Flag.AC);
  updateTlbKind(cpu);
}
