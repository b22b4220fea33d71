// One element of floating-point arithmetic. The fast path is wasm's own operator, where that is the answer and PE the only
// exception possible: rounding to nearest, PE masked, operands and result neither NaN, infinite, denormal nor nearly so.
// There inexactness needs to be found only while PE is not yet set; it is, by exact error terms. All else is soft.ts.
import { Vcpu } from "../../cpu/state";
import { SseOp } from "../../decode/sseOp";
import { softMax, softMin } from "./compare";
import { PE, PM, RC, raiseFloat } from "./mxcsr";
import { softAdd, softDiv, softMul, softSqrt } from "./soft";
import { fractionBits, magnitude, maxExponent } from "./softFormat";

// @ts-ignore: decorator
@inline
export function fromBits<F>(bits: u64): F {
  if (sizeof<F>() == 4) return <F>reinterpret<f32>(<u32>bits);
  return <F>reinterpret<f64>(bits);
}

// @ts-ignore: decorator
@inline
export function toBits<F>(value: F): u64 {
  if (sizeof<F>() == 4) return <u64>reinterpret<u32>(<f32>value);
  return reinterpret<u64>(<f64>value);
}

/** Rounding to nearest, and PE masked. */
// @ts-ignore: decorator
@inline
export function isPlainMode(cpu: Vcpu): bool {
  return (cpu.mxcsr & (RC | PM)) == PM;
}

/** Zero, or normal and not among the smallest: exponent field from 2 to the greatest finite one. */
// @ts-ignore: decorator
@inline
function isPlain<F>(bits: u64): bool {
  return isPlainNonzero<F>(bits) || !magnitude<F>(bits);
}

// @ts-ignore: decorator
@inline
function isPlainNonzero<F>(bits: u64): bool {
  const field = <u32>(magnitude<F>(bits) >> (<u64>fractionBits<F>()));
  return field - 2 < maxExponent<F>() - 2;
}

/** PE, unless it is set already or the result was `exact`. */
// @ts-ignore: decorator
@inline
function noteInexact(cpu: Vcpu, exact: bool): void {
  if (!exact) raiseFloat(cpu, PE);
}

/** The rounding error of a + b = sum is representable: Knuth's TwoSum. */
// @ts-ignore: decorator
@inline
function isExactSum<F>(a: F, b: F, sum: F): bool {
  const part = <F>(sum - a);
  return <F>(<F>(a - <F>(sum - part)) + <F>(b - part)) == <F>0;
}

/** Whether x * y, both plain and not zero, has no more significant bits than F. `product` is the rounded product. */
// @ts-ignore: decorator
@inline
function isExactProduct<F>(x: F, y: F, product: F): bool {
  if (sizeof<F>() == 4) return <f64>x * <f64>y == <f64>product;
  return fitsDouble(toBits<F>(x), toBits<F>(y));
}

function fitsDouble(x: u64, y: u64): bool {
  let a = (x & 0xf_ffff_ffff_ffff) | 0x10_0000_0000_0000;
  let b = (y & 0xf_ffff_ffff_ffff) | 0x10_0000_0000_0000;
  a >>= ctz(a);
  b >>= ctz(b);
  // The product of odd numbers of m and n bits is odd and has m + n - 1 or m + n bits: over 54 it cannot fit.
  return clz(a) + clz(b) >= 128 - 54 && (a * b) >> 53 == 0;
}

export function add<F>(cpu: Vcpu, first: u64, second: u64): u64 {
  if (isPlainMode(cpu) && isPlain<F>(first) && isPlain<F>(second)) {
    const a = fromBits<F>(first);
    const b = fromBits<F>(second);
    const sum = <F>(a + b);
    const bits = toBits<F>(sum);
    if (isPlain<F>(bits)) {
      if (!(cpu.mxcsr & PE)) noteInexact(cpu, isExactSum<F>(a, b, sum));
      return bits;
    }
  }
  return softAdd<F>(cpu, first, second, false);
}

export function sub<F>(cpu: Vcpu, first: u64, second: u64): u64 {
  if (isPlainMode(cpu) && isPlain<F>(first) && isPlain<F>(second)) {
    const a = fromBits<F>(first);
    const b = fromBits<F>(second);
    const difference = <F>(a - b);
    const bits = toBits<F>(difference);
    if (isPlain<F>(bits)) {
      if (!(cpu.mxcsr & PE)) noteInexact(cpu, isExactSum<F>(a, <F>-b, difference));
      return bits;
    }
  }
  return softAdd<F>(cpu, first, second, true);
}

export function mul<F>(cpu: Vcpu, first: u64, second: u64): u64 {
  if (isPlainMode(cpu) && isPlain<F>(first) && isPlain<F>(second)) {
    const a = fromBits<F>(first);
    const b = fromBits<F>(second);
    const product = <F>(a * b);
    const bits = toBits<F>(product);
    if (isPlainNonzero<F>(bits)) {
      if (!(cpu.mxcsr & PE)) noteInexact(cpu, isExactProduct<F>(a, b, product));
      return bits;
    }
  }
  return softMul<F>(cpu, first, second);
}

export function div<F>(cpu: Vcpu, first: u64, second: u64): u64 {
  if (isPlainMode(cpu) && isPlainNonzero<F>(first) && isPlainNonzero<F>(second)) {
    const a = fromBits<F>(first);
    const b = fromBits<F>(second);
    const quotient = <F>(a / b);
    const bits = toBits<F>(quotient);
    if (isPlainNonzero<F>(bits)) {
      // An exact quotient times b is a; a rounded one that rounds back to a is told by the product's bits.
      if (!(cpu.mxcsr & PE)) noteInexact(cpu, <F>(quotient * b) == a && isExactProduct<F>(quotient, b, a));
      return bits;
    }
  }
  return softDiv<F>(cpu, first, second);
}

export function sqrt<F>(cpu: Vcpu, operand: u64): u64 {
  if (isPlainMode(cpu) && isPlainNonzero<F>(operand) && operand == magnitude<F>(operand)) {
    const a = fromBits<F>(operand);
    const root = squareRoot<F>(a);
    if (!(cpu.mxcsr & PE)) noteInexact(cpu, <F>(root * root) == a && isExactProduct<F>(root, root, a));
    return toBits<F>(root);
  }
  return softSqrt<F>(cpu, operand);
}

// @ts-ignore: decorator
@inline
function squareRoot<F>(a: F): F {
  if (sizeof<F>() == 4) return <F>f32.sqrt(<f32>a);
  return <F>f64.sqrt(<f64>a);
}

/** a op b on bits; `op` is the first SseOp of its four. */
export function arithmetic<F>(cpu: Vcpu, op: u32, a: u64, b: u64): u64 {
  switch (op) {
    case SseOp.SQRT:
      return sqrt<F>(cpu, b);
    case SseOp.ADD:
      return add<F>(cpu, a, b);
    case SseOp.MUL:
      return mul<F>(cpu, a, b);
    case SseOp.SUB:
      return sub<F>(cpu, a, b);
    case SseOp.MIN:
      return softMin<F>(cpu, a, b);
    case SseOp.DIV:
      return div<F>(cpu, a, b);
    default:
      return softMax<F>(cpu, a, b);
  }
}
