// Converting one element. Values are bits, as in softFormat.ts.
import { Vcpu } from "../../cpu/state";
import { fromBits } from "./arithmetic";
import { DAZ, IE, PE, RC_DOWN, RC_NEAREST, RC_UP, raiseFloat } from "./mxcsr";
import {
  exponentOf,
  fractionBits,
  infinity,
  isDenormal,
  isInfinite,
  isNaNBits,
  isNegative,
  isSignaling,
  magnitude,
  noteDenormal,
  operandBits,
  quietBit,
  roundPack,
  signBit,
  significandOf,
} from "./softFormat";

const SINGLE_SHIFT: u64 = 52 - 23;

/** An integer to F, rounded. */
export function fromInteger<F>(cpu: Vcpu, value: i64): u64 {
  if (!value) return 0;
  const negative = value < 0;
  const absolute = negative ? <u64>-value : <u64>value;
  if (absolute >> (<u64>(fractionBits<F>() + 1)) == 0) {
    if (sizeof<F>() == 4) return <u64>reinterpret<u32>(<f32>value);
    return reinterpret<u64>(<f64>value);
  }
  const zeros = clz(absolute);
  return roundPack<F>(cpu, negative, 63 - <i32>zeros, absolute << zeros);
}

/** A doubleword to double precision, which is always exact. */
// @ts-ignore: decorator
@inline
export function fromIntegerDouble(value: i64): u64 {
  return reinterpret<u64>(<f64>value);
}

/** Single to double precision. */
export function widen(cpu: Vcpu, source: u64): u64 {
  const sign = (source & signBit<f32>()) << 32;
  if (isNaNBits<f32>(source)) {
    if (isSignaling<f32>(source)) raiseFloat(cpu, IE);
    return sign | infinity<f64>() | quietBit<f64>() | (magnitude<f32>(source) << SINGLE_SHIFT);
  }
  const bits = operandBits<f32>(cpu, source);
  noteDenormal<f32>(cpu, bits, bits);
  return reinterpret<u64>(<f64>reinterpret<f32>(<u32>bits));
}

/** Double to single precision, rounded. */
export function narrow(cpu: Vcpu, source: u64): u64 {
  const sign = (source & signBit<f64>()) >> 32;
  if (isNaNBits<f64>(source)) {
    if (isSignaling<f64>(source)) raiseFloat(cpu, IE);
    return sign | infinity<f32>() | quietBit<f32>() | ((source >> SINGLE_SHIFT) & (quietBit<f32>() - 1));
  }
  const bits = operandBits<f64>(cpu, source);
  noteDenormal<f64>(cpu, bits, bits);
  if (isInfinite<f64>(bits)) return sign | infinity<f32>();
  if (!magnitude<f64>(bits)) return sign;
  return roundPack<f32>(cpu, isNegative<f64>(bits), exponentOf<f64>(bits), significandOf<f64>(bits));
}

// @ts-ignore: decorator
@inline
function roundToIntegral(value: f64, mode: u32): f64 {
  if (mode == RC_NEAREST) return nearest(value);
  return mode == RC_DOWN ? floor(value) : mode == RC_UP ? ceil(value) : trunc(value);
}

/** The operand as f64, denormals made zeros with DAZ; NaNs stay NaNs. */
// @ts-ignore: decorator
@inline
function operandValue<F>(cpu: Vcpu, source: u64): f64 {
  return cpu.mxcsr & DAZ && isDenormal<F>(source) ? 0 : <f64>fromBits<F>(source);
}

/** To a doubleword, by rounding `mode`. Out of range and NaN: integer indefinite and IE. */
export function toInt32<F>(cpu: Vcpu, source: u64, mode: u32): u32 {
  const value = operandValue<F>(cpu, source);
  const rounded = roundToIntegral(value, mode);
  if (!(rounded >= -2147483648.0 && rounded <= 2147483647.0)) {
    raiseFloat(cpu, IE);
    return 0x8000_0000;
  }
  if (rounded != value) raiseFloat(cpu, PE);
  return <u32>(<i32>rounded);
}

export function toInt64<F>(cpu: Vcpu, source: u64, mode: u32): u64 {
  const value = operandValue<F>(cpu, source);
  const rounded = roundToIntegral(value, mode);
  if (!(rounded >= -9223372036854775808.0 && rounded < 9223372036854775808.0)) {
    raiseFloat(cpu, IE);
    return 0x8000_0000_0000_0000;
  }
  if (rounded != value) raiseFloat(cpu, PE);
  return <u64>(<i64>rounded);
}
