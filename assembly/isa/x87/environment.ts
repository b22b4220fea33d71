// FLDENV, FNSTENV, FNSAVE, FRSTOR. SDM vol. 1, 8.1.10, figures 8-9 to 8-12.
//
//              32-bit protected     32-bit real                        16-bit protected     16-bit real
//   word 0     control              control                            control              control
//   word 1     status               status                             status               status
//   word 2     tags                 tags                               tags                 tags
//   word 3     IP                   linear IP 15:0                     IP                   linear IP 15:0
//   word 4     opcode:16, CS        linear IP 31:16 << 12 | opcode     CS                   linear IP 19:16 << 12 | opcode
//   word 5     operand offset       operand 15:0                       operand offset       operand 15:0
//   word 6     operand selector     operand 31:16 << 12                operand selector     operand 19:16 << 12
//
// Words are 4 bytes in the 32-bit layouts, unused halves written as ones. FNSAVE adds ST(0) to ST(7), 10 bytes each.
import { Mode, Vcpu, x87Address } from "../../cpu/state";
import { Insn } from "../../decode/insn";
import { linearLoad, linearStore } from "../../mmu/access";
import { faultPending } from "../../mmu/fill";
import { EXP_MAX, INT_BIT } from "../../softfloat/env";
import { initialize, releaseError, setControlWord, statusWord } from "./control";
import { imageAddress, linearAt } from "./memory";
import { EXCEPTIONS, SUMMARY, TOP_MASK, TOP_SHIFT, updateSummary } from "./state";

const WORDS: u32 = 7;
const REGISTERS_SIZE: u32 = 80;
const UNUSED: u32 = 0xffff_0000;

/** log2 of the size of a word. */
// @ts-ignore: decorator
@inline
function layout(i: Insn): u32 {
  return i.size == 1 ? 1 : 2;
}

/** Tag of a register that is not empty: 0 valid, 1 zero, 2 special. */
function tagOf(register: usize): u32 {
  const significand = load<u64>(register);
  const exponent = (<u32>load<u16>(register, 8)) & EXP_MAX;
  if (exponent == 0) return significand == 0 ? 1 : 2;
  return exponent == EXP_MAX || !(significand & INT_BIT) ? 2 : 0;
}

/** The full tag word, two bits for each physical register. */
export function tagWord(cpu: Vcpu): u32 {
  let tags: u32 = 0;
  for (let n: u32 = 0; n < 8; n++) {
    const tag = (cpu.fpuEmpty >> n) & 1 ? 3 : tagOf(x87Address(cpu, n));
    tags |= tag << (n << 1);
  }
  return tags;
}

function setTagWord(cpu: Vcpu, tags: u32): void {
  let empty: u32 = 0;
  for (let n: u32 = 0; n < 8; n++) if (((tags >> (n << 1)) & 3) == 3) empty |= 1 << n;
  cpu.fpuEmpty = empty;
}

function put(cpu: Vcpu, linear: u64, sizeLog: u32, word: u32, value: u32): void {
  const at = linearAt(cpu, linear, word << sizeLog);
  if (sizeLog == 2) linearStore<u32>(cpu, at, <u64>value);
  else linearStore<u16>(cpu, at, <u64>value);
}

function get(cpu: Vcpu, linear: u64, sizeLog: u32, word: u32): u32 {
  const at = linearAt(cpu, linear, word << sizeLog);
  return sizeLog == 2 ? <u32>linearLoad<u32>(cpu, at) : <u32>linearLoad<u16>(cpu, at);
}

function writeEnvironment(cpu: Vcpu, linear: u64, sizeLog: u32): void {
  put(cpu, linear, sizeLog, 0, cpu.fpuControl | UNUSED);
  put(cpu, linear, sizeLog, 1, statusWord(cpu) | UNUSED);
  put(cpu, linear, sizeLog, 2, tagWord(cpu) | UNUSED);
  const opcode = cpu.fpuOpcode & 0x7ff;
  if (cpu.mode & Mode.PROTECTED) {
    put(cpu, linear, sizeLog, 3, <u32>cpu.fpuIp);
    put(cpu, linear, sizeLog, 4, (cpu.fpuCs & 0xffff) | (opcode << 16));
    put(cpu, linear, sizeLog, 5, <u32>cpu.fpuDp);
    put(cpu, linear, sizeLog, 6, (cpu.fpuDs & 0xffff) | UNUSED);
    return;
  }
  const ip = <u32>cpu.fpuIp + (cpu.fpuCs << 4);
  const dp = <u32>cpu.fpuDp + (cpu.fpuDs << 4);
  put(cpu, linear, sizeLog, 3, (ip & 0xffff) | UNUSED);
  put(cpu, linear, sizeLog, 4, ((ip >> 16) << 12) | opcode);
  put(cpu, linear, sizeLog, 5, (dp & 0xffff) | UNUSED);
  put(cpu, linear, sizeLog, 6, (dp >> 16) << 12);
}

