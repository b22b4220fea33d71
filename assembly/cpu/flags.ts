// Lazy arithmetic flags. An operation leaves {flagOp, flagA, flagB}; a flag is worked out when somebody asks.
// flagOp = kind << 2 | log2(size in bytes). A and B are zero-extended from the operand size.
//
//   kind    A           B            CF                 notes
//   EFLAGS  -           -            in eflags          arithmetic bits of Vcpu.eflags are valid
//   ADD     result      source       A < B              a + b = A, B = b
//   ADC     result      source       A <= B             a + b + 1 = A (carry-in 0 is ADD)
//   SUB     minuend     subtrahend   A < B              result = A - B
//   SBB     minuend     subtrahend   A <= B             result = A - B - 1 (carry-in 0 is SUB)
//   LOGIC   result      -            0                  AF cleared (undefined in the manual; hosts clear it)
//   INC     result      CF before    B
//   DEC     result      CF before    B
//   SHIFT   result      CF, OF bits  B & CF             AF clear; also multiplications
import { Flag, Vcpu } from "./state";

export const enum FlagOp {
  EFLAGS = 0,
  ADD = 1,
  ADC = 2,
  SUB = 3,
  SBB = 4,
  LOGIC = 5,
  INC = 6,
  DEC = 7,
  SHIFT = 8,
}

// @ts-ignore: decorator
@inline
export function sizeLog2<T>(): u32 {
  return sizeof<T>() == 1 ? 0 : sizeof<T>() == 2 ? 1 : sizeof<T>() == 4 ? 2 : 3;
}

// @ts-ignore: decorator
@inline
function signBit(sizeLog: u32): u64 {
  return (<u64>1) << (((<u64>8) << sizeLog) - 1);
}

// @ts-ignore: decorator
@inline
function sizeMask(sizeLog: u32): u64 {
  return (<u64>-1) >> (64 - ((<u64>8) << sizeLog));
}

/** The result of the last flag-setting operation, zero-extended. Not for FlagOp.EFLAGS. */
// @ts-ignore: decorator
@inline
function lazyResult(cpu: Vcpu, kind: u32, sizeLog: u32): u64 {
  if (kind == FlagOp.SUB) return (cpu.flagA - cpu.flagB) & sizeMask(sizeLog);
  if (kind == FlagOp.SBB) return (cpu.flagA - cpu.flagB - 1) & sizeMask(sizeLog);
  return cpu.flagA;
}

export function getCarry(cpu: Vcpu): bool {
  switch (cpu.flagOp >> 2) {
    case FlagOp.EFLAGS:
      return (cpu.eflags & Flag.CF) != 0;
    case FlagOp.ADD:
    case FlagOp.SUB:
      return cpu.flagA < cpu.flagB;
    case FlagOp.ADC:
    case FlagOp.SBB:
      return cpu.flagA <= cpu.flagB;
    case FlagOp.INC:
    case FlagOp.DEC:
      return cpu.flagB != 0;
    case FlagOp.SHIFT:
      return (cpu.flagB & Flag.CF) != 0;
    default:
      return false;
  }
}

export function getZero(cpu: Vcpu): bool {
  const kind = cpu.flagOp >> 2;
  if (kind == FlagOp.SUB) return cpu.flagA == cpu.flagB;
  if (kind == FlagOp.EFLAGS) return (cpu.eflags & Flag.ZF) != 0;
  return lazyResult(cpu, kind, cpu.flagOp & 3) == 0;
}

export function getSign(cpu: Vcpu): bool {
  const kind = cpu.flagOp >> 2;
  if (kind == FlagOp.EFLAGS) return (cpu.eflags & Flag.SF) != 0;
  const sizeLog = cpu.flagOp & 3;
  return (lazyResult(cpu, kind, sizeLog) & signBit(sizeLog)) != 0;
}

export function getParity(cpu: Vcpu): bool {
  const kind = cpu.flagOp >> 2;
  if (kind == FlagOp.EFLAGS) return (cpu.eflags & Flag.PF) != 0;
  return (popcnt<u32>((<u32>lazyResult(cpu, kind, cpu.flagOp & 3)) & 0xff) & 1) == 0;
}

