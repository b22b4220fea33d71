// The way to everything that is not a hot case of the switch: by family.
import { Attention } from "../cpu/state";
import { Insn, Prefix } from "../decode/insn";
import { Op } from "../decode/op";
import { executeInteger } from "../isa/integer";
import { executeSse } from "../isa/sse/execute";
import { executeSystem } from "../isa/system/execute";
import { executeX87 } from "../isa/x87/execute";
import { IP_NOT_SET } from "./blocks";
import { Exec } from "./exec";

/**
 * Executes a cold instruction. One that ends its block without going anywhere may have changed what the next block is
 * (mode, mapping, interrupt flag), so the run loop has to look.
 */
export function executeCold(cpu: Exec, i: Insn): void {
  cpu.insn = <u32>changetype<usize>(i);
  const op = <i32>i.op;
  if (op < Op.UD) executeInteger(cpu, i);
  else if (op < Op.X87_MEM) executeSystem(cpu, i);
  else if (op < Op.SSE) executeX87(cpu, i);
  else executeSse(cpu, i);
  if (i.prefixes & Prefix.ENDS_BLOCK && cpu.linkSlot == IP_NOT_SET) cpu.attention |= Attention.STOP;
}
