// F2XM1, FYL2X, FYL2XP1. Intel SDM vol. 1, 8.3.9; vol. 2, the pages of those names (their tables of special operands).
//
// Where the manual calls the result undefined: F2XM1 outside [-1, 1] returns its operand; FYL2XP1 computes the true value for
// any x above -1 and is invalid from -1 down.
import { BIAS, clearC1, DE, EXP_MAX, FpuEnv, INT_BIT, PE, raise, UE, ZE } from "./env";
import { invalid, isDenormal, isNanLike, loadSe, loadSig, propagate1, propagate2, storeF80 } from "./operand";
import { slot, Wide, wideAdd, wideDiv, wideFromF80, wideFromInt, wideMul, widePoly, wideStore } from "./wide";
import { ATANH, EXPM1, LN2, ONE, TWO_LOG2E } from "./wideConst";

const SQRT2: u64 = 0xb504f333f9de6484;

/** dst = 2^a - 1, for a in [-1, 1]. */
export function f80Exp2M1(env: FpuEnv, dst: usize, a: usize): void {
  clearC1(env);
  const sig = loadSig(a);
  const se = loadSe(a);
  const negative = se >> 15 != 0;
  const exp = i32(se & EXP_MAX);
  if (isNanLike(sig, se)) {
    propagate1(env, dst, sig, se);
  } else if (exp >= BIAS) {
    if (exp != i32(EXP_MAX)) env.flags |= PE; // even for the exact 1 and -1/2
    if (negative && exp == i32(EXP_MAX)) storeF80(dst, 0x8000 | BIAS, INT_BIT);
    else if (negative && exp == BIAS && sig == INT_BIT) storeF80(dst, 0x8000 | (BIAS - 1), INT_BIT);
    else storeF80(dst, se, sig);
  } else if (sig == 0) {
    storeF80(dst, se, 0);
  } else {
    if (isDenormal(sig, se) && raise(env, DE)) return;
    const x = slot(env, 0);
    const r = slot(env, 1);
    wideFromF80(x, sig, se);
    wideMul(x, x, changetype<Wide>(LN2));
    if (x.exp < -130) {
      wideStore(env, dst, x, true);
      return;
    }
    widePoly(r, EXPM1, 26, x);
    wideMul(r, r, x);
    wideStore(env, dst, r, true);
  }
}

/** r = log2((1 + s) / (1 - s)) = 2 / ln 2 * atanh s. Uses slot 7. */
function logOfRatio(env: FpuEnv, r: Wide, s: Wide): void {
  const square = slot(env, 7);
  wideMul(square, s, s);
  widePoly(r, ATANH, 22, square);
  wideMul(r, r, s);
  wideMul(r, r, changetype<Wide>(TWO_LOG2E));
}

/** Slot 0 = log2 of slot 1, which is positive; true when it is an integer. */
function log2Wide(env: FpuEnv): bool {
  const r = slot(env, 0);
  const m = slot(env, 1);
  let k = m.exp;
  m.exp = 0;
  if (m.hi == INT_BIT && m.lo == 0) {
    wideFromInt(r, k);
    return true;
  }
  if (m.hi > SQRT2) {
    m.exp = -1;
    k++;
  }
  const below = slot(env, 2);
  const above = slot(env, 3);
  const one = changetype<Wide>(ONE);
  wideAdd(above, m, one);
  wideFromInt(below, -1);
  wideAdd(below, m, below);
  wideDiv(below, below, above);
  logOfRatio(env, r, below);
  if (k != 0) {
    wideFromInt(above, k);
    wideAdd(r, r, above);
  }
  return false;
}

/** dst = y * slot 0, for y finite and not zero. */
function storeTimes(env: FpuEnv, dst: usize, ySig: u64, ySe: u32, inexact: bool): void {
  const r = slot(env, 0);
  const y = slot(env, 4);
  wideFromF80(y, ySig, ySe);
  wideMul(r, r, y);
  wideStore(env, dst, r, inexact);
  // processors report even an exact product as inexact, and so a tiny one as underflow
  env.flags |= r.exp <= -BIAS ? PE | UE : PE;
}

