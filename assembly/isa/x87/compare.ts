// FCOM, FUCOM, FCOMI, FUCOMI and their popping forms, FICOM, FTST, FXAM. SDM vol. 1, 8.1.3 and 8.3.6; vol. 2.
import { Vcpu, x87Address } from "../../cpu/state";
import { updateArithmeticFlags } from "../../cpu/flags";
import { Flag } from "../../cpu/state";
import { Insn } from "../../decode/insn";
import { C0, C2, C3, DE, F80_UNORDERED, f80Class, f80Compare } from "../../softfloat/index";
import { substituteDenormal } from "./operand";
import {
  CONDITIONS,
  beginOperation,
  finishOperation,
  isEmpty,
  noteInstruction,
  operandBuffer,
  pop,
  setConditions,
  st,
  underflows,
} from "./state";

/** No comparison: an exception kept it from having a result. */
const NONE: u32 = <u32>-1;

/** C3, C2, C0 of ST(0) against ST(n), or NONE. */
function compareRegisters(cpu: Vcpu, i: Insn, quiet: bool): u32 {
  noteInstruction(cpu, i);
  const top = cpu.fpuTop;
  const other = (top + i.modrm) & 7;
  if (cpu.fpuEmpty & ((1 << top) | (1 << other))) return underflows(cpu) ? F80_UNORDERED : NONE;
  const env = beginOperation(cpu);
  const result = f80Compare(env, x87Address(cpu, top), x87Address(cpu, other), quiet);
  return finishOperation(cpu) ? result : NONE;
}

/** FCOM, FUCOM and so on, with `pops` registers popped. */
export function compare(cpu: Vcpu, i: Insn, quiet: bool, pops: u32): void {
  const result = compareRegisters(cpu, i, quiet);
  if (result == NONE) return;
  setConditions(cpu, result);
  if (pops > 0) pop(cpu);
  if (pops > 1) pop(cpu);
}

/** FCOMI and FUCOMI: ZF, PF and CF are C3, C2 and C0; the other three are cleared. */
export function compareToFlags(cpu: Vcpu, i: Insn, quiet: bool, pops: bool): void {
  const result = compareRegisters(cpu, i, quiet);
  if (result == NONE) return;
  updateArithmeticFlags(cpu, Flag.ARITHMETIC, result >> 8);
  if (pops) pop(cpu);
}

/** FCOM m, FICOM: ST(0) against operand buffer 0. `denormal`: it was so in memory. */
export function compareOperand(cpu: Vcpu, denormal: bool, pops: bool): void {
  let result = F80_UNORDERED;
  if (isEmpty(cpu, cpu.fpuTop)) {
    if (!underflows(cpu)) return;
  } else {
    const env = beginOperation(cpu);
    const a = st(cpu, 0);
    let raised: u32 = 0;
    if (denormal) {
      f80Compare(env, a, substituteDenormal(cpu), false);
      raised = env.flags & DE;
      env.flags = 0;
    }
    result = f80Compare(env, a, operandBuffer(cpu, 0), false);
    env.flags |= raised;
    if (!finishOperation(cpu)) return;
  }
  setConditions(cpu, result);
  if (pops) pop(cpu);
}

/** FTST: ST(0) against 0.0. */
export function test(cpu: Vcpu, i: Insn): void {
  noteInstruction(cpu, i);
  const zero = operandBuffer(cpu, 0);
  store<u64>(zero, 0);
  store<u16>(zero, 0, 8);
  compareOperand(cpu, false, false);
}

/** FXAM. Looks into empty registers too: C1 is the sign there. */
export function examine(cpu: Vcpu, i: Insn): void {
  noteInstruction(cpu, i);
  let found = f80Class(st(cpu, 0));
  if (isEmpty(cpu, cpu.fpuTop)) found = (found & ~(C0 | C2 | C3)) | C3 | C0;
  cpu.fpuStatus = (cpu.fpuStatus & ~CONDITIONS) | found;
}
