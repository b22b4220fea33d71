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
//   SHIFT   result      CF, AF, OF   B & CF             B has them as EFLAGS bits
//   SHL     before      count        last bit out       count is not 0; AF clear; likewise SHR and SAR
//   IMUL    a           b            product too big    signed product; likewise OF; AF clear; MUL: unsigned
//   FLOAT   a           b            a < b, unordered   bits of floating-point numbers, as COMISS and COMISD compare them
// Those from SHL on are brought to SHIFT, FLOAT to EFLAGS, when somebody asks for a flag. Translated code may lay CF, OF and ZF of its
// own over any of them (a rotation changes no others than CF and OF, CMPXCHG8B no other than ZF): flagOp has the bits as in EFLAGS above
// OVERLAY_VALUES, and above OVERLAY_MASK which of them they replace. These come to EFLAGS too.
import { mulHighUnsigned, signedOverflow64 } from "./product";
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
  SHL = 9,
  SHR = 10,
  SAR = 11,
  IMUL = 12,
  MUL = 13,
  /** Of translated code only. */
  FLOAT = 14,
}

/** Where flagOp has CF, OF and ZF that hold instead of those of the operation. */
export const OVERLAY_VALUES: u32 = 16;
export const OVERLAY_MASK: u32 = 17;
const OVERLAID: u32 = Flag.CF | Flag.OF | Flag.ZF;

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

// @ts-ignore: decorator
@inline
function signExtended(value: u64, sizeLog: u32): i64 {
  const unused = 64 - ((<u64>8) << sizeLog);
  return (<i64>(value << unused)) >> unused;
}

/** Turns one of SHL to MUL into the SHIFT that says the same, FLOAT and flags with an overlay into EFLAGS. */
function resolve(cpu: Vcpu): void {
  const kind = cpu.flagOp >> 2;
  if (kind <= <u32>FlagOp.SHIFT) return;
  if (kind > <u32>FlagOp.FLOAT) {
    resolveOverlay(cpu);
    return;
  }
  const sizeLog = cpu.flagOp & 3;
  if (kind == FlagOp.FLOAT) {
    setArithmeticFlags(cpu, sizeLog == 2 ? floatFlags<f32>(cpu) : floatFlags<f64>(cpu));
    return;
  }
  if (kind >= <u32>FlagOp.IMUL) resolveProduct(cpu, kind, sizeLog);
  else resolveShift(cpu, kind, sizeLog);
  cpu.flagOp = (FlagOp.SHIFT << 2) | sizeLog;
}

function resolveOverlay(cpu: Vcpu): void {
  const op = cpu.flagOp;
  cpu.flagOp = op & 0xff;
  updateArithmeticFlags(cpu, (op >> OVERLAY_MASK) & OVERLAID, (op >> OVERLAY_VALUES) & OVERLAID);
}

/** ZF, PF and CF of a comparison (SDM vol. 2A COMISS). */
function floatFlags<F>(cpu: Vcpu): u32 {
  const a = sizeof<F>() == 4 ? <f64>reinterpret<f32>(<u32>cpu.flagA) : reinterpret<f64>(cpu.flagA);
  const b = sizeof<F>() == 4 ? <f64>reinterpret<f32>(<u32>cpu.flagB) : reinterpret<f64>(cpu.flagB);
  if (a > b) return 0;
  if (a < b) return Flag.CF;
  return a == b ? Flag.ZF : Flag.ZF | Flag.PF | Flag.CF;
}

/** OF for counts above 1 goes by the formula for 1 on the result (isa/shift.ts). */
function resolveShift(cpu: Vcpu, kind: u32, sizeLog: u32): void {
  const a = cpu.flagA;
  const count = cpu.flagB;
  const bits = (<u64>8) << sizeLog;
  let result: u64;
  let carry: u64;
  let overflow: u64 = 0;
  if (kind == FlagOp.SHL) {
    result = (a << count) & sizeMask(sizeLog);
    carry = (sizeLog == 3 ? a >> (64 - count) : (a << count) >> bits) & 1;
    overflow = (result >> (bits - 1)) ^ carry;
  } else if (kind == FlagOp.SHR) {
    result = a >> count;
    carry = (a >> (count - 1)) & 1;
    overflow = (result >> (bits - 2)) & 1;
  } else {
    const wide = signExtended(a, sizeLog);
    result = (<u64>(wide >> (<i64>count))) & sizeMask(sizeLog);
    carry = (<u64>(wide >> (<i64>count - 1))) & 1;
  }
  cpu.flagA = result;
  cpu.flagB = carry | (overflow << 11);
}

