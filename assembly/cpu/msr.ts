// RDMSR and WRMSR. SDM vol. 4 ch. 2; MTRRs: vol. 3A 11.11; PAT: 11.12.4.
// Not modelled: what MTRRs and PAT mean for caching (there is no cache), machine checks ever happening.
import { hostEvent, nowNs } from "../host/imports";
import { HostEvent } from "../shared/hostEvent";
import { flushAll } from "../mmu/flush";
import { raiseGp } from "./exceptions";
import { isCanonical, timeStamp } from "./mode";
import { CR0_PG, Efer, PHYSICAL_MASK } from "./registerBits";
import { MSR_BANK_OFFSET, Seg, Vcpu, segment } from "./state";

const enum Msr {
  TSC = 0x10,
  PLATFORM_ID = 0x17,
  APIC_BASE = 0x1b,
  EBL_CR_POWERON = 0x2a,
  FEATURE_CONTROL = 0x3a,
  BIOS_UPDT_TRIG = 0x79,
  BIOS_SIGN_ID = 0x8b,
  PLATFORM_INFO = 0xce,
  MTRRCAP = 0xfe,
  ARCH_CAPABILITIES = 0x10a,
  BBL_CR_CTL3 = 0x11e,
  SYSENTER_CS = 0x174,
  SYSENTER_ESP = 0x175,
  SYSENTER_EIP = 0x176,
  MCG_CAP = 0x179,
  MCG_STATUS = 0x17a,
  PERF_STATUS = 0x198,
  PERF_CTL = 0x199,
  CLOCK_MODULATION = 0x19a,
  THERM_INTERRUPT = 0x19b,
  THERM_STATUS = 0x19c,
  MISC_ENABLE = 0x1a0,
  DEBUGCTL = 0x1d9,
  MTRR_VARIABLE = 0x200,
  MTRR_VARIABLE_END = 0x210,
  MTRR_FIX64K = 0x250,
  MTRR_FIX16K_0 = 0x258,
  MTRR_FIX16K_1 = 0x259,
  MTRR_FIX4K = 0x268,
  MTRR_FIX4K_END = 0x270,
  PAT = 0x277,
  MTRR_DEF_TYPE = 0x2ff,
  MC0_CTL = 0x400,
  MC_END = 0x410,
}

const EFER: u32 = 0xc0000080;
const STAR: u32 = 0xc0000081;
const LSTAR: u32 = 0xc0000082;
const CSTAR: u32 = 0xc0000083;
const SFMASK: u32 = 0xc0000084;
const FS_BASE: u32 = 0xc0000100;
const GS_BASE: u32 = 0xc0000101;
const KERNEL_GS_BASE: u32 = 0xc0000102;
const TSC_AUX: u32 = 0xc0000103;

/** Eight variable ranges, fixed ranges, write-combining. */
const MTRRCAP_VALUE: u64 = 0x508;
/** Four banks, no MCG_CTL. */
const MCG_CAP_VALUE: u64 = 4;
/**
 * RDCL_NO, SKIP_L1DFL_VMENTRY, SSB_NO, MDS_NO, PSCHANGE_MC_NO, TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, BHI_NO,
 * PBRSB_NO, GDS_NO, RFDS_NO: nothing here speculates.
 */
const ARCH_CAPABILITIES_VALUE: u64 = 0x0d10e179;
const MICROCODE_REVISION: u64 = 0x0000010700000000;
/** Fast strings; BTS and PEBS unavailable. */
const MISC_ENABLE_RESET: u64 = 0x1801;
const PAT_RESET: u64 = 0x0007040600070406;
const APIC_BASE_RESET: u64 = 0xfee00900;
const APIC_BSP: u64 = 0x100;
const EFER_WRITABLE: u64 = Efer.SCE | Efer.LME | Efer.NXE;

// Slots of the MSR bank.
const BANK_VARIABLE: u32 = 0; // 16: base and mask pairs
const BANK_FIXED: u32 = 16; // 11
const BANK_MCG_STATUS: u32 = 27;
const BANK_MC: u32 = 28; // 16
const BANK_DEBUGCTL: u32 = 44;
const BANK_SLOTS: u32 = 48;

// @ts-ignore: decorator
@inline
function slot(cpu: Vcpu, index: u32): usize {
  return changetype<usize>(cpu) + MSR_BANK_OFFSET + ((<usize>index) << 3);
}

/** Values at RESET#; all of the bank is 0. */
export function resetMsrs(cpu: Vcpu): void {
  memory.fill(slot(cpu, 0), 0, (<usize>BANK_SLOTS) << 3);
  cpu.star = 0;
  cpu.lstar = 0;
  cpu.cstar = 0;
  cpu.sfmask = 0;
  cpu.kernelGsBase = 0;
  cpu.sysenterCs = 0;
  cpu.sysenterEsp = 0;
  cpu.sysenterEip = 0;
  cpu.pat = PAT_RESET;
  cpu.apicBase = APIC_BASE_RESET;
  cpu.miscEnable = MISC_ENABLE_RESET;
  cpu.mtrrDefType = 0;
  cpu.tscAux = 0;
}

