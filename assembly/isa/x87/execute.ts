// The x87 instructions: escapes D8 to DF and FWAIT. SDM vol. 1 ch. 8; opcode maps vol. 2D A.5.
//
// Instructions by family: arith.ts, compare.ts, loadStore.ts, move.ts, function.ts, control.ts, environment.ts. Undocumented
// aliases do what every processor does; FISTTP is SSE3, which is not claimed, so #UD. The decoder has sorted out what is no
// instruction at all.
import { Vector, raise, raiseUd } from "../../cpu/exceptions";
import { Cr0 } from "../../cpu/registerBits";
import { Insn } from "../../decode/insn";
import { Op } from "../../decode/op";
import { Exec } from "../../interp/exec";
import { arithDouble, arithInteger16, arithInteger32, arithPop, arithSingle, arithToOther, arithToTop } from "./arith";
import { compare, compareToFlags, examine, test } from "./compare";
import {
  clearExceptions,
  initialize,
  loadControl,
  storeControl,
  storeStatus,
  storeStatusToAx,
  takePendingError,
} from "./control";
import { loadEnvironment, restoreState, saveState, storeEnvironment } from "./environment";
import {
  Binary,
  absolute,
  binaryPop,
  changeSign,
  exponential,
  extract,
  remainder,
  roundToInteger,
  scale,
  sine,
  squareRoot,
  tangent,
} from "./function";
import {
  loadBcd,
  loadDouble,
  loadExtended,
  loadInteger16,
  loadInteger32,
  loadInteger64,
  loadRegister,
  loadSingle,
  storeBcd,
  storeDouble,
  storeExtended,
  storeInteger16,
  storeInteger32,
  storeInteger64,
  storeRegister,
  storeRegisterQuietly,
  storeSingle,
} from "./loadStore";
import { exchange, free, loadConstant, moveConditionally, noOperation, rotate } from "./move";
import { SUMMARY } from "./state";

// Rows of the memory and register maps: op - X87_MEM = (opcode & 7) * 8 + ModRM.reg, register forms 64 above.
const REGISTER_FORMS: u32 = Op.X87_REG - Op.X87_MEM;
const FNSTENV: u32 = 0x0e;
const FNSTCW: u32 = 0x0f;
const FISTTP32: u32 = 0x19;
const FISTTP64: u32 = 0x29;
const FNSAVE: u32 = 0x2e;
const FNSTSW: u32 = 0x2f;
const FISTTP16: u32 = 0x39;
/** FNENI, FNDISI, FNCLEX, FNINIT, FNSETPM. */
const FNINIT_ROW: u32 = REGISTER_FORMS + 0x1c;
const FNSTSW_AX: u32 = REGISTER_FORMS + 0x3c;

/** ES, the half of it that is looked at. */
const PENDING: u32 = SUMMARY & 0xff;

/** Condition codes (cpu/flags.ts) of FCMOVB, E, BE, U; the next number is the opposite. */
// prettier-ignore
const CONDITION: usize = memory.data<u8>([2, 4, 6, 10]);

export function executeX87(cpu: Exec, i: Insn): void {
  const row = <u32>i.op - Op.X87_MEM;
  if (cpu.cr0 & (Cr0.EM | Cr0.TS) && isUnavailable(cpu, row)) return;
  if (cpu.fpuStatus & PENDING && isWaiting(row) && takePendingError(cpu, i)) return;
  if (row < REGISTER_FORMS) executeMemory(cpu, i, row);
  else executeRegister(cpu, i, row - REGISTER_FORMS);
}

/** True with #NM or #UD pending. */
function isUnavailable(cpu: Exec, row: u32): bool {
  if (row == Op.FWAIT - Op.X87_MEM) {
    if ((cpu.cr0 & (Cr0.MP | Cr0.TS)) != (Cr0.MP | Cr0.TS)) return false;
  } else if (row == FISTTP16 || row == FISTTP32 || row == FISTTP64) {
    raiseUd(cpu);
    return true;
  }
  raise(cpu, Vector.NM);
  return true;
}

