// Single and double precision numbers as bits, and rounding to them in integer arithmetic: the exact way, for whatever
// wasm's operators cannot do (rounding modes, DAZ, FTZ, exception flags, NaN operands). F is f32 or f64 and only
// selects constants; values are u64, an f32 in the low half.
//
// Unpacked, a finite number is significand * 2^(exponent - 63) with bit 63 of the significand set.
import { Vcpu } from "../../cpu/state";
import {
  DAZ,
  DE,
  FTZ,
  IE,
  MASKS_SHIFT,
  OE,
  PE,
  RC_CHOP,
  RC_DOWN,
  RC_NEAREST,
  RC_UP,
  UE,
  raiseFloat,
  roundingControl,
} from "./mxcsr";

// @ts-ignore: decorator
@inline
export function fractionBits<F>(): u32 {
  return sizeof<F>() == 4 ? 23 : 52;
}

/** Exponent field of infinities and NaNs. */
// @ts-ignore: decorator
@inline
export function maxExponent<F>(): u32 {
  return sizeof<F>() == 4 ? 0xff : 0x7ff;
}

// @ts-ignore: decorator
@inline
export function bias<F>(): i32 {
  return sizeof<F>() == 4 ? 127 : 1023;
}

// @ts-ignore: decorator
@inline
export function signBit<F>(): u64 {
  return sizeof<F>() == 4 ? 0x8000_0000 : 0x8000_0000_0000_0000;
}

// @ts-ignore: decorator
@inline
export function infinity<F>(): u64 {
  return (<u64>maxExponent<F>()) << (<u64>fractionBits<F>());
}

// @ts-ignore: decorator
@inline
export function quietBit<F>(): u64 {
  return (<u64>1) << (<u64>fractionBits<F>() - 1);
}

/** "Real indefinite": what an invalid operation gives. */
// @ts-ignore: decorator
@inline
export function defaultNaN<F>(): u64 {
  return signBit<F>() | infinity<F>() | quietBit<F>();
}

// @ts-ignore: decorator
@inline
export function magnitude<F>(bits: u64): u64 {
  return bits & (signBit<F>() - 1);
}

// @ts-ignore: decorator
@inline
export function isNaNBits<F>(bits: u64): bool {
  return magnitude<F>(bits) > infinity<F>();
}

// @ts-ignore: decorator
@inline
export function isSignaling<F>(bits: u64): bool {
  return isNaNBits<F>(bits) && !(bits & quietBit<F>());
}

// @ts-ignore: decorator
@inline
export function isInfinite<F>(bits: u64): bool {
  return magnitude<F>(bits) == infinity<F>();
}

// @ts-ignore: decorator
@inline
export function isNegative<F>(bits: u64): bool {
  return (bits & signBit<F>()) != 0;
}

// @ts-ignore: decorator
@inline
export function isDenormal<F>(bits: u64): bool {
  return magnitude<F>(bits) - 1 < ((<u64>1) << (<u64>fractionBits<F>())) - 1;
}

/** An operand as the operation sees it: DAZ makes denormals zeros. */
// @ts-ignore: decorator
@inline
export function operandBits<F>(cpu: Vcpu, bits: u64): u64 {
  return cpu.mxcsr & DAZ && isDenormal<F>(bits) ? bits & signBit<F>() : bits;
}

// @ts-ignore: decorator
@inline
export function significandOf<F>(bits: u64): u64 {
  const m = magnitude<F>(bits);
  const field = m >> (<u64>fractionBits<F>());
  const shift: u64 = 63 - fractionBits<F>();
  if (field) return (m << shift) | 0x8000_0000_0000_0000;
  return m << clz(m);
}

// @ts-ignore: decorator
@inline
export function exponentOf<F>(bits: u64): i32 {
  const m = magnitude<F>(bits);
  const field = <i32>(m >> (<u64>fractionBits<F>()));
  if (field) return field - bias<F>();
  return 64 - <i32>clz(m) - bias<F>() - <i32>fractionBits<F>();
}

