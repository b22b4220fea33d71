// FADD, FSUB and FMUL in place: both operands normal, 64 bits, rounded to nearest, no overflow or underflow (SDM vol. 1, 4.8.4,
// 8.1.5). Anything else is left to a helper, and so are operands that cancel out and those that lie far apart.
//
// What is not normal has a bit in its exponent that makes the result's exponent impossible (NOT_NORMAL), and so has an unusual
// control word (Var.X87_MODE): one check finds them all.
//
// There are no selects: V8 makes branches of them, and the larger of two summands is not for a branch predictor to find.
import { Encoder } from "../wasm/encoder";
import { ValueType, Wasm } from "../wasm/opcodes";
import { Hint, hintBranch } from "./branchHints";
import { LowerState, releaseTemporary, takeTemporary } from "./lowerState";
import { SIGN, SLOW, X87Locals, emitRoundsUp, get, apply, apply32, apply64, set, with32, with64 } from "./x87Emit";

const BIAS: i32 = 0x3fff;

// ---- what both have ----

/** Rounds significand:rest; a carry out of it goes on into the exponent. */
function round(e: Encoder, l: X87Locals): void {
  emitRoundsUp(e, l.significand, l.rest, l.up);
  apply(e, Wasm.I64_ADD, l.significand, l.up);
  e.local(Wasm.LOCAL_TEE, l.significand);
  e.op(Wasm.I64_EQZ);
  hintBranch(e.at, Hint.UNLIKELY);
  e.open(Wasm.IF, ValueType.EMPTY);
  e.i64Const(i64.MIN_VALUE);
  set(e, l.significand);
  apply32(e, Wasm.I32_ADD, l.exponent, 1);
  set(e, l.exponent);
  e.end();
}

// ---- products ----

/** FMUL. */
export function emitProduct(s: LowerState, l: X87Locals): void {
  const e = s.code;
  const low = l.rest;
  const part = takeTemporary(s, ValueType.I64);
  if (l.bNarrow) emitNarrowProduct(e, l, l.a, l.b, part);
  else if (l.aNarrow) emitNarrowProduct(e, l, l.b, l.a, part);
  else emitHighHalf(s, l, low, part);
  apply(e, Wasm.I64_MUL, l.a, l.b);
  set(e, low);
  // The product of two significands has its top bit in one of two places.
  apply64(e, Wasm.I64_SHR_U, l.significand, 63);
  with64(e, Wasm.I64_XOR, 1);
  set(e, part);
  apply(e, Wasm.I64_SHL, l.significand, part);
  apply64(e, Wasm.I64_SHR_U, low, 63);
  get(e, part);
  e.op(Wasm.I64_AND);
  e.op(Wasm.I64_OR);
  set(e, l.significand);
  emitProductExponent(e, l, part);
  apply(e, Wasm.I64_SHL, low, part);
  set(e, low);
  round(e, l);
  apply(e, Wasm.I32_XOR, l.aExponent, l.bExponent);
  with32(e, Wasm.I32_AND, SIGN);
  get(e, l.exponent);
  e.op(Wasm.I32_OR);
  set(e, l.exponent);
  releaseTemporary(part, ValueType.I64);
}

/** Leaves where the exponent is out of range: see NOT_NORMAL. The product has been shifted up by `shift`. */
function emitProductExponent(e: Encoder, l: X87Locals, shift: u32): void {
  apply32(e, Wasm.I32_AND, l.aExponent, ~SIGN);
  apply32(e, Wasm.I32_AND, l.bExponent, ~SIGN);
  e.op(Wasm.I32_ADD);
  get(e, l.mode);
  e.op(Wasm.I32_ADD);
  with32(e, Wasm.I32_SUB, BIAS - 1);
  get(e, shift);
  e.op(Wasm.I32_WRAP_I64);
  e.op(Wasm.I32_SUB);
  e.local(Wasm.LOCAL_TEE, l.exponent);
  with32(e, Wasm.I32_SUB, 1);
  with32(e, Wasm.I32_GE_U, 0x7ffd);
  hintBranch(e.at, Hint.UNLIKELY);
  e.branch(Wasm.BR_IF, SLOW);
}

/** Significand = high half of the product, `narrow` having 32 bits. */
function emitNarrowProduct(e: Encoder, l: X87Locals, wide: u32, narrow: u32, upper: u32): void {
  apply64(e, Wasm.I64_SHR_U, narrow, 32);
  set(e, upper);
  apply64(e, Wasm.I64_SHR_U, wide, 32);
  get(e, upper);
  e.op(Wasm.I64_MUL);
  apply64(e, Wasm.I64_AND, wide, 0xffff_ffff);
  get(e, upper);
  e.op(Wasm.I64_MUL);
  with64(e, Wasm.I64_SHR_U, 32);
  e.op(Wasm.I64_ADD);
  set(e, l.significand);
}

