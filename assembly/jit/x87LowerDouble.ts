// x87 numbers as doubles (DOUBLE_FORM, x87Helpers.ts), in regions that load singles: these are doubles, so are products of two of them, and
// sums mostly. An operation whose result is exact in 53 bits gives what it gives in 64 (SDM vol. 1, 4.8.4 and 8.1.5), with nothing
// rounded; all others split the numbers into significand and exponent first. None of the doubles is denormal: all are multiples of
// 2^-298, the square of the least single.
import { Encoder } from "../wasm/encoder";
import { ValueType, Wasm } from "../wasm/opcodes";
import { Hint, hintBranch } from "./branchHints";
import { LowerState, releaseTemporary, takeTemporary } from "./lowerState";
import { DOUBLE_BIAS, SIGN, SLOW, X87Locals, apply, apply32, apply64, get, set, with32, with64 } from "./x87Emit";
import { DOUBLE_FORM, NOT_NORMAL } from "./x87Helpers";

/** Single: the least normal number, and how far infinity lies above it. */
const SINGLE_NORMAL: i32 = 0x80_0000;
const SINGLE_RANGE: i32 = 0x7f00_0000;
/** Blocks around a fast path and an IF in it: the operation is done. */
const DONE_FROM_IF: u32 = 2;

function pushDouble(e: Encoder, local: u32): void {
  get(e, local);
  e.op(Wasm.F64_REINTERPRET_I64);
}

/** The result is the double on the stack, exactly. */
function setExact(e: Encoder, l: X87Locals): void {
  e.op(Wasm.I64_REINTERPRET_F64);
  set(e, l.significand);
  e.i32Const(DOUBLE_FORM);
  set(e, l.exponent);
  setNothingRounded(e, l);
}

function setNothingRounded(e: Encoder, l: X87Locals): void {
  e.i64Const(0);
  set(e, l.rest);
  e.i64Const(0);
  set(e, l.up);
}

/** A single, if normal or zero. */
export function emitWidenSingle(s: LowerState, l: X87Locals): void {
  const e = s.code;
  apply32(e, Wasm.I32_AND, l.a, i32.MAX_VALUE);
  with32(e, Wasm.I32_SUB, SINGLE_NORMAL);
  with32(e, Wasm.I32_GE_U, SINGLE_RANGE);
  e.open(Wasm.IF, ValueType.EMPTY);
  apply32(e, Wasm.I32_SHL, l.a, 1);
  hintBranch(e.at, Hint.UNLIKELY);
  e.branch(Wasm.BR_IF, SLOW + 1);
  e.end();
  get(e, l.a);
  e.op(Wasm.F32_REINTERPRET_I32);
  e.op(Wasm.F64_PROMOTE_F32);
  setExact(e, l);
}

/** Not 0 on the stack where both operands are doubles and X87_MODE is 0: 64 bits, to nearest. */
function pushBothDoubles(e: Encoder, l: X87Locals): void {
  apply(e, Wasm.I32_AND, l.aExponent, l.bExponent);
  with32(e, Wasm.I32_AND, DOUBLE_FORM);
  get(e, l.mode);
  e.op(Wasm.I32_OR);
  with32(e, Wasm.I32_EQ, DOUBLE_FORM);
}

/** The product of two singles. */
export function emitProductOfSingles(s: LowerState, l: X87Locals): void {
  const e = s.code;
  pushBothDoubles(e, l);
  e.op(Wasm.I32_EQZ);
  hintBranch(e.at, Hint.UNLIKELY);
  e.branch(Wasm.BR_IF, SLOW);
  pushDouble(e, l.a);
  pushDouble(e, l.b);
  e.op(Wasm.F64_MUL);
  setExact(e, l);
}

/** The sum of two doubles if it is exact, which is then all; else this does nothing. The error is Knuth's (TAOCP vol. 2, 4.2.2, theorem B). */
export function emitExactSum(s: LowerState, l: X87Locals, negate: bool): void {
  const e = s.code;
  const x = takeTemporary(s, ValueType.F64);
  const y = takeTemporary(s, ValueType.F64);
  const sum = takeTemporary(s, ValueType.F64);
  const part = takeTemporary(s, ValueType.F64);
  pushBothDoubles(e, l);
  e.open(Wasm.IF, ValueType.EMPTY);
  pushDouble(e, l.a);
  e.local(Wasm.LOCAL_TEE, x);
  pushDouble(e, l.b);
  if (negate) e.op(Wasm.F64_NEG);
  e.local(Wasm.LOCAL_TEE, y);
  e.op(Wasm.F64_ADD);
  e.local(Wasm.LOCAL_TEE, sum);
  get(e, x);
  e.op(Wasm.F64_SUB);
  set(e, part); // of the sum that is y's
  // What is missing of x, against what is too much of y.
  get(e, x);
  apply(e, Wasm.F64_SUB, sum, part);
  e.op(Wasm.F64_SUB);
  apply(e, Wasm.F64_SUB, part, y);
  e.op(Wasm.F64_EQ);
  e.open(Wasm.IF, ValueType.EMPTY);
  get(e, sum);
  setExact(e, l);
  e.branch(Wasm.BR, DONE_FROM_IF + 1);
  e.end();
  e.end();
  releaseTemporary(part, ValueType.F64);
  releaseTemporary(sum, ValueType.F64);
  releaseTemporary(y, ValueType.F64);
  releaseTemporary(x, ValueType.F64);
}

