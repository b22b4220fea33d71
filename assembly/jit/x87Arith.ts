// Operations on x87 values at translation: calls of x87Helpers.ts.
import { BIAS, C0, C2, C3 } from "../softfloat/env";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { BUILD_STATE } from "./layout";
import { Helper } from "./helperNumber";
import { IrOp, NODE_SIZE, node } from "./ir";
import { as32, as64, binary, choose, constant, isZero, newNode, unary } from "./values";
import { NOT_NORMAL, X87_EXPONENT } from "./x87Helpers";
import { X87Op } from "./x87Lower";
import {
  exponentOf,
  flagNotNormal,
  loadStatus,
  pushX87,
  setRegister,
  setStatus,
  setRounded,
  significandOf,
  takeC1,
} from "./x87State";

/** Nodes of an operand: significand, and sign with exponent. */
@unmanaged
class Operand {
  significand: u32;
  exponent: u32;
}

/** The operand beside ST(0): what the functions `take...` leave. */
// @ts-ignore: decorator
@inline
function operand(): Operand {
  return changetype<Operand>(<usize>BUILD_STATE + 0x190);
}

// ---- operands ----

/** ST(n). */
export function takeRegister(b: BuildState, n: u32): void {
  operand().significand = significandOf(b, n);
  operand().exponent = exponentOf(b, n);
}

/** +0. */
export function takeZero(b: BuildState): void {
  operand().significand = constant(b, 0);
  operand().exponent = constant(b, NOT_NORMAL);
}

/** A single or double from memory, in register format (`how`: X87Op). */
export function takeWidened(b: BuildState, bits: u32, how: u32): void {
  operand().significand = operation(b, how, bits, 0, 0, 0);
  operand().exponent = exponentOfOperation(operand().significand);
}

/** What lies in memory in register format. */
export function takeExtended(b: BuildState, significand: u32, exponent: u32): void {
  operand().significand = significand;
  operand().exponent = flagNotNormal(b, significand, exponent);
}

/** An integer, an I64: exact. */
export function takeInteger(b: BuildState, value: u32): void {
  const sign = binary(b, Wasm.I64_SHR_S, value, constant(b, 63));
  const magnitude = binary(b, Wasm.I64_SUB, binary(b, Wasm.I64_XOR, value, sign), sign);
  const zeros = unary(b, Wasm.I64_CLZ, ValueType.I64, magnitude);
  operand().significand = binary(b, Wasm.I64_SHL, magnitude, zeros);
  const biased = binary(b, Wasm.I32_SUB, constant(b, BIAS + 63), as32(b, zeros));
  const signBit = binary(b, Wasm.I32_AND, as32(b, sign), constant(b, 0x8000));
  operand().exponent = choose(b, isZero(b, value), constant(b, NOT_NORMAL), binary(b, Wasm.I32_OR, biased, signBit));
}

/** The operand is pushed. */
export function pushOperand(b: BuildState): void {
  pushX87(b, operand().significand, operand().exponent);
}

// ---- operations ----

/** An X87 node; its first result. */
function operation(b: BuildState, code: u32, x: u32, y: u32, xExponent: u32, yExponent: u32): u32 {
  const id = newNode(b, IrOp.X87, ValueType.I64, x, y, xExponent, 0);
  node(id).code = code;
  node(id).d = yExponent;
  node(newNode(b, IrOp.RESULT, ValueType.I32, 0, 0, 0, 0)).size = 32;
  newNode(b, IrOp.RESULT, ValueType.I64, 0, 0, 0, 0);
  newNode(b, IrOp.RESULT, ValueType.I64, 0, 0, 0, 0);
  return id;
}

/** Sign and exponent of what an X87 node gives. */
function exponentOfOperation(id: u32): u32 {
  return id + NODE_SIZE;
}

/** ST(0) is to be split: its significand and exponent are looked at by themselves. */
export function splitTop(b: BuildState): void {
  if (!b.x87Singles) return;
  const split = operation(b, X87Op.SPLIT, significandOf(b, 0), 0, exponentOf(b, 0), 0);
  setRegister(b, 0, split, exponentOfOperation(split));
}

/** An X87 node has rounded. */
function noteRounded(b: BuildState, id: u32): void {
  setRounded(b, id + 2 * NODE_SIZE, id + 3 * NODE_SIZE);
}

