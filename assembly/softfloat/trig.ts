// FSIN, FCOS, FSINCOS, FPTAN, FPATAN. Intel SDM vol. 1, 8.3.7, 8.3.8 (the 66-bit pi) and 8.3.10; vol. 2, those pages.
//
// Arguments are reduced by the processor's pi, exactly, by integer division; then Taylor series. Results round by
// RC to 64 bits whatever the precision control, and PE is set unless the result is a special case.
import { BIAS, DE, EXP_MAX, FpuEnv, INT_BIT, raise, clearC1 } from "./env";
import { invalid, isDenormal, isNanLike, loadSe, loadSig, propagate1, propagate2, storeF80 } from "./operand";
import {
  slot,
  Wide,
  wideAdd,
  wideBelow,
  wideCopy,
  wideDiv,
  wideFromF80,
  wideFromInt,
  wideMul,
  widePoly,
  wideSet,
  wideStore,
} from "./wide";
import { ATAN, ATAN_EIGHTHS, COS, HALF_PI, PI, SIN } from "./wideConst";

// floor(pi * 2^64), 66 bits: the pi the processor reduces by. As a multiple of 2^-65 it is pi / 2.
const PI66_HI: u64 = 3;
const PI66_LO: u64 = 0x243f6a8885a308d3;

// What `begin` found.
const READY: u32 = 0;
const DONE: u32 = 1;
const INCOMPLETE: u32 = 2;

/** Handles operands that need no series; `zero` results are the caller's. */
function begin(env: FpuEnv, dst: usize, sig: u64, se: u32): u32 {
  clearC1(env);
  if (isNanLike(sig, se)) {
    propagate1(env, dst, sig, se);
    return DONE;
  }
  const exp = i32(se & EXP_MAX);
  if (exp == i32(EXP_MAX)) {
    invalid(env, dst);
    return DONE;
  }
  if (exp >= BIAS + 63) return INCOMPLETE;
  if (isDenormal(sig, se) && raise(env, DE)) return DONE;
  return READY;
}

/** Slot 0 = |a| less the nearest multiple of pi/2, signed; returns the quadrant, modulo 4. */
function reduce(env: FpuEnv, sig: u64, se: u32): u32 {
  const r = slot(env, 0);
  wideFromF80(r, sig, se & EXP_MAX);
  const exp = r.exp;
  if (exp < -1 || (exp == -1 && r.hi < 0xc90fdaa22168c234)) return 0;
  // |a| = sig * 2^(exp + 2) units of 2^-65: divide by shifting and subtracting
  let hi: u64 = 0;
  let lo = r.hi;
  let q: u32 = 0;
  for (let i = exp + 2; i > 0; i--) {
    hi = (hi << 1) | (lo >> 63);
    lo <<= 1;
    q <<= 1;
    if (hi > PI66_HI || (hi == PI66_HI && lo >= PI66_LO)) {
      hi -= PI66_HI + u64(lo < PI66_LO);
      lo -= PI66_LO;
      q |= 1;
    }
  }
  // to nearest: beyond half of pi/2, count from the other side
  let sign: u32 = 0;
  if (hi > 1 || (hi == 1 && lo > 0x921fb54442d18469)) {
    hi = PI66_HI - hi - u64(PI66_LO < lo);
    lo = PI66_LO - lo;
    sign = 1;
    q++;
  }
  if ((hi | lo) == 0) {
    wideSet(r, 0, 0, 0, 0);
  } else {
    const n = hi != 0 ? clz(hi) : 64 + clz(lo);
    if (n >= 64) {
      hi = lo << (n - 64);
      lo = 0;
    } else {
      hi = (hi << n) | (lo >> (64 - n));
      lo <<= n;
    }
    wideSet(r, sign, 62 - i32(n), hi, lo);
  }
  return q & 3;
}

