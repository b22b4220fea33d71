// What follows from the operands of lazy flags: the result, overflow, the carry of shifts and products. As in cpu/flags.ts.
import { FlagOp } from "../cpu/flags";
import { Wasm } from "../wasm/opcodes";
import { BuildState, FlagsState } from "./buildState";
import { arithmetic, as32, as64, binary, compare, constant, extendSign, lowBits } from "./values";

/** The operation's result, zero-extended. */
export function lazyResult(b: BuildState, f: FlagsState): u32 {
  switch (f.kind) {
    case FlagOp.SUB:
      return arithmetic(b, Wasm.I32_SUB, f.bits, f.a, f.b);
    case FlagOp.SBB: {
      const difference = arithmetic(b, Wasm.I32_SUB, f.bits, f.a, f.b);
      return arithmetic(b, Wasm.I32_SUB, f.bits, difference, f.c ? f.c : constant(b, 1));
    }
    case FlagOp.SHL:
      return arithmetic(b, Wasm.I32_SHL, f.bits, f.a, f.b);
    case FlagOp.SHR:
      return arithmetic(b, Wasm.I32_SHR_U, f.bits, f.a, f.b);
    case FlagOp.SAR:
      return arithmetic(b, Wasm.I32_SHR_S, f.bits, extendSign(b, f.a, f.bits, f.bits == 64 ? 64 : 32), f.b);
    case FlagOp.IMUL:
    case FlagOp.MUL:
      return arithmetic(b, Wasm.I32_MUL, f.bits, f.a, f.b);
    default:
      return f.a;
  }
}

/** Bit `position` of a value of the operation's size, as 0 or 1. */
function bitAt(b: BuildState, value: u32, bits: u32, position: u32): u32 {
  const moved = as32(b, arithmetic(b, Wasm.I32_SHR_U, bits, value, constant(b, position)));
  return binary(b, Wasm.I32_AND, moved, constant(b, 1));
}

/** OF as 0 or 1. */
export function flagsOverflow(b: BuildState, f: FlagsState): u32 {
  const bits = f.bits;
  switch (f.kind) {
    case FlagOp.ADD:
    case FlagOp.ADC: {
      let a = arithmetic(b, Wasm.I32_SUB, bits, f.a, f.b);
      if (f.kind == FlagOp.ADC) a = arithmetic(b, Wasm.I32_SUB, bits, a, f.c ? f.c : constant(b, 1));
      const first = arithmetic(b, Wasm.I32_XOR, bits, a, f.a);
      const second = arithmetic(b, Wasm.I32_XOR, bits, f.b, f.a);
      return bitAt(b, arithmetic(b, Wasm.I32_AND, bits, first, second), bits, bits - 1);
    }
    case FlagOp.SUB:
    case FlagOp.SBB: {
      const first = arithmetic(b, Wasm.I32_XOR, bits, f.a, f.b);
      const second = arithmetic(b, Wasm.I32_XOR, bits, f.a, lazyResult(b, f));
      return bitAt(b, arithmetic(b, Wasm.I32_AND, bits, first, second), bits, bits - 1);
    }
    case FlagOp.INC:
      return compare(b, Wasm.I32_EQ, sized(b, f), signConstant(b, bits, 0));
    case FlagOp.DEC:
      return compare(b, Wasm.I32_EQ, sized(b, f), signConstant(b, bits, 1));
    case FlagOp.SHIFT:
      return binary(b, Wasm.I32_AND, binary(b, Wasm.I32_SHR_U, as32(b, f.b), constant(b, 11)), constant(b, 1));
    case FlagOp.SHL:
      return binary(b, Wasm.I32_XOR, bitAt(b, lazyResult(b, f), bits, bits - 1), shiftCarry(b, f));
    case FlagOp.SHR:
      return bitAt(b, lazyResult(b, f), bits, bits - 2);
    case FlagOp.IMUL:
    case FlagOp.MUL:
      return productOverflow(b, f);
    default:
      return constant(b, 0);
  }
}

// @ts-ignore: decorator
@inline
function sized(b: BuildState, f: FlagsState): u32 {
  return f.bits == 64 ? as64(b, f.a) : f.a;
}

/** The sign bit of a size, less `less`. */
function signConstant(b: BuildState, bits: u32, less: u64): u32 {
  const sign = constant(b, ((<u64>1) << (<u64>bits - 1)) - less);
  return bits == 64 ? as64(b, sign) : sign;
}