/** A call of a helper that leaves C1 in the status word. */
function call(b: BuildState, helper: u32, type: u32, x: u32, y: u32, z: u32): u32 {
  const id = newNode(b, IrOp.CALL, type, x, y, z, 0);
  node(id).code = helper;
  takeC1(b);
  return id;
}

/** Sign and exponent of what a helper has just given. */
function exponentOfCall(b: BuildState): u32 {
  const id = newNode(b, IrOp.LOAD, ValueType.I32, constant(b, 0), 0, 0, <i64>X87_EXPONENT);
  node(id).code = Wasm.I32_LOAD;
  node(id).size = 32;
  return id;
}

/** The exponents of two operands as helpers take them. */
function pack(b: BuildState, first: u32, second: u32): u32 {
  return binary(b, Wasm.I64_OR, as64(b, first), binary(b, Wasm.I64_SHL, as64(b, second), constant(b, 32)));
}

/** ST(to) = ST(0) op the operand; ModRM.reg tells the operation (isa/x87/arith.ts). */
export function arithmetic(b: BuildState, reg: u32, to: u32): void {
  const reversed = reg == 5 || reg == 7;
  const x = operand().significand;
  const xExponent = operand().exponent;
  const top = significandOf(b, 0);
  const topExponent = exponentOf(b, 0);
  const first = reversed ? x : top;
  const second = reversed ? top : x;
  const firstExponent = reversed ? xExponent : topExponent;
  const secondExponent = reversed ? topExponent : xExponent;
  if (reg >= 6) {
    const quotient = call(b, Helper.X87_DIV, ValueType.I64, first, second, pack(b, firstExponent, secondExponent));
    setRegister(b, to, quotient, exponentOfCall(b));
    return;
  }
  const code: u32 = reg == 0 ? X87Op.ADD : reg == 1 ? X87Op.MUL : X87Op.SUB;
  const result = operation(b, code, first, second, firstExponent, secondExponent);
  noteRounded(b, result);
  setRegister(b, to, result, exponentOfOperation(result));
}

/** ST(0) = f(ST(0)). */
export function applyToTop(b: BuildState, helper: u32): void {
  const result = call(b, helper, ValueType.I64, significandOf(b, 0), exponentOf(b, 0), 0);
  setRegister(b, 0, result, exponentOfCall(b));
}

/** C3, C2 and C0 of ST(0) against the operand. */
export function compareTop(b: BuildState, quiet: bool): u32 {
  return callCompare(b, Helper.X87_COMPARE, ValueType.I32, quiet);
}

/** An F64 that compares with 0 as ST(0) with the operand. */
export function orderOfTop(b: BuildState, quiet: bool): u32 {
  return callCompare(b, Helper.X87_ORDER, ValueType.F64, quiet);
}

function callCompare(b: BuildState, helper: u32, type: u32, quiet: bool): u32 {
  const exponents = pack(b, exponentOf(b, 0), operand().exponent);
  const id = call(b, helper, type, significandOf(b, 0), operand().significand, exponents);
  const n = node(id);
  n.imm = quiet ? 1 : 0;
  n.flag = 1;
  n.size = 15;
  return id;
}

/** The condition codes become the result of a comparison. */
export function setConditions(b: BuildState, result: u32): void {
  const others = binary(b, Wasm.I32_AND, loadStatus(b), constant(b, ~(C0 | C2 | C3)));
  setStatus(b, binary(b, Wasm.I32_OR, others, result));
}

// ---- conversions ----

/** The bits of ST(0) as a single or double (X87Op.STORE_SINGLE, STORE_DOUBLE). */
export function narrowTop(b: BuildState, how: u32): u32 {
  const bits = operation(b, how, significandOf(b, 0), 0, exponentOf(b, 0), 0);
  noteRounded(b, bits);
  return bits;
}

/** ST(0) as an integer of `bits` bits. */
export function integerOfTop(b: BuildState, bits: u32): u32 {
  const id = call(b, Helper.X87_INTEGER, ValueType.I64, significandOf(b, 0), exponentOf(b, 0), 0);
  node(id).imm = <i64>bits;
  node(id).flag = 1;
  return id;
}
