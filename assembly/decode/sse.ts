// MMX, SSE and SSE2 instructions, FXSAVE and XSAVE: their operation numbers and operands. Not filled in yet.
import { Vcpu } from "../cpu/state";
import { Insn } from "./insn";

/**
 * Sets op, form, size and register operands of the 0F-map instruction `opcode` with mandatory `prefix` (0 none, 1 66,
 * 2 F3, 3 F2). The memory operand's fields are filled in, form is RR or RM. False: no such instruction.
 */
export function decodeSse(cpu: Vcpu, i: Insn, opcode: u32, prefix: u32, reg: u32, rm: u32, isRegister: bool): bool {
  return false;
}

/** Whether an immediate byte follows the operands. */
export function sseHasImmediate(opcode: u32): bool {
  return (opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2 || (opcode >= 0xc4 && opcode <= 0xc6);
}
