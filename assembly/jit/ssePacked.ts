// Packed floating-point arithmetic. The tests are those of sseTests.ts on all lanes at once.
import { Insn, INSN_SIZE } from "../decode/insn";
import { Form } from "../decode/op";
import { SseOp } from "../decode/sseOp";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { allocateData } from "./codeCache";
import { Helper } from "./helperNumber";
import { VECTOR_SCRATCH } from "./layout";
import { compareLanes, inexactPacked, orInexact, twin } from "./sseExact";
import { anyBad, badOperand, badOperands, badResults, eitherBad, knownBad, notPlain } from "./sseLanes";
import { Known, note, requireFloat, sourceVariable, sourceVector, unusualMode, xmm } from "./sseOperands";
import { Test, chooseCall } from "./sseTests";
import { binary } from "./values";
import { getVariable, setVariable } from "./variables";
import { vectorBinary, vectorConstant, vectorUnary } from "./vectorNodes";

/** `value`, but the engine's result where `slow` (if not 0), if it would have to be rounded otherwise, or `inexact` raises PE. */
export function chooseRounded(b: BuildState, i: Insn, value: u32, slow: u32, inexact: u32, x: u32, y: u32): u32 {
  const doubtful = slow ? binary(b, Wasm.I32_OR, slow, unusualMode(b)) : unusualMode(b);
  return chooseVector(b, i, value, doubtful, orInexact(b, slow, inexact), x, y);
}

/** `value`, but what the engine makes of destination x and source y by the instruction's record where `slow` and (if not 0) `still`. */
export function chooseVector(b: BuildState, i: Insn, value: u32, slow: u32, still: u32, x: u32, y: u32): u32 {
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
  return chooseCall(b, ValueType.V128, value, slow, still, Helper.VECTOR, x, y, <i32>record);
}

/** SQRT to CMP, RCP of four singles or two doubles; `kind` is the first op of its four. False: not translated. */
export function buildPacked(b: BuildState, i: Insn, kind: u32, isDouble: bool): bool {
  if (kind == SseOp.RSQRT) return false;
  requireFloat(b);
  const y = sourceVector(b, i);
  const dst = xmm(i.dst);
  if (kind == SseOp.SQRT || kind == SseOp.RCP) {
    buildPackedUnary(b, i, kind, isDouble, y, badOperand(b, sourceVariable(i), y, isDouble));
    return true;
  }
  const x = getVariable(b, dst);
  const badX = knownBad(dst, x, isDouble);
  const badY = knownBad(sourceVariable(i), y, isDouble);
  const denormal = badOperands(b, isDouble, x, y, badX, badY);
  if (kind >= <u32>SseOp.MIN && kind != <u32>SseOp.DIV) {
    buildComparing(b, i, kind, isDouble, x, y, denormal, badX, badY);
    return true;
  }
  const value = twin(b, operator(kind), isDouble, x, y);
  const bad = eitherBad(b, denormal, badResults(b, kind, isDouble, value, x, y));
  const inexact = inexactPacked(b, kind, isDouble, value, x, y);
  writeTested(b, dst, chooseRounded(b, i, value, anyBad(b, isDouble, bad), inexact, x, y), bad, isDouble);
  return true;
}

/** `bad` marks lanes of `value` that may be denormal or NaNs (sseLanes.ts). */
function writeTested(b: BuildState, dst: u32, value: u32, bad: u32, isDouble: bool): void {
  setVariable(b, dst, value);
  note(dst, value, isDouble ? Known.F64X2 : Known.F32X4, Test.PLAIN, bad);
}

/** MIN, MAX, CMP: the operands must be no NaNs either. */
function buildComparing(
  b: BuildState,
  i: Insn,
  kind: u32,
  isDouble: bool,
  x: u32,
  y: u32,
  denormal: u32,
  badX: u32,
  badY: u32,
): void {
  const dst = xmm(i.dst);
  let bad = denormal;
  if (!badX) bad = eitherBad(b, bad, compareLanes(b, Wasm.F32X4_NE, isDouble, x, x));
  if (!badY) bad = eitherBad(b, bad, compareLanes(b, Wasm.F32X4_NE, isDouble, y, y));
  const slow = anyBad(b, isDouble, bad);
  if (kind == SseOp.CMP) {
    const mask = compareBy(b, (<u32>i.imm) & 7, isDouble, x, y);
    setVariable(b, dst, chooseVector(b, i, mask, slow, 0, x, y));
    return;
  }
  // Of equal ones the second: so y is the pseudo-minimum's first.
  const value = twin(b, kind == SseOp.MIN ? Wasm.F32X4_PMIN : Wasm.F32X4_PMAX, isDouble, y, x);
  writeTested(b, dst, chooseVector(b, i, value, slow, 0, x, y), bad, isDouble);
}

function buildPackedUnary(b: BuildState, i: Insn, kind: u32, isDouble: bool, y: u32, denormal: u32): void {
  let result: u32;
  let bad: u32;
  if (kind == SseOp.SQRT) {
    const value = vectorUnary(b, isDouble ? Wasm.F64X2_SQRT : Wasm.F32X4_SQRT, y);
    bad = eitherBad(b, denormal, badResults(b, kind, isDouble, value, y, y));
    const inexact = inexactPacked(b, kind, isDouble, value, y, y);
    result = chooseRounded(b, i, value, anyBad(b, isDouble, bad), inexact, y, y);
  } else {
    // Normal results of normal operands (isa/sse/approximate.ts); nothing is raised, whatever MXCSR says.
    const value = vectorBinary(b, Wasm.F32X4_DIV, vectorConstant(b, 0x3f80_0000_3f80_0000), y);
    bad = eitherBad(b, denormal, notPlain(b, false, value));
    result = chooseVector(b, i, value, anyBad(b, false, bad), 0, y, y);
  }
  writeTested(b, xmm(i.dst), result, bad, isDouble);
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