function resolveProduct(cpu: Vcpu, kind: u32, sizeLog: u32): void {
  const a = cpu.flagA;
  const b = cpu.flagB;
  const bits = (<u64>8) << sizeLog;
  let tooBig: bool;
  if (sizeLog == 3) tooBig = kind == FlagOp.MUL ? mulHighUnsigned(a, b) != 0 : signedOverflow64(a, b);
  else if (kind == FlagOp.MUL) tooBig = (a * b) >> bits != 0;
  else {
    const product = signExtended(a, sizeLog) * signExtended(b, sizeLog);
    tooBig = signExtended(<u64>product, sizeLog) != product;
  }
  cpu.flagA = (a * b) & sizeMask(sizeLog);
  cpu.flagB = tooBig ? <u64>(Flag.CF | Flag.OF) : 0;
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
  resolve(cpu);
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
  resolve(cpu);
  const kind = cpu.flagOp >> 2;
  if (kind == FlagOp.SUB) return cpu.flagA == cpu.flagB;
  if (kind == FlagOp.EFLAGS) return (cpu.eflags & Flag.ZF) != 0;
  return lazyResult(cpu, kind, cpu.flagOp & 3) == 0;
}

export function getSign(cpu: Vcpu): bool {
  resolve(cpu);
  const kind = cpu.flagOp >> 2;
  if (kind == FlagOp.EFLAGS) return (cpu.eflags & Flag.SF) != 0;
  const sizeLog = cpu.flagOp & 3;
  return (lazyResult(cpu, kind, sizeLog) & signBit(sizeLog)) != 0;
}

export function getParity(cpu: Vcpu): bool {
  resolve(cpu);
  const kind = cpu.flagOp >> 2;
  if (kind == FlagOp.EFLAGS) return (cpu.eflags & Flag.PF) != 0;
  return (popcnt<u32>((<u32>lazyResult(cpu, kind, cpu.flagOp & 3)) & 0xff) & 1) == 0;
}

export function getOverflow(cpu: Vcpu): bool {
  resolve(cpu);
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
  resolve(cpu);
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
    case FlagOp.SHIFT:
      return (cpu.flagB & Flag.AF) != 0;
    default:
      return false;
  }
}

/** The six arithmetic flags as EFLAGS bits. */
export function arithmeticFlags(cpu: Vcpu): u32 {
  resolve(cpu);
  const kind = cpu.flagOp >> 2;
  if (kind == FlagOp.EFLAGS) return (<u32>cpu.eflags) & Flag.ARITHMETIC;
  const sizeLog = cpu.flagOp & 3;
  const result = lazyResult(cpu, kind, sizeLog);
  return (
    flagsOfOperation(cpu, kind, sizeLog, result) |
    (result == 0 ? Flag.ZF : 0) |
    (result & signBit(sizeLog) ? Flag.SF : 0) |
    (popcnt<u32>((<u32>result) & 0xff) & 1 ? 0 : Flag.PF)
  );
}

/** CF, AF and OF. The kinds that are frequent when kernels save EFLAGS are worked out at once: a branch on the kind costs more than the flag. */
// @ts-ignore: decorator
@inline
function flagsOfOperation(cpu: Vcpu, kind: u32, sizeLog: u32, result: u64): u32 {
  const a = cpu.flagA;
  const b = cpu.flagB;
  if (kind == FlagOp.LOGIC) return 0;
  if (kind == FlagOp.SUB) return flagsOfCarries(a < b, a ^ b ^ result, (a ^ b) & (a ^ result), sizeLog);
  if (kind == FlagOp.ADD) {
    const before = a - b;
    return flagsOfCarries(a < b, before ^ b ^ a, (before ^ a) & (b ^ a), sizeLog);
  }
  return (getCarry(cpu) ? Flag.CF : 0) | (getAuxiliary(cpu) ? Flag.AF : 0) | (getOverflow(cpu) ? Flag.OF : 0);
}

/** AF is bit 4 of `carries`, OF the sign bit of `overflows`. */
// @ts-ignore: decorator
@inline
function flagsOfCarries(carry: bool, carries: u64, overflows: u64, sizeLog: u32): u32 {
  return (carry ? Flag.CF : 0) | ((<u32>carries) & Flag.AF) | (overflows & signBit(sizeLog) ? Flag.OF : 0);
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
  resolve(cpu);
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
      cpu.flagB = (cpu.flagB & ~(<u64>Flag.CF)) | carry;
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
  resolve(cpu);
  const kind = cpu.flagOp >> 2;
  if (kind == FlagOp.LOGIC || kind == FlagOp.SHIFT) {
    const auxiliary = kind == FlagOp.SHIFT ? cpu.flagB & Flag.AF : 0;
    cpu.flagOp = (FlagOp.SHIFT << 2) | (cpu.flagOp & 3);
    cpu.flagB = bits | auxiliary;
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
