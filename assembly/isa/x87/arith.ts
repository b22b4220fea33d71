// FADD, FSUB, FMUL, FDIV and their kin: registers, single, double and integer memory operands. SDM vol. 2.
//
// The operation numbers are ModRM.reg: 0 add, 1 multiply, 4 subtract, 5 reverse subtract, 6 divide, 7 reverse divide, always
// of ST(0) and the other operand whichever is the destination. So the encodings DC E0-FF, where assemblers
// swap FSUB with FSUBR, need no exception.
import { Vcpu, x87Address } from "../../cpu/state";
import { Insn } from "../../decode/insn";
import { linearLoad } from "../../mmu/access";
import { linearAddress } from "../../mmu/address";
import { faultPending } from "../../mmu/fill";
import { DE, FpuEnv, f80Add, f80Div, f80Mul, f80Sub } from "../../softfloat/index";
import { compareOperand } from "./compare";
import { loadInteger, loadSingle, loadDouble, substituteDenormal } from "./operand";
import {
  beginOperation,
  finishOperation,
  isEmpty,
  noteInstruction,
  noteOperand,
  operandBuffer,
  pop,
  underflowsInto,
} from "./state";

// @ts-ignore: decorator
@inline
function compute(env: FpuEnv, operation: u32, dst: usize, a: usize, b: usize): void {
  switch (operation) {
    case 0:
      f80Add(env, dst, a, b);
      break;
    case 1:
      f80Mul(env, dst, a, b);
      break;
    case 4:
      f80Sub(env, dst, a, b);
      break;
    case 5:
      f80Sub(env, dst, b, a);
      break;
    case 6:
      f80Div(env, dst, a, b);
      break;
    default:
      f80Div(env, dst, b, a);
      break;
  }
}

/** ST(0) or ST(n) = ST(0) op ST(n). */
// @ts-ignore: decorator
@inline
function arithRegisters(cpu: Vcpu, i: Insn, operation: u32, toOther: bool, pops: bool): void {
  noteInstruction(cpu, i);
  const top = cpu.fpuTop;
  const other = (top + i.modrm) & 7;
  const target = toOther ? other : top;
  const env = beginOperation(cpu);
  if (cpu.fpuEmpty & ((1 << top) | (1 << other))) {
    if (!underflowsInto(cpu, target)) return;
  } else {
    compute(env, operation, x87Address(cpu, target), x87Address(cpu, top), x87Address(cpu, other));
    if (!finishOperation(cpu)) return;
  }
  if (pops) pop(cpu);
}

/** D8: FADD ST, ST(n). */
export function arithToTop(cpu: Vcpu, i: Insn, operation: u32): void {
  arithRegisters(cpu, i, operation, false, false);
}

/** DC: FADD ST(n), ST. */
export function arithToOther(cpu: Vcpu, i: Insn, operation: u32): void {
  arithRegisters(cpu, i, operation, true, false);
}

/** DE: FADDP ST(n), ST. */
export function arithPop(cpu: Vcpu, i: Insn, operation: u32): void {
  arithRegisters(cpu, i, operation, true, true);
}

/** ST(0) = ST(0) op the operand in buffer 0. */
// @ts-ignore: decorator
@inline
function arithOperand(cpu: Vcpu, i: Insn, operation: u32, linear: u64, denormal: bool): void {
  noteOperand(cpu, i, linear);
  if ((operation & 6) == 2) {
    compareOperand(cpu, denormal, operation == 3);
    return;
  }
  const top = cpu.fpuTop;
  if (isEmpty(cpu, top)) {
    underflowsInto(cpu, top);
    return;
  }
  const env = beginOperation(cpu);
  const a = x87Address(cpu, top);
  const b = operandBuffer(cpu, 0);
  if (denormal) computeDenormal(cpu, env, operation, a, b);
  else compute(env, operation, a, a, b);
  finishOperation(cpu);
}

/** The operand was denormal in memory but no longer is: the order of exceptions comes from a stand-in that still is. */
function computeDenormal(cpu: Vcpu, env: FpuEnv, operation: u32, a: usize, b: usize): void {
  compute(env, operation, operandBuffer(cpu, 2), a, substituteDenormal(cpu));
  const raised = env.flags & DE;
  env.flags = raised;
  if (raised & ~env.controlWord) return;
  compute(env, operation, a, a, b);
  env.flags |= raised;
}

/** D8: m32fp. */
export function arithSingle(cpu: Vcpu, i: Insn, operation: u32): void {
  const linear = linearAddress(cpu, i);
  const bits = <u32>linearLoad<u32>(cpu, linear);
  if (faultPending(cpu)) return;
  arithOperand(cpu, i, operation, linear, loadSingle(cpu, bits));
}

/** DC: m64fp. */
export function arithDouble(cpu: Vcpu, i: Insn, operation: u32): void {
  const linear = linearAddress(cpu, i);
  const bits = linearLoad<u64>(cpu, linear);
  if (faultPending(cpu)) return;
  arithOperand(cpu, i, operation, linear, loadDouble(cpu, bits));
}

/** DA: m32int. */
export function arithInteger32(cpu: Vcpu, i: Insn, operation: u32): void {
  const linear = linearAddress(cpu, i);
  const value = <i32>linearLoad<u32>(cpu, linear);
  if (faultPending(cpu)) return;
  loadInteger(cpu, <i64>value);
  arithOperand(cpu, i, operation, linear, false);
}

/** DE: m16int. */
export function arithInteger16(cpu: Vcpu, i: Insn, operation: u32): void {
  const linear = linearAddress(cpu, i);
  const value = <i16>linearLoad<u16>(cpu, linear);
  if (faultPending(cpu)) return;
  loadInteger(cpu, <i64>value);
  arithOperand(cpu, i, operation, linear, false);
}