/** Slots 1 and 2 = sine and cosine of slot 0. */
function sinCos(env: FpuEnv): void {
  const r = slot(env, 0);
  const s = slot(env, 1);
  const c = slot(env, 2);
  const square = slot(env, 3);
  wideMul(square, r, r);
  widePoly(s, SIN, 14, square);
  wideMul(s, s, r);
  widePoly(c, COS, 14, square);
  // The exact values lie below |r| and 1; a series that lost its tail must not say so when rounding is directed.
  if (r.hi != 0 && r.exp < -60) {
    wideSet(c, 0, -1, u64.MAX_VALUE, u64.MAX_VALUE);
    wideCopy(s, r);
    wideBelow(s);
  }
}

/** Sine (`shift` 0) or cosine (`shift` 1) from the slots of `sinCos`. */
function storeSine(env: FpuEnv, dst: usize, quadrant: u32, negative: u32): void {
  const v = slot(env, 1 + (quadrant & 1));
  v.sign ^= ((quadrant >> 1) & 1) ^ negative;
  wideStore(env, dst, v, true);
}

/** dst = sin a. False when |a| >= 2^63: nothing is done, the caller sets C2. */
export function f80Sin(env: FpuEnv, dst: usize, a: usize): bool {
  const sig = loadSig(a);
  const se = loadSe(a);
  const how = begin(env, dst, sig, se);
  if (how != READY) return how == DONE;
  if (sig == 0) {
    storeF80(dst, se, 0);
    return true;
  }
  const quadrant = reduce(env, sig, se);
  sinCos(env);
  storeSine(env, dst, quadrant, se >> 15);
  return true;
}

/** dst = cos a. False when |a| >= 2^63: nothing is done, the caller sets C2. */
export function f80Cos(env: FpuEnv, dst: usize, a: usize): bool {
  const sig = loadSig(a);
  const se = loadSe(a);
  const how = begin(env, dst, sig, se);
  if (how != READY) return how == DONE;
  if (sig == 0) {
    storeF80(dst, BIAS, INT_BIT);
    return true;
  }
  const quadrant = reduce(env, sig, se);
  sinCos(env);
  storeSine(env, dst, quadrant + 1, 0);
  return true;
}

/** dstSin = sin a, dstCos = cos a (FSINCOS: sine replaces ST0, then cosine is pushed). False as for `f80Sin`. */
export function f80SinCos(env: FpuEnv, dstSin: usize, dstCos: usize, a: usize): bool {
  const sig = loadSig(a);
  const se = loadSe(a);
  const how = begin(env, dstSin, sig, se);
  if (how != READY) {
    if (how == DONE) begin(env, dstCos, sig, se);
    return how == DONE;
  }
  if (sig == 0) {
    storeF80(dstSin, se, 0);
    storeF80(dstCos, BIAS, INT_BIT);
    return true;
  }
  const quadrant = reduce(env, sig, se);
  sinCos(env);
  storeSine(env, dstSin, quadrant, se >> 15);
  storeSine(env, dstCos, quadrant + 1, 0);
  return true;
}

/**
 * dst = tan a, and dstOne = 1.0 (FPTAN pushes it; a NaN or invalid result is pushed a second time instead).
 * False as for `f80Sin`.
 */
export function f80Tan(env: FpuEnv, dst: usize, dstOne: usize, a: usize): bool {
  const sig = loadSig(a);
  const se = loadSe(a);
  const how = begin(env, dst, sig, se);
  if (how != READY) {
    if (how == DONE) begin(env, dstOne, sig, se);
    return how == DONE;
  }
  if (sig == 0) {
    storeF80(dst, se, 0);
  } else {
    const quadrant = reduce(env, sig, se);
    sinCos(env);
    const s = slot(env, 1);
    const c = slot(env, 2);
    const t = slot(env, 3);
    if ((quadrant & 1) == 0) {
      wideDiv(t, s, c);
    } else {
      wideDiv(t, c, s);
      t.sign ^= 1;
    }
    t.sign ^= se >> 15;
    wideStore(env, dst, t, true);
  }
  storeF80(dstOne, BIAS, INT_BIT);
  return true;
}

