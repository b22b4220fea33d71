// The tests of sseTests.ts on all lanes of a vector: masks whose lanes are all ones where a number is bad, that is where the
// engine has to look at it. Some numbers that are not bad are marked with them: 2^-126 as an operand, results from 2^127 on (the
// same of doubles); what matters is that V8 has one instruction for each step, and that constants, which it makes anew each
// time, are few.
//
// All is done on doublewords. Of doubles those that hold the exponents count; anyBad drops the others.
//
//   t = (x << 1) - 1    without the sign, zero is the greatest; of a denormal the exponent field is 0
import { SseOp } from "../decode/sseOp";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState, variableSlot } from "./buildState";
import { Known } from "./sseOperands";
import { constant, unary } from "./values";
import { vectorBinary, vectorConstant } from "./vectorNodes";

export function eitherBad(b: BuildState, x: u32, y: u32): u32 {
  if (!x) return y;
  return y ? vectorBinary(b, Wasm.V128_OR, x, y) : x;
}

/** Whether a lane is marked. */
export function anyBad(b: BuildState, isDouble: bool, bad: u32): u32 {
  const marks = isDouble ? vectorBinary(b, Wasm.I64X2_SHR_U, bad, constant(b, 32)) : bad;
  return unary(b, Wasm.V128_ANY_TRUE, ValueType.I32, marks);
}

function zeros(b: BuildState): u32 {
  return vectorConstant(b, 0);
}

function ones(b: BuildState): u32 {
  return vectorConstant(b, <u64>-1);
}

function withoutSign(b: BuildState, isDouble: bool, x: u32): u32 {
  return vectorBinary(b, isDouble ? Wasm.I64X2_SHL : Wasm.I32X4_SHL, x, constant(b, 1));
}

function lessOne(b: BuildState, isDouble: bool, x: u32): u32 {
  return vectorBinary(b, isDouble ? Wasm.I64X2_ADD : Wasm.I32X4_ADD, x, ones(b));
}

/** t, see above. */
function rank(b: BuildState, isDouble: bool, x: u32): u32 {
  return lessOne(b, isDouble, withoutSign(b, isDouble, x));
}

function equal(b: BuildState, x: u32, y: u32): u32 {
  return vectorBinary(b, Wasm.I32X4_EQ, x, y);
}

/** Where the exponent field in `t` is 0. */
function denormals(b: BuildState, isDouble: bool, t: u32): u32 {
  return equal(b, vectorBinary(b, Wasm.I32X4_SHR_U, t, constant(b, isDouble ? 21 : 24)), zeros(b));
}

/** What is known already of `x`, the value of `variable` (if not 0): lanes that are denormal or NaNs. Or 0. */
export function knownBad(variable: u32, x: u32, isDouble: bool): u32 {
  const slot = variableSlot(variable);
  const known: u32 = isDouble ? Known.F64X2 : Known.F32X4;
  if (!variable || load<u32>(slot) != x || load<u32>(slot, 4) != x) return 0;
  return (load<u32>(slot, 8) & 0xff) == known ? load<u32>(slot, 12) : 0;
}

/** Denormals of `x`, or what is known. */
export function badOperand(b: BuildState, variable: u32, x: u32, isDouble: bool): u32 {
  const known = knownBad(variable, x, isDouble);
  return known ? known : denormals(b, isDouble, rank(b, isDouble, x));
}

/** Denormals of x and y, of which `badX` and `badY` may be known. */
export function badOperands(b: BuildState, isDouble: bool, x: u32, y: u32, badX: u32, badY: u32): u32 {
  if (!badX && !badY && x != y) {
    const least = vectorBinary(b, Wasm.I32X4_MIN_U, rank(b, isDouble, x), rank(b, isDouble, y));
    return denormals(b, isDouble, least);
  }
  const ofX = badX ? badX : denormals(b, isDouble, rank(b, isDouble, x));
  if (x == y) return ofX;
  return eitherBad(b, ofX, badY ? badY : denormals(b, isDouble, rank(b, isDouble, y)));
}

/** Results that are zero, denormal, nearly so, or so great that they may be infinite; NaNs. */
export function notPlain(b: BuildState, isDouble: bool, value: u32): u32 {
  const shifted = withoutSign(b, isDouble, value);
  // As a signed number the exponent field is 0 or 1, -1 or -2.
  const top = vectorBinary(b, Wasm.I32X4_SHR_S, shifted, constant(b, isDouble ? 22 : 25));
  return equal(b, top, vectorBinary(b, Wasm.I32X4_SHR_S, shifted, constant(b, 31)));
}

/** Of `kind` (an SseOp) on x and y. Zeros are right as sums and roots; else if the right operand was one. */
export function badResults(b: BuildState, kind: u32, isDouble: bool, value: u32, x: u32, y: u32): u32 {
  // All ones: a zero.
  let zero = rank(b, isDouble, value);
  if (kind == SseOp.MUL) {
    const greatest = vectorBinary(b, Wasm.I32X4_MAX_U, rank(b, isDouble, x), rank(b, isDouble, y));
    zero = vectorBinary(b, Wasm.V128_AND, zero, greatest);
  } else if (kind == SseOp.DIV) zero = vectorBinary(b, Wasm.V128_AND, zero, rank(b, isDouble, x));
  return vectorBinary(b, Wasm.V128_ANDNOT, notPlain(b, isDouble, value), allOnes(b, isDouble, zero));
}

/** Of doubles the whole: the upper half alone is all ones for some NaNs too. */
function allOnes(b: BuildState, isDouble: bool, t: u32): u32 {
  return vectorBinary(b, isDouble ? Wasm.I64X2_EQ : Wasm.I32X4_EQ, t, ones(b));
}