/** What FST stores of a double, which is then all; else this does nothing. */
export function emitStoreDouble(s: LowerState, l: X87Locals, double: bool): void {
  const e = s.code;
  apply32(e, Wasm.I32_AND, l.aExponent, DOUBLE_FORM);
  get(e, l.mode);
  e.op(Wasm.I32_OR);
  with32(e, Wasm.I32_EQ, DOUBLE_FORM);
  e.open(Wasm.IF, ValueType.EMPTY);
  if (double) {
    get(e, l.a);
    set(e, l.significand);
    setNothingRounded(e, l);
  } else emitDemoted(s, l);
  e.branch(Wasm.BR, DONE_FROM_IF);
  e.end();
}

/** Rounds a double to a normal single or zero; leaves where it would be another. */
function emitDemoted(s: LowerState, l: X87Locals): void {
  const e = s.code;
  const bits = takeTemporary(s, ValueType.I32);
  const rounded = takeTemporary(s, ValueType.I64);
  pushDouble(e, l.a);
  e.op(Wasm.F32_DEMOTE_F64);
  e.op(Wasm.I32_REINTERPRET_F32);
  e.local(Wasm.LOCAL_TEE, bits);
  e.op(Wasm.I64_EXTEND_I32_U);
  set(e, l.significand);
  // The least normal single may have been rounded up from what is tiny: not here.
  apply32(e, Wasm.I32_AND, bits, i32.MAX_VALUE);
  with32(e, Wasm.I32_SUB, SINGLE_NORMAL + 1);
  with32(e, Wasm.I32_GE_U, SINGLE_RANGE - 1);
  e.open(Wasm.IF, ValueType.EMPTY);
  apply64(e, Wasm.I64_SHL, l.a, 1);
  with64(e, Wasm.I64_NE, 0);
  hintBranch(e.at, Hint.UNLIKELY);
  e.branch(Wasm.BR_IF, SLOW + 2);
  e.end();
  get(e, bits);
  e.op(Wasm.F32_REINTERPRET_I32);
  e.op(Wasm.F64_PROMOTE_F32);
  e.op(Wasm.I64_REINTERPRET_F64);
  e.local(Wasm.LOCAL_TEE, rounded);
  get(e, l.a);
  e.op(Wasm.I64_XOR);
  set(e, l.rest);
  // The sign is the same: the bits are in the order of the magnitudes.
  apply(e, Wasm.I64_GT_U, rounded, l.a);
  e.op(Wasm.I64_EXTEND_I32_U);
  set(e, l.up);
  releaseTemporary(rounded, ValueType.I64);
  releaseTemporary(bits, ValueType.I32);
}

/** Copies a number to other locals, as significand and exponent. */
export function emitSplit(e: Encoder, value: u32, exponent: u32, significandTo: u32, exponentTo: u32): void {
  get(e, value);
  set(e, significandTo);
  get(e, exponent);
  e.local(Wasm.LOCAL_TEE, exponentTo);
  with32(e, Wasm.I32_AND, DOUBLE_FORM);
  e.open(Wasm.IF, ValueType.EMPTY);
  apply64(e, Wasm.I64_SHR_U, significandTo, 48);
  e.op(Wasm.I32_WRAP_I64);
  with32(e, Wasm.I32_AND, SIGN);
  apply64(e, Wasm.I64_SHL, significandTo, 1);
  e.op(Wasm.I64_EQZ);
  e.open(Wasm.IF, ValueType.I32);
  e.i64Const(0);
  set(e, significandTo);
  e.i32Const(NOT_NORMAL);
  e.op(Wasm.ELSE);
  apply64(e, Wasm.I64_SHR_U, significandTo, 52);
  e.op(Wasm.I32_WRAP_I64);
  with32(e, Wasm.I32_AND, 0x7ff);
  with32(e, Wasm.I32_ADD, DOUBLE_BIAS);
  apply64(e, Wasm.I64_SHL, significandTo, 11);
  with64(e, Wasm.I64_OR, i64.MIN_VALUE);
  set(e, significandTo);
  e.end();
  e.op(Wasm.I32_OR);
  set(e, exponentTo);
  e.end();
}

/** Operands that may be doubles are replaced by copies that are not. */
export function splitOperands(s: LowerState, l: X87Locals): void {
  if (l.aDouble) {
    const significand = takeTemporary(s, ValueType.I64);
    const exponent = takeTemporary(s, ValueType.I32);
    emitSplit(s.code, l.a, l.aExponent, significand, exponent);
    l.a = significand;
    l.aExponent = exponent;
  }
  if (l.bDouble) {
    const significand = takeTemporary(s, ValueType.I64);
    const exponent = takeTemporary(s, ValueType.I32);
    emitSplit(s.code, l.b, l.bExponent, significand, exponent);
    l.b = significand;
    l.bExponent = exponent;
  }
}

/** After `splitOperands`, when they have been used. */
export function releaseOperands(s: LowerState, l: X87Locals): void {
  if (l.aDouble) {
    releaseTemporary(l.a, ValueType.I64);
    releaseTemporary(l.aExponent, ValueType.I32);
  }
  if (l.bDouble) {
    releaseTemporary(l.b, ValueType.I64);
    releaseTemporary(l.bExponent, ValueType.I32);
  }
}
