// The control word, the status word, and what raises #MF. SDM vol. 1, 8.1.3, 8.1.5, 8.6 and 8.7; vol. 2.
import { Vector, raise } from "../../cpu/exceptions";
import { Cr0 } from "../../cpu/registerBits";
import { Attention, Flag, Vcpu } from "../../cpu/state";
import { Insn } from "../../decode/insn";
import { hostEvent } from "../../host/imports";
import { linearLoad, linearStore } from "../../mmu/access";
import { linearAddress } from "../../mmu/address";
import { faultPending } from "../../mmu/fill";
import { HostEvent } from "../../shared/hostEvent";
import { storeAddress } from "./memory";
import { EXCEPTIONS, SF, SUMMARY, TOP_SHIFT, updateSummary } from "./state";

const INITIAL_CONTROL: u32 = 0x37f;
/** Bits of the control word that can be written; bit 6 is always set. */
const CONTROL_MASK: u32 = 0x1f3f;

export function statusWord(cpu: Vcpu): u32 {
  return cpu.fpuStatus | (cpu.fpuTop << TOP_SHIFT);
}

/**
 * An unmasked exception is pending at a waiting instruction. True when the instruction must not run: #MF is pending, or (CR0.NE
 * clear, MS-DOS compatibility) FERR# brought an interrupt that goes first, before the instruction is tried again. Hardware
 * would stop there until an interrupt; when none can come the instruction runs, as if IGNNE# were asserted.
 */
export function takePendingError(cpu: Vcpu, i: Insn): bool {
  if (cpu.cr0 & Cr0.NE) {
    raise(cpu, Vector.MF);
    return true;
  }
  hostEvent(HostEvent.FERR, 1);
  if (!cpu.interruptRequest || !(cpu.eflags & Flag.IF)) return false;
  cpu.rip = i.rip;
  cpu.linkSlot = 0;
  cpu.attention |= Attention.JUMPED;
  return true;
}

/** ES may have become clear: FERR# follows. */
export function releaseError(cpu: Vcpu, statusBefore: u32): void {
  if (statusBefore & ~cpu.fpuStatus & SUMMARY && !(cpu.cr0 & Cr0.NE)) hostEvent(HostEvent.FERR, 0);
}

/** The state after FNINIT; the registers keep their contents. */
export function initialize(cpu: Vcpu): void {
  const before = cpu.fpuStatus;
  cpu.fpuControl = INITIAL_CONTROL;
  cpu.fpuStatus = 0;
  cpu.fpuTop = 0;
  cpu.fpuEmpty = 0xff;
  cpu.fpuOpcode = 0;
  cpu.fpuIp = 0;
  cpu.fpuCs = 0;
  cpu.fpuDp = 0;
  cpu.fpuDs = 0;
  releaseError(cpu, before);
}

/** FNCLEX. */
export function clearExceptions(cpu: Vcpu): void {
  const before = cpu.fpuStatus;
  cpu.fpuStatus &= ~(EXCEPTIONS | SF | SUMMARY);
  releaseError(cpu, before);
}

export function setControlWord(cpu: Vcpu, value: u32): void {
  cpu.fpuControl = (value & CONTROL_MASK) | 0x40;
}

/** FLDCW. */
export function loadControl(cpu: Vcpu, i: Insn): void {
  const value = <u32>linearLoad<u16>(cpu, linearAddress(cpu, i));
  if (faultPending(cpu)) return;
  const before = cpu.fpuStatus;
  setControlWord(cpu, value);
  updateSummary(cpu);
  releaseError(cpu, before);
}

/** FNSTCW. */
export function storeControl(cpu: Vcpu, i: Insn): void {
  linearStore<u16>(cpu, storeAddress(cpu, i, 2), <u64>cpu.fpuControl);
}

/** FNSTSW m16. */
export function storeStatus(cpu: Vcpu, i: Insn): void {
  linearStore<u16>(cpu, storeAddress(cpu, i, 2), <u64>statusWord(cpu));
}

/** FNSTSW AX. */
export function storeStatusToAx(cpu: Vcpu): void {
  cpu.rax = (cpu.rax & ~(<u64>0xffff)) | (<u64>statusWord(cpu));
}
