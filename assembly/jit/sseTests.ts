// When wasm's floating-point operators give what the processor gives, exceptions included. All exceptions are masked, rounding
// is to nearest and PE is sticky already (requireFloat), or the result is exact (sseExact.ts); then what is left is
//
//   DE   an operand is denormal                         -> operands are tested
//   IE   for NaNs, and what NaN comes out               -> the result, or operands that are compared, are tested for NaN
//   UE   the result is denormal or nearly, and inexact  -> results of products and quotients are tested
//   OE, ZE  the result is infinite                      -> the result is tested
//
// Sums cannot underflow: a denormal one is exact. DAZ and FTZ make no difference while nothing is denormal.
//
// A test is an I32 node that is negative where the engine has to do the operation (sseHelpers.ts), so that tests are joined by OR;
// 0 stands for one that always holds. The test of a result says of it that it is neither denormal, infinite nor NaN, so
// that it need not be tested as an operand.
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState, variableSlot } from "./buildState";
import { bitsOfFloat } from "./floatFlags";
import { IrOp, node } from "./ir";
import { as32, binary, compare, constant, newNode } from "./values";

/** What a test says; each says what those before it say, too. */
export const enum Test {
  NONE,
  NOT_DENORMAL,
  /** Nor infinite nor NaN. */
  PLAIN,
}

export function bothTests(b: BuildState, x: u32, y: u32): u32 {
  if (!x) return y;
  return y && x != y ? binary(b, Wasm.I32_OR, x, y) : x;
}

/** Whether a test fails, as 0 or 1. */
export function fails(b: BuildState, test: u32): u32 {
  return compare(b, Wasm.I32_LT_S, test, constant(b, 0));
}

/** The bits without the sign, from the top down. */
function withoutSign(b: BuildState, value: u32, bits: u32): u32 {
  return binary(b, bits == 64 ? Wasm.I64_SHL : Wasm.I32_SHL, bitsOfFloat(b, value, bits), constant(b, 1));
}

/** The exponent field, as an I32. */
function exponentField(b: BuildState, signless: u32, bits: u32): u32 {
  if (bits == 64) return as32(b, binary(b, Wasm.I64_SHR_U, signless, constant(b, 53)));
  return binary(b, Wasm.I32_SHR_U, signless, constant(b, 24));
}

/** The exponent field of the number one less: zero has the greatest one, denormals (and the smallest normal number) have 0. */
function exponentBelow(b: BuildState, signless: u32, bits: u32): u32 {
  const one = constant(b, 1);
  return exponentField(b, binary(b, bits == 64 ? Wasm.I64_SUB : Wasm.I32_SUB, signless, one), bits);
}

function denormalTest(b: BuildState, signless: u32, bits: u32): u32 {
  return binary(b, Wasm.I32_SUB, exponentBelow(b, signless, bits), constant(b, 1));
}

/** Negative where `value` is zero (or a NaN). */
export function zeroMark(b: BuildState, value: u32, bits: u32): u32 {
  const below = exponentBelow(b, withoutSign(b, value, bits), bits);
  return binary(b, Wasm.I32_SUB, constant(b, greatestExponent(bits)), below);
}

// @ts-ignore: decorator
@inline
function greatestExponent(bits: u32): u32 {
  return bits == 64 ? 0x7fe : 0xfe;
}

/** Not infinite, no NaN. */
function finiteTest(b: BuildState, exponent: u32, bits: u32): u32 {
  return binary(b, Wasm.I32_SUB, constant(b, greatestExponent(bits)), exponent);
}

/** `value` (of `variable`, if not 0) is what `level` says. */
export function operandTest(b: BuildState, variable: u32, value: u32, bits: u32, level: u32): u32 {
  const slot = variableSlot(variable);
  const isNoted = variable && load<u32>(slot) && load<u32>(slot, 4) == value;
  if (isNoted && load<u32>(slot, 8) >> 8 >= level) return load<u32>(slot, 12);
  const signless = withoutSign(b, value, bits);
  let test = denormalTest(b, signless, bits);
  if (level == Test.PLAIN) test = binary(b, Wasm.I32_OR, test, finiteTest(b, exponentField(b, signless, bits), bits));
  if (isNoted) {
    store<u32>(slot, bits | (level << 8), 8);
    store<u32>(slot, test, 12);
  }
  return test;
}

/** The result of an addition: zero or normal. */
export function sumTest(b: BuildState, value: u32, bits: u32): u32 {
  const signless = withoutSign(b, value, bits);
  const finite = finiteTest(b, exponentField(b, signless, bits), bits);
  return binary(b, Wasm.I32_OR, denormalTest(b, signless, bits), finite);
}

/** The result of a multiplication: normal, and not rounded up to be so; or zero where `zeros` (a zeroMark, or 0) says so. */
export function productTest(b: BuildState, value: u32, bits: u32, zeros: u32): u32 {
  const exponent = exponentField(b, withoutSign(b, value, bits), bits);
  let test = binary(b, Wasm.I32_SUB, exponent, constant(b, 2));
  if (zeros) test = binary(b, Wasm.I32_AND, test, binary(b, Wasm.I32_XOR, zeros, constant(b, 0xffff_ffff)));
  return binary(b, Wasm.I32_OR, test, finiteTest(b, exponent, bits));
}

/**
 * `value`; what helper `code` gives for x, y (if not 0) and `argument` (if not negative) where `slow`, unless `still` (if not 0; see
 * sseExact.ts) says then that it is right all the same.
 */
export function chooseCall(
  b: BuildState,
  type: u32,
  value: u32,
  slow: u32,
  still: u32,
  code: u32,
  x: u32,
  y: u32,
  argument: i32,
): u32 {
  const id = newNode(b, IrOp.CHOOSE_CALL, type, value, x, slow, <i64>argument);
  const n = node(id);
  n.code = code;
  n.d = y;
  n.e = still;
  n.flag = argument >= 0 ? 1 : 0;
  if (type == ValueType.I32) n.size = 32;
  return id;
}
