// Conversions at translation, as isa/sse/convert.ts. Those with MMX registers are the engine's.
import { Insn } from "../decode/insn";
import { Form } from "../decode/op";
import { SseOp } from "../decode/sseOp";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { floatOfBits } from "./floatFlags";
import { Helper, ToInteger } from "./helperNumber";
import { node } from "./ir";
import { linearOf, loadAt } from "./memoryNodes";
import { requireFloat, requireSse, sourceLow, sourceVariable, unusualMode, writeLow, xmm } from "./sseOperands";
import { compareFloat, orInexact } from "./sseExact";
import { buildCompareFlags } from "./sseScalar";
import { buildPackedConversion } from "./ssePackedConvert";
import { Test, bothTests, chooseCall, fails, operandTest, productTest, zeroMark } from "./sseTests";
import { as32, as64, binary, binaryOf, constant, not1, unary } from "./values";
import { readRegister, writeRegister } from "./variables";

/** Translates a conversion or comparison; false: not one that is translated. */
export function buildConvert(b: BuildState, i: Insn, op: u32): bool {
  switch (op) {
    case SseOp.UCOMISS:
    case SseOp.COMISS:
      buildCompareFlags(b, i, op, 32);
      return true;
    case SseOp.UCOMISD:
    case SseOp.COMISD:
      buildCompareFlags(b, i, op, 64);
      return true;
    case SseOp.CVTSI2SS:
      fromInteger(b, i, 32);
      return true;
    case SseOp.CVTSI2SD:
      fromInteger(b, i, 64);
      return true;
    case SseOp.CVTTSS2SI:
    case SseOp.CVTSS2SI:
      toInteger(b, i, 32, op == SseOp.CVTTSS2SI);
      return true;
    case SseOp.CVTTSD2SI:
    case SseOp.CVTSD2SI:
      toInteger(b, i, 64, op == SseOp.CVTTSD2SI);
      return true;
    case SseOp.CVTSS2SD:
      widen(b, i);
      return true;
    case SseOp.CVTSD2SS:
      narrow(b, i);
      return true;
    default:
      return buildPackedConversion(b, i, op);
  }
}

/** 2^63 and 2^31 as doubles and singles. */
const LIMIT_63: u64 = 0x43e0_0000_0000_0000;
const LIMIT_31: u64 = 0x41e0_0000_0000_0000;
const LIMIT_63_SINGLE: u64 = 0x5f00_0000;
const LIMIT_31_SINGLE: u64 = 0x4f00_0000;

/** A general register or memory to F32 (`bits` 32) or F64. A doubleword always fits F64. */
function fromInteger(b: BuildState, i: Insn, bits: u32): void {
  const isWide = i.size == 3;
  const isExact = bits == 64 && !isWide;
  if (isExact) requireSse(b);
  else requireFloat(b);
  const source = integerSource(b, i, isWide);
  const code: u32 = isWide
    ? bits == 64
      ? Wasm.F64_CONVERT_I64_S
      : Wasm.F32_CONVERT_I64_S
    : bits == 64
      ? Wasm.F64_CONVERT_I32_S
      : Wasm.F32_CONVERT_I32_S;
  const type: u32 = bits == 64 ? ValueType.F64 : ValueType.F32;
  let value = unary(b, code, type, source);
  if (!isExact) {
    const wide = isWide ? source : unary(b, Wasm.I64_EXTEND_I32_S, ValueType.I64, source);
    const helper: u32 = bits == 64 ? Helper.FROM_INTEGER64 : Helper.FROM_INTEGER32;
    const inexact = inexactInteger(b, bits, value, wide);
    value = chooseCall(b, type, value, unusualMode(b), orInexact(b, 0, inexact), helper, wide, 0, -1);
  }
  writeLow(b, xmm(i.dst), bits, value, Test.PLAIN, 0);
}

/** Whether `value` is not the integer `wide`. 2^63 comes of rounding only. */
function inexactInteger(b: BuildState, bits: u32, value: u32, wide: u32): u32 {
  const code: u32 = bits == 64 ? Wasm.I64_TRUNC_SAT_F64_S : Wasm.I64_TRUNC_SAT_F32_S;
  const differs = binary(b, Wasm.I64_NE, unary(b, code, ValueType.I64, value), wide);
  const limit = floatOfBits(b, constant(b, bits == 64 ? LIMIT_63 : LIMIT_63_SINGLE), bits);
  return binary(b, Wasm.I32_OR, differs, compareFloat(b, Wasm.F32_EQ, bits, value, limit));
}

function integerSource(b: BuildState, i: Insn, isWide: bool): u32 {
  const size: u32 = isWide ? 8 : 4;
  const value =
    i.form == Form.RR
      ? readRegister(b, i.src, size << 3)
      : loadAt(b, linearOf(b, i, constant(b, 0), size, false), size);
  return isWide ? as64(b, value) : as32(b, value);
}

