// FRNDINT, FSCALE, FXTRACT, FABS, FCHS. Intel SDM vol. 2, the pages of those names. Precision control does not apply to them.
import { BIAS, C1, clearC1, DE, EXP_MAX, FpuEnv, INT_BIT, PC_64, PE, raise, RC_MASK, ZE } from "./env";
import { invalid, isDenormal, isNanLike, loadSe, loadSig, propagate1, propagate2, storeF80 } from "./operand";
import { roundPack, roundsUp } from "./round";

/** dst = |a|. No exceptions, any encoding. */
export function f80Abs(env: FpuEnv, dst: usize, a: usize): void {
  clearC1(env);
  storeF80(dst, loadSe(a) & EXP_MAX, loadSig(a));
}

/** dst = -a. No exceptions, any encoding. */
export function f80Chs(env: FpuEnv, dst: usize, a: usize): void {
  clearC1(env);
  storeF80(dst, loadSe(a) ^ 0x8000, loadSig(a));
}

/** dst = a rounded to an integer by RC (FRNDINT). */
export function f80RoundInt(env: FpuEnv, dst: usize, a: usize): void {
  clearC1(env);
  const sig = loadSig(a);
  const se = loadSe(a);
  const sign = se >> 15;
  let exp = se & EXP_MAX;
  if (isNanLike(sig, se)) {
    propagate1(env, dst, sig, se);
    return;
  }
  if (sig == 0 || i32(exp) >= BIAS + 63) {
    storeF80(dst, se, sig);
    return;
  }
  if (exp == 0 && raise(env, DE)) return;
  // fractional bits
  const n = BIAS + 63 - i32(exp);
  const rc = env.controlWord & RC_MASK;
  if (n >= 64) {
    // |a| < 1: bits below the units' place as a fraction of 2^64
    const rest = n == 64 ? sig : 1;
    if (roundsUp(rc, sign, false, rest)) {
      env.flags |= PE | C1;
      storeF80(dst, (sign << 15) | BIAS, INT_BIT);
    } else {
      env.flags |= PE;
      storeF80(dst, sign << 15, 0);
    }
    return;
  }
  const unit: u64 = u64(1) << n;
  const rest = sig << (64 - n);
  let kept = sig & ~(unit - 1);
  if (rest != 0) {
    env.flags |= PE;
    if (roundsUp(rc, sign, (kept & unit) != 0, rest)) {
      env.flags |= C1;
      kept += unit;
      if (kept == 0) {
        kept = INT_BIT;
        exp++;
      }
    }
  }
  storeF80(dst, (sign << 15) | exp, kept);
}

/** dst = a * 2^trunc(b) (FSCALE). */
export function f80Scale(env: FpuEnv, dst: usize, a: usize, b: usize): void {
  clearC1(env);
  let aSig = loadSig(a);
  const bSig = loadSig(b);
  const aSe = loadSe(a);
  const bSe = loadSe(b);
  if (isNanLike(aSig, aSe) || isNanLike(bSig, bSe)) {
    propagate2(env, dst, aSig, aSe, bSig, bSe);
    return;
  }
  const sign = aSe >> 15;
  let aExp = i32(aSe & EXP_MAX);
  const bExp = i32(bSe & EXP_MAX);
  const bNegative = bSe >> 15 != 0;
  const aInf = aExp == i32(EXP_MAX);
  if (bExp == i32(EXP_MAX)) {
    if (bNegative ? aInf : aSig == 0) {
      invalid(env, dst);
      return;
    }
    if (isDenormal(aSig, aSe) && raise(env, DE)) return;
    if (bNegative) storeF80(dst, sign << 15, 0);
    else storeF80(dst, (sign << 15) | EXP_MAX, INT_BIT);
    return;
  }
  if ((isDenormal(aSig, aSe) || isDenormal(bSig, bSe)) && raise(env, DE)) return;
  if (aInf || aSig == 0) {
    storeF80(dst, aSe, aSig);
    return;
  }
  if (aExp == 0) {
    const n = clz(aSig);
    aSig <<= n;
    aExp = 1 - i32(n);
  }
  let amount = 0;
  if (bExp >= BIAS + 17) amount = 0x20000;
  else if (bExp >= BIAS) amount = i32(bSig >> (63 - (bExp - BIAS)));
  roundPack(env, dst, env.controlWord | PC_64, sign, aExp + (bNegative ? -amount : amount), aSig, 0);
}

/** Splits a (FXTRACT): dstSig = significand with a's sign, in [1, 2); dstExp = unbiased exponent as a number. */
export function f80Extract(env: FpuEnv, dstSig: usize, dstExp: usize, a: usize): void {
  clearC1(env);
  let sig = loadSig(a);
  const se = loadSe(a);
  let exp = i32(se & EXP_MAX);
  if (isNanLike(sig, se)) {
    const flags = env.flags;
    propagate1(env, dstSig, sig, se);
    env.flags = flags;
    propagate1(env, dstExp, sig, se);
    return;
  }
  if (exp == i32(EXP_MAX)) {
    storeF80(dstSig, se, sig);
    storeF80(dstExp, EXP_MAX, INT_BIT);
    return;
  }
  if (sig == 0) {
    if (raise(env, ZE)) return;
    storeF80(dstSig, se, 0);
    storeF80(dstExp, 0x8000 | EXP_MAX, INT_BIT);
    return;
  }
  if (exp == 0) {
    if (raise(env, DE)) return;
    const n = clz(sig);
    sig <<= n;
    exp = 1 - i32(n);
  }
  exp -= BIAS;
  storeF80(dstSig, (se & 0x8000) | BIAS, sig);
  if (exp == 0) {
    storeF80(dstExp, 0, 0);
  } else {
    const negative: u32 = exp < 0 ? 0x8000 : 0;
    const magnitude = u64(exp < 0 ? -exp : exp);
    const n = clz(magnitude);
    storeF80(dstExp, negative | u32(BIAS + 63 - i32(n)), magnitude << n);
  }
}