/** Bank slot of an MSR that is plainly kept there, or -1. */
function bankSlot(msr: i32): i32 {
  if (msr >= Msr.MTRR_VARIABLE && msr < Msr.MTRR_VARIABLE_END) return BANK_VARIABLE + (msr - Msr.MTRR_VARIABLE);
  if (msr == Msr.MTRR_FIX64K) return BANK_FIXED;
  if (msr == Msr.MTRR_FIX16K_0 || msr == Msr.MTRR_FIX16K_1) return BANK_FIXED + 1 + (msr - Msr.MTRR_FIX16K_0);
  if (msr >= Msr.MTRR_FIX4K && msr < Msr.MTRR_FIX4K_END) return BANK_FIXED + 3 + (msr - Msr.MTRR_FIX4K);
  if (msr == Msr.MCG_STATUS) return BANK_MCG_STATUS;
  if (msr >= Msr.MC0_CTL && msr < Msr.MC_END) return BANK_MC + (msr - Msr.MC0_CTL);
  if (msr == Msr.DEBUGCTL) return BANK_DEBUGCTL;
  return -1;
}

/** The value of `msr`; an unknown one raises #GP(0). */
export function readMsr(cpu: Vcpu, msr: u32): u64 {
  switch (msr) {
    case Msr.TSC:
      return timeStamp(cpu);
    case Msr.APIC_BASE:
      return cpu.apicBase;
    case Msr.PLATFORM_ID:
    case Msr.EBL_CR_POWERON:
    case Msr.BBL_CR_CTL3:
    case Msr.CLOCK_MODULATION:
    case Msr.THERM_INTERRUPT:
    case Msr.THERM_STATUS:
      return 0;
    case Msr.FEATURE_CONTROL:
      return 1; // locked, VMX off
    case Msr.BIOS_SIGN_ID:
      return MICROCODE_REVISION;
    case Msr.PLATFORM_INFO:
      return 10 << 8; // ratio 10 of 100 MHz
    case Msr.PERF_STATUS:
    case Msr.PERF_CTL:
      return 10 << 8;
    case Msr.MTRRCAP:
      return MTRRCAP_VALUE;
    case Msr.ARCH_CAPABILITIES:
      return ARCH_CAPABILITIES_VALUE;
    case Msr.SYSENTER_CS:
      return cpu.sysenterCs;
    case Msr.SYSENTER_ESP:
      return cpu.sysenterEsp;
    case Msr.SYSENTER_EIP:
      return cpu.sysenterEip;
    case Msr.MCG_CAP:
      return MCG_CAP_VALUE;
    case Msr.MISC_ENABLE:
      return cpu.miscEnable;
    case Msr.PAT:
      return cpu.pat;
    case Msr.MTRR_DEF_TYPE:
      return cpu.mtrrDefType;
    case EFER:
      return cpu.efer;
    case STAR:
      return cpu.star;
    case LSTAR:
      return cpu.lstar;
    case CSTAR:
      return cpu.cstar;
    case SFMASK:
      return cpu.sfmask;
    case FS_BASE:
      return segment(cpu, Seg.FS).base;
    case GS_BASE:
      return segment(cpu, Seg.GS).base;
    case KERNEL_GS_BASE:
      return cpu.kernelGsBase;
    case TSC_AUX:
      return cpu.tscAux;
  }
  const index = bankSlot(<i32>msr);
  if (index >= 0) return load<u64>(slot(cpu, index));
  raiseGp(cpu, 0);
  return 0;
}

/** Memory type as MTRRs know it: UC, WC, WT, WP, WB. */
function isMtrrType(type: u64): bool {
  return type == 0 || type == 1 || (type >= 4 && type <= 6);
}

/** PAT also has UC- (7). */
function isPat(value: u64): bool {
  for (let shift: u64 = 0; shift < 64; shift += 8) {
    const type = (value >> shift) & 0xff;
    if (!isMtrrType(type) && type != 7) return false;
  }
  return true;
}

function areMtrrTypes(value: u64): bool {
  for (let shift: u64 = 0; shift < 64; shift += 8) {
    if (!isMtrrType((value >> shift) & 0xff)) return false;
  }
  return true;
}

