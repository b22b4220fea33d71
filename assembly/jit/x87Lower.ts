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
  DOUBLE_BIAS,
  SIGN,
  SLOW,
  X87Locals,
  apply,
  apply32,
  apply64,
  emitRoundsUp,
  get,
  set,
  with32,
  with64,
} from "./x87Emit";
import { X87Widen, X87_EXPONENT } from "./x87Helpers";
import { emitProduct, emitSum } from "./x87LowerArith";
import {
  emitExactSum,
  emitProductOfSingles,
  emitSplit,
  emitStoreDouble,
  emitWidenSingle,
  releaseOperands,
  splitOperands,
} from "./x87LowerDouble";
import { pushStatusVariable } from "./x87Variables";

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
  /** The number as it is, but not in DOUBLE_FORM. */
  SPLIT,
}

/** As DOUBLE_BIAS, of single. */
const SINGLE_BIAS: i32 = 16383 - 127;

/** Type of the first operand. */
export function x87OperandType(code: u32): u32 {
  return code == X87Op.LOAD_SINGLE || code == X87Op.SINGLE ? ValueType.I32 : ValueType.I64;
}

/** Whether 32 bits hold the significand that `n` gives. */
export function isNarrow(n: Node): bool {
  return n.op == IrOp.CONST && !(<u32>n.imm);
}

/** Whether `n` gives a single as a double, if it is normal or zero. */
export function isSingle(n: Node): bool {
  return n.op == IrOp.X87 && (n.code == X87Op.LOAD_SINGLE || n.code == X87Op.SINGLE);
}

/** Whether the number that `n` gives may have DOUBLE_FORM, in a region that has singles. */
export function mayBeDouble(n: Node): bool {
  if (n.op == IrOp.X87) return n.code != X87Op.LOAD_DOUBLE && n.code != X87Op.DOUBLE && n.code != X87Op.SPLIT;
  return n.op != IrOp.CALL;
}

export function emitX87(s: LowerState, code: u32, l: X87Locals): void {
  const e = s.code;
  if (code == X87Op.SPLIT) {
    emitSplit(e, l.a, l.aExponent, l.significand, l.exponent);
    return;
  }
  e.open(Wasm.BLOCK, ValueType.EMPTY);
  e.open(Wasm.BLOCK, ValueType.EMPTY);
  if (emitExact(s, code, l)) emitSplitFast(s, code, l);
  else emitFast(s, code, l);
  e.branch(Wasm.BR, 1);
  e.end();
  if (code <= <u32>X87Op.DOUBLE) callWiden(s, code, l);
  else if (code <= <u32>X87Op.MUL) callArithmetic(s, code, l);
  else callNarrow(s, code, l);
  e.end();
}

/** emitFast on copies of those operands that may be doubles. Helpers take the operands themselves. */
function emitSplitFast(s: LowerState, code: u32, l: X87Locals): void {
  const a = l.a;
  const b = l.b;
  const aExponent = l.aExponent;
  const bExponent = l.bExponent;
  splitOperands(s, l);
  emitFast(s, code, l);
  releaseOperands(s, l);
  l.a = a;
  l.b = b;
  l.aExponent = aExponent;
  l.bExponent = bExponent;
}

/** What can be done with doubles as they are. True: what could not goes on with significands and exponents. */
function emitExact(s: LowerState, code: u32, l: X87Locals): bool {
  switch (code) {
    case X87Op.ADD:
    case X87Op.SUB:
      if (l.aDouble && l.bDouble) emitExactSum(s, l, code == X87Op.SUB);
      return true;
    case X87Op.MUL:
      return !l.singles;
    case X87Op.STORE_SINGLE:
    case X87Op.STORE_DOUBLE:
      if (l.aDouble) emitStoreDouble(s, l, code == X87Op.STORE_DOUBLE);
      return true;
    default:
      return false;
  }
}

function emitFast(s: LowerState, code: u32, l: X87Locals): void {
  switch (code) {
    case X87Op.LOAD_SINGLE:
    case X87Op.SINGLE:
      emitWidenSingle(s, l);
      return;
    case X87Op.LOAD_DOUBLE:
    case X87Op.DOUBLE:
      emitWidenDouble(s, l);
      return;
    case X87Op.ADD:
    case X87Op.SUB:
      emitSum(s, l, code == X87Op.SUB);
      return;
    case X87Op.MUL:
      if (l.singles) emitProductOfSingles(s, l);
      else emitProduct(s, l);
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
  pushStatusVariable(e, Var.X87_UP);
  set(e, l.up);
  pushStatusVariable(e, Var.X87_INEXACT);
  set(e, l.rest);
}

// ---- conversions ----

/** A double to register format, if normal. */
function emitWidenDouble(s: LowerState, l: X87Locals): void {
  const e = s.code;
  const biased = takeTemporary(s, ValueType.I32);
  get(e, l.a);
  with64(e, Wasm.I64_SHR_U, 52);
  e.op(Wasm.I32_WRAP_I64);
  with32(e, Wasm.I32_AND, 0x7ff);
  e.local(Wasm.LOCAL_TEE, biased);
  with32(e, Wasm.I32_SUB, 1);
  with32(e, Wasm.I32_GE_U, 0x7fe);
  hintBranch(e.at, Hint.UNLIKELY);
  e.branch(Wasm.BR_IF, SLOW);
  apply64(e, Wasm.I64_SHL, l.a, 11);
  with64(e, Wasm.I64_OR, i64.MIN_VALUE);
  set(e, l.significand);
  apply64(e, Wasm.I64_SHR_U, l.a, 48);
  e.op(Wasm.I32_WRAP_I64);
  with32(e, Wasm.I32_AND, SIGN);
  apply32(e, Wasm.I32_ADD, biased, DOUBLE_BIAS);
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
