// X87 nodes to wasm: the common case in place, else a helper (x87Helpers.ts).
//
//   block              <- done
//     block            <- slow
//       checks: br_if slow; the operation
//       br done
//     end
//     call of the helper
//   end
import { Encoder } from "../wasm/encoder";
import { ValueType, Wasm } from "../wasm/opcodes";
import { Helper } from "./helperNumber";
import { IrOp, Node, Var } from "./ir";
import { Hint, hintBranch } from "./branchHints";
import { LowerState, releaseTemporary, takeTemporary } from "./lowerState";
import { callHelper } from "./module";
import {
  SIGN,
  SLOW,
  X87Locals,
  apply,
  apply32,
  apply64,
  emitRoundsUp,
  get,
  loadStatusVariable,
  set,
  with32,
  with64,
} from "./x87Emit";
import { X87Widen, X87_EXPONENT } from "./x87Helpers";
import { emitProduct, emitSum } from "./x87LowerArith";

/** Node.code of X87 nodes. Operands: bits a; significands a, b and exponents c, d; significand a and exponent c. */
export const enum X87Op {
  LOAD_SINGLE = X87Widen.LOAD_SINGLE,
  LOAD_DOUBLE = X87Widen.LOAD_DOUBLE,
  SINGLE = X87Widen.SINGLE,
  DOUBLE = X87Widen.DOUBLE,
  ADD,
  SUB,
  MUL,
  /** FST: the result is no significand but the bits. */
  STORE_SINGLE,
  STORE_DOUBLE,
}

/** Exponent bias of the register format less that of single, of double (SDM vol. 1, table 4-3). */
const SINGLE_BIAS: i32 = 16383 - 127;
const DOUBLE_BIAS: i32 = 16383 - 1023;

/** Type of the first operand. */
export function x87OperandType(code: u32): u32 {
  return code == X87Op.LOAD_SINGLE || code == X87Op.SINGLE ? ValueType.I32 : ValueType.I64;
}

/** Whether 32 bits hold the significand that `n` gives: of singles, and of some constants. */
export function isNarrow(n: Node): bool {
  if (n.op == IrOp.CONST) return !(<u32>n.imm);
  return n.op == IrOp.X87 && (n.code == X87Op.LOAD_SINGLE || n.code == X87Op.SINGLE);
}

export function emitX87(s: LowerState, code: u32, l: X87Locals): void {
  const e = s.code;
  e.open(Wasm.BLOCK, ValueType.EMPTY);
  e.open(Wasm.BLOCK, ValueType.EMPTY);
  emitFast(s, code, l);
  e.branch(Wasm.BR, 1);
  e.end();
  if (code <= <u32>X87Op.DOUBLE) callWiden(s, code, l);
  else if (code <= <u32>X87Op.MUL) callArithmetic(s, code, l);
  else callNarrow(s, code, l);
  e.end();
}

function emitFast(s: LowerState, code: u32, l: X87Locals): void {
  switch (code) {
    case X87Op.LOAD_SINGLE:
    case X87Op.SINGLE:
      emitWiden(s, l, false);
      return;
    case X87Op.LOAD_DOUBLE:
    case X87Op.DOUBLE:
      emitWiden(s, l, true);
      return;
    case X87Op.ADD:
    case X87Op.SUB:
      emitSum(s, l, code == X87Op.SUB);
      return;
    case X87Op.MUL:
      emitProduct(s, l);
      return;
    default:
      emitNarrow(s, l, code == X87Op.STORE_DOUBLE);
  }
}

// ---- helpers ----

function callWiden(s: LowerState, code: u32, l: X87Locals): void {
  const e = s.code;
  get(e, l.a);
  if (x87OperandType(code) == ValueType.I32) e.op(Wasm.I64_EXTEND_I32_U);
  e.i32Const(<i32>code);
  callHelper(e, Helper.X87_WIDEN);
  set(e, l.significand);
  e.i32Const(0);
  e.memory(Wasm.I32_LOAD, X87_EXPONENT);
  set(e, l.exponent);
}

function callArithmetic(s: LowerState, code: u32, l: X87Locals): void {
  const e = s.code;
  get(e, l.a);
  get(e, l.b);
  get(e, l.aExponent);
  e.op(Wasm.I64_EXTEND_I32_U);
  get(e, l.bExponent);
  e.op(Wasm.I64_EXTEND_I32_U);
  with64(e, Wasm.I64_SHL, 32);
  e.op(Wasm.I64_OR);
  callHelper(e, code == X87Op.ADD ? Helper.X87_ADD : code == X87Op.SUB ? Helper.X87_SUB : Helper.X87_MUL);
  set(e, l.significand);
  e.i32Const(0);
  e.memory(Wasm.I32_LOAD, X87_EXPONENT);
  set(e, l.exponent);
  takeRaised(e, l);
}

