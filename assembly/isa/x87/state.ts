// The x87 state as the instructions see it: the register stack, the outcome of an operation in the status word, and the
// pointers to the last instruction. SDM vol. 1, 8.1.
//
// One operation: env = beginOperation(cpu); softfloat calls on env; finishOperation(cpu) merges what they raised.
// Vcpu.fpuControl and fpuFlags are the head of softfloat's FpuEnv, so the vCPU itself is the env of everything but
// the transcendentals: these need FpuEnv.scratch, which is Vcpu.fpuStatus there, and use an env of their own.
//
// Scratch, at vCPU + SCRATCH_OFFSET + 0x800:
//   +0x00  FpuEnv of the transcendentals
//   +0x10  a memory operand in register format
//   +0x20  a second such, +0x30 a third
//   +0x40  softfloat's scratch (F80_SCRATCH_BYTES)
import { SCRATCH_OFFSET, Seg, Vcpu, segment, x87Address } from "../../cpu/state";
import { AddressMode, Insn } from "../../decode/insn";
import { effectiveAddress } from "../../mmu/address";
import { C0, C1, C2, C3, DE, FpuEnv, IE, INT_BIT, QUIET_BIT, ZE } from "../../softfloat/env";

/** Status word: stack fault. */
export const SF: u32 = 0x40;
/** Status word: ES, and B that copies it. */
export const SUMMARY: u32 = 0x8080;
/** Status word: TOP, which lives in Vcpu.fpuTop. */
export const TOP_SHIFT: u32 = 11;
export const TOP_MASK: u32 = 0x3800;
/** The exceptions, in the status word and as masks in the control word. */
export const EXCEPTIONS: u32 = 0x3f;
export const CONDITIONS: u32 = C0 | C1 | C2 | C3;

const SCRATCH: usize = SCRATCH_OFFSET + 0x800;

// ---- registers ----

/** Number of physical register ST(n). */
// @ts-ignore: decorator
@inline
export function physical(cpu: Vcpu, n: u32): u32 {
  return (cpu.fpuTop + n) & 7;
}

/** Address of ST(n). */
// @ts-ignore: decorator
@inline
export function st(cpu: Vcpu, n: u32): usize {
  return x87Address(cpu, physical(cpu, n));
}

// @ts-ignore: decorator
@inline
export function isEmpty(cpu: Vcpu, register: u32): bool {
  return ((cpu.fpuEmpty >> register) & 1) != 0;
}

// @ts-ignore: decorator
@inline
export function markFull(cpu: Vcpu, register: u32): void {
  cpu.fpuEmpty &= ~(1 << register);
}

// @ts-ignore: decorator
@inline
export function pop(cpu: Vcpu): void {
  const top = cpu.fpuTop;
  cpu.fpuEmpty |= 1 << top;
  cpu.fpuTop = (top + 1) & 7;
}

/** TOP goes down to a register the caller has written. */
// @ts-ignore: decorator
@inline
export function push(cpu: Vcpu): void {
  const top = (cpu.fpuTop - 1) & 7;
  cpu.fpuTop = top;
  markFull(cpu, top);
}

// @ts-ignore: decorator
@inline
export function copyRegister(to: usize, from: usize): void {
  store<u64>(to, load<u64>(from));
  store<u16>(to, load<u16>(from, 8), 8);
}

/** The real indefinite: what a masked invalid operation leaves. */
export function storeIndefinite(register: usize): void {
  store<u64>(register, INT_BIT | QUIET_BIT);
  store<u16>(register, 0xffff, 8);
}

/** The three operand buffers in the vCPU struct. */
export const OPERANDS_OFFSET: usize = SCRATCH + 0x10;

/** Memory operand in register format. */
// @ts-ignore: decorator
@inline
export function operandBuffer(cpu: Vcpu, n: usize): usize {
  return changetype<usize>(cpu) + OPERANDS_OFFSET + (n << 4);
}

// ---- operations ----

/** The env that lies in the vCPU, with nothing raised. */
// @ts-ignore: decorator
@inline
export function beginOperation(cpu: Vcpu): FpuEnv {
  cpu.fpuFlags = 0;
  return changetype<FpuEnv>(changetype<usize>(cpu) + offsetof<Vcpu>("fpuControl"));
}

/** The env with scratch memory. endTranscendental takes over what it raised. */
export function beginTranscendental(cpu: Vcpu): FpuEnv {
  const env = changetype<FpuEnv>(changetype<usize>(cpu) + SCRATCH);
  env.controlWord = cpu.fpuControl;
  env.flags = 0;
  env.scratch = changetype<usize>(cpu) + SCRATCH + 0x40;
  return env;
}

// @ts-ignore: decorator
@inline
export function endTranscendental(cpu: Vcpu, env: FpuEnv): bool {
  cpu.fpuFlags = env.flags;
  return finishOperation(cpu);
}

/**
 * Merges the exceptions and C1 of an operation into the status word. False when an unmasked IE, DE or ZE has kept it from
 * having results: nothing is popped or pushed then.
 */
// @ts-ignore: decorator
@inline
export function finishOperation(cpu: Vcpu): bool {
  const flags = cpu.fpuFlags;
  const unmasked = flags & ~cpu.fpuControl & EXCEPTIONS;
  cpu.fpuStatus = (cpu.fpuStatus & ~C1) | flags | (unmasked ? SUMMARY : 0);
  return (unmasked & (IE | DE | ZE)) == 0;
}

/** A stack underflow. True when it is masked: the caller stores an indefinite. */
export function underflows(cpu: Vcpu): bool {
  cpu.fpuFlags = IE | SF;
  return finishOperation(cpu);
}

/** A stack overflow. True when it is masked: the caller pushes an indefinite. */
export function overflows(cpu: Vcpu): bool {
  cpu.fpuFlags = IE | SF | C1;
  return finishOperation(cpu);
}

/** An underflow whose masked response is an indefinite in physical register `register`. */
export function underflowsInto(cpu: Vcpu, register: u32): bool {
  if (!underflows(cpu)) return false;
  storeIndefinite(x87Address(cpu, register));
  markFull(cpu, register);
  return true;
}

/** Makes ES and B what the flags and masks say; after loads of either. */
export function updateSummary(cpu: Vcpu): void {
  const pending = (cpu.fpuStatus & ~cpu.fpuControl & EXCEPTIONS) != 0;
  cpu.fpuStatus = (cpu.fpuStatus & ~SUMMARY) | (pending ? SUMMARY : 0);
}

/** Sets C0, C2 and C3; C1 came with the operation. */
// @ts-ignore: decorator
@inline
export function setConditions(cpu: Vcpu, conditions: u32): void {
  cpu.fpuStatus = (cpu.fpuStatus & ~(C0 | C2 | C3)) | conditions;
}

// ---- last instruction ----

/** For every instruction but the control ones. */
// @ts-ignore: decorator
@inline
export function noteInstruction(cpu: Vcpu, i: Insn): void {
  cpu.fpuIp = i.rip;
  cpu.fpuCs = segment(cpu, Seg.CS).selector;
  cpu.fpuOpcode = (((<u32>i.opcode) & 7) << 8) | i.modrm;
}

/** For those with a memory operand, at `linear`. */
// @ts-ignore: decorator
@inline
export function noteOperand(cpu: Vcpu, i: Insn, linear: u64): void {
  noteInstruction(cpu, i);
  // Without a general address mode there is no segment base: linear is the offset.
  cpu.fpuDp = i.addressMode == AddressMode.GENERAL ? effectiveAddress(i) : linear;
  cpu.fpuDs = segment(cpu, i.segment).selector;
}