/** Significand = high half of a * b, from products of 32-bit halves (softfloat/int128.ts mulHi). */
function emitHighHalf(s: LowerState, l: X87Locals, aLow: u32, bLow: u32): void {
  const e = s.code;
  const aHigh = takeTemporary(s, ValueType.I64);
  const bHigh = takeTemporary(s, ValueType.I64);
  const middle = takeTemporary(s, ValueType.I64);
  apply64(e, Wasm.I64_AND, l.a, 0xffff_ffff);
  set(e, aLow);
  apply64(e, Wasm.I64_SHR_U, l.a, 32);
  set(e, aHigh);
  apply64(e, Wasm.I64_AND, l.b, 0xffff_ffff);
  set(e, bLow);
  apply64(e, Wasm.I64_SHR_U, l.b, 32);
  set(e, bHigh);
  apply(e, Wasm.I64_MUL, aHigh, bLow);
  apply(e, Wasm.I64_MUL, aLow, bLow);
  with64(e, Wasm.I64_SHR_U, 32);
  e.op(Wasm.I64_ADD);
  set(e, middle);
  apply(e, Wasm.I64_MUL, aHigh, bHigh);
  apply64(e, Wasm.I64_SHR_U, middle, 32);
  e.op(Wasm.I64_ADD);
  apply(e, Wasm.I64_MUL, aLow, bHigh);
  apply64(e, Wasm.I64_AND, middle, 0xffff_ffff);
  e.op(Wasm.I64_ADD);
  with64(e, Wasm.I64_SHR_U, 32);
  e.op(Wasm.I64_ADD);
  set(e, l.significand);
  releaseTemporary(middle, ValueType.I64);
  releaseTemporary(bHigh, ValueType.I64);
  releaseTemporary(aHigh, ValueType.I64);
}

// ---- sums ----

/** FADD, or FSUB if `negate`. */
export function emitSum(s: LowerState, l: X87Locals, negate: bool): void {
  const e = s.code;
  const large = takeTemporary(s, ValueType.I64);
  const low = l.rest;
  const opposite = takeTemporary(s, ValueType.I32);
  emitAligned(s, l, negate, large, low, opposite);
  apply32(e, Wasm.I32_AND, opposite, SIGN);
  e.open(Wasm.IF, ValueType.EMPTY);
  emitDifference(s, l, large, low);
  e.op(Wasm.ELSE);
  emitTotal(s, l, large, low);
  e.end();
  round(e, l);
  releaseTemporary(opposite, ValueType.I32);
  releaseTemporary(large, ValueType.I64);
}

/**
 * The operand with the greater exponent: `large`, and sign and exponent of the result. The other one, shifted to it:
 * significand:low. SIGN in `opposite`: they are to be subtracted. Leaves where the exponent could go out of range in what
 * follows: see NOT_NORMAL.
 */
function emitAligned(s: LowerState, l: X87Locals, negate: bool, large: u32, low: u32, opposite: u32): void {
  const e = s.code;
  const mask = takeTemporary(s, ValueType.I32);
  const shift = takeTemporary(s, ValueType.I32);
  apply32(e, Wasm.I32_AND, l.aExponent, ~SIGN);
  apply32(e, Wasm.I32_AND, l.bExponent, ~SIGN);
  e.op(Wasm.I32_SUB);
  e.local(Wasm.LOCAL_TEE, shift);
  // All ones if b is the larger.
  with32(e, Wasm.I32_SHR_S, 31);
  e.local(Wasm.LOCAL_TEE, mask);
  get(e, shift);
  e.op(Wasm.I32_XOR);
  get(e, mask);
  e.op(Wasm.I32_SUB);
  e.local(Wasm.LOCAL_TEE, shift);
  with32(e, Wasm.I32_GE_U, 64);
  hintBranch(e.at, Hint.UNLIKELY);
  e.branch(Wasm.BR_IF, SLOW);

  apply(e, Wasm.I32_XOR, l.aExponent, l.bExponent);
  if (negate) with32(e, Wasm.I32_XOR, SIGN);
  e.local(Wasm.LOCAL_TEE, opposite);
  get(e, mask);
  e.op(Wasm.I32_AND);
  get(e, l.aExponent);
  e.op(Wasm.I32_XOR);
  e.local(Wasm.LOCAL_TEE, l.exponent);
  with32(e, Wasm.I32_AND, ~SIGN);
  get(e, l.mode);
  e.op(Wasm.I32_ADD);
  // It falls by 63 at most, and rises by 2.
  with32(e, Wasm.I32_SUB, 64);
  with32(e, Wasm.I32_GE_U, 0x7ffd - 64);
  hintBranch(e.at, Hint.UNLIKELY);
  e.branch(Wasm.BR_IF, SLOW);

  apply(e, Wasm.I64_XOR, l.a, l.b);
  get(e, mask);
  e.op(Wasm.I64_EXTEND_I32_S);
  e.op(Wasm.I64_AND);
  e.local(Wasm.LOCAL_TEE, low);
  get(e, l.a);
  e.op(Wasm.I64_XOR);
  set(e, large);
  apply(e, Wasm.I64_XOR, low, l.b);
  e.local(Wasm.LOCAL_TEE, low);
  get(e, shift);
  e.op(Wasm.I64_EXTEND_I32_U);
  e.op(Wasm.I64_SHR_U);
  set(e, l.significand);
  // A rotation also leaves what is shifted out.
  get(e, low);
  get(e, shift);
  e.op(Wasm.I64_EXTEND_I32_U);
  e.op(Wasm.I64_ROTR);
  get(e, l.significand);
  e.op(Wasm.I64_XOR);
  set(e, low);
  releaseTemporary(shift, ValueType.I32);
  releaseTemporary(mask, ValueType.I32);
}