/** The result of an operation with a NaN operand: the first NaN, quieted; IE for a signaling one (table 4-7). */
export function propagateNaN<F>(cpu: Vcpu, a: u64, b: u64): u64 {
  if (isSignaling<F>(a) || isSignaling<F>(b)) raiseFloat(cpu, IE);
  return (isNaNBits<F>(a) ? a : b) | quietBit<F>();
}

export function invalid<F>(cpu: Vcpu): u64 {
  raiseFloat(cpu, IE);
  return defaultNaN<F>();
}

// @ts-ignore: decorator
@inline
export function noteDenormal<F>(cpu: Vcpu, a: u64, b: u64): void {
  if (isDenormal<F>(a) || isDenormal<F>(b)) raiseFloat(cpu, DE);
}

/** Whether `low`, the part below a unit of `half * 2`, rounds the magnitude up. */
// @ts-ignore: decorator
@inline
function roundsUp(mode: u32, negative: bool, odd: bool, low: u64, half: u64): bool {
  if (mode == RC_NEAREST) return low > half || (low == half && odd);
  return low != 0 && mode != RC_CHOP && negative == (mode == RC_DOWN);
}

// @ts-ignore: decorator
@inline
function roundAt(significand: u64, shift: u64, mode: u32, negative: bool): u64 {
  const kept = significand >> shift;
  const low = significand & (((<u64>1) << shift) - 1);
  return kept + <u64>roundsUp(mode, negative, (kept & 1) != 0, low, (<u64>1) << (shift - 1));
}

/** Shifts right; a bit 0 that is set stands for anything shifted out. */
// @ts-ignore: decorator
@inline
export function shiftRightJam(value: u64, count: u32): u64 {
  if (count == 0) return value;
  if (count > 63) return <u64>(value != 0);
  const right = <u64>count;
  const lost = value << (64 - right);
  return (value >> right) | (<u64>(lost != 0));
}

/**
 * Rounds significand * 2^(exponent - 63), bit 63 set, bit 0 sticky, to F; raises OE, UE and PE. Tininess is detected after
 * rounding (SDM vol. 1 4.9.1.5).
 */
export function roundPack<F>(cpu: Vcpu, negative: bool, exponent: i32, significand: u64): u64 {
  const shift = <u64>(63 - fractionBits<F>());
  const lowMask = ((<u64>1) << shift) - 1;
  const mode = roundingControl(cpu);
  const sign = negative ? signBit<F>() : 0;
  const field = exponent + bias<F>();
  let rounded = roundAt(significand, shift, mode, negative);
  if (field < 1) {
    const tiny = field < 0 || rounded >> (<u64>(fractionBits<F>() + 1)) == 0;
    if (tiny && !(cpu.mxcsr & (UE << MASKS_SHIFT))) {
      raiseFloat(cpu, significand & lowMask ? UE | PE : UE);
      return sign;
    }
    if (tiny && cpu.mxcsr & FTZ) {
      raiseFloat(cpu, UE | PE);
      return sign;
    }
    const denormal = shiftRightJam(significand, <u32>(1 - field));
    if (denormal & lowMask) raiseFloat(cpu, tiny ? UE | PE : PE);
    // A carry into the exponent field makes the smallest normal number.
    return sign | roundAt(denormal, shift, mode, negative);
  }
  if (significand & lowMask) raiseFloat(cpu, PE);
  // The integer bit adds 1 to the exponent field; a carry out of the significand one more.
  rounded += (<u64>(field - 1)) << (<u64>fractionBits<F>());
  if (rounded >= infinity<F>()) {
    const masked = (cpu.mxcsr & (OE << MASKS_SHIFT)) != 0;
    raiseFloat(cpu, masked ? OE | PE : OE);
    const away = mode == RC_NEAREST || mode == (negative ? RC_DOWN : RC_UP);
    return sign | (away ? infinity<F>() : infinity<F>() - 1);
  }
  return sign | rounded;
}
