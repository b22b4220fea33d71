// Whether a result is exact, found in place. As long as PE in MXCSR is clear somebody may look for it, so an inexact result has
// to set it; whole numbers in floats may never give one, and then each operation would be a call.
//
// The tests stand where floatMode (sseOperands.ts) has already found PE clear or the rounding unusual; so they cost nothing once PE is
// set. They are said of results that sseTests.ts has found fit: operands not denormal, the result normal or zero.
//
//   sums        the error of a sum is a number of the format, and a chain of operations gives it (Knuth's TwoSum)
//   products    of 53-bit significands: 105 or 106 bits. The lower 64 come from an I64 multiplication. The product is exact if its
//               lowest 53 bits are 0; or if only the 53rd is not and the rounded result is odd: were it 106 bits long, this
//               would be a tie, which goes to the even one. Of singles: their product as doubles is exact
//   quotients   and roots: q * y is x, and exactly so
//
// All nodes are made anew for each operation, because they are evaluated under its condition.
import { SseOp } from "../decode/sseOp";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { bitsOfFloat, floatOfBits } from "./floatFlags";
import { ROUNDING, unusualMode } from "./sseOperands";
import { binary, binaryOf, constant, unary } from "./values";
import { vectorBinary, vectorConstant, vectorUnary } from "./vectorNodes";

/** Whether the engine has to do it after all: `slow` (0: no), other rounding, or `inexact`. */
export function orInexact(b: BuildState, slow: u32, inexact: u32): u32 {
  const unusual = binary(b, Wasm.I32_AND, unusualMode(b), constant(b, ROUNDING));
  return binary(b, Wasm.I32_OR, slow ? binary(b, Wasm.I32_OR, slow, unusual) : unusual, inexact);
}

// ---- scalars ----

/** An operator on F32 or F64, by its F32 code. */
function float(b: BuildState, single: u32, bits: u32, x: u32, y: u32): u32 {
  if (bits == 64) return binaryOf(b, single + (Wasm.F64_ADD - Wasm.F32_ADD), ValueType.F64, x, y);
  return binaryOf(b, single, ValueType.F32, x, y);
}

/** A comparison, by its F32 code. */
export function compareFloat(b: BuildState, single: u32, bits: u32, x: u32, y: u32): u32 {
  const code = bits == 64 ? single + (Wasm.F64_EQ - Wasm.F32_EQ) : single;
  return binaryOf(b, code, ValueType.I32, x, y);
}

function promote(b: BuildState, x: u32): u32 {
  return unary(b, Wasm.F64_PROMOTE_F32, ValueType.F64, x);
}

/** Not 0 where `value`, of `kind` (an SseOp) on x and y, is not exact. */
export function inexactScalar(b: BuildState, kind: u32, bits: u32, value: u32, x: u32, y: u32): u32 {
  switch (kind) {
    case SseOp.ADD:
    case SseOp.SUB:
      return inexactSum(b, kind == SseOp.SUB, bits, value, x, y);
    case SseOp.MUL:
      return inexactProduct(b, bits, value, x, y, false);
    case SseOp.DIV:
      return inexactProduct(b, bits, x, value, y, true);
    default:
      return inexactProduct(b, bits, y, value, value, true);
  }
}

function inexactSum(b: BuildState, negate: bool, bits: u32, sum: u32, x: u32, y: u32): u32 {
  const part = float(b, Wasm.F32_SUB, bits, sum, x);
  const first = float(b, Wasm.F32_SUB, bits, x, float(b, Wasm.F32_SUB, bits, sum, part));
  // Of x - y: the second summand is -y, and -y - part is -(y + part).
  const error = negate
    ? float(b, Wasm.F32_SUB, bits, first, float(b, Wasm.F32_ADD, bits, y, part))
    : float(b, Wasm.F32_ADD, bits, first, float(b, Wasm.F32_SUB, bits, y, part));
  return compareFloat(b, Wasm.F32_NE, bits, error, floatOfBits(b, constant(b, 0), bits));
}

/** Of x * y rounded to `product`; or whether that is not so at all, if it is to be `found` out. */
function inexactProduct(b: BuildState, bits: u32, product: u32, x: u32, y: u32, found: bool): u32 {
  if (bits == 32) {
    const exact = binaryOf(b, Wasm.F64_MUL, ValueType.F64, promote(b, x), promote(b, y));
    return compareFloat(b, Wasm.F32_NE, 64, exact, promote(b, product));
  }
  const hidden = constant(b, 0x10_0000_0000_0000);
  const a = binary(b, Wasm.I64_OR, bitsOfFloat(b, x, 64), hidden);
  const c = binary(b, Wasm.I64_OR, bitsOfFloat(b, y, 64), hidden);
  const low = binary(b, Wasm.I64_SHL, binary(b, Wasm.I64_MUL, a, c), constant(b, 11));
  const odd = binary(b, Wasm.I64_SHL, bitsOfFloat(b, product, 64), constant(b, 63));
  const lost = binary(b, Wasm.I64_AND, low, binary(b, Wasm.I64_XOR, odd, constant(b, <u64>-1)));
  const inexact = binary(b, Wasm.I64_NE, lost, constant(b, 0));
  if (!found) {
    // Zeros have no hidden bit.
    const nonzero = compareFloat(b, Wasm.F32_NE, 64, product, floatOfBits(b, constant(b, 0), 64));
    return binary(b, Wasm.I32_AND, inexact, nonzero);
  }
  const rounded = binaryOf(b, Wasm.F64_MUL, ValueType.F64, x, y);
  const differs = binary(b, Wasm.I32_OR, inexact, compareFloat(b, Wasm.F32_NE, 64, rounded, product));
  // Just below the smallest normal number products have fewer bits; with that, zeros are left to the engine.
  const magnitude = unary(b, Wasm.F64_ABS, ValueType.F64, product);
  const least = floatOfBits(b, constant(b, 0x20_0000_0000_0000), 64);
  return binary(b, Wasm.I32_OR, differs, compareFloat(b, Wasm.F32_LT, 64, magnitude, least));
}

