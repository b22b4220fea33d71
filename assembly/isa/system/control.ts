// Control registers, and with them the changes between real, protected and IA-32e mode. SDM vol. 3A 2.5, 9.8, 9.9;
// vol. 2B, MOV-Control Registers. CR8 is the board's local APIC.
import { hostEvent, hostQuery } from "../../host/imports";
import { HostEvent, HostQuery } from "../../shared/hostEvent";
import { Mode, Seg, SegAttr, Vcpu, segment } from "../../cpu/state";
import { raiseGp, raiseUd } from "../../cpu/exceptions";
import { in64BitMode, updateMode, updateTlbKind } from "../../cpu/mode";
import { CR0_PG, Cr0, Cr4, Efer, PHYSICAL_MASK } from "../../cpu/registerBits";
import { Reg, Mem, Insn } from "../../decode/insn";
import { Form } from "../../decode/op";
import { Exec } from "../../interp/exec";
import { flushAll, flushNonGlobal } from "../../mmu/flush";
import { loadPdptes } from "../../mmu/paging";

const CR0_WRITABLE: u64 = Cr0.WRITABLE | CR0_PG;
/** CR0 bits that decide how addresses translate. */
const CR0_TRANSLATION: u64 = Cr0.PE | Cr0.WP | CR0_PG;
/** CR0 bits whose change reloads the PDPTEs of PAE paging. */
const CR0_PDPTE: u64 = Cr0.CD | Cr0.NW | CR0_PG;
/** VME, PVI and all newer features are not claimed, so they are reserved. */
const CR4_WRITABLE: u64 =
  Cr4.TSD |
  Cr4.DE |
  Cr4.PSE |
  Cr4.PAE |
  Cr4.MCE |
  Cr4.PGE |
  Cr4.PCE |
  Cr4.OSFXSR |
  Cr4.OSXMMEXCPT |
  Cr4.FSGSBASE |
  Cr4.PCIDE |
  Cr4.OSXSAVE |
  Cr4.SMEP |
  Cr4.SMAP;
const CR4_TRANSLATION: u64 = Cr4.PSE | Cr4.PAE | Cr4.PGE | Cr4.PCIDE | Cr4.SMEP | Cr4.SMAP;
/** MOV CR3 with CR4.PCIDE: translations of the new PCID may be kept. A permission; ours are dropped all the same. */
const CR3_NO_FLUSH: u64 = 0x8000_0000_0000_0000;
const CR3_PCID: u64 = 0xfff;
const CR4_PDPTE: u64 = Cr4.PSE | Cr4.PAE | Cr4.PGE | Cr4.SMEP;

/** Whether PAE paging with its four PDPTE registers is in force under these registers. */
function usesPdptes(cpu: Vcpu): bool {
  return (cpu.cr0 & CR0_PG) != 0 && (cpu.cr4 & Cr4.PAE) != 0 && !(cpu.efer & Efer.LMA);
}

/** Whether CR0 may become `value` (SDM vol. 3A 2.5, 9.8.5). */
function isCr0Allowed(cpu: Vcpu, value: u64): bool {
  if (value >> 32) return false;
  if (value & CR0_PG && !(value & Cr0.PE)) return false;
  if (value & Cr0.NW && !(value & Cr0.CD)) return false;
  const paging = (cpu.cr0 & CR0_PG) != 0;
  const isLongCode = (segment(cpu, Seg.CS).attributes & SegAttr.LONG) != 0;
  if (value & CR0_PG && !paging && cpu.efer & Efer.LME) {
    // A 16-bit TSS has no place in IA-32e mode.
    const isTss32 = (segment(cpu, Seg.TR).attributes & 8) != 0;
    return (cpu.cr4 & Cr4.PAE) != 0 && !isLongCode && isTss32;
  }
  if (!(value & CR0_PG) && paging && cpu.cr4 & Cr4.PCIDE) return false;
  if (!(value & CR0_PG) && paging && cpu.efer & Efer.LMA) return !isLongCode;
  return true;
}

/** MOV CR0 and LMSW. False with #GP pending and nothing changed. */
function writeCr0(cpu: Vcpu, value: u64): bool {
  if (!isCr0Allowed(cpu, value)) {
    raiseGp(cpu, 0);
    return false;
  }
  const before = cpu.cr0;
  const eferBefore = cpu.efer;
  const after = (value & CR0_WRITABLE) | Cr0.ET;
  const changed = before ^ after;
  cpu.cr0 = after;
  if (changed & CR0_PG) {
    if (after & CR0_PG && cpu.efer & Efer.LME) cpu.efer |= Efer.LMA;
    else cpu.efer &= ~(<u64>Efer.LMA);
  }
  if (changed & CR0_PDPTE && usesPdptes(cpu) && !loadPdptes(cpu)) {
    cpu.cr0 = before;
    cpu.efer = eferBefore;
    raiseGp(cpu, 0);
    return false;
  }
  if (changed & CR0_TRANSLATION) flushAll(cpu);
  updateTlbKind(cpu);
  updateMode(cpu);
  return true;
}

