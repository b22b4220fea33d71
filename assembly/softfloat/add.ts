// FADD, FSUB, FSUBR (the reversed form swaps the operands). Intel SDM vol. 2, FADD and FSUB.
import { clearC1, DE, EXP_MAX, FpuEnv, INT_BIT, raise } from "./env";
import { shrHi, shrLoJam } from "./int128";
import { invalid, isDenormal, isNanLike, isNormal, loadSe, loadSig, propagate2, storeF80 } from "./operand";
import { roundPack, zeroSign } from "./round";

/** dst = a + b. */
export function f80Add(env: FpuEnv, dst: usize, a: usize, b: usize): void {
  addSub(env, dst, a, b, 0);
}

/** dst = a - b. */
export function f80Sub(env: FpuEnv, dst: usize, a: usize, b: usize): void {
  addSub(env, dst, a, b, 1);
}

function addSub(env: FpuEnv, dst: usize, a: usize, b: usize, negateB: u32): void {
  clearC1(env);
  const aSig = loadSig(a);
  const bSig = loadSig(b);
  const aSe = loadSe(a);
  const bSe = loadSe(b);
  const aExp = aSe & EXP_MAX;
  const bExp = bSe & EXP_MAX;
  if (isNormal(aSig, aExp) && isNormal(bSig, bExp)) {
    addNormalized(env, dst, aSe >> 15, i32(aExp), aSig, (bSe >> 15) ^ negateB, i32(bExp), bSig);
  } else {
    addSpecial(env, dst, aSe, aSig, bSe, bSig, negateB);
  }
}

/** Both significands have their top bit set. */
function addNormalized(
  env: FpuEnv,
  dst: usize,
  aSign: u32,
  aExp: i32,
  aSig: u64,
  bSign: u32,
  bExp: i32,
  bSig: u64,
): void {
  if (aExp < bExp || (aExp == bExp && aSig < bSig)) {
    const s = aSign;
    aSign = bSign;
    bSign = s;
    const e = aExp;
    aExp = bExp;
    bExp = e;
    const m = aSig;
    aSig = bSig;
    bSig = m;
  }
  const shift = u32(aExp - bExp);
  let hi = shrHi(bSig, shift);
  let lo = shrLoJam(bSig, 0, shift);
  if (aSign == bSign) {
    hi = aSig + hi;
    if (hi < aSig) {
      lo = (hi << 63) | (lo >> 1) | (lo & 1);
      hi = (hi >> 1) | INT_BIT;
      aExp++;
    }
  } else {
    hi = aSig - hi - u64(lo != 0);
    lo = 0 - lo;
    if (hi == 0) {
      if (lo == 0) {
        storeF80(dst, zeroSign(env.controlWord) << 15, 0);
        return;
      }
      hi = lo;
      lo = 0;
      aExp -= 64;
    }
    const n = clz(hi);
    if (n != 0) {
      hi = (hi << n) | (lo >> (64 - n));
      lo <<= n;
      aExp -= i32(n);
    }
  }
  roundPack(env, dst, env.controlWord, aSign, aExp, hi, lo);
}

function addSpecial(env: FpuEnv, dst: usize, aSe: u32, aSig: u64, bSe: u32, bSig: u64, negateB: u32): void {
  if (isNanLike(aSig, aSe) || isNanLike(bSig, bSe)) {
    propagate2(env, dst, aSig, aSe, bSig, bSe);
    return;
  }
  const aSign = aSe >> 15;
  const bSign = (bSe >> 15) ^ negateB;
  let aExp = i32(aSe & EXP_MAX);
  let bExp = i32(bSe & EXP_MAX);
  const aInf = aExp == i32(EXP_MAX);
  const bInf = bExp == i32(EXP_MAX);
  if (aInf && bInf && aSign != bSign) {
    invalid(env, dst);
    return;
  }
  if ((isDenormal(aSig, aSe) || isDenormal(bSig, bSe)) && raise(env, DE)) return;
  if (aInf || bInf) {
    storeF80(dst, ((aInf ? aSign : bSign) << 15) | EXP_MAX, INT_BIT);
    return;
  }
  if (aSig == 0 && bSig == 0) {
    storeF80(dst, (aSign == bSign ? aSign : zeroSign(env.controlWord)) << 15, 0);
    return;
  }
  if (aExp == 0 && aSig != 0) {
    const n = clz(aSig);
    aSig <<= n;
    aExp = 1 - i32(n);
  }
  if (bExp == 0 && bSig != 0) {
    const n = clz(bSig);
    bSig <<= n;
    bExp = 1 - i32(n);
  }
  if (aSig == 0) roundPack(env, dst, env.controlWord, bSign, bExp, bSig, 0);
  else if (bSig == 0) roundPack(env, dst, env.controlWord, aSign, aExp, aSig, 0);
  else addNormalized(env, dst, aSign, aExp, aSig, bSign, bExp, bSig);
}
