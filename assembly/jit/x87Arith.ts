// Operations on x87 values at translation: calls of x87Helpers.ts.
import { BIAS, C0, C2, C3 } from "../softfloat/env";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { BUILD_STATE } from "./layout";
import { Helper } from "./helperNumber";
import { IrOp, node } from "./ir";
import { as32, as64, binary, choose, constant, isZero, newNode, unary } from "./values";
import { X87_EXPONENT } from "./x87Helpers";
import { exponentOf, loadStatus, pushX87, setRegister, setStatus, significandOf, x87State } from "./x87State";

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
  operand().exponent = constant(b, 0);
}

/** A single or double from memory, in register format (`how`: X87Widen). */
export function takeWidened(b: BuildState, bits: u32, how: u32): void {
  const id = newNode(b, IrOp.X87, ValueType.I64, bits, 0, 0, 0);
  node(id).code = how;
  operand().significand = id;
  operand().exponent = newNode(b, IrOp.PAIR, ValueType.I32, 0, 0, 0, 0);
  node(operand().exponent).size = 32;
}

/** An integer, an I64: exact. */
export function takeInteger(b: BuildState, value: u32): void {
  const sign = binary(b, Wasm.I64_SHR_S, value, constant(b, 63));
  const magnitude = binary(b, Wasm.I64_SUB, binary(b, Wasm.I64_XOR, value, sign), sign);
  const zeros = unary(b, Wasm.I64_CLZ, ValueType.I64, magnitude);
  operand().significand = binary(b, Wasm.I64_SHL, magnitude, zeros);
  const biased = binary(b, Wasm.I32_SUB, constant(b, BIAS + 63), as32(b, zeros));
  const signBit = binary(b, Wasm.I32_AND, as32(b, sign), constant(b, 0x8000));
  operand().exponent = choose(b, isZero(b, value), constant(b, 0), binary(b, Wasm.I32_OR, biased, signBit));
}

/** The operand is pushed. */
export function pushOperand(b: BuildState): void {
  pushX87(b, operand().significand, operand().exponent);
}

// ---- operations ----

/** A call of a helper that writes C1. */
function call(b: BuildState, helper: u32, type: u32, x: u32, y: u32, z: u32): u32 {
  const id = newNode(b, IrOp.CALL, type, x, y, z, 0);
  node(id).code = helper;
  x87State().clearC1 = false;
  return id;
}

/** Sign and exponent of what a helper has just given. */
function exponentOfCall(b: BuildState): u32 {
  const id = newNode(b, IrOp.LOAD, ValueType.I32, constant(b, 0), 0, 0, <i64>X87_EXPONENT);
  node(id).code = Wasm.I32_LOAD16_U;
  node(id).size = 16;
  return id;
}

/** The exponents of two operands as helpers take them. */
function pack(b: BuildState, first: u32, second: u32): u32 {
  return binary(b, Wasm.I64_OR, as64(b, first), binary(b, Wasm.I64_SHL, as64(b, second), constant(b, 32)));
}

/** ST(to) = ST(0) op the operand; ModRM.reg tells the operation (isa/x87/arith.ts). */
export function arithmetic(b: BuildState, reg: u32, to: u32): void {
  const significand = operand().significand;
  const exponent = operand().exponent;
  const helper = helperOf(reg);
  const reversed = reg == 5 || reg == 7;
  const top = significandOf(b, 0);
  const topExponent = exponentOf(b, 0);
  const exponents = reversed ? pack(b, exponent, topExponent) : pack(b, topExponent, exponent);
  const result = reversed
    ? call(b, helper, ValueType.I64, significand, top, exponents)
    : call(b, helper, ValueType.I64, top, significand, exponents);
  setRegister(b, to, result, exponentOfCall(b));
}

function helperOf(reg: u32): u32 {
  switch (reg) {
    case 0:
      return Helper.X87_ADD;
    case 1:
      return Helper.X87_MUL;
    case 4:
    case 5:
      return Helper.X87_SUB;
    default:
      return Helper.X87_DIV;
  }
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

/** The bits of ST(0) as a single or double (helper X87_SINGLE, X87_DOUBLE). */
export function narrowTop(b: BuildState, helper: u32): u32 {
  return call(b, helper, ValueType.I64, significandOf(b, 0), exponentOf(b, 0), 0);
}

/** ST(0) as an integer of `bits` bits. */
export function integerOfTop(b: BuildState, bits: u32): u32 {
  const id = call(b, Helper.X87_INTEGER, ValueType.I64, significandOf(b, 0), exponentOf(b, 0), 0);
  node(id).imm = <i64>bits;
  node(id).flag = 1;
  return id;
}