/** Whether `value` may go into bank MSR `msr`. */
function isBankValue(msr: i32, value: u64): bool {
  if (msr >= Msr.MTRR_VARIABLE && msr < Msr.MTRR_VARIABLE_END) {
    if (value & ~PHYSICAL_MASK) return false;
    if (msr & 1) return (value & 0x7ff) == 0;
    return (value & 0xf00) == 0 && isMtrrType(value & 0xff);
  }
  if (msr >= Msr.MTRR_FIX64K && msr < Msr.MTRR_FIX4K_END) return areMtrrTypes(value);
  if (msr == Msr.MCG_STATUS) return (value & ~(<u64>7)) == 0;
  // Bank status may only be cleared by software; control takes all ones or zeros; addresses are clear.
  if (msr >= Msr.MC0_CTL && msr < Msr.MC_END) return (msr & 3) == 0 || value == 0;
  if (msr == Msr.DEBUGCTL) return (value & ~(<u64>3)) == 0;
  return true;
}

/** EFER: SDM vol. 3A 2.2.1, 9.8.5. LMA is the processor's own. */
function writeEfer(cpu: Vcpu, value: u64): bool {
  if (value & ~(EFER_WRITABLE | Efer.LMA)) return false;
  if (cpu.cr0 & CR0_PG && ((value ^ cpu.efer) & Efer.LME) != 0) return false;
  const changed = (value ^ cpu.efer) & Efer.NXE;
  cpu.efer = (value & EFER_WRITABLE) | (cpu.efer & Efer.LMA);
  if (changed) flushAll(cpu);
  return true;
}

function writeApicBase(cpu: Vcpu, value: u64): bool {
  // BSP is kept; x2APIC (bit 10) is not claimed.
  if (value & ~(PHYSICAL_MASK & ~(<u64>0x6ff)) & ~APIC_BSP) return false;
  cpu.apicBase = (value & ~APIC_BSP) | (cpu.apicBase & APIC_BSP);
  hostEvent(HostEvent.APIC_BASE, <u32>cpu.apicBase);
  return true;
}

/** Writes `msr`; false where it must raise #GP(0). */
function tryWriteMsr(cpu: Vcpu, msr: u32, value: u64): bool {
  switch (msr) {
    case Msr.TSC:
      cpu.tscOffset = <i64>value - <i64>nowNs();
      return true;
    case Msr.APIC_BASE:
      return writeApicBase(cpu, value);
    case Msr.EBL_CR_POWERON:
    case Msr.BIOS_UPDT_TRIG:
    case Msr.BIOS_SIGN_ID:
    case Msr.BBL_CR_CTL3:
    case Msr.PERF_CTL:
    case Msr.CLOCK_MODULATION:
    case Msr.THERM_INTERRUPT:
    case Msr.THERM_STATUS:
      return true; // ignored
    case Msr.SYSENTER_CS:
      cpu.sysenterCs = value & 0xffff_ffff;
      return true;
    case Msr.SYSENTER_ESP:
      if (!isCanonical(value)) return false;
      cpu.sysenterEsp = value;
      return true;
    case Msr.SYSENTER_EIP:
      if (!isCanonical(value)) return false;
      cpu.sysenterEip = value;
      return true;
    case Msr.MISC_ENABLE:
      cpu.miscEnable = (value & ~(<u64>0x1800)) | (MISC_ENABLE_RESET & 0x1800);
      return true;
    case Msr.PAT:
      if (!isPat(value)) return false;
      cpu.pat = value;
      return true;
    case Msr.MTRR_DEF_TYPE:
      if (value & ~(<u64>0xcff) || !isMtrrType(value & 0xff)) return false;
      cpu.mtrrDefType = value;
      return true;
    case EFER:
      return writeEfer(cpu, value);
    case STAR:
      cpu.star = value;
      return true;
    case LSTAR:
      if (!isCanonical(value)) return false;
      cpu.lstar = value;
      return true;
    case CSTAR:
      if (!isCanonical(value)) return false;
      cpu.cstar = value;
      return true;
    case SFMASK:
      if (value >> 32) return false;
      cpu.sfmask = value;
      return true;
    case FS_BASE:
      if (!isCanonical(value)) return false;
      segment(cpu, Seg.FS).base = value;
      return true;
    case GS_BASE:
      if (!isCanonical(value)) return false;
      segment(cpu, Seg.GS).base = value;
      return true;
    case KERNEL_GS_BASE:
      if (!isCanonical(value)) return false;
      cpu.kernelGsBase = value;
      return true;
    case TSC_AUX:
      if (value >> 32) return false;
      cpu.tscAux = value;
      return true;
  }
  const index = bankSlot(<i32>msr);
  if (index < 0 || !isBankValue(<i32>msr, value)) return false;
  store<u64>(slot(cpu, index), value);
  return true;
}

export function writeMsr(cpu: Vcpu, msr: u32, value: u64): void {
  if (!tryWriteMsr(cpu, msr, value)) raiseGp(cpu, 0);
}
