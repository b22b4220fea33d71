// FMUL, FDIV, FDIVR (the reversed form swaps the operands), FSQRT. Intel SDM vol. 2, FMUL, FDIV, FSQRT.
import { BIAS, clearC1, DE, EXP_MAX, FpuEnv, INT_BIT, raise, ZE } from "./env";
import { div128, mulHi } from "./int128";
import { invalid, isDenormal, isNanLike, isNormal, loadSe, loadSig, propagate1, propagate2, storeF80 } from "./operand";
import { roundPack } from "./round";

/** dst = a * b. */
export function f80Mul(env: FpuEnv, dst: usize, a: usize, b: usize): void {
  clearC1(env);
  const aSig = loadSig(a);
  const bSig = loadSig(b);
  const aSe = loadSe(a);
  const bSe = loadSe(b);
  const aExp = aSe & EXP_MAX;
  const bExp = bSe & EXP_MAX;
  if (isNormal(aSig, aExp) && isNormal(bSig, bExp)) {
    mulNormalized(env, dst, (aSe ^ bSe) >> 15, i32(aExp + bExp), aSig, bSig);
  } else {
    mulSpecial(env, dst, aSe, aSig, bSe, bSig);
  }
}

function mulNormalized(env: FpuEnv, dst: usize, sign: u32, expSum: i32, aSig: u64, bSig: u64): void {
  let hi = mulHi(aSig, bSig);
  let lo = aSig * bSig;
  let exp = expSum - BIAS + 1;
  if (i64(hi) >= 0) {
    hi = (hi << 1) | (lo >> 63);
    lo <<= 1;
    exp--;
  }
  roundPack(env, dst, env.controlWord, sign, exp, hi, lo);
}

function mulSpecial(env: FpuEnv, dst: usize, aSe: u32, aSig: u64, bSe: u32, bSig: u64): void {
  if (isNanLike(aSig, aSe) || isNanLike(bSig, bSe)) {
    propagate2(env, dst, aSig, aSe, bSig, bSe);
    return;
  }
  const sign = (aSe ^ bSe) >> 15;
  let aExp = i32(aSe & EXP_MAX);
  let bExp = i32(bSe & EXP_MAX);
  const infinite = aExp == i32(EXP_MAX) || bExp == i32(EXP_MAX);
  if (infinite && (aSig == 0 || bSig == 0)) {
    invalid(env, dst);
    return;
  }
  if ((isDenormal(aSig, aSe) || isDenormal(bSig, bSe)) && raise(env, DE)) return;
  if (infinite) {
    storeF80(dst, (sign << 15) | EXP_MAX, INT_BIT);
    return;
  }
  if (aSig == 0 || bSig == 0) {
    storeF80(dst, sign << 15, 0);
    return;
  }
  if (aExp == 0) {
    const n = clz(aSig);
    aSig <<= n;
    aExp = 1 - i32(n);
  }
  if (bExp == 0) {
    const n = clz(bSig);
    bSig <<= n;
    bExp = 1 - i32(n);
  }
  mulNormalized(env, dst, sign, aExp + bExp, aSig, bSig);
}

/** dst = a / b. */
export function f80Div(env: FpuEnv, dst: usize, a: usize, b: usize): void {
  clearC1(env);
  const aSig = loadSig(a);
  const bSig = loadSig(b);
  const aSe = loadSe(a);
  const bSe = loadSe(b);
  const aExp = aSe & EXP_MAX;
  const bExp = bSe & EXP_MAX;
  if (isNormal(aSig, aExp) && isNormal(bSig, bExp)) {
    divNormalized(env, dst, (aSe ^ bSe) >> 15, i32(aExp) - i32(bExp), aSig, bSig);
  } else {
    divSpecial(env, dst, aSe, aSig, bSe, bSig);
  }
}

function divNormalized(env: FpuEnv, dst: usize, sign: u32, expDiff: i32, aSig: u64, bSig: u64): void {
  let exp = expDiff + BIAS;
  let low: u64 = 0;
  if (aSig >= bSig) {
    low = aSig << 63;
    aSig >>= 1;
  } else {
    exp--;
  }
  const q = div128(aSig, low, bSig);
  const r = low - q * bSig;
  // the remainder as a jammed fraction of the divisor: 0, below, at or above a half
  let rest: u64 = 0;
  if (r != 0) {
    const other = bSig - r;
    rest = r < other ? 1 : r == other ? INT_BIT : INT_BIT | 1;
  }
  roundPack(env, dst, env.controlWord, sign, exp, q, rest);
}

