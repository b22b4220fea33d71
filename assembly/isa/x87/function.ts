// One- and two-operand functions: FCHS, FABS, FSQRT, FRNDINT, FSCALE, FPREM, FPREM1, FXTRACT and the transcendentals. SDM vol. 1, 8.3.5 to 8.3.10;
// vol. 2, the pages of those names.
import { Vcpu, x87Address } from "../../cpu/state";
import { Insn } from "../../decode/insn";
import { C0, C2, C3, EXP_MAX, IE } from "../../softfloat/env";
import {
  f80Abs,
  f80Atan2,
  f80Chs,
  f80Cos,
  f80Exp2M1,
  f80Extract,
  f80Rem,
  f80RoundInt,
  f80Scale,
  f80Sin,
  f80SinCos,
  f80Sqrt,
  f80Tan,
  f80YLog2X,
  f80YLog2XP1,
} from "../../softfloat/index";
import {
  beginOperation,
  beginTranscendental,
  endTranscendental,
  finishOperation,
  isEmpty,
  noteInstruction,
  overflows,
  physical,
  pop,
  push,
  setConditions,
  st,
  storeIndefinite,
  underflows,
  underflowsInto,
} from "./state";

/** Whether ST(0) has a value; the underflow has been dealt with if not. */
// @ts-ignore: decorator
@inline
function hasTop(cpu: Vcpu): bool {
  if (!isEmpty(cpu, cpu.fpuTop)) return true;
  underflowsInto(cpu, cpu.fpuTop);
  return false;
}

// @ts-ignore: decorator
@inline
function hasTwo(cpu: Vcpu): bool {
  return !isEmpty(cpu, cpu.fpuTop) && !isEmpty(cpu, physical(cpu, 1));
}

export function changeSign(cpu: Vcpu, i: Insn): void {
  noteInstruction(cpu, i);
  if (!hasTop(cpu)) return;
  const a = st(cpu, 0);
  f80Chs(beginOperation(cpu), a, a);
  finishOperation(cpu);
}

export function absolute(cpu: Vcpu, i: Insn): void {
  noteInstruction(cpu, i);
  if (!hasTop(cpu)) return;
  const a = st(cpu, 0);
  f80Abs(beginOperation(cpu), a, a);
  finishOperation(cpu);
}

export function squareRoot(cpu: Vcpu, i: Insn): void {
  noteInstruction(cpu, i);
  if (!hasTop(cpu)) return;
  const a = st(cpu, 0);
  f80Sqrt(beginOperation(cpu), a, a);
  finishOperation(cpu);
}

export function roundToInteger(cpu: Vcpu, i: Insn): void {
  noteInstruction(cpu, i);
  if (!hasTop(cpu)) return;
  const a = st(cpu, 0);
  f80RoundInt(beginOperation(cpu), a, a);
  finishOperation(cpu);
}

export function scale(cpu: Vcpu, i: Insn): void {
  noteInstruction(cpu, i);
  if (!hasTwo(cpu)) {
    underflowsInto(cpu, cpu.fpuTop);
    return;
  }
  const a = st(cpu, 0);
  f80Scale(beginOperation(cpu), a, a, st(cpu, 1));
  finishOperation(cpu);
}

/** FPREM, or FPREM1 (`nearest`). */
export function remainder(cpu: Vcpu, i: Insn, nearest: bool): void {
  noteInstruction(cpu, i);
  cpu.fpuStatus &= ~C2;
  if (!hasTwo(cpu)) {
    underflowsInto(cpu, cpu.fpuTop);
    return;
  }
  const a = st(cpu, 0);
  const conditions = f80Rem(beginOperation(cpu), a, a, st(cpu, 1), nearest);
  // An invalid operation or a NaN has no quotient: C0 and C3 stay.
  const isNumber = !(cpu.fpuFlags & IE) && ((<u32>load<u16>(a, 8)) & EXP_MAX) != EXP_MAX;
  if (finishOperation(cpu) && isNumber) setConditions(cpu, conditions & (C0 | C2 | C3));
}

/** F2XM1. */
export function exponential(cpu: Vcpu, i: Insn): void {
  noteInstruction(cpu, i);
  if (!hasTop(cpu)) return;
  const a = st(cpu, 0);
  const env = beginTranscendental(cpu);
  f80Exp2M1(env, a, a);
  endTranscendental(cpu, env);
}

/** FSIN, FCOS: C2 set when the operand is out of range. */
export function sine(cpu: Vcpu, i: Insn, cosine: bool): void {
  noteInstruction(cpu, i);
  cpu.fpuStatus &= ~C2;
  if (!hasTop(cpu)) return;
  const a = st(cpu, 0);
  const env = beginTranscendental(cpu);
  const done = cosine ? f80Cos(env, a, a) : f80Sin(env, a, a);
  endTranscendental(cpu, env);
  if (!done) cpu.fpuStatus |= C2;
}

/** FYL2X, FYL2XP1, FPATAN: ST(1) = f(ST(0), ST(1)), pop. */
export const enum Binary {
  LOG,
  LOG_PLUS_1,
  ATAN,
}

export function binaryPop(cpu: Vcpu, i: Insn, which: Binary): void {
  noteInstruction(cpu, i);
  if (!hasTwo(cpu)) {
    if (underflowsInto(cpu, physical(cpu, 1))) pop(cpu);
    return;
  }
  const x = st(cpu, 0);
  const y = st(cpu, 1);
  const env = beginTranscendental(cpu);
  if (which == Binary.LOG) f80YLog2X(env, y, x, y);
  else if (which == Binary.LOG_PLUS_1) f80YLog2XP1(env, y, x, y);
  else f80Atan2(env, y, x, y);
  if (endTranscendental(cpu, env)) pop(cpu);
}

/** Whether ST(0) has a value and there is room to push. If not, the fault has been dealt with: two indefinites. */
function canSplit(cpu: Vcpu): bool {
  const empty = isEmpty(cpu, cpu.fpuTop);
  const below = physical(cpu, 7);
  if (!empty && isEmpty(cpu, below)) return true;
  if (!(empty ? underflows(cpu) : overflows(cpu))) return false;
  cpu.fpuEmpty &= ~(1 << cpu.fpuTop);
  storeIndefinite(st(cpu, 0));
  storeIndefinite(x87Address(cpu, below));
  push(cpu);
  return false;
}

/** FXTRACT: exponent in place, significand pushed. */
export function extract(cpu: Vcpu, i: Insn): void {
  noteInstruction(cpu, i);
  if (!canSplit(cpu)) return;
  const a = st(cpu, 0);
  f80Extract(beginOperation(cpu), st(cpu, 7), a, a);
  if (finishOperation(cpu)) push(cpu);
}

/** FPTAN (1.0 is pushed), FSINCOS (the cosine is). */
export function tangent(cpu: Vcpu, i: Insn, sineCosine: bool): void {
  noteInstruction(cpu, i);
  cpu.fpuStatus &= ~C2;
  if (!canSplit(cpu)) return;
  const a = st(cpu, 0);
  const pushed = st(cpu, 7);
  const env = beginTranscendental(cpu);
  const done = sineCosine ? f80SinCos(env, a, pushed, a) : f80Tan(env, a, pushed, a);
  if (!endTranscendental(cpu, env)) return;
  if (done) push(cpu);
  else cpu.fpuStatus |= C2;
}
