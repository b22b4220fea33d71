// FBLD and FBSTP: 18 packed decimal digits, least significant first, and a sign in bit 7 of byte 9.
// Intel SDM vol. 1, 4.7; vol. 2, FBLD and FBSTP. FBLD of digits above 9 is undefined: the digits are weighed as they are.
import { BIAS, clearC1, EXP_MAX, FpuEnv, IE, raise, RC_MASK } from "./env";
import { roundMagnitude } from "./convert";
import { isUnsupported, loadSe, loadSig, storeF80 } from "./operand";

const LIMIT: u64 = 1000000000000000000;

/** dst = the packed decimal in the 10 bytes at `source`. */
export function f80FromBcd(env: FpuEnv, dst: usize, source: usize): void {
  clearC1(env);
  let value: u64 = 0;
  for (let i = 8; i >= 0; i--) {
    const byte = u64(load<u8>(source + i));
    value = value * 100 + (byte >> 4) * 10 + (byte & 15);
  }
  const se: u32 = load<u8>(source, 9) >> 7 != 0 ? 0x8000 : 0;
  if (value == 0) {
    storeF80(dst, se, 0);
    return;
  }
  const n = clz(value);
  storeF80(dst, se | u32(BIAS + 63 - i32(n)), value << n);
}

/**
 * Writes the 10 bytes FBSTP stores to `target` (a buffer: with IE unmasked the caller drops them).
 * Out of range and NaN: IE and the packed indefinite.
 */
export function f80ToBcd(env: FpuEnv, target: usize, a: usize): void {
  clearC1(env);
  const sig = loadSig(a);
  const se = loadSe(a);
  if (!isUnsupported(sig, se) && i32(se & EXP_MAX) <= BIAS + 63) {
    const before = env.flags;
    let value = roundMagnitude(env, env.controlWord & RC_MASK, sig, se);
    if (value < LIMIT) {
      for (let i: usize = 0; i < 9; i++) {
        const rest = value / 100;
        const pair = u32(value - rest * 100);
        store<u8>(target + i, ((pair / 10) << 4) | (pair % 10));
        value = rest;
      }
      store<u8>(target, (se >> 15) << 7, 9);
      return;
    }
    env.flags = before;
  }
  raise(env, IE);
  store<u64>(target, 0xc000000000000000);
  store<u16>(target, 0xffff, 8);
}
