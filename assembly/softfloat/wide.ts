// Working numbers of the transcendentals: 128-bit significands, about 2^-124 relative error an operation.
//
// Value: (-1)^sign * (hi:lo / 2^127) * 2^exp, hi's top bit set; zero is hi = lo = 0. They live in FpuEnv.scratch.
import { BIAS, EXP_MAX, FpuEnv, PC_64, PE, UE } from "./env";
import { div128, mulHi, shrHi, shrLoJam } from "./int128";
import { storeF80 } from "./operand";
import { roundPack } from "./round";


@unmanaged
export class Wide {
  hi: u64;
  lo: u64;
  exp: i32;
  sign: u32;
}

/** The n-th working number of the scratch area (16 fit in F80_SCRATCH_BYTES). */
// @ts-ignore: decorator
@inline
export function slot(env: FpuEnv, n: usize): Wide {
  return changetype<Wide>(env.scratch + n * offsetof<Wide>());
}

// @ts-ignore: decorator
@inline
export function wideSet(d: Wide, sign: u32, exp: i32, hi: u64, lo: u64): void {
  d.hi = hi;
  d.lo = lo;
  d.exp = exp;
  d.sign = sign;
}

export function wideCopy(d: Wide, a: Wide): void {
  wideSet(d, a.sign, a.exp, a.hi, a.lo);
}

/** From a finite register value; normalizes denormals. */
export function wideFromF80(d: Wide, sig: u64, se: u32): void {
  const exp = i32(se & EXP_MAX);
  const n = sig == 0 ? 0 : clz(sig);
  wideSet(d, se >> 15, (exp == 0 ? 1 : exp) - BIAS - i32(n), sig << n, 0);
}

/** From an integer. */
export function wideFromInt(d: Wide, value: i32): void {
  const magnitude = u64(value < 0 ? -value : value);
  const n = magnitude == 0 ? 0 : clz(magnitude);
  wideSet(d, u32(value < 0), 63 - i32(n), magnitude << n, 0);
}

/** The next working number towards zero, for a not zero. */
export function wideBelow(a: Wide): void {
  if (a.lo == 0) a.hi -= 1;
  a.lo -= 1;
  if (i64(a.hi) >= 0) {
    a.hi = u64.MAX_VALUE;
    a.exp -= 1;
  }
}

/** Shifts hi:lo until the top bit is set, and stores. */
function setNormalized(d: Wide, sign: u32, exp: i32, hi: u64, lo: u64): void {
  if (hi == 0) {
    hi = lo;
    lo = 0;
    exp -= 64;
    if (hi == 0) exp = 0;
  }
  const n = hi == 0 ? 0 : clz(hi);
  if (n != 0) {
    hi = (hi << n) | (lo >> (64 - n));
    lo <<= n;
  }
  wideSet(d, sign, exp - i32(n), hi, lo);
}

export function wideAdd(d: Wide, a: Wide, b: Wide): void {
  if (b.hi == 0) {
    wideCopy(d, a);
    return;
  }
  if (a.hi == 0) {
    wideCopy(d, b);
    return;
  }
  if (a.exp < b.exp || (a.exp == b.exp && (a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo)))) {
    const t = a;
    a = b;
    b = t;
  }
  const shift = u32(a.exp - b.exp);
  const bHi = shrHi(b.hi, shift);
  const bLo = shrLoJam(b.hi, b.lo, shift);
  const sign = a.sign;
  let exp = a.exp;
  if (sign == b.sign) {
    let lo = a.lo + bLo;
    const carry = u64(lo < bLo);
    let hi = a.hi + bHi;
    let over = u64(hi < bHi);
    hi += carry;
    over |= u64(hi < carry);
    if (over != 0) {
      lo = (hi << 63) | (lo >> 1) | (lo & 1);
      hi = (hi >> 1) | (u64(1) << 63);
      exp++;
    }
    wideSet(d, sign, exp, hi, lo);
  } else {
    const lo = a.lo - bLo;
    setNormalized(d, sign, exp, a.hi - bHi - u64(a.lo < bLo), lo);
  }
}

