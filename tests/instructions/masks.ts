/** Flags that an instruction leaves undefined (SDM vol. 1 appendix A.2, EFLAGS cross-reference, and the instruction pages). */
import { ARITHMETIC, F } from "./testCase.ts";

export const UNDEFINED = {
  /** AND, OR, XOR, TEST: AF. */
  logic: F.AF,
  /** MUL, IMUL: SF, ZF, AF, PF. */
  multiply: F.SF | F.ZF | F.AF | F.PF,
  /** DIV, IDIV: all six. */
  divide: ARITHMETIC,
  /** BT, BTS, BTR, BTC: OF, SF, AF, PF (ZF is unchanged). */
  bitTest: F.OF | F.SF | F.AF | F.PF,
  /** BSF, BSR: all but ZF. */
  bitScan: F.CF | F.OF | F.SF | F.AF | F.PF,
  /** DAA, DAS: OF. */
  decimal: F.OF,
  /** AAA, AAS: OF, SF, ZF, PF. */
  ascii: F.OF | F.SF | F.ZF | F.PF,
  /** AAM, AAD: OF, AF, CF. */
  asciiMultiply: F.OF | F.AF | F.CF,
} as const;

/** SHL, SHR, SAR (vol. 2B): AF; OF but for a count of 1; CF of SHL and SHR for counts of at least the width. None for 0. */
export function shiftUndefined(count: number, width: number, arithmetic: boolean): number {
  const masked = count & (width === 64 ? 63 : 31);
  if (masked === 0) return 0;
  return F.AF | (masked === 1 ? 0 : F.OF) | (!arithmetic && masked >= width ? F.CF : 0);
}

/** ROL, ROR, RCL, RCR: OF but for a count of 1 (after masking). */
export function rotateUndefined(count: number, width: number): number {
  const masked = count & (width === 64 ? 63 : 31);
  return masked <= 1 ? 0 : F.OF;
}

/** SHLD, SHRD: AF; OF but for a count of 1. (Counts beyond the width, for 16 bits, have no defined result and are not tested.) */
export function doubleShiftUndefined(count: number, width: number): number {
  const masked = count & (width === 64 ? 63 : 31);
  return masked === 0 ? 0 : F.AF | (masked === 1 ? 0 : F.OF);
}
