// Constants, FXCH, FCMOVcc, FFREE, FINCSTP, FDECSTP, FABS, FCHS. SDM vol. 2, the pages of those names.
import { testCondition } from "../../cpu/flags";
import { Vcpu, x87Address } from "../../cpu/state";
import { Insn } from "../../decode/insn";
import { RC_MASK, RC_UP } from "../../softfloat/env";
import { hasRoom } from "./loadStore";
import {
  beginOperation,
  copyRegister,
  finishOperation,
  isEmpty,
  markFull,
  noteInstruction,
  operandBuffer,
  physical,
  pop,
  push,
  st,
  storeIndefinite,
  underflows,
  underflowsInto,
} from "./state";

/**
 * FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2, FLDZ (SDM vol. 1, 8.3.4): significand rounded down, exponent, and 1 where
 * rounding to nearest gives one more.
 */
// prettier-ignore
const CONSTANTS: usize = memory.data<u64>([
  0x8000000000000000, 0x3fff, 0,
  0xd49a784bcd1b8afe, 0x4000, 0,
  0xb8aa3b295c17f0bb, 0x3fff, 1,
  0xc90fdaa22168c234, 0x4000, 1,
  0x9a209a84fbcff798, 0x3ffd, 1,
  0xb17217f7d1cf79ab, 0x3ffe, 1,
  0, 0, 0,
]);

/** FLD1 and so on: rounded by RC (FLDL2T to nearest and down alike). */
export function loadConstant(cpu: Vcpu, i: Insn): void {
  noteInstruction(cpu, i);
  if (!hasRoom(cpu)) return;
  const which = <usize>(i.modrm & 7);
  const entry = CONSTANTS + which * 24;
  const rounding = cpu.fpuControl & RC_MASK;
  let significand = load<u64>(entry);
  if (rounding == 0) significand += load<u64>(entry, 16);
  else if (rounding == RC_UP && which > 0 && which < 6) significand++;
  const to = st(cpu, 7);
  store<u64>(to, significand);
  store<u16>(to, load<u16>(entry, 8), 8);
  beginOperation(cpu);
  finishOperation(cpu);
  push(cpu);
}

/** FXCH. An empty register is an indefinite where the underflow is masked. */
export function exchange(cpu: Vcpu, i: Insn): void {
  noteInstruction(cpu, i);
  const top = cpu.fpuTop;
  const other = physical(cpu, i.modrm);
  const a = x87Address(cpu, top);
  const b = x87Address(cpu, other);
  if (cpu.fpuEmpty & ((1 << top) | (1 << other))) {
    if (!underflows(cpu)) return;
    if (isEmpty(cpu, top)) storeIndefinite(a);
    if (isEmpty(cpu, other)) storeIndefinite(b);
    markFull(cpu, top);
    markFull(cpu, other);
  } else {
    beginOperation(cpu);
    finishOperation(cpu);
  }
  const buffer = operandBuffer(cpu, 0);
  copyRegister(buffer, a);
  copyRegister(a, b);
  copyRegister(b, buffer);
}

/** FCMOVcc: DA has B, E, BE, U; DB the opposites. */
export function moveConditionally(cpu: Vcpu, i: Insn, condition: u32): void {
  noteInstruction(cpu, i);
  const top = cpu.fpuTop;
  const other = physical(cpu, i.modrm);
  if (cpu.fpuEmpty & ((1 << top) | (1 << other))) {
    underflowsInto(cpu, top);
    return;
  }
  // C1 stays without a fault
  if (testCondition(cpu, condition)) copyRegister(x87Address(cpu, top), x87Address(cpu, other));
}

/** FFREE, FFREEP. */
export function free(cpu: Vcpu, i: Insn, pops: bool): void {
  noteInstruction(cpu, i);
  beginOperation(cpu);
  finishOperation(cpu);
  cpu.fpuEmpty |= 1 << physical(cpu, i.modrm);
  if (pops) pop(cpu);
}

/** FINCSTP and FDECSTP: TOP only, no tag. */
export function rotate(cpu: Vcpu, i: Insn, by: u32): void {
  noteInstruction(cpu, i);
  beginOperation(cpu);
  finishOperation(cpu);
  cpu.fpuTop = (cpu.fpuTop + by) & 7;
}

/** FNOP. */
export function noOperation(cpu: Vcpu, i: Insn): void {
  noteInstruction(cpu, i);
}
