// Packed floating-point arithmetic. The tests are those of sseTests.ts on all lanes at once: masks, all ones where a lane is
// as it should be.
import { Insn, INSN_SIZE } from "../decode/insn";
import { Form } from "../decode/op";
import { SseOp } from "../decode/sseOp";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState, variableSlot } from "./buildState";
import { allocateData } from "./codeCache";
import { Helper } from "./helperNumber";
import { VECTOR_SCRATCH } from "./layout";
import { Known, note, requireFloat, sourceVariable, sourceVector, xmm } from "./sseOperands";
import { Test, chooseCall, fails } from "./sseTests";
import { binary, not1, unary } from "./values";
import { getVariable, setVariable } from "./variables";
import { vectorBinary, vectorConstant, vectorUnary } from "./vectorNodes";

/** From an instruction on f32x4 to the one on f64x2: comparisons, and what is from abs to pmax. */
const COMPARE_TO_DOUBLE: u32 = Wasm.F64X2_EQ - Wasm.F32X4_EQ;
const TO_DOUBLE: u32 = Wasm.F64X2_ABS - Wasm.F32X4_ABS;

/** The f32x4 instruction `single`, or its twin. */
function twin(b: BuildState, single: u32, isDouble: bool, x: u32, y: u32): u32 {
  return vectorBinary(b, isDouble ? single + TO_DOUBLE : single, x, y);
}

/** A mask by the f32x4 comparison `single`, or its twin. */
function compareLanes(b: BuildState, single: u32, isDouble: bool, x: u32, y: u32): u32 {
  return vectorBinary(b, isDouble ? single + COMPARE_TO_DOUBLE : single, x, y);
}

export function magnitudes(b: BuildState, isDouble: bool, x: u32): u32 {
  return vectorUnary(b, isDouble ? Wasm.F64X2_ABS : Wasm.F32X4_ABS, x);
}

/** |x| `single` the number with these bits. */
export function compareMagnitudes(b: BuildState, code: u32, isDouble: bool, x: u32, single: u32, double: u64): u32 {
  const bound = vectorConstant(b, isDouble ? double : (<u64>single) | ((<u64>single) << 32));
  return compareLanes(b, code, isDouble, magnitudes(b, isDouble, x), bound);
}

// @ts-ignore: decorator
@inline
export function both(b: BuildState, x: u32, y: u32): u32 {
  return vectorBinary(b, Wasm.V128_AND, x, y);
}

function areZero(b: BuildState, isDouble: bool, x: u32): u32 {
  return compareLanes(b, Wasm.F32X4_EQ, isDouble, x, vectorConstant(b, 0));
}

export function areFinite(b: BuildState, isDouble: bool, x: u32): u32 {
  return compareMagnitudes(b, Wasm.F32X4_LE, isDouble, x, 0x7f7f_ffff, 0x7fef_ffff_ffff_ffff);
}

/** Neither denormal nor NaN. */
function areNormal(b: BuildState, isDouble: bool, x: u32): u32 {
  const normal = compareMagnitudes(b, Wasm.F32X4_GE, isDouble, x, 0x0080_0000, 0x0010_0000_0000_0000);
  return vectorBinary(b, Wasm.V128_OR, normal, areZero(b, isDouble, x));
}

/** Normal and not rounded up to be so, but zero where `zeros` are. */
export function areProducts(b: BuildState, isDouble: bool, x: u32, zeros: u32): u32 {
  const normal = compareMagnitudes(b, Wasm.F32X4_GE, isDouble, x, 0x0100_0000, 0x0020_0000_0000_0000);
  return both(b, areFinite(b, isDouble, x), zeros ? vectorBinary(b, Wasm.V128_OR, normal, zeros) : normal);
}

/** The operand `x` (of `variable`, if not 0) has neither denormals nor NaNs: a mask. */
export function operandMask(b: BuildState, variable: u32, x: u32, isDouble: bool): u32 {
  const slot = variableSlot(variable);
  const known: u32 = isDouble ? Known.F64X2 : Known.F32X4;
  const isNoted = variable && load<u32>(slot) == x && load<u32>(slot, 4) == x;
  if (isNoted && (load<u32>(slot, 8) & 0xff) == known) return load<u32>(slot, 12);
  return areNormal(b, isDouble, x);
}

/** Whether a lane of `mask` is not set; `mode`: or floatMode forbids. */
export function anyFails(b: BuildState, isDouble: bool, mask: u32, mode: bool): u32 {
  const all = unary(b, isDouble ? Wasm.I64X2_ALL_TRUE : Wasm.I32X4_ALL_TRUE, ValueType.I32, mask);
  const slow = not1(b, all);
  return mode ? binary(b, Wasm.I32_OR, slow, fails(b, b.floatMode)) : slow;
}

