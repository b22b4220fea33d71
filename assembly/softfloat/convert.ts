// Conversions between the register format and memory operands: FILD, FIST, FISTTP, FLD and FST of single and double.
// Intel SDM vol. 1, 4.2, table 4-3 and 8.3.2; vol. 2, FILD, FIST, FISTTP, FLD, FST. FLD and FST of the
// 80-bit format copy the bits, so there is nothing here for them.
import {
  BIAS,
  C1,
  clearC1,
  DE,
  EXP_MAX,
  FpuEnv,
  IE,
  INT_BIT,
  OE,
  PE,
  QUIET_BIT,
  raise,
  RC_CHOP,
  RC_MASK,
  RC_NEAREST,
  RC_UP,
  UE,
} from "./env";
import { isNanLike, isUnsupported, loadSe, loadSig, storeF80 } from "./operand";
import { roundsUp } from "./round";
import { shrHi, shrLoJam } from "./int128";

/** dst = the integer, exactly (FILD m16, m32, m64: sign-extend first). */
export function f80FromI64(env: FpuEnv, dst: usize, value: i64): void {
  clearC1(env);
  if (value == 0) {
    storeF80(dst, 0, 0);
    return;
  }
  const se: u32 = value < 0 ? 0x8000 : 0;
  const magnitude: u64 = value < 0 ? 0 - u64(value) : u64(value);
  const n = clz(magnitude);
  storeF80(dst, se | u32(BIAS + 63 - i32(n)), magnitude << n);
}

/** dst = the integer (FILD m32, and m16 sign-extended). */
export function f80FromI32(env: FpuEnv, dst: usize, value: i32): void {
  f80FromI64(env, dst, i64(value));
}

/** FIST m16; `truncate` is FISTTP. Out of range: IE and the integer indefinite -2^15. */
export function f80ToI16(env: FpuEnv, a: usize, truncate: bool): i32 {
  return i32(toInteger(env, a, truncate, 15));
}

/** FIST m32; `truncate` is FISTTP. Out of range: IE and the integer indefinite -2^31. */
export function f80ToI32(env: FpuEnv, a: usize, truncate: bool): i32 {
  return i32(toInteger(env, a, truncate, 31));
}

/** FISTP m64; `truncate` is FISTTP. Out of range: IE and the integer indefinite -2^63. */
export function f80ToI64(env: FpuEnv, a: usize, truncate: bool): i64 {
  return toInteger(env, a, truncate, 63);
}

/** |a| rounded to an integer by `rc`; raises PE and C1. Needs a finite a below 2^64; the result saturates at 2^64 - 1. */
export function roundMagnitude(env: FpuEnv, rc: u32, sig: u64, se: u32): u64 {
  const n = u32(BIAS + 63 - i32(se & EXP_MAX));
  let value = shrHi(sig, n);
  const rest = shrLoJam(sig, 0, n);
  if (rest != 0) {
    if (roundsUp(rc, se >> 15, (value & 1) != 0, rest)) {
      env.flags |= PE | C1;
      if (value != u64.MAX_VALUE) value++;
    } else {
      env.flags |= PE;
    }
  }
  return value;
}

function toInteger(env: FpuEnv, a: usize, truncate: bool, bits: u64): i64 {
  clearC1(env);
  const sig = loadSig(a);
  const se = loadSe(a);
  const negative = se >> 15 != 0;
  const limit = u64(1) << bits;
  if (!isUnsupported(sig, se) && i32(se & EXP_MAX) <= BIAS + 63) {
    const before = env.flags;
    const value = roundMagnitude(env, truncate ? RC_CHOP : env.controlWord & RC_MASK, sig, se);
    if (value < limit || (negative && value == limit)) return negative ? i64(0 - value) : i64(value);
    env.flags = before;
  }
  raise(env, IE);
  return i64(0 - limit);
}

/** dst = the single, exactly (FLD m32). */
export function f80FromF32(env: FpuEnv, dst: usize, bits: u32): void {
  const sign = bits >> 31;
  const exp = (bits >> 23) & 0xff;
  const fraction = u64(bits & 0x7fffff) << 40;
  fromIeee(env, dst, sign, exp, fraction, 0xff, 127);
}

/** dst = the double, exactly (FLD m64). */
export function f80FromF64(env: FpuEnv, dst: usize, bits: u64): void {
  const sign = u32(bits >> 63);
  const exp = u32(bits >> 52) & 0x7ff;
  const fraction = (bits & 0xfffffffffffff) << 11;
  fromIeee(env, dst, sign, exp, fraction, 0x7ff, 1023);
}

