// x87 instructions at translation: what compilers make of arithmetic, with all exceptions masked. What is not here is done by the
// engine (COLD).
//
// Once in a block CR0.TS and EM, pending exceptions and the masks are looked at; tags where nothing is known of a register.
// Where any of them comes out badly the region is left, with nothing changed, for the interpreter (x87Ready.ts).
// SDM vol. 1, 8.1.3 and 8.5; vol. 2, the pages of the instructions.
import { FlagOp } from "../cpu/flags";
import { vcpu } from "../cpu/state";
import { Insn } from "../decode/insn";
import { Op } from "../decode/op";
import { MemoryMap } from "../shared/memoryMap";
import { BIAS, INT_BIT } from "../softfloat/env";
import { Wasm } from "../wasm/opcodes";
import { Build } from "./build";
import { conditionNode, setKnown } from "./flagNodes";
import { floatOfBits } from "./floatFlags";
import { Helper } from "./helperNumber";
import { binary, choose, constant } from "./values";
import { writeRegister } from "./variables";
import {
  applyToTop,
  arithmetic,
  compareTop,
  orderOfTop,
  setConditions,
  splitTop,
  takeRegister,
  takeZero,
} from "./x87Arith";
import { DOUBLE_FORM, NOT_NORMAL } from "./x87Helpers";
import { buildX87Memory } from "./x87Memory";
import { EXCEPTIONS, beginX87, requireFull, requireRoom } from "./x87Ready";
import {
  clearC1,
  exponentOf,
  markEmpty,
  noteInstruction,
  popX87,
  pushX87,
  rotateX87,
  setRegister,
  significandOf,
  statusWord,
} from "./x87State";

const SIGN: u32 = 0x8000;

/** Condition codes of FCMOVB, E, BE, U; the next number is the opposite. */
// prettier-ignore
const CONDITIONS: usize = memory.data<u8>([2, 4, 6, 10]);

export function isX87(i: Insn): bool {
  return <u32>i.op >= <u32>Op.X87_MEM && <u32>i.op <= <u32>Op.FWAIT;
}

/** Whether it takes a single from memory. */
export function takesSingle(i: Insn): bool {
  if (!isX87(i) || <u32>i.op >= <u32>Op.X87_REG) return false;
  const row = <u32>i.op - Op.X87_MEM;
  return row <= 8; // D8; D9 /0
}

/** False: nothing has been done, the engine has to execute it. */
export function buildX87(b: Build, i: Insn): bool {
  // A program that wants exceptions is likely to go on wanting them: no code that assumes the opposite.
  if (~vcpu().fpuControl & EXCEPTIONS) return false;
  const op = <u32>i.op;
  if (op == Op.FWAIT) {
    beginX87(b);
    return true;
  }
  if (op < <u32>Op.X87_REG) return buildX87Memory(b, i, op - Op.X87_MEM);
  return buildRegister(b, i, op - Op.X87_REG);
}

function buildRegister(b: Build, i: Insn, row: u32): bool {
  const reg = row & 7;
  const n = (<u32>i.modrm) & 7;
  switch (row >> 3) {
    case 0: // D8
      if ((reg & 6) == 2) compare(b, i, n, false, reg & 1);
      else operate(b, i, reg, n, 0, false);
      return true;
    case 1:
      return registerD9(b, i, reg, n);
    case 2: // DA
      if (reg < 4) moveConditionally(b, i, n, <u32>load<u8>(CONDITIONS + reg));
      else compare(b, i, n, true, 2); // FUCOMPP
      return true;
    case 3: // DB
      if (reg < 4) moveConditionally(b, i, n, (<u32>load<u8>(CONDITIONS + reg)) | 1);
      else if (reg == 4) return false;
      else compareToFlags(b, i, n, reg == 5, false);
      return true;
    case 4: // DC; FCOM2, FCOMP3
      if ((reg & 6) == 2) compare(b, i, n, false, reg & 1);
      else operate(b, i, reg, n, n, false);
      return true;
    case 5:
      registerDd(b, i, reg, n);
      return true;
    case 6: // DE; FCOMP5, FCOMPP
      if ((reg & 6) == 2) compare(b, i, n, false, (reg & 1) + 1);
      else operate(b, i, reg, n, n, true);
      return true;
    default:
      registerDf(b, i, reg, n);
      return true;
  }
}

function registerD9(b: Build, i: Insn, reg: u32, n: u32): bool {
  switch (reg) {
    case 0:
      loadRegister(b, i, n);
      return true;
    case 1:
      exchange(b, i, n);
      return true;
    case 2: // FNOP
      beginX87(b);
      noteInstruction(b, i);
      return true;
    case 3: // FSTP1
      storeRegister(b, i, n, true);
      return true;
    case 5:
      // The others depend on RC.
      if (n == 0) pushConstant(b, i, INT_BIT, BIAS, reinterpret<u64>(<f64>1));
      else if (n == 6) pushConstant(b, i, 0, NOT_NORMAL, 0);
      else return false;
      return true;
    default:
      return functionD9(b, i, (<u32>i.modrm) & 0x1f);
  }
}

/** D9 E0 to FF but for the constants; transcendentals and remainders cost more than a call of the engine. */
function functionD9(b: Build, i: Insn, which: u32): bool {
  switch (which) {
    case 0x00: // FCHS
      setSign(b, i, Wasm.I32_XOR, SIGN);
      return true;
    case 0x01: // FABS
      setSign(b, i, Wasm.I32_AND, ~SIGN);
      return true;
    case 0x04:
      test(b, i);
      return true;
    case 0x16:
      rotate(b, i, 7);
      return true;
    case 0x17:
      rotate(b, i, 1);
      return true;
    case 0x1a:
      apply(b, i, Helper.X87_SQRT);
      return true;
    case 0x1c:
      apply(b, i, Helper.X87_ROUND);
      return true;
    default:
      return false;
  }
}