/** CF of SHL, SHR, SAR by a count that is not 0: the bit that went out last. */
export function shiftCarry(b: BuildState, f: FlagsState): u32 {
  const one = constant(b, 1);
  if (f.kind == FlagOp.SHL) {
    if (f.bits < 32) return bitAt(b, binary(b, Wasm.I32_SHL, f.a, as32(b, f.b)), 32, f.bits);
    const back = arithmetic(b, Wasm.I32_SUB, f.bits, constant(b, f.bits), f.b);
    return binary(b, Wasm.I32_AND, as32(b, arithmetic(b, Wasm.I32_SHR_U, f.bits, f.a, back)), one);
  }
  const before = binary(b, Wasm.I32_SUB, as32(b, f.b), one);
  if (f.kind == FlagOp.SHR)
    return binary(b, Wasm.I32_AND, as32(b, arithmetic(b, Wasm.I32_SHR_U, f.bits, f.a, before)), one);
  const width: u32 = f.bits == 64 ? 64 : 32;
  const wide = extendSign(b, f.a, f.bits, width);
  return binary(b, Wasm.I32_AND, as32(b, arithmetic(b, Wasm.I32_SHR_S, width, wide, before)), one);
}

/** CF and OF of IMUL and MUL: the lower half is not the product. */
export function productOverflow(b: BuildState, f: FlagsState): u32 {
  if (f.bits == 64) return productOverflow64(b, f);
  if (f.kind == FlagOp.MUL) {
    const product = binary(b, Wasm.I64_MUL, as64(b, f.a), as64(b, f.b));
    const high = binary(b, Wasm.I64_SHR_U, product, as64(b, constant(b, f.bits)));
    return compare(b, Wasm.I32_NE, high, constant(b, 0));
  }
  const product = binary(b, Wasm.I64_MUL, extendSign(b, f.a, f.bits, 64), extendSign(b, f.b, f.bits, 64));
  return compare(b, Wasm.I32_NE, product, extendSign(b, lowBits(b, as32(b, product), f.bits), f.bits, 64));
}

function productOverflow64(b: BuildState, f: FlagsState): u32 {
  const x = as64(b, f.a);
  const y = as64(b, f.b);
  if (f.kind == FlagOp.MUL) return compare(b, Wasm.I32_NE, mulHigh64(b, x, y), constant(b, 0));
  const low = binary(b, Wasm.I64_MUL, x, y);
  const sign = binary(b, Wasm.I64_SHR_S, low, as64(b, constant(b, 63)));
  return compare(b, Wasm.I32_NE, mulHighSigned64(b, x, y), sign);
}

/** The upper half of the unsigned product of two I64. */
export function mulHigh64(b: BuildState, x: u32, y: u32): u32 {
  const half = as64(b, constant(b, 32));
  const xLow = as64(b, as32(b, x));
  const yLow = as64(b, as32(b, y));
  const xHigh = binary(b, Wasm.I64_SHR_U, x, half);
  const yHigh = binary(b, Wasm.I64_SHR_U, y, half);
  const low = binary(b, Wasm.I64_MUL, xLow, yLow);
  const middle = binary(b, Wasm.I64_ADD, binary(b, Wasm.I64_MUL, xHigh, yLow), binary(b, Wasm.I64_SHR_U, low, half));
  const middleLow = as64(b, as32(b, middle));
  const middle2 = binary(b, Wasm.I64_ADD, binary(b, Wasm.I64_MUL, xLow, yHigh), middleLow);
  const top = binary(b, Wasm.I64_ADD, binary(b, Wasm.I64_MUL, xHigh, yHigh), binary(b, Wasm.I64_SHR_U, middle, half));
  return binary(b, Wasm.I64_ADD, top, binary(b, Wasm.I64_SHR_U, middle2, half));
}

/** Likewise signed. */
export function mulHighSigned64(b: BuildState, x: u32, y: u32): u32 {
  const top = as64(b, constant(b, 63));
  const xSign = binary(b, Wasm.I64_SHR_S, x, top);
  const ySign = binary(b, Wasm.I64_SHR_S, y, top);
  const correction = binary(b, Wasm.I64_ADD, binary(b, Wasm.I64_AND, xSign, y), binary(b, Wasm.I64_AND, ySign, x));
  return binary(b, Wasm.I64_SUB, mulHigh64(b, x, y), correction);
}
