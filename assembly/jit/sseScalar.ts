// Scalar floating-point arithmetic on the low elements of XMM registers, and comparisons into the flags.
import { FlagOp } from "../cpu/flags";
import { Insn } from "../decode/insn";
import { SseOp } from "../decode/sseOp";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { bitsOfFloat, floatOfBits } from "./floatFlags";
import { setKnown } from "./flagNodes";
import { Helper } from "./helperNumber";
import { isConst, node } from "./ir";
import { inexactScalar, orInexact } from "./sseExact";
import { readLow, requireFloat, sourceLow, sourceVariable, writeLow, xmm } from "./sseOperands";
import { Test, bothTests, chooseCall, fails, operandTest, productTest, sumTest, zeroMark } from "./sseTests";
import { binaryOf, choose, constant, unary } from "./values";
import { extractLane, vectorBinary, vectorUnary } from "./vectorNodes";

// @ts-ignore: decorator
@inline
function floatType(bits: u32): u32 {
  return bits == 64 ? ValueType.F64 : ValueType.F32;
}

/** What `op` (an SseOp) gives for x and y: `value`, or the engine's answer where `test` fails and `still` (if not 0) says so, too. */
function checked(b: BuildState, op: u32, bits: u32, value: u32, test: u32, still: u32, x: u32, y: u32): u32 {
  const helper: u32 = bits == 64 ? Helper.FLOAT64 : Helper.FLOAT32;
  return chooseCall(b, floatType(bits), value, fails(b, test), still, helper, x, y, <i32>op);
}

/** SQRT to MAX of single (`bits` 32) or double precision; `kind` is the first op of its four. */
export function buildScalar(b: BuildState, i: Insn, kind: u32, bits: u32): void {
  requireFloat(b);
  const y = sourceLow(b, i, bits);
  const dst = xmm(i.dst);
  if (kind == SseOp.SQRT) {
    const root = unary(b, bits == 64 ? Wasm.F64_SQRT : Wasm.F32_SQRT, floatType(bits), y);
    const operand = operandTest(b, sourceVariable(i), y, bits, Test.NOT_DENORMAL);
    writeRounded(b, dst, kind, bits, root, bothTests(b, operand, sumTest(b, root, bits)), y, y);
    return;
  }
  const x = readLow(b, dst, bits);
  const isExtreme = kind == SseOp.MIN || kind == SseOp.MAX;
  const level: u32 = isExtreme ? Test.PLAIN : Test.NOT_DENORMAL;
  const operands = bothTests(b, operandTest(b, dst, x, bits, level), operandTest(b, sourceVariable(i), y, bits, level));
  if (isExtreme) {
    const value = extreme(b, kind, bits, x, y);
    const result = operands ? checked(b, kind, bits, value, operands, 0, x, y) : value;
    writeLow(b, dst, bits, result, Test.PLAIN, operands);
    return;
  }
  const value = binaryOf(b, operator(kind, bits), floatType(bits), x, y);
  writeRounded(b, dst, kind, bits, value, bothTests(b, operands, resultTest(b, kind, bits, value, x, y)), x, y);
}

function resultTest(b: BuildState, kind: u32, bits: u32, value: u32, x: u32, y: u32): u32 {
  if (kind == SseOp.ADD || kind == SseOp.SUB) return sumTest(b, value, bits);
  const zeros = zeroMark(b, x, bits);
  return productTest(b, value, bits, kind == SseOp.MUL ? bothTests(b, zeros, zeroMark(b, y, bits)) : zeros);
}

/**
 * Writes `value`, if `tests` hold and it need not be rounded otherwise. What they say of it they say of the number rounded in any
 * other way too, but that it could be infinite; and infinite numbers need the engine only in sums, products and quotients,
 * whose results are tested.
 */
function writeRounded(b: BuildState, dst: u32, kind: u32, bits: u32, value: u32, tests: u32, x: u32, y: u32): void {
  const still = orInexact(b, fails(b, tests), inexactScalar(b, kind, bits, value, x, y));
  const result = checked(b, kind, bits, value, bothTests(b, b.floatMode, tests), still, x, y);
  writeLow(b, dst, bits, result, Test.PLAIN, tests);
}

function operator(kind: u32, bits: u32): u32 {
  const single: u32 =
    kind == SseOp.ADD
      ? Wasm.F32_ADD
      : kind == SseOp.SUB
        ? Wasm.F32_SUB
        : kind == SseOp.MUL
          ? Wasm.F32_MUL
          : Wasm.F32_DIV;
  return bits == 64 ? single + (Wasm.F64_ADD - Wasm.F32_ADD) : single;
}

/** MIN: x if it is less, else y; so the second of zeros. The pseudo-minimum of vectors is that with the operands exchanged. */
function extreme(b: BuildState, kind: u32, bits: u32, x: u32, y: u32): u32 {
  const isMin = kind == SseOp.MIN;
  if (bits == 64) {
    const code: u32 = isMin ? Wasm.F64X2_PMIN : Wasm.F64X2_PMAX;
    const both = vectorBinary(b, code, vectorUnary(b, Wasm.F64X2_SPLAT, y), vectorUnary(b, Wasm.F64X2_SPLAT, x));
    return extractLane(b, Wasm.F64X2_EXTRACT_LANE, both, 0);
  }
  const code: u32 = isMin ? Wasm.F32X4_PMIN : Wasm.F32X4_PMAX;
  const all = vectorBinary(b, code, vectorUnary(b, Wasm.F32X4_SPLAT, y), vectorUnary(b, Wasm.F32X4_SPLAT, x));
  return extractLane(b, Wasm.F32X4_EXTRACT_LANE, all, 0);
}