function registerDd(b: Build, i: Insn, reg: u32, n: u32): void {
  switch (reg) {
    case 0:
      free(b, i, n, false);
      return;
    case 1: // FXCH4
      exchange(b, i, n);
      return;
    case 2:
    case 3:
      storeRegister(b, i, n, reg == 3);
      return;
    default: // 4: FUCOM, 5: FUCOMP
      compare(b, i, n, true, reg & 1);
  }
}

function registerDf(b: Build, i: Insn, reg: u32, n: u32): void {
  switch (reg) {
    case 0: // FFREEP
      free(b, i, n, true);
      return;
    case 1: // FXCH7
      exchange(b, i, n);
      return;
    case 2: // FSTP8, FSTP9
    case 3:
      storeRegister(b, i, n, true);
      return;
    case 4: // FNSTSW AX
      beginX87(b);
      writeRegister(b, MemoryMap.VCPU, 16, statusWord(b));
      return;
    default: // 5: FUCOMIP, 6: FCOMIP
      compareToFlags(b, i, n, reg == 5, true);
  }
}

// ---- moves ----

/** An instruction on registers that clears C1; those of `registers` (a bit for each ST(n)) have to have values. */
function begin(b: Build, i: Insn, registers: u32): void {
  beginX87(b);
  if (registers) requireFull(b, registers);
}

/** It will be executed. */
function finish(b: Build, i: Insn): void {
  noteInstruction(b, i);
  clearC1(b);
}

/** FLD ST(n). */
function loadRegister(b: Build, i: Insn, n: u32): void {
  begin(b, i, 1 << n);
  requireRoom(b);
  finish(b, i);
  pushX87(b, significandOf(b, n), exponentOf(b, n));
}

/** FST ST(n), FSTP ST(n). */
function storeRegister(b: Build, i: Insn, n: u32, pops: bool): void {
  begin(b, i, 1);
  finish(b, i);
  if (n) setRegister(b, n, significandOf(b, 0), exponentOf(b, 0));
  if (pops) popX87();
}

function exchange(b: Build, i: Insn, n: u32): void {
  begin(b, i, 1 | (1 << n));
  finish(b, i);
  if (!n) return;
  const significand = significandOf(b, 0);
  const exponent = exponentOf(b, 0);
  setRegister(b, 0, significandOf(b, n), exponentOf(b, n));
  setRegister(b, n, significand, exponent);
}

/** FLD1, FLDZ; `double` is the constant as one. */
function pushConstant(b: Build, i: Insn, significand: u64, exponent: u32, double: u64): void {
  beginX87(b);
  requireRoom(b);
  finish(b, i);
  if (b.x87Singles) pushX87(b, constant(b, double), constant(b, DOUBLE_FORM));
  else pushX87(b, constant(b, significand), constant(b, exponent));
}

/** FCMOVcc: C1 stays. */
function moveConditionally(b: Build, i: Insn, n: u32, condition: u32): void {
  begin(b, i, 1 | (1 << n));
  noteInstruction(b, i);
  if (!n) return;
  const moves = conditionNode(b, condition);
  const significand = choose(b, moves, significandOf(b, n), significandOf(b, 0));
  setRegister(b, 0, significand, choose(b, moves, exponentOf(b, n), exponentOf(b, 0)));
}

/** FCHS, FABS: of any encoding. */
function setSign(b: Build, i: Insn, operation: u32, operand: u32): void {
  begin(b, i, 1);
  finish(b, i);
  splitTop(b);
  setRegister(b, 0, significandOf(b, 0), binary(b, operation, exponentOf(b, 0), constant(b, operand)));
}

/** FFREE, FFREEP. */
function free(b: Build, i: Insn, n: u32, pops: bool): void {
  begin(b, i, 0);
  finish(b, i);
  markEmpty(n);
  if (pops) popX87();
}

/** FINCSTP, FDECSTP: no tag. */
function rotate(b: Build, i: Insn, step: u32): void {
  begin(b, i, 0);
  finish(b, i);
  rotateX87(step);
}

// ---- arithmetic and comparisons ----

/** ST(to) = ST(0) op ST(n). */
function operate(b: Build, i: Insn, reg: u32, n: u32, to: u32, pops: bool): void {
  begin(b, i, 1 | (1 << n));
  noteInstruction(b, i);
  takeRegister(b, n);
  arithmetic(b, reg, to);
  if (pops) popX87();
}

/** FSQRT, FRNDINT. */
function apply(b: Build, i: Insn, helper: u32): void {
  begin(b, i, 1);
  noteInstruction(b, i);
  applyToTop(b, helper);
}

function compare(b: Build, i: Insn, n: u32, quiet: bool, pops: u32): void {
  begin(b, i, 1 | (1 << n));
  noteInstruction(b, i);
  takeRegister(b, n);
  setConditions(b, compareTop(b, quiet));
  if (pops > 0) popX87();
  if (pops > 1) popX87();
}

/** FTST. */
function test(b: Build, i: Insn): void {
  begin(b, i, 1);
  noteInstruction(b, i);
  takeZero(b);
  setConditions(b, compareTop(b, false));
}

/** FCOMI, FUCOMI: flags as COMISD sets them. */
function compareToFlags(b: Build, i: Insn, n: u32, quiet: bool, pops: bool): void {
  begin(b, i, 1 | (1 << n));
  noteInstruction(b, i);
  takeRegister(b, n);
  setKnown(b, FlagOp.FLOAT, 64, orderOfTop(b, quiet), floatOfBits(b, constant(b, 0), 64), 0);
  if (pops) popX87();
}