function readEnvironment(cpu: Vcpu, linear: u64, sizeLog: u32): void {
  const before = cpu.fpuStatus;
  setControlWord(cpu, get(cpu, linear, sizeLog, 0));
  const status = get(cpu, linear, sizeLog, 1) & 0xffff;
  setTagWord(cpu, get(cpu, linear, sizeLog, 2));
  const ip = get(cpu, linear, sizeLog, 3);
  const code = get(cpu, linear, sizeLog, 4);
  const dp = get(cpu, linear, sizeLog, 5);
  const data = get(cpu, linear, sizeLog, 6);
  cpu.fpuTop = (status >> TOP_SHIFT) & 7;
  cpu.fpuStatus = status & ~(TOP_MASK | SUMMARY);
  updateSummary(cpu);
  if (cpu.mode & Mode.PROTECTED) {
    cpu.fpuIp = <u64>ip;
    cpu.fpuDp = <u64>dp;
    cpu.fpuCs = code & 0xffff;
    cpu.fpuDs = data & 0xffff;
    cpu.fpuOpcode = (code >> 16) & 0x7ff;
  } else {
    cpu.fpuIp = <u64>((ip & 0xffff) | ((code << 4) & 0xffff_0000));
    cpu.fpuDp = <u64>((dp & 0xffff) | ((data << 4) & 0xffff_0000));
    cpu.fpuCs = 0;
    cpu.fpuDs = 0;
    cpu.fpuOpcode = code & 0x7ff;
  }
  releaseError(cpu, before);
}

/** FNSTENV: masks all exceptions after it has stored. */
export function storeEnvironment(cpu: Vcpu, i: Insn): void {
  const sizeLog = layout(i);
  const linear = imageAddress(cpu, i, WORDS << sizeLog, 1 << sizeLog, true);
  if (faultPending(cpu)) return;
  const before = cpu.fpuStatus;
  writeEnvironment(cpu, linear, sizeLog);
  cpu.fpuControl |= EXCEPTIONS;
  updateSummary(cpu);
  releaseError(cpu, before);
}

/** FLDENV. */
export function loadEnvironment(cpu: Vcpu, i: Insn): void {
  const sizeLog = layout(i);
  const linear = imageAddress(cpu, i, WORDS << sizeLog, 1 << sizeLog, false);
  if (!faultPending(cpu)) readEnvironment(cpu, linear, sizeLog);
}

/** FNSAVE. The registers go in halfwords, which are aligned whenever the image is. */
export function saveState(cpu: Vcpu, i: Insn): void {
  const sizeLog = layout(i);
  const environment = WORDS << sizeLog;
  const linear = imageAddress(cpu, i, environment + REGISTERS_SIZE, 1 << sizeLog, true);
  if (faultPending(cpu)) return;
  writeEnvironment(cpu, linear, sizeLog);
  for (let n: u32 = 0; n < 8; n++) {
    const register = x87Address(cpu, (cpu.fpuTop + n) & 7);
    for (let part: u32 = 0; part < 10; part += 2)
      linearStore<u16>(cpu, linearAt(cpu, linear, environment + n * 10 + part), <u64>load<u16>(register + part));
  }
  initialize(cpu);
}

/** FRSTOR. */
export function restoreState(cpu: Vcpu, i: Insn): void {
  const sizeLog = layout(i);
  const environment = WORDS << sizeLog;
  const linear = imageAddress(cpu, i, environment + REGISTERS_SIZE, 1 << sizeLog, false);
  if (faultPending(cpu)) return;
  readEnvironment(cpu, linear, sizeLog);
  for (let n: u32 = 0; n < 8; n++) {
    const register = x87Address(cpu, (cpu.fpuTop + n) & 7);
    for (let part: u32 = 0; part < 10; part += 2)
      store<u16>(register + part, <u16>linearLoad<u16>(cpu, linearAt(cpu, linear, environment + n * 10 + part)));
  }
}