/** significand:low = |large - significand:low|, normalized. */
function emitDifference(s: LowerState, l: X87Locals, large: u32, low: u32): void {
  const e = s.code;
  // With equal exponents `large` may be the smaller one; then nothing has been shifted out.
  apply(e, Wasm.I64_LT_U, large, l.significand);
  e.open(Wasm.IF, ValueType.EMPTY);
  apply(e, Wasm.I64_SUB, l.significand, large);
  set(e, l.significand);
  apply32(e, Wasm.I32_XOR, l.exponent, SIGN);
  set(e, l.exponent);
  e.op(Wasm.ELSE);
  apply(e, Wasm.I64_SUB, large, l.significand);
  apply64(e, Wasm.I64_NE, low, 0);
  e.op(Wasm.I64_EXTEND_I32_U);
  e.op(Wasm.I64_SUB);
  e.local(Wasm.LOCAL_TEE, l.significand);
  e.op(Wasm.I64_EQZ);
  hintBranch(e.at, Hint.UNLIKELY);
  e.branch(Wasm.BR_IF, SLOW + 2);
  e.end();
  e.i64Const(0);
  get(e, low);
  e.op(Wasm.I64_SUB);
  set(e, low);
  const zeros = takeTemporary(s, ValueType.I64);
  get(e, l.significand);
  e.op(Wasm.I64_CLZ);
  set(e, zeros);
  apply(e, Wasm.I64_SHL, l.significand, zeros);
  apply64(e, Wasm.I64_SHR_U, low, 1);
  apply64(e, Wasm.I64_XOR, zeros, 63);
  e.op(Wasm.I64_SHR_U);
  e.op(Wasm.I64_OR);
  set(e, l.significand);
  apply(e, Wasm.I64_SHL, low, zeros);
  set(e, low);
  get(e, l.exponent);
  get(e, zeros);
  e.op(Wasm.I32_WRAP_I64);
  e.op(Wasm.I32_SUB);
  set(e, l.exponent);
  releaseTemporary(zeros, ValueType.I64);
}

/** significand:low = large + significand:low; a carry moves it right by one, keeping what is lost as its last bit. */
function emitTotal(s: LowerState, l: X87Locals, large: u32, low: u32): void {
  const e = s.code;
  const carry = takeTemporary(s, ValueType.I64);
  apply(e, Wasm.I64_ADD, l.significand, large);
  e.local(Wasm.LOCAL_TEE, l.significand);
  get(e, large);
  e.op(Wasm.I64_LT_U);
  e.op(Wasm.I64_EXTEND_I32_U);
  set(e, carry);
  apply(e, Wasm.I64_SHR_U, low, carry);
  apply(e, Wasm.I64_AND, low, carry);
  e.op(Wasm.I64_OR);
  apply(e, Wasm.I64_AND, l.significand, carry);
  with64(e, Wasm.I64_SHL, 63);
  e.op(Wasm.I64_OR);
  set(e, low);
  apply(e, Wasm.I64_SHR_U, l.significand, carry);
  apply64(e, Wasm.I64_SHL, carry, 63);
  e.op(Wasm.I64_OR);
  set(e, l.significand);
  get(e, l.exponent);
  get(e, carry);
  e.op(Wasm.I32_WRAP_I64);
  e.op(Wasm.I32_ADD);
  set(e, l.exponent);
  releaseTemporary(carry, ValueType.I64);
}
