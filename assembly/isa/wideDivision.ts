// 128 by 64 bits, unsigned.

/** high:low / divisor, for high < divisor. Knuth, The Art of Computer Programming vol. 2, 4.3.1 D, with 32-bit digits. */
export function divide128(high: u64, low: u64, divisor: u64): u64 {
  if (!high) return low / divisor;
  const shift = clz<u64>(divisor);
  const d = divisor << shift;
  const dHigh = d >> 32;
  const dLow = d & 0xffff_ffff;
  const top = shift ? (high << shift) | (low >> (64 - shift)) : high;
  const rest = low << shift;
  const first = quotientDigit(top, rest >> 32, dHigh, dLow);
  const middle = ((top << 32) | (rest >> 32)) - first * d;
  const second = quotientDigit(middle, rest & 0xffff_ffff, dHigh, dLow);
  return (first << 32) + second;
}

/** One digit: (upper:next) / (dHigh:dLow), estimated by dHigh and put right at most twice. */
function quotientDigit(upper: u64, next: u64, dHigh: u64, dLow: u64): u64 {
  let digit = upper / dHigh;
  let remainder = upper - digit * dHigh;
  while (digit > 0xffff_ffff || digit * dLow > ((remainder << 32) | next)) {
    digit--;
    remainder += dHigh;
    if (remainder > 0xffff_ffff) break;
  }
  return digit;
}
