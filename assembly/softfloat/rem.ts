// FPREM and FPREM1. Intel SDM vol. 2, FPREM and FPREM1.
//
// When the exponents differ by 64 or more one execution only reduces the difference, by 32 to 63 bits; the
// manual leaves the amount open, this is what processors do (32 plus the low five bits of the difference).
import { C0, C1, C2, C3, clearC1, DE, EXP_MAX, FpuEnv, PC_64, raise } from "./env";
import { div128 } from "./int128";
import { invalid, isDenormal, isNanLike, loadSe, loadSig, propagate2, storeF80 } from "./operand";
import { roundPack } from "./round";

/**
 * dst = remainder of a / b: truncating (FPREM) or `nearest` (FPREM1).
 * Returns C0, C1, C2, C3 at their places in the status word: quotient bits 2, 0 and 1 in C0, C1 and C3, and C2 when incomplete.
 */
export function f80Rem(env: FpuEnv, dst: usize, a: usize, b: usize, nearest: bool): u32 {
  clearC1(env);
  let aSig = loadSig(a);
  let bSig = loadSig(b);
  const aSe = loadSe(a);
  const bSe = loadSe(b);
  if (isNanLike(aSig, aSe) || isNanLike(bSig, bSe)) {
    propagate2(env, dst, aSig, aSe, bSig, bSe);
    return 0;
  }
  let sign = aSe >> 15;
  let aExp = i32(aSe & EXP_MAX);
  let bExp = i32(bSe & EXP_MAX);
  if (aExp == i32(EXP_MAX) || bSig == 0) {
    invalid(env, dst);
    return 0;
  }
  if ((isDenormal(aSig, aSe) || isDenormal(bSig, bSe)) && raise(env, DE)) return 0;
  if (aSig == 0) {
    storeF80(dst, aSe, 0);
    return 0;
  }
  if (aExp == 0) {
    const n = clz(aSig);
    aSig <<= n;
    aExp = 1 - i32(n);
  }
  const cw = env.controlWord | PC_64;
  if (bExp == i32(EXP_MAX)) {
    roundPack(env, dst, cw, sign, aExp, aSig, 0);
    return 0;
  }
  if (bExp == 0) {
    const n = clz(bSig);
    bSig <<= n;
    bExp = 1 - i32(n);
  }

  const diff = aExp - bExp;
  if (diff < -1 || (diff < 0 && !nearest)) {
    roundPack(env, dst, cw, sign, aExp, aSig, 0);
    return 0;
  }
  if (diff >= 64) {
    const bits = 32 + (diff & 31);
    const partial = reduce(aSig, bSig, bits);
    if (partial == 0) {
      storeF80(dst, sign << 15, 0);
    } else {
      const n = clz(partial);
      roundPack(env, dst, cw, sign, aExp - bits - i32(n), partial << n, 0);
    }
    return C2;
  }

  // Complete: the remainder is rem * 2^bExp (or, for diff -1, a itself, below b).
  let quotient: u64 = 0;
  let rem = aSig;
  let exp = bExp;
  if (diff >= 0) {
    if (rem >= bSig) {
      rem -= bSig;
      quotient = 1;
    }
    if (diff > 0) {
      const hi = rem >> (64 - diff);
      const lo = rem << diff;
      const q = div128(hi, lo, bSig);
      rem = lo - q * bSig;
      quotient = (quotient << diff) + q;
    }
    // twice the remainder against the divisor
    if (nearest && rem != 0) {
      const other = bSig - rem;
      if (rem > other || (rem == other && (quotient & 1) != 0)) {
        rem = other;
        sign ^= 1;
        quotient++;
      }
    }
  } else {
    // b/4 < a < b with a = aSig * 2^-1: beyond b/2 when aSig > bSig
    exp = aExp;
    if (aSig > bSig) {
      // b - a in units of 2^aExp is 2 * bSig - aSig, which is below bSig
      rem = bSig - (aSig - bSig);
      sign ^= 1;
      quotient = 1;
    }
  }
  let conditions: u32 = 0;
  if ((quotient & 1) != 0) conditions |= C1;
  if ((quotient & 2) != 0) conditions |= C3;
  if ((quotient & 4) != 0) conditions |= C0;
  if (rem == 0) {
    storeF80(dst, sign << 15, 0);
  } else {
    const n = clz(rem);
    roundPack(env, dst, cw, sign, exp - i32(n), rem << n, 0);
  }
  env.flags |= conditions & C1;
  return conditions;
}

/** a * 2^bits modulo b, for 0 < bits < 64 and both with their top bit set. */
function reduce(a: u64, b: u64, bits: i32): u64 {
  if (a >= b) a -= b;
  const lo = a << bits;
  return lo - div128(a >> (64 - bits), lo, b) * b;
}
