// What follows from the control registers and the segment caches: mode bits and the TLB in use.
import { nowNs } from "../host/imports";
import { TlbKind, tlbBase } from "../mmu/tlb";
import { Cr0, Cr4, Efer } from "./registerBits";
import { Flag, Mode, Seg, SegAttr, Segment, Vcpu, registerAddress, segment } from "./state";

/** Data segment as reset and real mode have it: present, writable, accessed. */
export const REAL_DATA_ATTRIBUTES: u32 = 0x93;
/** Data segment of virtual-8086 mode: the same with DPL 3. */
export const V86_ATTRIBUTES: u32 = 0xf3;

const FLAT_TYPE_MASK: u32 =
  SegAttr.UNUSABLE | SegAttr.PRESENT | SegAttr.CODE_OR_DATA | SegAttr.CODE | SegAttr.EXPAND_DOWN | SegAttr.WRITABLE;
const FLAT_TYPE: u32 = SegAttr.PRESENT | SegAttr.CODE_OR_DATA | SegAttr.WRITABLE;
const ALL_FLAT: u32 = Mode.FLAT_DS | Mode.FLAT_ES | Mode.FLAT_SS | Mode.FLAT_CS;

// @ts-ignore: decorator
@inline
export function isFlatData(s: Segment): bool {
  return s.base == 0 && s.limit == 0xffff_ffff && (s.attributes & FLAT_TYPE_MASK) == FLAT_TYPE;
}

/** Recomputes `mode` from CS, SS, DS, ES, CR0, EFER, EFLAGS.VM and CPL. */
export function updateMode(cpu: Vcpu): void {
  const cs = segment(cpu, Seg.CS);
  let mode: u32 = cpu.cpl == 3 ? Mode.USER : 0;
  if (cpu.efer & Efer.LMA) {
    mode |= Mode.LONG;
    if (cs.attributes & SegAttr.LONG) {
      cpu.mode = mode | Mode.PROTECTED | 3 | (3 << Mode.STACK_SHIFT) | ALL_FLAT;
      return;
    }
  }
  if (cpu.eflags & Flag.VM) mode |= Mode.V86;
  else if (cpu.cr0 & Cr0.PE) mode |= Mode.PROTECTED;
  const ss = segment(cpu, Seg.SS);
  mode |= cs.attributes & SegAttr.BIG ? 2 : 1;
  mode |= (ss.attributes & SegAttr.BIG ? 2 : 1) << Mode.STACK_SHIFT;
  if (cs.base == 0 && cs.limit == 0xffff_ffff) mode |= Mode.FLAT_CS;
  if (isFlatData(ss)) mode |= Mode.FLAT_SS;
  if (isFlatData(segment(cpu, Seg.DS))) mode |= Mode.FLAT_DS;
  if (isFlatData(segment(cpu, Seg.ES))) mode |= Mode.FLAT_ES;
  if (in64BitMode(cpu)) clearUpperHalves(cpu);
  cpu.mode = mode;
}

/**
 * The upper halves of the eight registers that 32-bit code has are undefined after a switch out of 64-bit mode (SDM vol. 1
 * 3.4.1.1). Here they are 0, and stay so: translated 32-bit code knows the lower halves only.
 */
function clearUpperHalves(cpu: Vcpu): void {
  for (let i: u32 = 0; i < 8; i++) store<u32>(registerAddress(cpu, i), 0, 4);
}

/** Points `tlb` at the one of the current privilege: after a change of CPL, EFLAGS.AC, CR0.AM or CR4.SMAP. */
export function updateTlbKind(cpu: Vcpu): void {
  const alignment = (cpu.eflags & Flag.AC) != 0;
  let kind: u32;
  if (cpu.cpl == 3) kind = alignment && (cpu.cr0 & Cr0.AM) != 0 ? TlbKind.CHECKED : TlbKind.USER;
  else kind = !alignment && (cpu.cr4 & Cr4.SMAP) != 0 ? TlbKind.SUPERVISOR_SMAP : TlbKind.SUPERVISOR;
  cpu.tlb = tlbBase(kind);
}

/** Sets the CPL and what the TLB choice takes from it; `mode` follows with the next updateMode. */
export function setCpl(cpu: Vcpu, cpl: u32): void {
  cpu.cpl = cpl;
  updateTlbKind(cpu);
}

/** 64-bit mode: IA-32e mode with a long code segment. */
// @ts-ignore: decorator
@inline
export function in64BitMode(cpu: Vcpu): bool {
  return (cpu.mode & Mode.CODE_SIZE) == 3;
}

/** 48-bit linear addresses. */
// @ts-ignore: decorator
@inline
export function isCanonical(address: u64): bool {
  return <u64>((<i64>(address << 16)) >> 16) == address;
}

/** The time-stamp counter: one count a nanosecond. */
export function timeStamp(cpu: Vcpu): u64 {
  return <u64>(<i64>nowNs() + cpu.tscOffset);
}
