// The states of a CPU after RESET# and INIT#. SDM vol. 3A 9.1, table 9-1.
import { nowNs } from "../host/imports";
import { flushAll } from "../mmu/flush";
import { CPU_SIGNATURE } from "./cpuid";
import { REAL_DATA_ATTRIBUTES, setCpl, updateMode } from "./mode";
import { resetMsrs } from "./msr";
import { Cr0, DR6_FIXED, Dr7 } from "./registerBits";
import { Flag, SEGMENTS_OFFSET, Seg, Vcpu, X87_OFFSET, segment } from "./state";

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