/** To a general register, by truncation or to the nearest: out of range and for NaNs the engine's answer. */
function toInteger(b: BuildState, i: Insn, bits: u32, truncate: bool): void {
  requireFloat(b);
  const isWide = i.size == 3;
  const y = sourceLow(b, i, bits);
  const isDouble = bits == 64;
  const type: u32 = isDouble ? ValueType.F64 : ValueType.F32;
  const rounded = truncate ? y : unary(b, isDouble ? Wasm.F64_NEAREST : Wasm.F32_NEAREST, type, y);
  const code: u32 = isDouble
    ? isWide
      ? Wasm.I64_TRUNC_SAT_F64_S
      : Wasm.I32_TRUNC_SAT_F64_S
    : isWide
      ? Wasm.I64_TRUNC_SAT_F32_S
      : Wasm.I32_TRUNC_SAT_F32_S;
  const value = unary(b, code, isWide ? ValueType.I64 : ValueType.I32, rounded);
  const beyond = outOfRange(b, rounded, bits, isWide);
  const slow = binary(b, Wasm.I32_OR, unusualMode(b), beyond);
  const still = orInexact(b, beyond, compareFloat(b, Wasm.F32_NE, bits, y, fromResult(b, value, bits, isWide)));
  const asDouble = isDouble ? y : unary(b, Wasm.F64_PROMOTE_F32, ValueType.F64, y);
  const argument =
    (truncate ? ToInteger.TRUNCATE : 0) | (isWide ? ToInteger.WIDE : 0) | (isDouble ? 0 : ToInteger.SINGLE);
  const result = chooseCall(b, ValueType.I64, as64(b, value), slow, still, Helper.TO_INTEGER, asDouble, 0, argument);
  writeRegister(b, i.dst, isWide ? 64 : 32, isWide ? result : as32(b, result));
}

/** A converted number back. */
function fromResult(b: BuildState, value: u32, bits: u32, isWide: bool): u32 {
  if (bits == 64) return unary(b, isWide ? Wasm.F64_CONVERT_I64_S : Wasm.F64_CONVERT_I32_S, ValueType.F64, value);
  return unary(b, isWide ? Wasm.F32_CONVERT_I64_S : Wasm.F32_CONVERT_I32_S, ValueType.F32, value);
}

/** Not |value| < 2^31 or 2^63; the least integer counts as out of range. */
function outOfRange(b: BuildState, value: u32, bits: u32, isWide: bool): u32 {
  const isDouble = bits == 64;
  const magnitude = unary(b, isDouble ? Wasm.F64_ABS : Wasm.F32_ABS, isDouble ? ValueType.F64 : ValueType.F32, value);
  const limit: u64 = isDouble ? (isWide ? LIMIT_63 : LIMIT_31) : isWide ? LIMIT_63_SINGLE : LIMIT_31_SINGLE;
  const bound = floatOfBits(b, constant(b, limit), bits);
  const inRange = binaryOf(b, isDouble ? Wasm.F64_LT : Wasm.F32_LT, ValueType.I32, magnitude, bound);
  node(inRange).size = 1;
  return not1(b, inRange);
}

/** CVTSS2SD: exact. */
function widen(b: BuildState, i: Insn): void {
  requireFloat(b);
  const y = sourceLow(b, i, 32);
  const test = operandTest(b, sourceVariable(i), y, 32, Test.PLAIN);
  let value = unary(b, Wasm.F64_PROMOTE_F32, ValueType.F64, y);
  if (test) value = chooseCall(b, ValueType.F64, value, fails(b, test), 0, Helper.WIDEN, y, 0, -1);
  writeLow(b, xmm(i.dst), 64, value, Test.PLAIN, test);
}

/** CVTSD2SS. No denormal F64 becomes a normal F32, so that the result alone is tested. */
function narrow(b: BuildState, i: Insn): void {
  requireFloat(b);
  const y = sourceLow(b, i, 64);
  const value = unary(b, Wasm.F32_DEMOTE_F64, ValueType.F32, y);
  const test = productTest(b, value, 32, zeroMark(b, y, 64));
  const back = unary(b, Wasm.F64_PROMOTE_F32, ValueType.F64, value);
  const still = orInexact(b, fails(b, test), compareFloat(b, Wasm.F32_NE, 64, y, back));
  const slow = fails(b, bothTests(b, b.floatMode, test));
  const result = chooseCall(b, ValueType.F32, value, slow, still, Helper.NARROW, y, 0, -1);
  writeLow(b, xmm(i.dst), 32, result, Test.PLAIN, test);
}