function divSpecial(env: FpuEnv, dst: usize, aSe: u32, aSig: u64, bSe: u32, bSig: u64): void {
  if (isNanLike(aSig, aSe) || isNanLike(bSig, bSe)) {
    propagate2(env, dst, aSig, aSe, bSig, bSe);
    return;
  }
  const sign = (aSe ^ bSe) >> 15;
  let aExp = i32(aSe & EXP_MAX);
  let bExp = i32(bSe & EXP_MAX);
  const aInf = aExp == i32(EXP_MAX);
  const bInf = bExp == i32(EXP_MAX);
  if ((aInf && bInf) || (aSig == 0 && bSig == 0)) {
    invalid(env, dst);
    return;
  }
  if (bSig == 0 && !aInf) {
    // a denormal dividend raises no DE beside it (as processors do)
    if (raise(env, ZE)) return;
    storeF80(dst, (sign << 15) | EXP_MAX, INT_BIT);
    return;
  }
  if ((isDenormal(aSig, aSe) || isDenormal(bSig, bSe)) && raise(env, DE)) return;
  if (aInf) {
    storeF80(dst, (sign << 15) | EXP_MAX, INT_BIT);
    return;
  }
  if (bInf || aSig == 0) {
    storeF80(dst, sign << 15, 0);
    return;
  }
  if (aExp == 0) {
    const n = clz(aSig);
    aSig <<= n;
    aExp = 1 - i32(n);
  }
  if (bExp == 0) {
    const n = clz(bSig);
    bSig <<= n;
    bExp = 1 - i32(n);
  }
  divNormalized(env, dst, sign, aExp - bExp, aSig, bSig);
}

/** dst = square root of a. */
export function f80Sqrt(env: FpuEnv, dst: usize, a: usize): void {
  clearC1(env);
  let sig = loadSig(a);
  const se = loadSe(a);
  let exp = i32(se & EXP_MAX);
  if (!isNormal(sig, exp) || se >> 15 != 0) {
    if (isNanLike(sig, se)) {
      propagate1(env, dst, sig, se);
      return;
    }
    if (sig == 0) {
      storeF80(dst, se, 0);
      return;
    }
    if (se >> 15 != 0) {
      invalid(env, dst);
      return;
    }
    if (exp == i32(EXP_MAX)) {
      storeF80(dst, se, sig);
      return;
    }
    if (raise(env, DE)) return;
    const n = clz(sig);
    sig <<= n;
    exp = 1 - i32(n);
  }
  // The value is hi:lo * 2^(even), hi:lo in [2^126, 2^128); its root then fills exactly 64 bits.
  const odd = (exp - BIAS) & 1;
  const hi = odd != 0 ? sig : sig >> 1;
  const lo = odd != 0 ? 0 : sig << 63;
  // A 53-bit estimate, one Newton step by division, then at most a step or two of correction.
  const estimate = sqrt<f64>(f64(hi)) * 4294967296.0;
  let root = estimate >= 18446744073709551615.0 ? u64.MAX_VALUE : u64(estimate);
  if (root <= hi) root = hi == u64.MAX_VALUE ? hi : hi + 1;
  const q = root > hi ? div128(hi, lo, root) : root;
  root = (root >> 1) + (q >> 1) + (root & q & 1);
  if (root < INT_BIT) root = INT_BIT;
  let remHi: u64;
  let remLo: u64;
  while (true) {
    const squareHi = mulHi(root, root);
    const squareLo = root * root;
    if (squareHi > hi || (squareHi == hi && squareLo > lo)) {
      root--;
      continue;
    }
    remHi = hi - squareHi - u64(squareLo > lo);
    remLo = lo - squareLo;
    // the remainder is at most 2 * root when root is the floor
    if (remHi > root >> 63 || (remHi == root >> 63 && remLo > root << 1)) {
      root++;
      continue;
    }
    break;
  }
  const rest: u64 = (remHi | remLo) == 0 ? 0 : remHi != 0 || remLo > root ? INT_BIT | 1 : 1;
  roundPack(env, dst, env.controlWord, 0, ((exp - BIAS) >> 1) + BIAS, root, rest);
}
