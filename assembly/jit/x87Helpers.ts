// x87 operations on values, for translated code (helperNumber.ts). All exceptions are masked (x87.ts has seen to that), so each of
// them has a result. Common operands are dealt with here, all others by softfloat through memory; both merge what was
// raised into the status word.
import { MemoryMap } from "../shared/memoryMap";
import { Vcpu, vcpu } from "../cpu/state";
import { loadDouble, loadSingle } from "../isa/x87/operand";
import { OPERANDS_OFFSET, beginOperation, finishOperation, operandBuffer } from "../isa/x87/state";
import { div128, mulHi, shrLoJam } from "../softfloat/int128";
import {
  C1,
  DE,
  F80_EQUAL,
  F80_GREATER,
  F80_LESS,
  FpuEnv,
  INT_BIT,
  PC_64,
  PC_MASK,
  PE,
  RC_MASK,
  f80Add,
  f80Compare,
  f80Div,
  f80FromF32,
  f80FromF64,
  f80Mul,
  f80RoundInt,
  f80Sqrt,
  f80Sub,
  f80ToF32,
  f80ToF64,
  f80ToI16,
  f80ToI32,
  f80ToI64,
} from "../softfloat/index";
import { roundMagnitude } from "../softfloat/convert";
import { BIAS, EXP_MAX } from "../softfloat/env";
import { isNormal } from "../softfloat/operand";

/** Where the sign and exponent of a result are: in the third operand buffer. */
export const X87_EXPONENT: u32 = MemoryMap.VCPU + <u32>OPERANDS_OFFSET + 0x28;

/**
 * Bits beside an exponent in translated code: it is not that of a normal number; or it was denormal in memory, and has been
 * normalized. They make any result's exponent impossible, so that a fast path need not look at its operands.
 */
export const NOT_NORMAL: u32 = 0x10_0000;
export const WAS_DENORMAL: u32 = 0x1_0000;

/**
 * The exponent of a number that is not split up: its bits as a double, normal or zero, are in place of the significand
 * (x87LowerDouble.ts). Impossible like NOT_NORMAL for whoever does not expect it.
 */
export const DOUBLE_FORM: u32 = 0x100_0000;

/** How X87_WIDEN takes its bits. */
export const enum X87Widen {
  /** FLD: a signalling NaN becomes quiet, IE; a denormal raises DE. */
  LOAD_SINGLE,
  LOAD_DOUBLE,
  /** An operand: nothing is raised. */
  SINGLE,
  DOUBLE,
}

const SIGN: u32 = 0x8000;

// @ts-ignore: decorator
@inline
function setExponent(se: u32): void {
  store<u32>(<usize>X87_EXPONENT, se);
}

/** Of the fast paths: C1, and what has been raised. */
// @ts-ignore: decorator
@inline
function setRaised(cpu: Vcpu, flags: u32): void {
  cpu.fpuStatus = (cpu.fpuStatus & ~C1) | flags;
}

/** Rounding to nearest, 64 bits. */
// @ts-ignore: decorator
@inline
function isUsual(cpu: Vcpu): bool {
  return (cpu.fpuControl & (PC_MASK | RC_MASK)) == PC_64;
}

/** The result in the third buffer. */
function takeResult(cpu: Vcpu): u64 {
  const result = operandBuffer(cpu, 2);
  const significand = load<u64>(result);
  const se = <u32>load<u16>(result, 8);
  setExponent(isNormal(significand, se & EXP_MAX) ? se : se | NOT_NORMAL);
  return significand;
}

/** Exponent and the sign of what is neither zero, denormal, infinite nor a NaN, as it came from memory. */
// @ts-ignore: decorator
@inline
function isNormalExponent(se: u32): bool {
  return (se & ~SIGN) - 1 < 0x7ffe;
}

// @ts-ignore: decorator
@inline
function isNormalNumber(significand: u64, se: u32): bool {
  return i64(significand) < 0 && isNormalExponent(se);
}

// @ts-ignore: decorator
@inline
function isZero(significand: u64, se: u32): bool {
  return !significand && !(se & EXP_MAX);
}