export function getOverflow(cpu: Vcpu): bool {
  const kind = cpu.flagOp >> 2;
  const sizeLog = cpu.flagOp & 3;
  const sign = signBit(sizeLog);
  switch (kind) {
    case FlagOp.EFLAGS:
      return (cpu.eflags & Flag.OF) != 0;
    case FlagOp.ADD:
    case FlagOp.ADC: {
      const a = cpu.flagA - cpu.flagB - (kind == FlagOp.ADC ? 1 : 0);
      return ((a ^ cpu.flagA) & (cpu.flagB ^ cpu.flagA) & sign) != 0;
    }
    case FlagOp.SUB:
    case FlagOp.SBB: {
      const result = lazyResult(cpu, kind, sizeLog);
      return ((cpu.flagA ^ cpu.flagB) & (cpu.flagA ^ result) & sign) != 0;
    }
    case FlagOp.INC:
      return cpu.flagA == sign;
    case FlagOp.DEC:
      return cpu.flagA == sign - 1;
    case FlagOp.SHIFT:
      return (cpu.flagB & Flag.OF) != 0;
    default:
      return false;
  }
}

export function getAuxiliary(cpu: Vcpu): bool {
  const kind = cpu.flagOp >> 2;
  switch (kind) {
    case FlagOp.EFLAGS:
      return (cpu.eflags & Flag.AF) != 0;
    case FlagOp.ADD:
    case FlagOp.ADC: {
      const a = cpu.flagA - cpu.flagB - (kind == FlagOp.ADC ? 1 : 0);
      return ((a ^ cpu.flagB ^ cpu.flagA) & 0x10) != 0;
    }
    case FlagOp.SUB:
    case FlagOp.SBB:
      return ((cpu.flagA ^ cpu.flagB ^ lazyResult(cpu, kind, cpu.flagOp & 3)) & 0x10) != 0;
    case FlagOp.INC:
      return (cpu.flagA & 0xf) == 0;
    case FlagOp.DEC:
      return (cpu.flagA & 0xf) == 0xf;
    default:
      return false;
  }
}

/** The six arithmetic flags as EFLAGS bits. */
export function arithmeticFlags(cpu: Vcpu): u32 {
  if (cpu.flagOp >> 2 == FlagOp.EFLAGS) return (<u32>cpu.eflags) & Flag.ARITHMETIC;
  return (
    (getCarry(cpu) ? Flag.CF : 0) |
    (getParity(cpu) ? Flag.PF : 0) |
    (getAuxiliary(cpu) ? Flag.AF : 0) |
    (getZero(cpu) ? Flag.ZF : 0) |
    (getSign(cpu) ? Flag.SF : 0) |
    (getOverflow(cpu) ? Flag.OF : 0)
  );
}

/** Whole EFLAGS/RFLAGS image; also makes the lazy flags definite. */
export function readEflags(cpu: Vcpu): u64 {
  if (cpu.flagOp >> 2 != FlagOp.EFLAGS) setArithmeticFlags(cpu, arithmeticFlags(cpu));
  return cpu.eflags | Flag.ONE;
}

/** Sets all six arithmetic flags from EFLAGS bits. */
// @ts-ignore: decorator
@inline
export function setArithmeticFlags(cpu: Vcpu, bits: u32): void {
  cpu.eflags = (cpu.eflags & ~(<u64>Flag.ARITHMETIC)) | bits;
  cpu.flagOp = FlagOp.EFLAGS << 2;
}

/** Sets the flags in `mask` to those of `bits`, keeps the others. */
export function updateArithmeticFlags(cpu: Vcpu, mask: u32, bits: u32): void {
  setArithmeticFlags(cpu, (arithmeticFlags(cpu) & ~mask) | (bits & mask));
}

/** Sets CF alone to `carry` (0 or 1). */
export function setCarry(cpu: Vcpu, carry: u64): void {
  const kind = cpu.flagOp >> 2;
  switch (kind) {
    case FlagOp.EFLAGS:
      cpu.eflags = (cpu.eflags & ~(<u64>Flag.CF)) | carry;
      return;
    case FlagOp.LOGIC:
      cpu.flagOp = (FlagOp.SHIFT << 2) | (cpu.flagOp & 3);
      cpu.flagB = carry;
      return;
    case FlagOp.SHIFT:
      cpu.flagB = (cpu.flagB & Flag.OF) | carry;
      return;
    case FlagOp.INC:
    case FlagOp.DEC:
      cpu.flagB = carry;
      return;
    default:
      updateArithmeticFlags(cpu, Flag.CF, <u32>carry);
  }
}

/** Sets CF and OF alone, from EFLAGS bits. */
export function setCarryOverflow(cpu: Vcpu, bits: u64): void {
  const kind = cpu.flagOp >> 2;
  if (kind == FlagOp.LOGIC || kind == FlagOp.SHIFT) {
    cpu.flagOp = (FlagOp.SHIFT << 2) | (cpu.flagOp & 3);
    cpu.flagB = bits;
  } else updateArithmeticFlags(cpu, Flag.CF | Flag.OF, <u32>bits);
}

