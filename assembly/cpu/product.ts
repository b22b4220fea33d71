// 64 by 64 bits to the upper half, which wasm has no instruction for.

/** The upper 64 bits of a * b. */
export function mulHighUnsigned(a: u64, b: u64): u64 {
  const aLow = a & 0xffff_ffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffff_ffff;
  const bHigh = b >> 32;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >> 32);
  const middle2 = aLow * bHigh + (middle & 0xffff_ffff);
  return aHigh * bHigh + (middle >> 32) + (middle2 >> 32);
}

/** Likewise of signed numbers. */
export function mulHighSigned(a: u64, b: u64): u64 {
  return mulHighUnsigned(a, b) - (<i64>a < 0 ? b : 0) - (<i64>b < 0 ? a : 0);
}

// @ts-ignore: decorator
@inline
function fitsInt32(a: u64): bool {
  return <u64>(<i64>(<i32>a)) == a;
}

/** Whether the signed product of two 64-bit numbers needs more than 64 bits. */
export function signedOverflow64(a: u64, b: u64): bool {
  if (fitsInt32(a) && fitsInt32(b)) return false;
  return mulHighSigned(a, b) != <u64>((<i64>(a * b)) >> 63);
}