/** Rounds hi:lo to nearest. False where it might overflow or underflow: nothing has been done. */
// @ts-ignore: decorator
@inline
function roundUsual(cpu: Vcpu, sign: u32, exp: i32, hi: u64, lo: u64): u64 {
  const up = (lo >> 63) & u64(((lo << 1) | (hi & 1)) != 0);
  hi += up;
  if (!hi) {
    hi = INT_BIT;
    exp++;
  }
  setRaised(cpu, (lo ? PE : 0) | ((<u32>up) << 9));
  setExponent(sign | (<u32>exp));
  return hi;
}

// @ts-ignore: decorator
@inline
function fits(exp: i32): bool {
  return <u32>(exp - 1) < 0x7ffd;
}

// ---- numbers that may have DOUBLE_FORM ----

/** The significand. */
// @ts-ignore: decorator
@inline
function splitSignificand(value: u64, se: u32): u64 {
  if (!(se & DOUBLE_FORM)) return value;
  return value << 1 ? (value << 11) | INT_BIT : 0;
}

/** Sign and exponent. */
// @ts-ignore: decorator
@inline
function splitExponent(value: u64, se: u32): u32 {
  if (!(se & DOUBLE_FORM)) return se;
  const sign = (<u32>(value >> 48)) & SIGN;
  return value << 1 ? sign | (((<u32>(value >> 52)) & 0x7ff) + BIAS - 1023) : sign | NOT_NORMAL;
}

// ---- arithmetic ----

export function jitX87Add(x: u64, y: u64, exponents: u64): u64 {
  return add(x, y, exponents, 0);
}

export function jitX87Sub(x: u64, y: u64, exponents: u64): u64 {
  return add(x, y, exponents, SIGN);
}

// @ts-ignore: decorator
@inline
function add(x: u64, y: u64, exponents: u64, negateB: u32): u64 {
  const cpu = vcpu();
  const aSe = splitExponent(x, <u32>exponents);
  const bSe = splitExponent(y, <u32>(exponents >> 32));
  const a = splitSignificand(x, <u32>exponents);
  const b = splitSignificand(y, <u32>(exponents >> 32));
  if (i64(a & b) >= 0 || !isNormalExponent(aSe) || !isNormalExponent(bSe) || !isUsual(cpu))
    return addZero(cpu, a, b, aSe, bSe, negateB);
  const aExp = aSe & EXP_MAX;
  const bExp = bSe & EXP_MAX;
  const signB = bSe ^ negateB;
  const swap = (<i32>(aExp < bExp)) | ((<i32>(aExp == bExp)) & (<i32>(a < b)));
  const large = swap ? b : a;
  const small = swap ? a : b;
  const sign = (swap ? signB : aSe) & SIGN;
  let exp = <i32>(swap ? bExp : aExp);
  const shift = swap ? bExp - aExp : aExp - bExp;
  let hi: u64;
  let lo: u64;
  if (shift < 64) {
    hi = small >> shift;
    lo = (small << 1) << (63 - shift);
  } else {
    hi = 0;
    lo = shrLoJam(small, 0, shift);
  }
  if (!((aSe ^ signB) & SIGN)) {
    hi += large;
    const carry = u64(hi < large);
    lo = (lo >> carry) | (lo & carry) | ((hi & carry) << 63);
    hi = (hi >> carry) | (carry << 63);
    exp += <i32>carry;
  } else {
    hi = large - hi - u64(lo != 0);
    lo = 0 - lo;
    if (hi == 0) {
      if (lo == 0) {
        // A difference of zero is +0.
        setRaised(cpu, 0);
        setExponent(NOT_NORMAL);
        return 0;
      }
      hi = lo;
      lo = 0;
      exp -= 64;
    }
    const n = clz(hi);
    hi = (hi << n) | ((lo >> 1) >> (63 - n));
    lo <<= n;
    exp -= <i32>n;
  }
  if (!fits(exp)) return slowly(cpu, negateB ? Slow.SUB : Slow.ADD, a, b, aSe, bSe);
  return roundUsual(cpu, sign, exp, hi, lo);
}

