// FCOM, FUCOM, FCOMI, FUCOMI, FTST, FXAM. Intel SDM vol. 1, 8.3.6; vol. 2, FCOM, FUCOM, FXAM.
import { C0, C1, C2, C3, clearC1, DE, EXP_MAX, FpuEnv, IE, INT_BIT, raise } from "./env";
import { isDenormal, isNanLike, isSignalling, isUnsupported, loadSe, loadSig } from "./operand";

/** Results of `f80Compare`, as C3, C2, C0 lie in the status word. FCOMI maps C0 to CF, C2 to PF, C3 to ZF. */
export const F80_GREATER: u32 = 0;
export const F80_LESS: u32 = C0;
export const F80_EQUAL: u32 = C3;
export const F80_UNORDERED: u32 = C3 | C2 | C0;

/**
 * Compares a with b. `quiet` is FUCOM: a quiet NaN is then no invalid operation. The caller must not write the
 * condition codes when an exception raised here (IE, DE) is unmasked.
 */
export function f80Compare(env: FpuEnv, a: usize, b: usize, quiet: bool): u32 {
  clearC1(env);
  let aSig = loadSig(a);
  let bSig = loadSig(b);
  const aSe = loadSe(a);
  const bSe = loadSe(b);
  if (isNanLike(aSig, aSe) || isNanLike(bSig, bSe)) {
    if (
      !quiet ||
      isUnsupported(aSig, aSe) ||
      isUnsupported(bSig, bSe) ||
      isSignalling(aSig, aSe) ||
      isSignalling(bSig, bSe)
    ) {
      raise(env, IE);
    }
    return F80_UNORDERED;
  }
  if (isDenormal(aSig, aSe) || isDenormal(bSig, bSe)) raise(env, DE);
  if ((aSig | bSig) == 0) return F80_EQUAL;
  const aNegative = aSe >> 15 != 0;
  if (aSig == 0 || bSig == 0 || (aSe ^ bSe) >> 15 != 0) {
    // a zero's sign counts for nothing
    const less = aSig == 0 ? bSe >> 15 == 0 : aNegative;
    return less ? F80_LESS : F80_GREATER;
  }
  // a pseudo-denormal has the value of exponent 1
  let aExp = aSe & EXP_MAX;
  let bExp = bSe & EXP_MAX;
  if (aExp == 0) aExp = 1;
  if (bExp == 0) bExp = 1;
  if (aExp == bExp && aSig == bSig) return F80_EQUAL;
  const smaller = aExp < bExp || (aExp == bExp && aSig < bSig);
  return smaller != aNegative ? F80_LESS : F80_GREATER;
}

/** C3, C2, C0 (class) and C1 (sign) as FXAM reports them for a register that is not empty. */
export function f80Class(a: usize): u32 {
  const sig = loadSig(a);
  const se = loadSe(a);
  const sign: u32 = se >> 15 != 0 ? C1 : 0;
  const exp = se & EXP_MAX;
  if (isUnsupported(sig, se)) return sign;
  if (exp == EXP_MAX) return sign | (sig == INT_BIT ? C2 | C0 : C0);
  if (sig == 0) return sign | C3;
  return sign | (exp == 0 ? C3 | C2 : C2);
}
