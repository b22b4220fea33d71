// What follows from the control registers and the segment caches: mode bits, the TLB in use, and the reset states.
// SDM vol. 3A 9.1 (reset and INIT), table 9-1.
import { nowNs } from "../host/imports";
import { flushAll } from "../mmu/flush";
import { TlbKind, tlbBase } from "../mmu/tlb";
import { CPU_SIGNATURE } from "./cpuid";
import { resetMsrs } from "./msr";
import { Cr0, Cr4, DR6_FIXED, Dr7, Efer } from "./registerBits";
import { Flag, Mode, SEGMENTS_OFFSET, Seg, SegAttr, Segment, Vcpu, X87_OFFSET, segment } from "./state";

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
function isFlatData(s: Segment): bool {
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
  cpu.mode = mode;
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

// @ts-ignore: decorator
@inline
export function inLongMode(cpu: Vcpu): bool {
  return (cpu.mode & Mode.LONG) != 0;
}

/** 48-bit linear addresses. */
// @ts-ignore: decorator
@inline
export function isCanonical(address: u64): bool {
  return <u64>((<i64>(address << 16)) >> 16) == address;
}

function setSegment(cpu: Vcpu, index: u32, selector: u32, base: u64, attributes: u32): void {
  const s = segment(cpu, index);
  s.selector = selector;
  s.base = base;
  s.limit = 0xffff;
  s.attributes = attributes;
}

/** What RESET# and INIT# have in common. */
function initCore(cpu: Vcpu): void {
  memory.fill(changetype<usize>(cpu), 0, offsetof<Vcpu>("rip"));
  cpu.rdx = CPU_SIGNATURE;
  cpu.rip = 0xfff0;
  cpu.eflags = Flag.ONE;
  cpu.flagOp = 0;
  cpu.flagA = 0;
  cpu.flagB = 0;
  cpu.attention = 0;
  cpu.cr0 = Cr0.CD | Cr0.NW | Cr0.ET;
  cpu.cr2 = 0;
  cpu.cr3 = 0;
  cpu.cr4 = 0;
  cpu.efer = 0;
  for (let index: u32 = Seg.ES; index <= <u32>Seg.GS; index++) setSegment(cpu, index, 0, 0, REAL_DATA_ATTRIBUTES);
  setSegment(cpu, Seg.CS, 0xf000, 0xffff_0000, REAL_DATA_ATTRIBUTES);
  setSegment(cpu, Seg.TR, 0, 0, 0x8b);
  setSegment(cpu, Seg.LDTR, 0, 0, 0x82);
  cpu.gdtBase = 0;
  cpu.gdtLimit = 0xffff;
  cpu.idtBase = 0;
  cpu.idtLimit = 0xffff;
  cpu.dr0 = 0;
  cpu.dr1 = 0;
  cpu.dr2 = 0;
  cpu.dr3 = 0;
  cpu.dr6 = DR6_FIXED;
  cpu.dr7 = Dr7.FIXED;
  cpu.interruptShadow = 0;
  cpu.nmiBlocked = 0;
  cpu.halted = 0;
  cpu.shutdown = 0;
  cpu.pendingDebug = 0;
  cpu.stepSuppressed = 0;
  cpu.linkSlot = 0;
  cpu.insn = 0;
  setCpl(cpu, 0);
  updateMode(cpu);
  flushAll(cpu);
}

/** Power-on or RESET#. What the host writes (limits, interrupt lines, A20) and the counters stay. */
export function resetCpu(cpu: Vcpu): void {
  cpu.nmiRequest = 0;
  memory.fill(changetype<usize>(cpu) + SEGMENTS_OFFSET, 0, X87_OFFSET - SEGMENTS_OFFSET);
  memory.fill(changetype<usize>(cpu) + X87_OFFSET, 0, 0x400); // x87 and XMM registers
  cpu.fpuControl = 0x40;
  cpu.fpuFlags = 0;
  cpu.fpuStatus = 0;
  cpu.fpuTop = 0;
  cpu.fpuEmpty = 0; // tag word 5555H
  cpu.fpuOpcode = 0;
  cpu.fpuIp = 0;
  cpu.fpuDp = 0;
  cpu.fpuCs = 0;
  cpu.fpuDs = 0;
  cpu.mxcsr = 0x1f80;
  cpu.xcr0 = 1;
  cpu.tscOffset = -(<i64>nowNs());
  resetMsrs(cpu);
  initCore(cpu);
}

/** INIT#: caching bits of CR0, x87, SSE, the TSC and the MSRs stay as they are. */
export function initCpu(cpu: Vcpu): void {
  const caching = cpu.cr0 & (Cr0.CD | Cr0.NW);
  initCore(cpu);
  cpu.cr0 = caching | Cr0.ET;
}

/** The time-stamp counter: one count a nanosecond. */
export function timeStamp(cpu: Vcpu): u64 {
  return <u64>(<i64>nowNs() + cpu.tscOffset);
}