// ---- vectors ----

/** From an instruction on f32x4 to the one on f64x2: comparisons, and what is from abs to pmax. */
const COMPARE_TO_DOUBLE: u32 = Wasm.F64X2_EQ - Wasm.F32X4_EQ;
const TO_DOUBLE: u32 = Wasm.F64X2_ABS - Wasm.F32X4_ABS;

/** The f32x4 instruction `single`, or its twin. */
export function twin(b: BuildState, single: u32, isDouble: bool, x: u32, y: u32): u32 {
  return vectorBinary(b, isDouble ? single + TO_DOUBLE : single, x, y);
}

/** A mask by the f32x4 comparison `single`, or its twin. */
export function compareLanes(b: BuildState, single: u32, isDouble: bool, x: u32, y: u32): u32 {
  return vectorBinary(b, isDouble ? single + COMPARE_TO_DOUBLE : single, x, y);
}

export function anyLane(b: BuildState, mask: u32): u32 {
  return unary(b, Wasm.V128_ANY_TRUE, ValueType.I32, mask);
}

/** Not 0 where a lane of `value`, of `kind` (an SseOp) on x and y, is not exact. */
export function inexactPacked(b: BuildState, kind: u32, isDouble: bool, value: u32, x: u32, y: u32): u32 {
  switch (kind) {
    case SseOp.ADD:
    case SseOp.SUB:
      return anyLane(b, inexactSums(b, kind == SseOp.SUB, isDouble, value, x, y));
    case SseOp.MUL:
      return anyLane(b, inexactProducts(b, isDouble, value, x, y, false));
    case SseOp.DIV:
      return anyLane(b, inexactProducts(b, isDouble, x, value, y, true));
    default:
      return anyLane(b, inexactProducts(b, isDouble, y, value, value, true));
  }
}

function inexactSums(b: BuildState, negate: bool, isDouble: bool, sum: u32, x: u32, y: u32): u32 {
  const part = twin(b, Wasm.F32X4_SUB, isDouble, sum, x);
  const first = twin(b, Wasm.F32X4_SUB, isDouble, x, twin(b, Wasm.F32X4_SUB, isDouble, sum, part));
  const error = negate
    ? twin(b, Wasm.F32X4_SUB, isDouble, first, twin(b, Wasm.F32X4_ADD, isDouble, y, part))
    : twin(b, Wasm.F32X4_ADD, isDouble, first, twin(b, Wasm.F32X4_SUB, isDouble, y, part));
  return compareLanes(b, Wasm.F32X4_NE, isDouble, error, vectorConstant(b, 0));
}

/** As inexactProduct; singles likewise, by the lower 32 bits of 47 or 48. */
function inexactProducts(b: BuildState, isDouble: bool, product: u32, x: u32, y: u32, found: bool): u32 {
  const hidden = vectorConstant(b, isDouble ? 0x10_0000_0000_0000 : 0x80_0000_0080_0000);
  const a = vectorBinary(b, Wasm.V128_OR, x, hidden);
  const c = vectorBinary(b, Wasm.V128_OR, y, hidden);
  const shift: u32 = isDouble ? Wasm.I64X2_SHL : Wasm.I32X4_SHL;
  const whole = vectorBinary(b, isDouble ? Wasm.I64X2_MUL : Wasm.I32X4_MUL, a, c);
  const low = vectorBinary(b, shift, whole, constant(b, isDouble ? 11 : 8));
  const odd = vectorBinary(b, shift, product, constant(b, isDouble ? 63 : 31));
  const inexact = vectorBinary(b, Wasm.V128_ANDNOT, low, odd);
  const zero = vectorConstant(b, 0);
  // Where a bit is lost in the lane of a zero it does not count.
  if (!found)
    return vectorBinary(b, Wasm.V128_ANDNOT, inexact, compareLanes(b, Wasm.F32X4_EQ, isDouble, product, zero));
  const rounded = twin(b, Wasm.F32X4_MUL, isDouble, x, y);
  const differs = vectorBinary(b, Wasm.V128_OR, inexact, compareLanes(b, Wasm.F32X4_NE, isDouble, rounded, product));
  const magnitude = vectorUnary(b, isDouble ? Wasm.F64X2_ABS : Wasm.F32X4_ABS, product);
  const least = vectorConstant(b, isDouble ? 0x20_0000_0000_0000 : 0x0100_0000_0100_0000);
  return vectorBinary(b, Wasm.V128_OR, differs, compareLanes(b, Wasm.F32X4_LT, isDouble, magnitude, least));
}