/** Whether it reports pending exceptions first. */
function isWaiting(row: u32): bool {
  switch (row) {
    case FNSTENV:
    case FNSTCW:
    case FNSAVE:
    case FNSTSW:
    case FNINIT_ROW:
    case FNSTSW_AX:
    case FISTTP16: // #UD
    case FISTTP32:
    case FISTTP64:
      return false;
    default:
      return true;
  }
}

function executeMemory(cpu: Exec, i: Insn, row: u32): void {
  const reg = row & 7;
  switch (row >> 3) {
    case 0:
      arithSingle(cpu, i, reg);
      return;
    case 1:
      memoryD9(cpu, i, reg);
      return;
    case 2:
      arithInteger32(cpu, i, reg);
      return;
    case 3:
      memoryDb(cpu, i, reg);
      return;
    case 4:
      arithDouble(cpu, i, reg);
      return;
    case 5:
      memoryDd(cpu, i, reg);
      return;
    case 6:
      arithInteger16(cpu, i, reg);
      return;
    default:
      memoryDf(cpu, i, reg);
      return;
  }
}

function memoryD9(cpu: Exec, i: Insn, reg: u32): void {
  switch (reg) {
    case 0:
      loadSingle(cpu, i);
      return;
    case 2:
    case 3:
      storeSingle(cpu, i, reg == 3);
      return;
    case 4:
      loadEnvironment(cpu, i);
      return;
    case 5:
      loadControl(cpu, i);
      return;
    case 6:
      storeEnvironment(cpu, i);
      return;
    case 7:
      storeControl(cpu, i);
      return;
    default:
      raiseUd(cpu);
  }
}

function memoryDb(cpu: Exec, i: Insn, reg: u32): void {
  switch (reg) {
    case 0:
      loadInteger32(cpu, i);
      return;
    case 2:
    case 3:
      storeInteger32(cpu, i, reg == 3);
      return;
    case 5:
      loadExtended(cpu, i);
      return;
    case 7:
      storeExtended(cpu, i);
      return;
    default:
      raiseUd(cpu); // 1: FISTTP
  }
}

function memoryDd(cpu: Exec, i: Insn, reg: u32): void {
  switch (reg) {
    case 0:
      loadDouble(cpu, i);
      return;
    case 2:
    case 3:
      storeDouble(cpu, i, reg == 3);
      return;
    case 4:
      restoreState(cpu, i);
      return;
    case 6:
      saveState(cpu, i);
      return;
    case 7:
      storeStatus(cpu, i);
      return;
    default:
      raiseUd(cpu); // 1: FISTTP
  }
}

function memoryDf(cpu: Exec, i: Insn, reg: u32): void {
  switch (reg) {
    case 0:
      loadInteger16(cpu, i);
      return;
    case 2:
    case 3:
      storeInteger16(cpu, i, reg == 3);
      return;
    case 4:
      loadBcd(cpu, i);
      return;
    case 5:
      loadInteger64(cpu, i);
      return;
    case 6:
      storeBcd(cpu, i);
      return;
    case 7:
      storeInteger64(cpu, i);
      return;
    default:
      raiseUd(cpu); // 1: FISTTP
  }
}

function executeRegister(cpu: Exec, i: Insn, row: u32): void {
  const reg = row & 7;
  switch (row >> 3) {
    case 0: // D8
      if ((reg & 6) == 2) compare(cpu, i, false, reg & 1);
      else arithToTop(cpu, i, reg);
      return;
    case 1:
      registerD9(cpu, i, reg);
      return;
    case 2: // DA
      if (reg < 4) moveConditionally(cpu, i, <u32>load<u8>(CONDITION + reg));
      else compare(cpu, i, true, 2); // FUCOMPP
      return;
    case 3:
      registerDb(cpu, i, reg);
      return;
    case 4: // DC; FCOM2, FCOMP3
      if ((reg & 6) == 2) compare(cpu, i, false, reg & 1);
      else arithToOther(cpu, i, reg);
      return;
    case 5:
      registerDd(cpu, i, reg);
      return;
    case 6: // DE; FCOMP5, FCOMPP
      if ((reg & 6) == 2) compare(cpu, i, false, (reg & 1) + 1);
      else arithPop(cpu, i, reg);
      return;
    case 7:
      registerDf(cpu, i, reg);
      return;
    // FWAIT has waited
  }
}