/** A or B of an operation, sign-extended and moved to the top: compares as its size does. */
// @ts-ignore: decorator
@inline
function toTop(value: u64, sizeLog: u32): i64 {
  return <i64>(value << (64 - ((<u64>8) << (<u64>sizeLog))));
}

/** CF or ZF. */
export function getBelowOrEqual(cpu: Vcpu): bool {
  if (cpu.flagOp >> 2 == FlagOp.SUB) return cpu.flagA <= cpu.flagB;
  return getCarry(cpu) || getZero(cpu);
}

/** SF unequal OF. */
export function getLess(cpu: Vcpu): bool {
  const kind = cpu.flagOp >> 2;
  const sizeLog = cpu.flagOp & 3;
  if (kind == FlagOp.SUB) return toTop(cpu.flagA, sizeLog) < toTop(cpu.flagB, sizeLog);
  if (kind == FlagOp.LOGIC) return toTop(cpu.flagA, sizeLog) < 0;
  return getSign(cpu) != getOverflow(cpu);
}

/** ZF, or SF unequal OF. */
export function getLessOrEqual(cpu: Vcpu): bool {
  const kind = cpu.flagOp >> 2;
  const sizeLog = cpu.flagOp & 3;
  if (kind == FlagOp.SUB) return toTop(cpu.flagA, sizeLog) <= toTop(cpu.flagB, sizeLog);
  if (kind == FlagOp.LOGIC) return toTop(cpu.flagA, sizeLog) <= 0;
  return getZero(cpu) || getSign(cpu) != getOverflow(cpu);
}

/** ZF, SF and PF of `result` as EFLAGS bits. */
// @ts-ignore: decorator
@inline
export function zeroSignParity<T>(result: u64): u32 {
  return (
    (<T>result == 0 ? Flag.ZF : 0) |
    (((<u32>((<T>result) >> (<T>(sizeof<T>() * 8 - 1)))) & 1) << 7) |
    ((popcnt<u32>((<u32>result) & 0xff) & 1) == 0 ? Flag.PF : 0)
  );
}

/** Condition `cc` (the low four bits of Jcc, SETcc, CMOVcc; SDM vol. 1 app. B). */
export function testCondition(cpu: Vcpu, cc: u32): bool {
  let holds: bool;
  switch (cc >> 1) {
    case 0:
      holds = getOverflow(cpu);
      break;
    case 1:
      holds = getCarry(cpu);
      break;
    case 2:
      holds = getZero(cpu);
      break;
    case 3:
      holds = getBelowOrEqual(cpu);
      break;
    case 4:
      holds = getSign(cpu);
      break;
    case 5:
      holds = getParity(cpu);
      break;
    case 6:
      holds = getLess(cpu);
      break;
    default:
      holds = getLessOrEqual(cpu);
      break;
  }
  return holds != <bool>(cc & 1);
}

/** A < B (or A <= B) as signed numbers of the size in the low two bits of `flagOp`. */
// @ts-ignore: decorator
@inline
function signedLess(cpu: Vcpu, orEqual: bool): bool {
  const bytes: u64 = 1 << (cpu.flagOp & 3);
  const unused = 64 - (bytes << 3);
  const a = <i64>(cpu.flagA << unused);
  const b = <i64>(cpu.flagB << unused);
  return orEqual ? a <= b : a < b;
}

/** testCondition where `cc` is known at compile time: what follows a comparison or TEST in place, the rest by one call. */
// @ts-ignore: decorator
@inline
export function testConditionInline(cpu: Vcpu, cc: u32): bool {
  const negated = <bool>(cc & 1);
  const kind = cpu.flagOp >> 2;
  if (cc < 2) return getOverflow(cpu) != negated;
  if (cc < 4) return (kind == FlagOp.SUB ? cpu.flagA < cpu.flagB : getCarry(cpu)) != negated;
  if (cc < 6) {
    if (kind == FlagOp.SUB) return (cpu.flagA == cpu.flagB) != negated;
    return (kind == FlagOp.LOGIC ? cpu.flagA == 0 : getZero(cpu)) != negated;
  }
  if (cc < 8) return (kind == FlagOp.SUB ? cpu.flagA <= cpu.flagB : getBelowOrEqual(cpu)) != negated;
  if (cc < 10) return getSign(cpu) != negated;
  if (cc < 12) return getParity(cpu) != negated;
  if (cc < 14) return (kind == FlagOp.SUB ? signedLess(cpu, false) : getLess(cpu)) != negated;
  return (kind == FlagOp.SUB ? signedLess(cpu, true) : getLessOrEqual(cpu)) != negated;
}
