// Add, multiply, divide and square root on bits, exactly as MXCSR says, with every exception flag. The reference for the
// fast paths of arithmetic.ts. Order of exceptions: SDM vol. 1 table 4-11 (NaN operands, other invalid operations and
// division by zero, denormal operands, then the result's).
import { Vcpu } from "../../cpu/state";
import { div128, mulHi } from "../../softfloat/int128";
import { RC_DOWN, ZE, raiseFloat, roundingControl } from "./mxcsr";
import {
  exponentOf,
  infinity,
  invalid,
  isInfinite,
  isNaNBits,
  isNegative,
  magnitude,
  noteDenormal,
  operandBits,
  propagateNaN,
  roundPack,
  shiftRightJam,
  signBit,
  significandOf,
} from "./softFormat";

/** a + b; a - b is the sum with the sign of b turned, unless it is a NaN. */
export function softAdd<F>(cpu: Vcpu, first: u64, second: u64, subtract: bool): u64 {
  if (isNaNBits<F>(first) || isNaNBits<F>(second)) return propagateNaN<F>(cpu, first, second);
  const a = operandBits<F>(cpu, first);
  let b = operandBits<F>(cpu, second);
  if (subtract) b ^= signBit<F>();
  if (isInfinite<F>(a) && b == (a ^ signBit<F>())) return invalid<F>(cpu);
  noteDenormal<F>(cpu, a, b);
  if (isInfinite<F>(a)) return a;
  if (isInfinite<F>(b)) return b;
  if (!magnitude<F>(a) && !magnitude<F>(b)) {
    if (a == b) return a;
    return roundingControl(cpu) == RC_DOWN ? signBit<F>() : 0;
  }
  if (!magnitude<F>(a)) return roundPack<F>(cpu, isNegative<F>(b), exponentOf<F>(b), significandOf<F>(b));
  if (!magnitude<F>(b)) return roundPack<F>(cpu, isNegative<F>(a), exponentOf<F>(a), significandOf<F>(a));
  return magnitude<F>(a) >= magnitude<F>(b) ? addOrdered<F>(cpu, a, b) : addOrdered<F>(cpu, b, a);
}

/** Both finite and not zero, |a| >= |b|. */
function addOrdered<F>(cpu: Vcpu, a: u64, b: u64): u64 {
  let exponent = exponentOf<F>(a);
  const distance = <u32>(exponent - exponentOf<F>(b));
  // One bit down, for the carry; at least ten zero bits remain below, so that a jammed one never reaches a half.
  const larger = significandOf<F>(a) >> 1;
  const smaller = shiftRightJam(significandOf<F>(b) >> 1, distance);
  const sum = isNegative<F>(a) == isNegative<F>(b) ? larger + smaller : larger - smaller;
  if (!sum) return roundingControl(cpu) == RC_DOWN ? signBit<F>() : 0;
  const zeros = clz(sum);
  exponent += 1 - <i32>zeros;
  return roundPack<F>(cpu, isNegative<F>(a), exponent, sum << zeros);
}

export function softMul<F>(cpu: Vcpu, first: u64, second: u64): u64 {
  if (isNaNBits<F>(first) || isNaNBits<F>(second)) return propagateNaN<F>(cpu, first, second);
  const a = operandBits<F>(cpu, first);
  const b = operandBits<F>(cpu, second);
  const sign = (a ^ b) & signBit<F>();
  if ((isInfinite<F>(a) && !magnitude<F>(b)) || (isInfinite<F>(b) && !magnitude<F>(a))) return invalid<F>(cpu);
  noteDenormal<F>(cpu, a, b);
  if (isInfinite<F>(a) || isInfinite<F>(b)) return sign | infinity<F>();
  if (!magnitude<F>(a) || !magnitude<F>(b)) return sign;
  const x = significandOf<F>(a);
  const y = significandOf<F>(b);
  let high = mulHi(x, y);
  const low = x * y;
  let exponent = exponentOf<F>(a) + exponentOf<F>(b) + 1;
  let sticky = low != 0;
  if (!(high >> 63)) {
    high = (high << 1) | (low >> 63);
    sticky = low << 1 != 0;
    exponent--;
  }
  return roundPack<F>(cpu, sign != 0, exponent, high | (<u64>sticky));
}

export function softDiv<F>(cpu: Vcpu, first: u64, second: u64): u64 {
  if (isNaNBits<F>(first) || isNaNBits<F>(second)) return propagateNaN<F>(cpu, first, second);
  const a = operandBits<F>(cpu, first);
  const b = operandBits<F>(cpu, second);
  const sign = (a ^ b) & signBit<F>();
  if (isInfinite<F>(a) ? isInfinite<F>(b) : !magnitude<F>(a) && !magnitude<F>(b)) return invalid<F>(cpu);
  if (!magnitude<F>(b) && !isInfinite<F>(a)) {
    raiseFloat(cpu, ZE);
    return sign | infinity<F>();
  }
  noteDenormal<F>(cpu, a, b);
  if (isInfinite<F>(a)) return sign | infinity<F>();
  if (isInfinite<F>(b) || !magnitude<F>(a)) return sign;
  const x = significandOf<F>(a);
  const y = significandOf<F>(b);
  let exponent = exponentOf<F>(a) - exponentOf<F>(b);
  let high = x;
  let low: u64 = 0;
  if (x >= y) {
    high = x >> 1;
    low = x << 63;
  } else exponent--;
  const quotient = div128(high, low, y);
  return roundPack<F>(cpu, sign != 0, exponent, quotient | (<u64>(low - quotient * y != 0)));
}

export function softSqrt<F>(cpu: Vcpu, operand: u64): u64 {
  if (isNaNBits<F>(operand)) return propagateNaN<F>(cpu, operand, operand);
  const a = operandBits<F>(cpu, operand);
  if (!magnitude<F>(a)) return a;
  if (isNegative<F>(a)) return invalid<F>(cpu);
  noteDenormal<F>(cpu, a, a);
  if (isInfinite<F>(a)) return a;
  // Digit by digit: 54 bits of root from a radicand of at most 54, in [1, 4); what remains is the sticky bit.
  let exponent = exponentOf<F>(a);
  let rest = significandOf<F>(a) >> 10;
  if (exponent & 1) {
    rest <<= 1;
    exponent--;
  }
  let root: u64 = 0;
  let tried: u64 = 0;
  for (let bit: u64 = (<u64>1) << 53; bit; bit >>= 1) {
    const next = tried + bit;
    if (next <= rest) {
      tried = next + bit;
      rest -= next;
      root += bit;
    }
    rest <<= 1;
  }
  return roundPack<F>(cpu, false, exponent >> 1, (root << 10) | (<u64>(rest != 0)));
}
