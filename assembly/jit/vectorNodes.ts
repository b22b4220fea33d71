// Nodes of wasm's SIMD: lanes, constants, shuffles.
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { IrOp, node } from "./ir";
import { binaryOf, newNode, unary } from "./values";

/** Both halves are `half`. */
export function vectorConstant(b: BuildState, half: u64): u32 {
  return newNode(b, IrOp.V128_CONST, ValueType.V128, 0, 0, 0, <i64>half);
}

export function vectorUnary(b: BuildState, code: u32, x: u32): u32 {
  return unary(b, code, ValueType.V128, x);
}

/** Also a shift of vector `x` by an I32. */
export function vectorBinary(b: BuildState, code: u32, x: u32, y: u32): u32 {
  return binaryOf(b, code, ValueType.V128, x, y);
}

/** c ? x : y. */
export function vectorSelect(b: BuildState, c: u32, x: u32, y: u32): u32 {
  return newNode(b, IrOp.SELECT, ValueType.V128, x, y, c, 0);
}

export function extractLane(b: BuildState, code: u32, x: u32, lane: u32): u32 {
  const id = newNode(b, IrOp.LANE, laneType(code), x, 0, 0, lane);
  const n = node(id);
  n.code = code;
  if (code == Wasm.I16X8_EXTRACT_LANE_U) n.size = 16;
  return id;
}

/** `x` with lane `lane` replaced by the scalar `value`. */
export function replaceLane(b: BuildState, code: u32, x: u32, lane: u32, value: u32): u32 {
  const id = newNode(b, IrOp.LANE, ValueType.V128, x, value, 0, lane);
  const n = node(id);
  n.code = code;
  n.flag = <u8>laneType(code);
  return id;
}

/** Of the extractions and replacements of lanes. */
function laneType(code: u32): u32 {
  switch (code) {
    case Wasm.F64X2_EXTRACT_LANE:
    case Wasm.F64X2_REPLACE_LANE:
      return ValueType.F64;
    case Wasm.F32X4_EXTRACT_LANE:
    case Wasm.F32X4_REPLACE_LANE:
      return ValueType.F32;
    case Wasm.I64X2_EXTRACT_LANE:
    case Wasm.I64X2_REPLACE_LANE:
      return ValueType.I64;
    default:
      return ValueType.I32;
  }
}

/** Byte k is byte (nibble k of `order`) of x, or of y where bit k of `fromY` is set. */
export function shuffleBytes(b: BuildState, x: u32, y: u32, order: u64, fromY: u32): u32 {
  const id = newNode(b, IrOp.SHUFFLE, ValueType.V128, x, y, 0, <i64>order);
  node(id).code = fromY;
  return id;
}
