// Packed conversions at translation, as convertPacked of isa/sse/convert.ts.
import { Insn } from "../decode/insn";
import { SseOp } from "../decode/sseOp";
import { Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { anyLane, compareLanes } from "./sseExact";
import { anyBad, badOperand, eitherBad, notPlain } from "./sseLanes";
import { requireFloat, requireSse, sourceHalf, sourceVector, xmm } from "./sseOperands";
import { chooseRounded, chooseVector } from "./ssePacked";
import { setVariable } from "./variables";
import { shuffleBytes, vectorBinary, vectorConstant, vectorUnary } from "./vectorNodes";

/** The lower half of a vector in both halves. */
const LOW_TWICE: u64 = 0x7654_3210_7654_3210;

export function buildPackedConversion(b: BuildState, i: Insn, op: u32): bool {
  switch (op) {
    case SseOp.CVTDQ2PD:
      requireSse(b);
      setVariable(b, xmm(i.dst), vectorUnary(b, Wasm.F64X2_CONVERT_LOW_I32X4_S, sourceHalf(b, i)));
      return true;
    case SseOp.CVTDQ2PS: {
      requireFloat(b);
      const y = sourceVector(b, i);
      const value = vectorUnary(b, Wasm.F32X4_CONVERT_I32X4_S, y);
      // 2^31, which is not an integer, comes of rounding only.
      const back = vectorUnary(b, Wasm.I32X4_TRUNC_SAT_F32X4_S, value);
      const equal = vectorBinary(b, Wasm.I32X4_EQ, back, y);
      const beyond = vectorBinary(b, Wasm.F32X4_EQ, value, vectorConstant(b, 0x4f00_0000_4f00_0000));
      const wrong = vectorBinary(b, Wasm.V128_OR, vectorUnary(b, Wasm.V128_NOT, equal), beyond);
      setVariable(b, xmm(i.dst), chooseRounded(b, i, value, 0, anyLane(b, wrong), y, y));
      return true;
    }
    case SseOp.CVTPS2PD: {
      requireFloat(b);
      const y = sourceHalf(b, i);
      // What is in the upper half does not matter.
      const low = shuffleBytes(b, y, y, LOW_TWICE, 0);
      const value = vectorUnary(b, Wasm.F64X2_PROMOTE_LOW_F32X4, y);
      const nan = compareLanes(b, Wasm.F32X4_NE, false, low, low);
      const slow = anyBad(b, false, eitherBad(b, badOperand(b, 0, low, false), nan));
      setVariable(b, xmm(i.dst), chooseVector(b, i, value, slow, 0, y, y));
      return true;
    }
    case SseOp.CVTPD2PS: {
      requireFloat(b);
      const y = sourceVector(b, i);
      const value = vectorUnary(b, Wasm.F32X4_DEMOTE_F64X2_ZERO, y);
      const low = shuffleBytes(b, value, value, LOW_TWICE, 0);
      const slow = anyBad(b, false, notPlain(b, false, low));
      const back = vectorUnary(b, Wasm.F64X2_PROMOTE_LOW_F32X4, value);
      const inexact = anyLane(b, compareLanes(b, Wasm.F32X4_NE, true, back, y));
      setVariable(b, xmm(i.dst), chooseRounded(b, i, value, slow, inexact, y, y));
      return true;
    }
    case SseOp.CVTTPS2DQ:
    case SseOp.CVTPS2DQ:
      toIntegers(b, i, false, op == SseOp.CVTTPS2DQ);
      return true;
    case SseOp.CVTTPD2DQ:
    case SseOp.CVTPD2DQ:
      toIntegers(b, i, true, op == SseOp.CVTTPD2DQ);
      return true;
    default:
      return false;
  }
}

/** Where all are less than 2^31 in magnitude when rounded. */
function toIntegers(b: BuildState, i: Insn, isDouble: bool, truncate: bool): void {
  requireFloat(b);
  const y = sourceVector(b, i);
  const rounded = truncate ? y : vectorUnary(b, isDouble ? Wasm.F64X2_NEAREST : Wasm.F32X4_NEAREST, y);
  const value = vectorUnary(b, isDouble ? Wasm.I32X4_TRUNC_SAT_F64X2_S_ZERO : Wasm.I32X4_TRUNC_SAT_F32X4_S, rounded);
  const magnitude = vectorUnary(b, isDouble ? Wasm.F64X2_ABS : Wasm.F32X4_ABS, rounded);
  const limit = vectorConstant(b, isDouble ? 0x41e0_0000_0000_0000 : 0x4f00_0000_4f00_0000);
  const beyond = vectorUnary(b, Wasm.V128_NOT, compareLanes(b, Wasm.F32X4_LT, isDouble, magnitude, limit));
  const back = vectorUnary(b, isDouble ? Wasm.F64X2_CONVERT_LOW_I32X4_S : Wasm.F32X4_CONVERT_I32X4_S, value);
  const inexact = anyLane(b, compareLanes(b, Wasm.F32X4_NE, isDouble, back, y));
  setVariable(b, xmm(i.dst), chooseRounded(b, i, value, anyLane(b, beyond), inexact, y, y));
}