/** Whether x `predicate` y holds for numbers that are no NaNs: predicates of CMPSS (SDM vol. 2A table 3-1). */
function holds(b: BuildState, predicate: u32, bits: u32, x: u32, y: u32): u32 {
  let code: u32;
  switch (predicate) {
    case 0:
      code = Wasm.F32_EQ;
      break;
    case 1:
      code = Wasm.F32_LT;
      break;
    case 2:
      code = Wasm.F32_LE;
      break;
    case 4:
      code = Wasm.F32_NE;
      break;
    case 5:
      code = Wasm.F32_GE;
      break;
    case 6:
      code = Wasm.F32_GT;
      break;
    default:
      return constant(b, predicate == 7 ? 1 : 0);
  }
  const id = binaryOf(b, bits == 64 ? code + (Wasm.F64_EQ - Wasm.F32_EQ) : code, ValueType.I32, x, y);
  node(id).size = 1;
  return id;
}

/** CMPSS and CMPSD: all ones or zeros. */
export function buildScalarCompare(b: BuildState, i: Insn, bits: u32): void {
  requireFloat(b);
  const predicate = (<u32>i.imm) & 7;
  const y = sourceLow(b, i, bits);
  const dst = xmm(i.dst);
  const x = readLow(b, dst, bits);
  const yTest = operandTest(b, sourceVariable(i), y, bits, Test.PLAIN);
  const test = bothTests(b, operandTest(b, dst, x, bits, Test.PLAIN), yTest);
  const condition = holds(b, predicate, bits, x, y);
  let mask: u32;
  if (isConst(condition)) mask = allOnes(b, bits, node(condition).imm != 0);
  else mask = floatOfBits(b, choose(b, condition, ones(b, bits), zeros(b, bits)), bits);
  const result = test ? checked(b, SseOp.CMP | (predicate << 16), bits, mask, test, 0, x, y) : mask;
  writeLow(b, dst, bits, result, Test.NONE, 0);
}

function ones(b: BuildState, bits: u32): u32 {
  return constant(b, bits == 64 ? <u64>-1 : 0xffff_ffff);
}

/** Of the type that a mask of `bits` has. */
function zeros(b: BuildState, bits: u32): u32 {
  const id = constant(b, 0);
  if (bits == 64) node(id).type = <u8>ValueType.I64;
  return id;
}

function allOnes(b: BuildState, bits: u32, set: bool): u32 {
  return floatOfBits(b, set ? ones(b, bits) : zeros(b, bits), bits);
}

/**
 * COMISS, COMISD, UCOMISS, UCOMISD. Where an operand is a NaN, infinite or denormal the engine raises the exceptions and gives what
 * compares with y as x does (with DAZ not x itself).
 */
export function buildCompareFlags(b: BuildState, i: Insn, op: u32, bits: u32): void {
  requireFloat(b);
  const y = sourceLow(b, i, bits);
  const dst = xmm(i.dst);
  const x = readLow(b, dst, bits);
  const yTest = operandTest(b, sourceVariable(i), y, bits, Test.PLAIN);
  const test = bothTests(b, operandTest(b, dst, x, bits, Test.PLAIN), yTest);
  const first = test ? checked(b, op, bits, x, test, 0, x, y) : x;
  setKnown(b, FlagOp.FLOAT, bits, first, y, 0);
}

/** RCPSS and RSQRTSS (isa/sse/approximate.ts): where x and the result are normal, the correctly rounded result. */
export function buildApproximation(b: BuildState, i: Insn, kind: u32): void {
  requireFloat(b);
  const y = sourceLow(b, i, 32);
  const one = floatOfBits(b, constant(b, 0x3f80_0000), 32);
  let value: u32;
  let test = operandTest(b, sourceVariable(i), y, 32, Test.PLAIN);
  if (kind == SseOp.RCP) value = binaryOf(b, Wasm.F32_DIV, ValueType.F32, one, y);
  else {
    const root = unary(b, Wasm.F64_SQRT, ValueType.F64, unary(b, Wasm.F64_PROMOTE_F32, ValueType.F64, y));
    const wideOne = floatOfBits(b, constant(b, 0x3ff0_0000_0000_0000), 64);
    value = unary(b, Wasm.F32_DEMOTE_F64, ValueType.F32, binaryOf(b, Wasm.F64_DIV, ValueType.F64, wideOne, root));
    test = bothTests(b, test, bitsOfFloat(b, y, 32));
  }
  test = bothTests(b, test, productTest(b, value, 32, 0));
  writeLow(b, xmm(i.dst), 32, checked(b, kind, 32, value, test, 0, y, y), Test.PLAIN, test);
}
