// SSE and SSE2 instructions in translated code, on the host's SIMD. XMM registers are variables; MXCSR and the control registers
// stay in memory.
import { Insn } from "../decode/insn";
import { Op } from "../decode/op";
import { SseOp } from "../decode/sseOp";
import { BuildState } from "./buildState";
import { buildConvert } from "./sseConvert";
import { buildInteger, buildShuffle } from "./sseInteger";
import { buildMove } from "./sseMoves";
import { buildPacked } from "./ssePacked";
import { buildApproximation, buildScalar, buildScalarCompare } from "./sseScalar";

/** Translates `i`, whose op is Op.SSE or more; false: nothing was done, the engine has to execute it. */
export function buildSse(b: BuildState, i: Insn): bool {
  const op = <u32>i.op - Op.SSE;
  if (op == SseOp.UD || op > <u32>SseOp.MOVE_LAST) return false;
  if (op <= <u32>SseOp.INTEGER_LAST) return buildInteger(b, i, op);
  if (op >= <u32>SseOp.MOVA) return buildMove(b, i, op);
  if (op <= <u32>SseOp.SHUFPD) return buildShuffle(b, i, op);
  if (op <= <u32>SseOp.FLOAT_LAST) return buildFloat(b, i, op);
  return buildConvert(b, i, op);
}

/** PS, PD, SS and SD are the low bits of the op. */
function buildFloat(b: BuildState, i: Insn, op: u32): bool {
  const kind = op & ~3;
  if (!(op & 2)) return buildPacked(b, i, kind, (op & 1) != 0);
  const bits: u32 = op & 1 ? 64 : 32;
  if (kind < <u32>SseOp.CMP) buildScalar(b, i, kind, bits);
  else if (kind == SseOp.CMP) buildScalarCompare(b, i, bits);
  else buildApproximation(b, i, kind);
  return true;
}