/** A zero and a normal number: that number. All else slowly. */
function addZero(cpu: Vcpu, a: u64, b: u64, aSe: u32, bSe: u32, negateB: u32): u64 {
  if (isUsual(cpu)) {
    if (isZero(b, bSe) && isNormalNumber(a, aSe)) {
      setRaised(cpu, 0);
      setExponent(aSe);
      return a;
    }
    if (isZero(a, aSe) && isNormalNumber(b, bSe)) {
      setRaised(cpu, 0);
      setExponent(bSe ^ negateB);
      return b;
    }
  }
  return slowly(cpu, negateB ? Slow.SUB : Slow.ADD, a, b, aSe, bSe);
}

export function jitX87Mul(x: u64, y: u64, exponents: u64): u64 {
  const cpu = vcpu();
  const aSe = splitExponent(x, <u32>exponents);
  const bSe = splitExponent(y, <u32>(exponents >> 32));
  const a = splitSignificand(x, <u32>exponents);
  const b = splitSignificand(y, <u32>(exponents >> 32));
  if (i64(a & b) < 0 && isNormalExponent(aSe) && isNormalExponent(bSe) && isUsual(cpu)) {
    let hi = mulHi(a, b);
    let lo = a * b;
    const n = (hi >> 63) ^ 1;
    hi = (hi << n) | ((lo >> 63) & n);
    lo <<= n;
    const exp = <i32>(aSe & EXP_MAX) + <i32>(bSe & EXP_MAX) - BIAS + 1 - <i32>n;
    if (fits(exp)) return roundUsual(cpu, (aSe ^ bSe) & SIGN, exp, hi, lo);
  } else if (
    (isZero(a, aSe) && (isNormalNumber(b, bSe) || isZero(b, bSe))) ||
    (isZero(b, bSe) && isNormalNumber(a, aSe))
  ) {
    setRaised(cpu, 0);
    setExponent(((aSe ^ bSe) & SIGN) | NOT_NORMAL);
    return 0;
  }
  return slowly(cpu, Slow.MUL, a, b, aSe, bSe);
}

export function jitX87Div(x: u64, y: u64, exponents: u64): u64 {
  const cpu = vcpu();
  const aSe = splitExponent(x, <u32>exponents);
  const bSe = splitExponent(y, <u32>(exponents >> 32));
  const a = splitSignificand(x, <u32>exponents);
  const b = splitSignificand(y, <u32>(exponents >> 32));
  if (i64(a & b) < 0 && isNormalExponent(aSe) && isNormalExponent(bSe) && isUsual(cpu)) {
    const isLess = a < b;
    const exp = <i32>(aSe & EXP_MAX) - <i32>(bSe & EXP_MAX) + BIAS - <i32>isLess;
    const high = isLess ? a : a >> 1;
    const low = isLess ? 0 : a << 63;
    const quotient = div128(high, low, b);
    if (fits(exp))
      return roundUsual(cpu, (aSe ^ bSe) & SIGN, exp, quotient, remainderAsFraction(low - quotient * b, b));
  }
  return slowly(cpu, Slow.DIV, a, b, aSe, bSe);
}

/** A remainder as what is beyond the quotient's last bit: 0, below, at or above a half (as softfloat/muldiv.ts). */
// @ts-ignore: decorator
@inline
function remainderAsFraction(remainder: u64, divisor: u64): u64 {
  if (remainder == 0) return 0;
  const other = divisor - remainder;
  return remainder < other ? 1 : remainder == other ? INT_BIT : INT_BIT | 1;
}

const enum Slow {
  ADD,
  SUB,
  MUL,
  DIV,
}

function putOperand(cpu: Vcpu, n: usize, significand: u64, se: u32): usize {
  const buffer = operandBuffer(cpu, n);
  store<u64>(buffer, significand);
  store<u16>(buffer, <u16>se, 8);
  return buffer;
}

/** What was denormal in memory as a denormal: it raises DE when it should (isa/x87/operand.ts substituteDenormal). */
function putSubstitute(cpu: Vcpu, n: usize, significand: u64, se: u32): usize {
  return se & WAS_DENORMAL ? putOperand(cpu, n, 1, se & SIGN) : putOperand(cpu, n, significand, se);
}