/** dst = the angle of the point (x, y), -pi to pi (FPATAN: x is ST0, y is ST1). */
export function f80Atan2(env: FpuEnv, dst: usize, x: usize, y: usize): void {
  clearC1(env);
  const xSig = loadSig(x);
  const ySig = loadSig(y);
  const xSe = loadSe(x);
  const ySe = loadSe(y);
  if (isNanLike(xSig, xSe) || isNanLike(ySig, ySe)) {
    propagate2(env, dst, xSig, xSe, ySig, ySe);
    return;
  }
  const xNegative = xSe >> 15 != 0;
  const sign = ySe >> 15;
  if ((isDenormal(xSig, xSe) || isDenormal(ySig, ySe)) && raise(env, DE)) return;
  const xInf = (xSe & EXP_MAX) == EXP_MAX;
  const yInf = (ySe & EXP_MAX) == EXP_MAX;
  const r = slot(env, 0);
  if (xInf && yInf) {
    // pi/4 or 3 pi/4
    wideCopy(r, changetype<Wide>(HALF_PI));
    r.exp -= 1;
    if (xNegative) {
      wideFromInt(slot(env, 1), 3);
      wideMul(r, r, slot(env, 1));
    }
  } else if (yInf || (xSig == 0 && ySig != 0)) {
    wideCopy(r, changetype<Wide>(HALF_PI));
  } else if (xInf || ySig == 0) {
    if (!xNegative) {
      storeF80(dst, sign << 15, 0);
      return;
    }
    wideCopy(r, changetype<Wide>(PI));
  } else {
    if (atanMagnitude(env, xSig, xSe & EXP_MAX, ySig, ySe & EXP_MAX) && !xNegative) {
      // atan t is t for any series, but lies below it
      wideBelow(r);
    }
    if (xNegative) {
      r.sign ^= 1;
      wideAdd(r, r, changetype<Wide>(PI));
    }
  }
  r.sign = sign;
  wideStore(env, dst, r, true);
}

/** Slot 0 = atan(|y| / |x|), finite and not zero; true when that is below 2^-64. */
function atanMagnitude(env: FpuEnv, xSig: u64, xExp: u32, ySig: u64, yExp: u32): bool {
  const r = slot(env, 0);
  const t = slot(env, 1);
  const u = slot(env, 2);
  const v = slot(env, 3);
  const w = slot(env, 4);
  wideFromF80(u, xSig, xExp);
  wideFromF80(v, ySig, yExp);
  // t = smaller / larger
  const swapped = v.exp > u.exp || (v.exp == u.exp && v.hi > u.hi);
  if (swapped) wideDiv(t, u, v);
  else wideDiv(t, v, u);
  const tiny = t.exp < -64;
  if (tiny) {
    wideCopy(r, t);
  } else {
    // atan t = atan c + atan((t - c) / (1 + t c)) with c the nearest eighth
    let eighths: u32 = 0;
    if (t.exp >= -4) eighths = t.exp >= 0 ? 8 : (u32(t.hi >> u64(59 - t.exp)) + 1) >> 1;
    if (eighths != 0) {
      wideFromInt(u, i32(eighths));
      u.exp -= 3;
      wideMul(v, t, u);
      wideFromInt(w, 1);
      wideAdd(v, v, w);
      u.sign = 1;
      wideAdd(u, t, u);
      wideDiv(t, u, v);
    }
    wideMul(u, t, t);
    widePoly(r, ATAN, 14, u);
    wideMul(r, r, t);
    if (eighths != 0) wideAdd(r, r, changetype<Wide>(ATAN_EIGHTHS + usize(eighths) * offsetof<Wide>()));
  }
  if (swapped) {
    r.sign ^= 1;
    wideAdd(r, r, changetype<Wide>(HALF_PI));
  }
  return tiny && !swapped;
}
