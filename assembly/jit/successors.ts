// Where a decoded block may go on, as far as that is known before it runs.
import { Block } from "../interp/blocks";
import { INSN_SIZE, Insn, Prefix } from "../decode/insn";
import { Op } from "../decode/op";

/** No IP is this: not canonical. */
export const NOWHERE: u64 = 0x8000_0000_0000_0000;

export function lastInsn(block: Block): Insn {
  return changetype<Insn>(block.first + <usize>(block.count - 1) * INSN_SIZE);
}

// @ts-ignore: decorator
@inline
function isLoop(op: i32): bool {
  return op >= Op.LOOP && op <= Op.JCXZ;
}

/** IP that a direct jump or call at the block's end goes to. */
export function takenTarget(last: Insn): u64 {
  const op = <i32>last.op;
  return op == Op.JMP || op == Op.JCC || op == Op.CALL || isLoop(op) ? <u64>last.imm : NOWHERE;
}

/** IP of what follows, where the block can run straight into it. */
export function nextTarget(last: Insn): u64 {
  const op = <i32>last.op;
  // POPF ends its block for the interpreter's sake; translated it mostly goes on.
  const goesOn = op == Op.JCC || op == Op.POPF || isLoop(op) || !(last.prefixes & Prefix.ENDS_BLOCK);
  return goesOn ? last.nextRip : NOWHERE;
}

// @ts-ignore: decorator
@inline
export function isCall(last: Insn): bool {
  return last.op == Op.CALL || last.op == Op.CALL_INDIRECT;
}

/** IP of what follows where something else runs first: a function, or a look at attention after a cold instruction. */
export function returnTarget(last: Insn): u64 {
  const op = <i32>last.op;
  if (isCall(last)) return last.nextRip;
  const isCold = op >= Op.COLD_FIRST && op != Op.POPF && !isLoop(op) && (last.prefixes & Prefix.ENDS_BLOCK) != 0;
  return isCold ? last.nextRip : NOWHERE;
}
