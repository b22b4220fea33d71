// Rounding and packing: the one way out of every arithmetic operation.
//
// Intel SDM vol. 1, 4.8.4 (rounding), 8.1.5.2 (precision control), 8.5.4 (overflow), 8.5.5 (underflow), 8.5.6 (inexact).
// Precision control shortens the significand only, never the exponent range. Tininess is found after rounding; with UE
// masked, underflow needs a tiny result that is also inexact.
import {
  C1,
  EXP_MAX,
  FpuEnv,
  INT_BIT,
  OE,
  PC_24,
  PC_53,
  PC_MASK,
  PE,
  RC_CHOP,
  RC_DOWN,
  RC_MASK,
  RC_NEAREST,
  RC_UP,
  UE,
} from "./env";
import { shrHi, shrLoJam } from "./int128";
import { storeF80 } from "./operand";

const HALF: u64 = 0x8000000000000000;

/** Does a magnitude round away from zero? `odd` is its last kept bit, `rest` what follows as a fraction of 2^64. */
// @ts-ignore: decorator
@inline
export function roundsUp(rc: u32, sign: u32, odd: bool, rest: u64): bool {
  if (rc == RC_NEAREST) return rest > HALF || (rest == HALF && odd);
  if (rest == 0 || rc == RC_CHOP) return false;
  return (rc == RC_UP) == (sign == 0);
}

/**
 * Rounds (-1)^sign * hi:lo * 2^(exp - 16383 - 127) by the control word `cw` and stores it.
 * hi has its top bit set; lo may be jammed (bit 0 sticky); exp is biased and may lie outside the format.
 */
export function roundPack(env: FpuEnv, dst: usize, cw: u32, sign: u32, exp: i32, hi: u64, lo: u64): void {
  if ((cw & (PC_MASK | RC_MASK)) == PC_MASK && u32(exp - 1) < 0x7ffd) {
    // 64 bits, to nearest, no overflow or underflow possible
    if (lo != 0) {
      let flags = env.flags | PE;
      if (lo > HALF || (lo == HALF && (hi & 1) != 0)) {
        flags |= C1;
        if (++hi == 0) {
          hi = INT_BIT;
          exp++;
        }
      }
      env.flags = flags;
    }
    storeF80(dst, (sign << 15) | exp, hi);
    return;
  }
  roundPackSlow(env, dst, cw, sign, exp, hi, lo);
}

function roundPackSlow(env: FpuEnv, dst: usize, cw: u32, sign: u32, exp: i32, hi: u64, lo: u64): void {
  const rc = cw & RC_MASK;
  const pc = cw & PC_MASK;
  const drop: u64 = pc == PC_53 ? 11 : pc == PC_24 ? 40 : 0;
  const unit: u64 = u64(1) << drop;
  let rest = drop == 0 ? lo : (hi << (64 - drop)) | u64(lo != 0);
  let kept = hi & ~(unit - 1);
  let up = roundsUp(rc, sign, (kept & unit) != 0, rest);
  if (exp <= 0) {
    const tiny = exp < 0 || !(up && kept + unit == 0);
    if ((env.controlWord & UE) == 0) {
      if (tiny) {
        env.flags |= UE;
        exp += 24576;
        if (exp <= 0) {
          // only FSCALE can be this small
          env.flags |= PE;
          storeF80(dst, sign << 15, 0);
          return;
        }
      }
    } else {
      const shift = u32(1 - exp);
      lo = shrLoJam(hi, lo, shift);
      hi = shrHi(hi, shift);
      rest = drop == 0 ? lo : (hi << (64 - drop)) | u64(lo != 0);
      kept = hi & ~(unit - 1);
      up = roundsUp(rc, sign, (kept & unit) != 0, rest);
      if (up) kept += unit;
      if (rest != 0) env.flags |= PE | (tiny ? UE : 0) | (up ? C1 : 0);
      storeF80(dst, (sign << 15) | u32(kept >> 63), kept);
      return;
    }
  }
  if (up) {
    kept += unit;
    if (kept == 0) {
      kept = INT_BIT;
      exp++;
    }
  }
  let flags: u32 = rest != 0 ? PE | (up ? C1 : 0) : 0;
  if (exp >= i32(EXP_MAX)) {
    if ((env.controlWord & OE) != 0) {
      const toInfinity = rc == RC_NEAREST || (rc != RC_CHOP && (rc == RC_UP) == (sign == 0));
      env.flags |= OE | PE | (toInfinity ? C1 : 0);
      if (toInfinity) storeF80(dst, (sign << 15) | EXP_MAX, INT_BIT);
      else storeF80(dst, (sign << 15) | 0x7ffe, ~(unit - 1));
      return;
    }
    flags |= OE;
    exp -= 24576;
    if (exp >= i32(EXP_MAX)) {
      // only FSCALE can be this large
      env.flags |= OE | PE | C1;
      storeF80(dst, (sign << 15) | EXP_MAX, INT_BIT);
      return;
    }
  }
  env.flags |= flags;
  storeF80(dst, (sign << 15) | exp, kept);
}

/** The sign of an exact zero difference: negative only when rounding down. */
// @ts-ignore: decorator
@inline
export function zeroSign(cw: u32): u32 {
  return u32((cw & RC_MASK) == RC_DOWN);
}