/** dst = y * log2 x (FYL2X: x is ST0, y is ST1). */
export function f80YLog2X(env: FpuEnv, dst: usize, x: usize, y: usize): void {
  clearC1(env);
  const xSig = loadSig(x);
  const ySig = loadSig(y);
  const xSe = loadSe(x);
  const ySe = loadSe(y);
  if (isNanLike(xSig, xSe) || isNanLike(ySig, ySe)) {
    propagate2(env, dst, xSig, xSe, ySig, ySe);
    return;
  }
  const xExp = i32(xSe & EXP_MAX);
  const xInf = xExp == i32(EXP_MAX);
  const yInf = (ySe & EXP_MAX) == EXP_MAX;
  const isOne = xExp == BIAS && xSig == INT_BIT;
  const bad = xSig == 0 ? ySig == 0 : xSe >> 15 != 0 || (xInf && ySig == 0) || (isOne && yInf);
  if (bad) {
    invalid(env, dst);
    return;
  }
  if (xSig == 0) {
    if (!yInf && raise(env, ZE)) return;
    storeF80(dst, (~ySe & 0x8000) | EXP_MAX, INT_BIT);
    return;
  }
  if ((isDenormal(xSig, xSe) || isDenormal(ySig, ySe)) && raise(env, DE)) return;
  const negative: u32 = xExp < BIAS ? 0x8000 : 0;
  if (xInf || yInf) {
    storeF80(dst, ((ySe ^ negative) & 0x8000) | EXP_MAX, INT_BIT);
    return;
  }
  if (ySig == 0 || isOne) {
    storeF80(dst, (ySe ^ negative) & 0x8000, 0);
    return;
  }
  wideFromF80(slot(env, 1), xSig, xSe);
  const exact = log2Wide(env);
  storeTimes(env, dst, ySig, ySe, !exact);
}

/** dst = y * log2(x + 1) (FYL2XP1: x is ST0, y is ST1). */
export function f80YLog2XP1(env: FpuEnv, dst: usize, x: usize, y: usize): void {
  clearC1(env);
  const xSig = loadSig(x);
  const ySig = loadSig(y);
  const xSe = loadSe(x);
  const ySe = loadSe(y);
  if (isNanLike(xSig, xSe) || isNanLike(ySig, ySe)) {
    propagate2(env, dst, xSig, xSe, ySig, ySe);
    return;
  }
  const xExp = i32(xSe & EXP_MAX);
  const xInf = xExp == i32(EXP_MAX);
  const yInf = (ySe & EXP_MAX) == EXP_MAX;
  const xNegative = xSe >> 15 != 0;
  if ((xNegative && xExp >= BIAS) || (xInf && ySig == 0) || (xSig == 0 && yInf)) {
    invalid(env, dst);
    return;
  }
  if ((isDenormal(xSig, xSe) || isDenormal(ySig, ySe)) && raise(env, DE)) return;
  const sign = (xSe ^ ySe) & 0x8000;
  if (xInf || yInf) {
    storeF80(dst, sign | EXP_MAX, INT_BIT);
    return;
  }
  if (xSig == 0 || ySig == 0) {
    storeF80(dst, sign, 0);
    return;
  }
  const s = slot(env, 1);
  wideFromF80(s, xSig, xSe);
  if (s.exp < -2) {
    // log2(1 + x) = 2 / ln 2 * atanh(x / (2 + x)): nothing cancels
    const above = slot(env, 2);
    wideFromInt(above, 2);
    wideAdd(above, s, above);
    wideDiv(s, s, above);
    logOfRatio(env, slot(env, 0), s);
    storeTimes(env, dst, ySig, ySe, true);
  } else {
    wideAdd(s, s, changetype<Wide>(ONE));
    const exact = log2Wide(env);
    storeTimes(env, dst, ySig, ySe, !exact);
  }
}