/** `fraction` is aligned below bit 63. */
// @ts-ignore: decorator
@inline
function fromIeee(env: FpuEnv, dst: usize, sign: u32, exp: u32, fraction: u64, expMax: u32, bias: i32): void {
  clearC1(env);
  if (exp - 1 < expMax - 1) {
    storeF80(dst, (sign << 15) | u32(i32(exp) + (BIAS - bias)), fraction | INT_BIT);
  } else if (exp == 0) {
    if (fraction == 0) {
      storeF80(dst, sign << 15, 0);
      return;
    }
    raise(env, DE); // the load happens even when unmasked
    const n = clz(fraction);
    storeF80(dst, (sign << 15) | u32(1 - i32(n) + (BIAS - bias)), fraction << n);
  } else {
    if (fraction != 0) {
      if ((fraction & QUIET_BIT) == 0 && raise(env, IE)) return;
      fraction |= QUIET_BIT;
    }
    storeF80(dst, (sign << 15) | EXP_MAX, fraction | INT_BIT);
  }
}

/** The bits FST m32 stores. */
export function f80ToF32(env: FpuEnv, a: usize): u32 {
  return u32(toIeee(env, a, 23, 8));
}

/** The bits FST m64 stores. */
export function f80ToF64(env: FpuEnv, a: usize): u64 {
  return toIeee(env, a, 52, 11);
}

/** Rounds to a format of `fractionBits` and `expBits`. Denormal operands raise no DE here. */
// @ts-ignore: decorator
@inline
function toIeee(env: FpuEnv, a: usize, fractionBits: u64, expBits: u64): u64 {
  clearC1(env);
  let sig = loadSig(a);
  const se = loadSe(a);
  const sign = se >> 15;
  const signBit = u64(sign) << (fractionBits + expBits);
  const expMax = (1 << i32(expBits)) - 1;
  const infinity = u64(expMax) << fractionBits;
  let exp = i32(se & EXP_MAX);
  if (isNanLike(sig, se)) {
    if (isUnsupported(sig, se)) {
      raise(env, IE);
      return (u64(1) << (fractionBits + expBits)) | infinity | (u64(1) << (fractionBits - 1));
    }
    if ((sig & QUIET_BIT) == 0) raise(env, IE);
    return signBit | infinity | (((sig | QUIET_BIT) & ~INT_BIT) >> (63 - fractionBits));
  }
  if (exp == i32(EXP_MAX)) return signBit | infinity;
  if (sig == 0) return signBit;
  if (exp == 0) {
    const n = clz(sig);
    sig <<= n;
    exp = 1 - i32(n);
  }
  exp += (1 << (i32(expBits) - 1)) - 1 - BIAS;
  const rc = env.controlWord & RC_MASK;
  // value = kept * 2^..., kept with fractionBits + 1 bits
  const drop = 63 - fractionBits;
  let kept = sig >> drop;
  let rest = sig << (64 - drop);
  let up = roundsUp(rc, sign, (kept & 1) != 0, rest);
  let flags: u32 = 0;
  if (exp <= 0) {
    const tiny = exp < 0 || !(up && kept + 1 == u64(1) << (fractionBits + 1));
    const n = u32(drop) + u32(1 - exp);
    kept = shrHi(sig, n);
    rest = shrLoJam(sig, 0, n);
    up = roundsUp(rc, sign, (kept & 1) != 0, rest);
    if (tiny && (env.controlWord & UE) == 0) {
      // unmasked: no store, so nothing inexact either
      env.flags |= UE;
      return 0;
    }
    if (tiny && rest != 0) flags |= UE;
    exp = 1;
    if (up) kept++;
    if (rest != 0) flags |= PE | (up ? C1 : 0);
    env.flags |= flags;
    // a carry out of the fraction makes the exponent 1 by itself
    return signBit | kept;
  }
  if (rest != 0) flags |= PE | (up ? C1 : 0);
  if (up) {
    kept++;
    if (kept == u64(1) << (fractionBits + 1)) {
      kept >>= 1;
      exp++;
    }
  }
  if (exp >= expMax) {
    if (raise(env, OE)) return 0;
    const toInfinity = rc == RC_NEAREST || (rc != RC_CHOP && (rc == RC_UP) == (sign == 0));
    env.flags |= PE | (toInfinity ? C1 : 0);
    return signBit | (toInfinity ? infinity : infinity - 1);
  }
  env.flags |= flags;
  return signBit | (u64(exp) << fractionBits) | (kept & ((u64(1) << fractionBits) - 1));
}