function callNarrow(s: LowerState, code: u32, l: X87Locals): void {
  const e = s.code;
  get(e, l.a);
  get(e, l.aExponent);
  callHelper(e, code == X87Op.STORE_DOUBLE ? Helper.X87_DOUBLE : Helper.X87_SINGLE);
  set(e, l.significand);
  takeRaised(e, l);
}

/** The helper has put what it raised into the status word. */
function takeRaised(e: Encoder, l: X87Locals): void {
  loadStatusVariable(e, Var.X87_UP);
  set(e, l.up);
  loadStatusVariable(e, Var.X87_INEXACT);
  set(e, l.rest);
}

// ---- conversions ----

/** A single or double to register format, if normal. */
function emitWiden(s: LowerState, l: X87Locals, double: bool): void {
  const e = s.code;
  const biased = takeTemporary(s, ValueType.I32);
  get(e, l.a);
  if (double) {
    with64(e, Wasm.I64_SHR_U, 52);
    e.op(Wasm.I32_WRAP_I64);
  } else {
    with32(e, Wasm.I32_SHR_U, 23);
  }
  with32(e, Wasm.I32_AND, double ? 0x7ff : 0xff);
  e.local(Wasm.LOCAL_TEE, biased);
  with32(e, Wasm.I32_SUB, 1);
  with32(e, Wasm.I32_GE_U, double ? 0x7fe : 0xfe);
  hintBranch(e.at, Hint.UNLIKELY);
  e.branch(Wasm.BR_IF, SLOW);
  get(e, l.a);
  if (!double) e.op(Wasm.I64_EXTEND_I32_U);
  with64(e, Wasm.I64_SHL, double ? 11 : 40);
  with64(e, Wasm.I64_OR, i64.MIN_VALUE);
  set(e, l.significand);
  get(e, l.a);
  if (double) {
    with64(e, Wasm.I64_SHR_U, 48);
    e.op(Wasm.I32_WRAP_I64);
  } else {
    with32(e, Wasm.I32_SHR_U, 16);
  }
  with32(e, Wasm.I32_AND, SIGN);
  apply32(e, Wasm.I32_ADD, biased, double ? DOUBLE_BIAS : SINGLE_BIAS);
  e.op(Wasm.I32_OR);
  set(e, l.exponent);
  releaseTemporary(biased, ValueType.I32);
}

/** The bits that FST stores, for a number that is normal in the narrow format, rounded to nearest. */
function emitNarrow(s: LowerState, l: X87Locals, double: bool): void {
  const e = s.code;
  const drop = double ? 11 : 40;
  const kept = takeTemporary(s, ValueType.I64);
  // Its exponent less 1: the significand's integer bit adds the 1.
  apply32(e, Wasm.I32_AND, l.aExponent, ~SIGN);
  get(e, l.mode);
  e.op(Wasm.I32_ADD);
  with32(e, Wasm.I32_SUB, (double ? DOUBLE_BIAS : SINGLE_BIAS) + 1);
  e.local(Wasm.LOCAL_TEE, l.exponent);
  with32(e, Wasm.I32_GE_U, double ? 2045 : 253);
  hintBranch(e.at, Hint.UNLIKELY);
  e.branch(Wasm.BR_IF, SLOW);
  apply64(e, Wasm.I64_SHR_U, l.a, drop);
  set(e, kept);
  apply64(e, Wasm.I64_SHL, l.a, 64 - drop);
  set(e, l.rest);
  emitRoundsUp(e, kept, l.rest, l.up);
  // A carry out of the fraction goes on into the exponent.
  get(e, l.exponent);
  e.op(Wasm.I64_EXTEND_I32_U);
  with64(e, Wasm.I64_SHL, 63 - drop);
  apply(e, Wasm.I64_ADD, kept, l.up);
  e.op(Wasm.I64_ADD);
  apply32(e, Wasm.I32_AND, l.aExponent, SIGN);
  e.op(Wasm.I64_EXTEND_I32_U);
  with64(e, Wasm.I64_SHL, double ? 48 : 16);
  e.op(Wasm.I64_OR);
  set(e, l.significand);
  releaseTemporary(kept, ValueType.I64);
}
