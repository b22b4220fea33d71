// How much code a block becomes, in instructions of the usual kind: what limits the size of regions (regions.ts).
import { INSN_SIZE, Insn } from "../decode/insn";
import { Op } from "../decode/op";
import { Block } from "../interp/blocks";

/**
 * What an operation of the x87 counts for. V8 gives functions of more than 8,192 values to a quick and poor register allocator
 * (docs/performance.md), and such an operation has a hundred.
 */
const X87_WEIGHT: u32 = 8;

export function weightOfBlock(block: Block): u32 {
  let weight = block.count;
  for (let k: u32 = 0; k < block.count; k++)
    if (isX87Operation(changetype<Insn>(block.first + <usize>k * INSN_SIZE))) weight += X87_WEIGHT - 1;
  return weight;
}

/** Whether it computes, or converts from or to memory: moves between x87 registers cost nothing (x87State.ts). */
function isX87Operation(i: Insn): bool {
  const op = <u32>i.op;
  if (op < <u32>Op.X87_MEM || op >= <u32>Op.FWAIT) return false;
  if (op < <u32>Op.X87_REG) return true;
  const escape = (op - Op.X87_REG) >> 3; // D8 to DF
  return escape == 0 || escape == 4 || escape == 6;
}