function registerD9(cpu: Exec, i: Insn, reg: u32): void {
  switch (reg) {
    case 0:
      loadRegister(cpu, i);
      return;
    case 1:
      exchange(cpu, i);
      return;
    case 2:
      noOperation(cpu, i);
      return;
    case 3: // FSTP1
      storeRegisterQuietly(cpu, i);
      return;
    case 5:
      loadConstant(cpu, i);
      return;
    default:
      functionD9(cpu, i, (<u32>i.modrm) & 0x1f);
  }
}

/** D9 E0 to FF but for the constants. */
function functionD9(cpu: Exec, i: Insn, which: u32): void {
  switch (which) {
    case 0x00:
      changeSign(cpu, i);
      return;
    case 0x01:
      absolute(cpu, i);
      return;
    case 0x04:
      test(cpu, i);
      return;
    case 0x05:
      examine(cpu, i);
      return;
    case 0x10:
      exponential(cpu, i);
      return;
    case 0x11:
      binaryPop(cpu, i, Binary.LOG);
      return;
    case 0x12:
      tangent(cpu, i, false);
      return;
    case 0x13:
      binaryPop(cpu, i, Binary.ATAN);
      return;
    case 0x14:
      extract(cpu, i);
      return;
    case 0x15:
      remainder(cpu, i, true);
      return;
    case 0x16:
      rotate(cpu, i, 7);
      return;
    case 0x17:
      rotate(cpu, i, 1);
      return;
    case 0x18:
      remainder(cpu, i, false);
      return;
    case 0x19:
      binaryPop(cpu, i, Binary.LOG_PLUS_1);
      return;
    case 0x1a:
      squareRoot(cpu, i);
      return;
    case 0x1b:
      tangent(cpu, i, true);
      return;
    case 0x1c:
      roundToInteger(cpu, i);
      return;
    case 0x1d:
      scale(cpu, i);
      return;
    case 0x1e:
      sine(cpu, i, false);
      return;
    case 0x1f:
      sine(cpu, i, true);
      return;
    default:
      raiseUd(cpu);
  }
}

function registerDb(cpu: Exec, i: Insn, reg: u32): void {
  switch (reg) {
    case 0:
    case 1:
    case 2:
    case 3:
      moveConditionally(cpu, i, (<u32>load<u8>(CONDITION + reg)) | 1);
      return;
    case 4: // FNENI, FNDISI and FNSETPM do nothing
      if ((i.modrm & 7) == 2) clearExceptions(cpu);
      else if ((i.modrm & 7) == 3) initialize(cpu);
      return;
    default: // 5: FUCOMI, 6: FCOMI
      compareToFlags(cpu, i, reg == 5, false);
  }
}

function registerDd(cpu: Exec, i: Insn, reg: u32): void {
  switch (reg) {
    case 0:
      free(cpu, i, false);
      return;
    case 1: // FXCH4
      exchange(cpu, i);
      return;
    case 2:
    case 3:
      storeRegister(cpu, i, reg == 3);
      return;
    default: // 4: FUCOM, 5: FUCOMP
      compare(cpu, i, true, reg & 1);
  }
}

function registerDf(cpu: Exec, i: Insn, reg: u32): void {
  switch (reg) {
    case 0: // FFREEP
      free(cpu, i, true);
      return;
    case 1: // FXCH7
      exchange(cpu, i);
      return;
    case 2: // FSTP8, FSTP9
    case 3:
      storeRegister(cpu, i, true);
      return;
    case 4:
      storeStatusToAx(cpu);
      return;
    default: // 5: FUCOMIP, 6: FCOMIP
      compareToFlags(cpu, i, reg == 5, true);
  }
}
