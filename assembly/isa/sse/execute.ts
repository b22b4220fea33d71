// MMX, SSE, SSE2, FXSAVE and XSAVE: from an op of decode/sseOp.ts to its family.
import { Insn } from "../../decode/insn";
import { Op } from "../../decode/op";
import { SseOp } from "../../decode/sseOp";
import { Exec } from "../../interp/exec";
import { executeConvert } from "./convert";
import { executeFloat } from "./float";
import { executeInteger } from "./integer";
import { executeMove } from "./move";
import { executeShuffle } from "./shuffle";
import { executeState } from "./state";

/** Executes `i`, whose op is Op.SSE or more. */
export function executeSse(cpu: Exec, i: Insn): void {
  const op = <u32>i.op - Op.SSE;
  if (op <= <u32>SseOp.INTEGER_LAST) executeInteger(cpu, i, op);
  else if (op >= <u32>SseOp.MOVA && op <= <u32>SseOp.MOVE_LAST) executeMove(cpu, i, op);
  else if (op <= <u32>SseOp.SHUFPD) executeShuffle(cpu, i, op);
  else if (op <= <u32>SseOp.FLOAT_LAST) executeFloat(cpu, i, op);
  else if (op <= <u32>SseOp.CONVERT_LAST) executeConvert(cpu, i, op);
  else executeState(cpu, i, op);
}
