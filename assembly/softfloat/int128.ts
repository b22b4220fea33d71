// 128-bit integer helpers. wasm has no wide multiply, so a product is built from 32-bit halves (Knuth, TAOCP vol. 2,
// 4.3.1, algorithms M and D).

/** High half of the 128-bit product. */
// @ts-ignore: decorator
@inline
export function mulHi(a: u64, b: u64): u64 {
  const al = a & 0xffffffff;
  const ah = a >> 32;
  const bl = b & 0xffffffff;
  const bh = b >> 32;
  const mid = ah * bl + ((al * bl) >> 32);
  const mid2 = al * bh + (mid & 0xffffffff);
  return ah * bh + (mid >> 32) + (mid2 >> 32);
}

/** Quotient of hi:lo by d. Needs d >= 2^63 and hi < d; the remainder is `lo - q * d` modulo 2^64. */
export function div128(hi: u64, lo: u64, d: u64): u64 {
  const dh = d >> 32;
  const dl = d & 0xffffffff;
  let q1 = hi / dh;
  let r = hi - q1 * dh;
  while (q1 >> 32 != 0 || q1 * dl > ((r << 32) | (lo >> 32))) {
    q1--;
    r += dh;
    if (r >> 32 != 0) break;
  }
  const mid = ((hi << 32) | (lo >> 32)) - q1 * d;
  let q0 = mid / dh;
  r = mid - q0 * dh;
  while (q0 >> 32 != 0 || q0 * dl > ((r << 32) | (lo & 0xffffffff))) {
    q0--;
    r += dh;
    if (r >> 32 != 0) break;
  }
  return (q1 << 32) + q0;
}

/** High half of hi:lo >> n, for any n >= 0. */
// @ts-ignore: decorator
@inline
export function shrHi(hi: u64, n: u32): u64 {
  return n < 64 ? hi >> n : 0;
}

/** Low half of hi:lo >> n, with every bit shifted out kept as a sticky bit 0, for any n >= 0. */
export function shrLoJam(hi: u64, lo: u64, n: u32): u64 {
  if (n == 0) return lo;
  if (n < 64) return (hi << (64 - n)) | (lo >> n) | u64(lo << (64 - n) != 0);
  if (n == 64) return hi | u64(lo != 0);
  if (n < 128) return (hi >> (n - 64)) | u64(hi << (128 - n) != 0 || lo != 0);
  return u64((hi | lo) != 0);
}