export function wideMul(d: Wide, a: Wide, b: Wide): void {
  const sign = a.sign ^ b.sign;
  if (a.hi == 0 || b.hi == 0) {
    wideSet(d, sign, 0, 0, 0);
    return;
  }
  let hi = mulHi(a.hi, b.hi);
  let lo = a.hi * b.hi;
  const x = mulHi(a.hi, b.lo);
  const y = mulHi(a.lo, b.hi);
  lo += x;
  hi += u64(lo < x);
  lo += y;
  hi += u64(lo < y);
  let exp = a.exp + b.exp + 1;
  if (i64(hi) >= 0) {
    hi = (hi << 1) | (lo >> 63);
    lo <<= 1;
    exp--;
  }
  wideSet(d, sign, exp, hi, lo);
}

/** d = a / b, for b not zero. */
export function wideDiv(d: Wide, a: Wide, b: Wide): void {
  const sign = a.sign ^ b.sign;
  if (a.hi == 0) {
    wideSet(d, sign, 0, 0, 0);
    return;
  }
  let exp = a.exp - b.exp;
  let n2 = a.hi;
  let n1 = a.lo;
  let n0: u64 = 0;
  if (n2 > b.hi || (n2 == b.hi && n1 >= b.lo)) {
    n0 = n1 << 63;
    n1 = (n1 >> 1) | (n2 << 63);
    n2 >>= 1;
  } else {
    exp--;
  }
  // first digit: n2:n1:n0 / (b.hi:b.lo), corrected until the remainder is not negative
  let q1 = n2 >= b.hi ? u64.MAX_VALUE : div128(n2, n1, b.hi);
  // remainder = n2:n1:n0 - q1 * b
  const pLo = q1 * b.lo;
  const pMid = q1 * b.hi;
  const carry = mulHi(q1, b.lo);
  const mid = pMid + carry;
  const high = mulHi(q1, b.hi) + u64(mid < carry);
  let r0 = n0 - pLo;
  let borrow = u64(n0 < pLo);
  let r1 = n1 - mid;
  const borrow1 = u64(n1 < mid) | u64(r1 < borrow);
  r1 -= borrow;
  let r2 = n2 - high - borrow1;
  while (i64(r2) < 0) {
    q1--;
    r0 += b.lo;
    borrow = u64(r0 < b.lo);
    r1 += b.hi;
    const over = u64(r1 < b.hi);
    r1 += borrow;
    r2 += over + u64(r1 < borrow);
  }
  const q0 = r1 >= b.hi ? u64.MAX_VALUE : div128(r1, r0, b.hi);
  setNormalized(d, sign, exp, q1, q0);
}

/** d = sum of table[i] * x^i, i < n, by Horner's rule; d is not x. */
export function widePoly(d: Wide, table: usize, n: i32, x: Wide): void {
  let p = table + usize(n - 1) * offsetof<Wide>();
  wideCopy(d, changetype<Wide>(p));
  while (p > table) {
    p -= offsetof<Wide>();
    wideMul(d, d, x);
    wideAdd(d, d, changetype<Wide>(p));
  }
}

/** Rounds to 64 bits by RC, whatever the precision control; an `inexact` result never passes for exact. */
export function wideStore(env: FpuEnv, dst: usize, a: Wide, inexact: bool): void {
  if (a.hi == 0) {
    if (inexact) env.flags |= UE | PE;
    storeF80(dst, a.sign << 15, 0);
    return;
  }
  let exp = a.exp;
  if (exp > 0x10000) exp = 0x10000;
  if (exp < -0x10000) exp = -0x10000;
  roundPack(env, dst, env.controlWord | PC_64, a.sign, exp + BIAS, a.hi, a.lo | u64(inexact));
}