/** By softfloat, whatever the operands and the control word. */
function slowly(cpu: Vcpu, operation: u32, a: u64, b: u64, aSe: u32, bSe: u32): u64 {
  const env = beginOperation(cpu);
  const result = operandBuffer(cpu, 2);
  let raised: u32 = 0;
  if ((aSe | bSe) & WAS_DENORMAL) {
    compute(env, operation, result, putSubstitute(cpu, 0, a, aSe), putSubstitute(cpu, 1, b, bSe));
    raised = env.flags & DE;
    env.flags = 0;
  }
  compute(env, operation, result, putOperand(cpu, 0, a, aSe), putOperand(cpu, 1, b, bSe));
  env.flags |= raised;
  finishOperation(cpu);
  return takeResult(cpu);
}

function compute(env: FpuEnv, operation: u32, dst: usize, a: usize, b: usize): void {
  switch (operation) {
    case Slow.ADD:
      f80Add(env, dst, a, b);
      return;
    case Slow.SUB:
      f80Sub(env, dst, a, b);
      return;
    case Slow.MUL:
      f80Mul(env, dst, a, b);
      return;
    default:
      f80Div(env, dst, a, b);
  }
}

/** The only operand, which may have DOUBLE_FORM. */
function putValue(cpu: Vcpu, value: u64, se: u32): usize {
  return putOperand(cpu, 0, splitSignificand(value, se), splitExponent(value, se));
}

export function jitX87Sqrt(value: u64, exponent: u32): u64 {
  const cpu = vcpu();
  const result = operandBuffer(cpu, 2);
  f80Sqrt(beginOperation(cpu), result, putValue(cpu, value, exponent));
  finishOperation(cpu);
  return takeResult(cpu);
}

/** FRNDINT. */
export function jitX87Round(value: u64, exponent: u32): u64 {
  const cpu = vcpu();
  const result = operandBuffer(cpu, 2);
  f80RoundInt(beginOperation(cpu), result, putValue(cpu, value, exponent));
  finishOperation(cpu);
  return takeResult(cpu);
}

/** Sign, exponent and significand of a normal number or zero in the order of the numbers: the upper part of it. */
// @ts-ignore: decorator
@inline
function rank(se: u32): i32 {
  const exponent = <i32>(se & EXP_MAX);
  return se & SIGN ? -exponent : exponent;
}

/** C3, C2 and C0 of a against b; FUCOM if `quiet`. */
export function jitX87Compare(x: u64, y: u64, exponents: u64, quiet: u32): u32 {
  const cpu = vcpu();
  const aSe = splitExponent(x, <u32>exponents);
  const bSe = splitExponent(y, <u32>(exponents >> 32));
  const a = splitSignificand(x, <u32>exponents);
  const b = splitSignificand(y, <u32>(exponents >> 32));
  if ((isNormalNumber(a, aSe) || isZero(a, aSe)) && (isNormalNumber(b, bSe) || isZero(b, bSe))) {
    setRaised(cpu, 0);
    const aRank = rank(aSe);
    const bRank = rank(bSe);
    if (aRank != bRank) return aRank < bRank ? F80_LESS : F80_GREATER;
    if (a == b) return F80_EQUAL;
    return a < b != aRank < 0 ? F80_LESS : F80_GREATER;
  }
  const env = beginOperation(cpu);
  const first = putOperand(cpu, 0, a, aSe);
  let raised: u32 = 0;
  if (bSe & WAS_DENORMAL) {
    f80Compare(env, first, putSubstitute(cpu, 1, b, bSe), false);
    raised = env.flags & DE;
    env.flags = 0;
  }
  const result = f80Compare(env, first, putOperand(cpu, 1, b, bSe), quiet != 0);
  env.flags |= raised;
  finishOperation(cpu);
  return result;
}

/** A number that compares with 0 as a with b. */
export function jitX87Order(a: u64, b: u64, exponents: u64, quiet: u32): f64 {
  switch (jitX87Compare(a, b, exponents, quiet)) {
    case F80_GREATER:
      return 1;
    case F80_LESS:
      return -1;
    case F80_EQUAL:
      return 0;
    default:
      return NaN;
  }
}

