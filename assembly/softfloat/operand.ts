// Operand kinds, the rules for NaNs and invalid operations, and small accessors.
//
// Intel SDM vol. 1, 4.8.3.5 and table 4-7 (NaN operands), 8.2.2 (unsupported encodings), 8.5.1.2 (invalid arithmetic operand).
// x87 rules: of two NaNs of one kind the larger significand wins, of a tie the positive one; a quiet NaN wins over a signalling.
import { EXP_MAX, FpuEnv, IE, INT_BIT, QUIET_BIT, raise } from "./env";

// @ts-ignore: decorator
@inline
export function loadSig(p: usize): u64 {
  return load<u64>(p);
}

/** Sign (bit 15) and biased exponent. */
// @ts-ignore: decorator
@inline
export function loadSe(p: usize): u32 {
  return load<u16>(p, 8);
}

// @ts-ignore: decorator
@inline
export function storeF80(p: usize, se: u32, sig: u64): void {
  store<u64>(p, sig);
  store<u16>(p, se, 8);
}

/** Normal finite number: integer bit set, exponent neither 0 nor the maximum. */
// @ts-ignore: decorator
@inline
export function isNormal(sig: u64, exp: u32): bool {
  return i32(i64(sig) < 0) & i32(exp - 1 < 0x7ffe) ? true : false;
}

/** Unnormal, pseudo-infinity or pseudo-NaN: invalid since the 387. */
// @ts-ignore: decorator
@inline
export function isUnsupported(sig: u64, se: u32): bool {
  return (se & EXP_MAX) != 0 && i64(sig) >= 0;
}

// @ts-ignore: decorator
@inline
export function isNan(sig: u64, se: u32): bool {
  return (se & EXP_MAX) == EXP_MAX && sig > INT_BIT;
}

/** NaN or unsupported encoding: what `propagate*` handles. */
// @ts-ignore: decorator
@inline
export function isNanLike(sig: u64, se: u32): bool {
  return isUnsupported(sig, se) || isNan(sig, se);
}

// @ts-ignore: decorator
@inline
export function isSignalling(sig: u64, se: u32): bool {
  return isNan(sig, se) && (sig & QUIET_BIT) == 0;
}

/** Denormal or pseudo-denormal: both raise DE. */
// @ts-ignore: decorator
@inline
export function isDenormal(sig: u64, se: u32): bool {
  return (se & EXP_MAX) == 0 && sig != 0;
}

/** Invalid operation: the masked response is the real indefinite QNaN. */
export function invalid(env: FpuEnv, dst: usize): void {
  if (raise(env, IE)) return;
  storeF80(dst, 0xffff, INT_BIT | QUIET_BIT);
}

/** Result of a one-operand instruction on a NaN-like operand. */
export function propagate1(env: FpuEnv, dst: usize, sig: u64, se: u32): void {
  if (isUnsupported(sig, se)) {
    invalid(env, dst);
    return;
  }
  if ((sig & QUIET_BIT) == 0 && raise(env, IE)) return;
  storeF80(dst, se, sig | QUIET_BIT);
}

/** Result of a two-operand instruction of which at least one operand is NaN-like. */
export function propagate2(env: FpuEnv, dst: usize, aSig: u64, aSe: u32, bSig: u64, bSe: u32): void {
  if (isUnsupported(aSig, aSe) || isUnsupported(bSig, bSe)) {
    invalid(env, dst);
    return;
  }
  const aNan = isNan(aSig, aSe);
  const bNan = isNan(bSig, bSe);
  const aSnan = isSignalling(aSig, aSe);
  const bSnan = isSignalling(bSig, bSe);
  if ((aSnan || bSnan) && raise(env, IE)) return;
  let pickA = aNan;
  if (aNan && bNan) {
    if (aSnan != bSnan) pickA = bSnan;
    else if (aSig != bSig) pickA = aSig > bSig;
    else pickA = aSe <= bSe;
  }
  if (pickA) storeF80(dst, aSe, aSig | QUIET_BIT);
  else storeF80(dst, bSe, bSig | QUIET_BIT);
}
