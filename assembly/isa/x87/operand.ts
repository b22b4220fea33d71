// Memory operands of arithmetic and comparisons, brought to register format in operand buffer 0 without loss. Unlike FLD a
// signalling NaN stays one: the operation must see it, to choose between two NaNs.
import { Vcpu } from "../../cpu/state";
import { BIAS, EXP_MAX, INT_BIT } from "../../softfloat/env";
import { f80FromI64 } from "../../softfloat/index";
import { beginOperation, operandBuffer } from "./state";

/** True when the operand was denormal: see substituteDenormal. */
// @ts-ignore: decorator
@inline
export function loadSingle(cpu: Vcpu, bits: u32): bool {
  return widen(cpu, bits >> 31, (bits >> 23) & 0xff, (<u64>(bits & 0x7f_ffff)) << 40, 0xff, 127);
}

// @ts-ignore: decorator
@inline
export function loadDouble(cpu: Vcpu, bits: u64): bool {
  return widen(cpu, <u32>(bits >> 63), (<u32>(bits >> 52)) & 0x7ff, (bits & 0xf_ffff_ffff_ffff) << 11, 0x7ff, 1023);
}

// @ts-ignore: decorator
@inline
function widen(cpu: Vcpu, sign: u32, exponent: u32, fraction: u64, maximum: u32, bias: i32): bool {
  const buffer = operandBuffer(cpu, 0);
  const signBit = sign << 15;
  if (exponent - 1 < maximum - 1) {
    store<u64>(buffer, fraction | INT_BIT);
    store<u16>(buffer, <u16>(signBit | (exponent + <u32>(BIAS - bias))), 8);
    return false;
  }
  if (exponent == 0) {
    if (fraction == 0) {
      store<u64>(buffer, 0);
      store<u16>(buffer, <u16>signBit, 8);
      return false;
    }
    const shift = clz(fraction);
    store<u64>(buffer, fraction << shift);
    store<u16>(buffer, <u16>(signBit | (<u32>(1 - <i32>shift + (BIAS - bias)))), 8);
    return true;
  }
  store<u64>(buffer, fraction | INT_BIT);
  store<u16>(buffer, <u16>(signBit | EXP_MAX), 8);
  return false;
}

export function loadInteger(cpu: Vcpu, value: i64): void {
  f80FromI64(beginOperation(cpu), operandBuffer(cpu, 0), value);
}

/**
 * A register-format denormal of the sign of buffer 0, in buffer 1: an operation raises DE on it exactly when it should on the
 * memory operand (a NaN, an invalid operation or a division by zero go first).
 */
export function substituteDenormal(cpu: Vcpu): usize {
  const buffer = operandBuffer(cpu, 1);
  store<u64>(buffer, 1);
  store<u16>(buffer, load<u16>(operandBuffer(cpu, 0), 8) & 0x8000, 8);
  return buffer;
}