// ---- conversions ----

/** What the fast path in translated code leaves: zeros, denormals, infinities, NaNs. */
export function jitX87Widen(bits: u64, how: u32): u64 {
  const cpu = vcpu();
  const result = operandBuffer(cpu, 2);
  if (how == X87Widen.LOAD_SINGLE || how == X87Widen.LOAD_DOUBLE) {
    const env = beginOperation(cpu);
    if (how == X87Widen.LOAD_SINGLE) f80FromF32(env, result, <u32>bits);
    else f80FromF64(env, result, bits);
    finishOperation(cpu);
    return takeResult(cpu);
  }
  const denormal = how == X87Widen.SINGLE ? loadSingle(cpu, <u32>bits) : loadDouble(cpu, bits);
  const operand = operandBuffer(cpu, 0);
  setExponent((<u32>load<u16>(operand, 8)) | (denormal ? WAS_DENORMAL : NOT_NORMAL));
  return load<u64>(operand);
}

/** FST m64. */
export function jitX87Double(value: u64, exponent: u32): u64 {
  const significand = splitSignificand(value, exponent);
  const se = splitExponent(value, exponent);
  const cpu = vcpu();
  const exp = <i32>(se & EXP_MAX) - (BIAS - 1023);
  if (i64(significand) < 0 && <u32>(exp - 1) < 2045 && !(cpu.fpuControl & RC_MASK)) {
    const kept = significand >> 11;
    const rest = significand << 53;
    const up = (rest >> 63) & u64(((rest << 1) | (kept & 1)) != 0);
    setRaised(cpu, (rest ? PE : 0) | ((<u32>up) << 9));
    // A carry out of the fraction goes on into the exponent.
    return ((<u64>(se & SIGN)) << 48) | (((<u64>(exp - 1)) << 52) + kept + up);
  }
  const bits = f80ToF64(beginOperation(cpu), putOperand(cpu, 0, significand, se));
  finishOperation(cpu);
  return bits;
}

/** FST m32. */
export function jitX87Single(value: u64, exponent: u32): u64 {
  const significand = splitSignificand(value, exponent);
  const se = splitExponent(value, exponent);
  const cpu = vcpu();
  const exp = <i32>(se & EXP_MAX) - (BIAS - 127);
  if (i64(significand) < 0 && <u32>(exp - 1) < 253 && !(cpu.fpuControl & RC_MASK)) {
    const kept = significand >> 40;
    const rest = significand << 24;
    const up = (rest >> 63) & u64(((rest << 1) | (kept & 1)) != 0);
    setRaised(cpu, (rest ? PE : 0) | ((<u32>up) << 9));
    return ((<u64>(se & SIGN)) << 16) | (((<u64>(exp - 1)) << 23) + kept + up);
  }
  const bits = f80ToF32(beginOperation(cpu), putOperand(cpu, 0, significand, se));
  finishOperation(cpu);
  return <u64>bits;
}

/** FIST of `bits` bits. */
export function jitX87Integer(value: u64, exponent: u32, bits: u32): u64 {
  const significand = splitSignificand(value, exponent);
  const se = splitExponent(value, exponent);
  const cpu = vcpu();
  const env = beginOperation(cpu);
  if (i64(significand) < 0 && (se & EXP_MAX) < <u32>BIAS + bits - 1) {
    const magnitude = roundMagnitude(env, cpu.fpuControl & RC_MASK, significand, se & 0xffff);
    if (magnitude >> (bits - 1) == 0) {
      finishOperation(cpu);
      return se & SIGN ? 0 - magnitude : magnitude;
    }
    env.flags = 0;
  }
  const operand = putOperand(cpu, 0, significand, se);
  const result =
    bits == 16
      ? <i64>f80ToI16(env, operand, false)
      : bits == 32
        ? <i64>f80ToI32(env, operand, false)
        : f80ToI64(env, operand, false);
  finishOperation(cpu);
  return <u64>result;
}