/** Entries of one PCID at a time are kept (SDM vol. 3A 4.10.4.1 lets a processor drop more than it must). */
function writeCr3(cpu: Vcpu, value: u64): bool {
  if (cpu.cr4 & Cr4.PCIDE) value &= ~CR3_NO_FLUSH;
  if (cpu.mode & Mode.LONG && value & ~PHYSICAL_MASK) {
    raiseGp(cpu, 0);
    return false;
  }
  const before = cpu.cr3;
  cpu.cr3 = value;
  if (usesPdptes(cpu) && !loadPdptes(cpu)) {
    cpu.cr3 = before;
    raiseGp(cpu, 0);
    return false;
  }
  flushNonGlobal(cpu);
  return true;
}

function writeCr4(cpu: Vcpu, value: u64): bool {
  const before = cpu.cr4;
  const startsPcids = (value & ~before & Cr4.PCIDE) != 0;
  const mayStartPcids = (cpu.efer & Efer.LMA) != 0 && !(cpu.cr3 & CR3_PCID);
  if (value & ~CR4_WRITABLE || (cpu.efer & Efer.LMA && !(value & Cr4.PAE)) || (startsPcids && !mayStartPcids)) {
    raiseGp(cpu, 0);
    return false;
  }
  const changed = before ^ value;
  cpu.cr4 = value;
  if (changed & CR4_PDPTE && usesPdptes(cpu) && !loadPdptes(cpu)) {
    cpu.cr4 = before;
    raiseGp(cpu, 0);
    return false;
  }
  if (changed & CR4_TRANSLATION) flushAll(cpu);
  updateTlbKind(cpu);
  return true;
}

/** CPL 0 and a register that exists; false with the fault pending. */
function checkControl(cpu: Vcpu, number: u32): bool {
  const exists = number == 0 || (number >= 2 && number <= 4) || (number == 8 && in64BitMode(cpu));
  if (!exists) raiseUd(cpu);
  else if (cpu.cpl != 0) raiseGp(cpu, 0);
  else return true;
  return false;
}

export function movFromCr(cpu: Exec, i: Insn): void {
  const number = <u32>i.regField;
  if (!checkControl(cpu, number)) return;
  let value: u64;
  if (number == 0) value = cpu.cr0;
  else if (number == 2) value = cpu.cr2;
  else if (number == 3) value = cpu.cr3;
  else if (number == 4) value = cpu.cr4;
  else value = <u64>hostQuery(HostQuery.TASK_PRIORITY);
  store<u64>(<usize>i.dst, i.size == 3 ? value : value & 0xffff_ffff);
}

export function movToCr(cpu: Exec, i: Insn): void {
  const number = <u32>i.regField;
  if (!checkControl(cpu, number)) return;
  const value = i.size == 3 ? load<u64>(<usize>i.src) : <u64>load<u32>(<usize>i.src);
  if (number == 0) {
    if (!writeCr0(cpu, value)) return;
  } else if (number == 2) {
    cpu.cr2 = value;
  } else if (number == 3) {
    if (!writeCr3(cpu, value)) return;
  } else if (number == 4) {
    if (!writeCr4(cpu, value)) return;
  } else {
    if (value > 15) {
      raiseGp(cpu, 0);
      return;
    }
    hostEvent(HostEvent.TASK_PRIORITY, <u32>value);
  }
  cpu.leaveTo(i.nextRip);
}

/** LMSW: PE, MP, EM, TS; it cannot clear PE. */
export function lmsw(cpu: Exec, i: Insn): void {
  if (cpu.cpl != 0) {
    raiseGp(cpu, 0);
    return;
  }
  const value = i.form == Form.RM ? cpu.readSrc<u16, Mem>(i) : cpu.readSrc<u16, Reg>(i);
  if (cpu.faulted()) return;
  const after = (cpu.cr0 & ~(<u64>0xe)) | (value & 0xf);
  if (writeCr0(cpu, after)) cpu.leaveTo(i.nextRip);
}

/** SMSW: memory gets 16 bits, a register as many as the operand size. UMIP is not claimed: any CPL. */
export function smsw(cpu: Exec, i: Insn): void {
  if (i.form == Form.MR) cpu.writeDst<u16, Mem>(i, cpu.cr0);
  else if (i.size == 1) cpu.writeReg<u16>(i.dst, cpu.cr0);
  else cpu.writeReg<u64>(i.dst, cpu.cr0);
}

export function clts(cpu: Exec): void {
  if (cpu.cpl != 0) raiseGp(cpu, 0);
  else cpu.cr0 &= ~(<u64>Cr0.TS);
}