/** `value`, but what the engine makes of destination x and source y by the instruction's record where `slow`. 0: no room. */
export function chooseVector(b: BuildState, i: Insn, value: u32, slow: u32, x: u32, y: u32): u32 {
  const record = allocateData(<u32>INSN_SIZE);
  if (!record) {
    b.full = true;
    return value;
  }
  memory.copy(<usize>record, changetype<usize>(i), INSN_SIZE);
  const copy = changetype<Insn>(<usize>record);
  copy.form = <u8>Form.RR;
  copy.dst = VECTOR_SCRATCH;
  copy.src = VECTOR_SCRATCH + 16;
  return chooseCall(b, ValueType.V128, value, slow, Helper.VECTOR, x, y, <i32>record);
}

/** SQRT to CMP, RCP of four singles or two doubles; `kind` is the first op of its four. False: not translated. */
export function buildPacked(b: BuildState, i: Insn, kind: u32, isDouble: bool): bool {
  if (kind == SseOp.RSQRT) return false;
  requireFloat(b);
  const y = sourceVector(b, i);
  const dst = xmm(i.dst);
  const x = getVariable(b, dst);
  const ySound = operandMask(b, sourceVariable(i), y, isDouble);
  if (kind == SseOp.SQRT || kind == SseOp.RCP) {
    buildPackedUnary(b, i, kind, isDouble, y, ySound);
    return true;
  }
  const sound = both(b, operandMask(b, dst, x, isDouble), ySound);
  if (kind == SseOp.CMP) {
    const mask = compareBy(b, (<u32>i.imm) & 7, isDouble, x, y);
    setVariable(b, dst, chooseVector(b, i, mask, anyFails(b, isDouble, sound, false), x, y));
    return true;
  }
  if (kind == SseOp.MIN || kind == SseOp.MAX) {
    // Of equal ones the second: so y is the pseudo-minimum's first.
    const value = twin(b, kind == SseOp.MIN ? Wasm.F32X4_PMIN : Wasm.F32X4_PMAX, isDouble, y, x);
    writeTested(b, dst, chooseVector(b, i, value, anyFails(b, isDouble, sound, false), x, y), sound, isDouble);
    return true;
  }
  const value = twin(b, operator(kind), isDouble, x, y);
  const good = both(b, sound, resultMask(b, kind, isDouble, value, x, y));
  writeTested(b, dst, chooseVector(b, i, value, anyFails(b, isDouble, good, true), x, y), good, isDouble);
  return true;
}

/** `mask` says of `value` that it has neither denormals nor NaNs. */
function writeTested(b: BuildState, dst: u32, value: u32, mask: u32, isDouble: bool): void {
  setVariable(b, dst, value);
  note(dst, value, isDouble ? Known.F64X2 : Known.F32X4, Test.PLAIN, mask);
}

function buildPackedUnary(b: BuildState, i: Insn, kind: u32, isDouble: bool, y: u32, sound: u32): void {
  let value: u32;
  let good: u32;
  if (kind == SseOp.SQRT) {
    value = vectorUnary(b, isDouble ? Wasm.F64X2_SQRT : Wasm.F32X4_SQRT, y);
    good = both(b, sound, areFinite(b, isDouble, value));
  } else {
    // Normal results of normal operands (isa/sse/approximate.ts).
    value = vectorBinary(b, Wasm.F32X4_DIV, vectorConstant(b, 0x3f80_0000_3f80_0000), y);
    good = both(b, sound, areProducts(b, false, value, 0));
  }
  writeTested(b, xmm(i.dst), chooseVector(b, i, value, anyFails(b, isDouble, good, true), y, y), good, isDouble);
}

function operator(kind: u32): u32 {
  return kind == SseOp.ADD
    ? Wasm.F32X4_ADD
    : kind == SseOp.SUB
      ? Wasm.F32X4_SUB
      : kind == SseOp.MUL
        ? Wasm.F32X4_MUL
        : Wasm.F32X4_DIV;
}

function resultMask(b: BuildState, kind: u32, isDouble: bool, value: u32, x: u32, y: u32): u32 {
  if (kind == SseOp.ADD || kind == SseOp.SUB)
    return both(b, areFinite(b, isDouble, value), areNormal(b, isDouble, value));
  let zeros = areZero(b, isDouble, x);
  if (kind == SseOp.MUL) zeros = vectorBinary(b, Wasm.V128_OR, zeros, areZero(b, isDouble, y));
  return areProducts(b, isDouble, value, zeros);
}

/** Predicates of CMPPS (SDM vol. 2A table 3-1) on numbers that are no NaNs. */
function compareBy(b: BuildState, predicate: u32, isDouble: bool, x: u32, y: u32): u32 {
  switch (predicate) {
    case 0:
      return compareLanes(b, Wasm.F32X4_EQ, isDouble, x, y);
    case 1:
      return compareLanes(b, Wasm.F32X4_LT, isDouble, x, y);
    case 2:
      return compareLanes(b, Wasm.F32X4_LE, isDouble, x, y);
    case 4:
      return compareLanes(b, Wasm.F32X4_NE, isDouble, x, y);
    case 5:
      return compareLanes(b, Wasm.F32X4_GE, isDouble, x, y);
    case 6:
      return compareLanes(b, Wasm.F32X4_GT, isDouble, x, y);
    default:
      return vectorConstant(b, predicate == 7 ? <u64>-1 : 0);
  }
}
