// Lazy flags at translation: what is known of them, conditions as comparisons, and when they have to be in their variables.
// The kinds and their operands are those of cpu/flags.ts.
import { Flag, Vcpu } from "../cpu/state";
import { FlagOp, OVERLAY_MASK, OVERLAY_VALUES } from "../cpu/flags";
import { MemoryMap } from "../shared/memoryMap";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState, DYNAMIC, FlagsState, carrySource, flags } from "./buildState";
import { bitsOfFloat, floatCondition, floatOfBits } from "./floatFlags";
import { flagsOverflow, lazyResult, productOverflow, shiftCarry } from "./flagResults";
import { Helper } from "./helperNumber";
import { IrOp, Var, isConst, node } from "./ir";
import { FLAG_VARIABLES, forgetVariables, getVariable, setVariable } from "./variables";
import {
  as32,
  as64,
  arithmetic,
  binary,
  choose,
  compare,
  constant,
  extendSign,
  isZero,
  newNode,
  not1,
  unary,
} from "./values";

/** Number of ZF in EFLAGS. */
const ZERO_BIT: u32 = 6;

// @ts-ignore: decorator
@inline
function copyState(from: FlagsState, to: FlagsState): void {
  memory.copy(changetype<usize>(to), changetype<usize>(from), offsetof<FlagsState>());
}

// @ts-ignore: decorator
@inline
function keepsCarry(kind: u32): bool {
  return kind == FlagOp.INC || kind == FlagOp.DEC;
}

/** The flags are what the variables say, and nothing lies over them. */
function useVariables(b: BuildState): void {
  flags().kind = DYNAMIC;
  b.overrideMask = 0;
}

/** Nothing is known at a block's start. */
export function forgetFlags(b: BuildState): void {
  useVariables(b);
  b.flagsPending = false;
  forgetVariables(FLAG_VARIABLES);
}

/** The block starts with flags of this kind in the variables. */
export function assumeFlags(b: BuildState, kind: u32, bits: u32): void {
  const f = flags();
  f.a = getVariable(b, Var.FLAG_A);
  f.b = getVariable(b, Var.FLAG_B);
  if (kind == FlagOp.FLOAT) {
    f.a = floatOfBits(b, f.a, bits);
    f.b = floatOfBits(b, f.b, bits);
  } else if (bits < 64) {
    f.a = as32(b, f.a);
    f.b = as32(b, f.b);
  }
  f.c = 0;
  f.kind = kind;
  f.bits = bits;
  if (!keepsCarry(kind)) return;
  const source = carrySource();
  source.kind = FlagOp.SHIFT;
  source.bits = bits;
  source.a = f.a;
  source.b = as32(b, f.b);
}

/** The flags are those of operation `kind` on a and x (see FlagOp); `c`: the carry that went into ADC and SBB. */
export function setKnown(b: BuildState, kind: u32, bits: u32, a: u32, x: u32, c: u32): void {
  const f = flags();
  if (keepsCarry(kind) && !keepsCarry(f.kind)) saveCarrySource(b, f);
  f.kind = kind;
  f.bits = bits;
  f.a = a;
  f.b = x;
  f.c = c;
  b.flagsPending = true;
  b.overrideMask = 0;
}

function saveCarrySource(b: BuildState, f: FlagsState): void {
  const source = carrySource();
  copyState(f, source);
  if (!(b.overrideMask & Flag.CF)) return;
  source.kind = FlagOp.SHIFT;
  source.b = b.overrideBits;
}

/** Flags of a shift by `count`; those from before when it is 0. */
export function setShift(b: BuildState, kind: u32, bits: u32, a: u32, count: u32): void {
  setUnlessZero(b, kind, bits, a, count, count);
}

export function setUnlessZero(b: BuildState, kind: u32, bits: u32, a: u32, x: u32, count: u32): void {
  if (isConst(count)) {
    if (node(count).imm) setKnown(b, kind, bits, a, x, 0);
    return;
  }
  storeFlags(b);
  const op = constant(b, <u64>((kind << 2) | sizeLog(bits)));
  const c = as32(b, count);
  setVariable(b, Var.FLAG_OP, choose(b, c, op, getVariable(b, Var.FLAG_OP)));
  // A choice between small constants is an I32.
  setVariable(b, Var.FLAG_A, as64(b, choose(b, c, as64(b, a), getVariable(b, Var.FLAG_A))));
  setVariable(b, Var.FLAG_B, as64(b, choose(b, c, as64(b, x), getVariable(b, Var.FLAG_B))));
  useVariables(b);
}

/** CF and OF of a rotation by `count`, if it is not 0. */
export function setRotated(b: BuildState, count: u32, carry: u32, overflow: u32): void {
  const bits = binary(b, Wasm.I32_OR, carry, binary(b, Wasm.I32_SHL, overflow, constant(b, 11)));
  if (isConst(count)) {
    if (node(count).imm) overrideFlags(b, Flag.CF | Flag.OF, bits);
    return;
  }
  storeFlags(b);
  const mask = choose(b, as32(b, count), constant(b, Flag.CF | Flag.OF), constant(b, 0));
  overlay(b, mask, binary(b, Wasm.I32_AND, bits, mask));
  useVariables(b);
}

/** The flags in `mask` (CF, or CF and OF) become those of `bits` (EFLAGS bits, no others set). */
export function overrideFlags(b: BuildState, mask: u32, bits: u32): void {
  const f = flags();
  if (f.kind == FlagOp.FLOAT) {
    storeFlags(b);
    f.kind = DYNAMIC;
  }
  if (f.kind == DYNAMIC) {
    overrideDynamic(b, mask, bits);
    return;
  }
  let kept = 0;
  if (!(mask & Flag.OF)) kept = binary(b, Wasm.I32_SHL, flagsOverflow(b, f), constant(b, 11));
  const auxiliary = auxiliaryBit(b, f);
  let all = bits;
  if (kept) all = binary(b, Wasm.I32_OR, all, kept);
  if (auxiliary) all = binary(b, Wasm.I32_OR, all, auxiliary);
  setKnown(b, FlagOp.SHIFT, f.bits, lazyResult(b, f), all, 0);
}

/** ZF alone becomes `zero` (0 or 1). */
export function setZero(b: BuildState, zero: u32): void {
  storeFlags(b);
  flags().kind = DYNAMIC;
  overrideDynamic(b, Flag.ZF, binary(b, Wasm.I32_SHL, zero, constant(b, ZERO_BIT)));
}

function overrideDynamic(b: BuildState, mask: u32, bits: u32): void {
  // An older override of other bits has to be made first.
  if (b.overrideMask & ~mask) storeFlags(b);
  b.overrideMask = mask;
  b.overrideBits = bits;
  b.flagsPending = true;
}

/** AF as bit 4, or 0 where it is clear. */
function auxiliaryBit(b: BuildState, f: FlagsState): u32 {
  const kind = f.kind;
  if (kind == FlagOp.SHIFT) return binary(b, Wasm.I32_AND, as32(b, f.b), constant(b, Flag.AF));
  const sixteen = constant(b, Flag.AF);
  if (kind == FlagOp.INC || kind == FlagOp.DEC) {
    const nibble = binary(b, Wasm.I32_AND, as32(b, f.a), constant(b, 15));
    const carried = compare(b, Wasm.I32_EQ, nibble, constant(b, kind == FlagOp.INC ? 0 : 15));
    return binary(b, Wasm.I32_SHL, carried, constant(b, 4));
  }
  if (kind < <u32>FlagOp.ADD || kind > <u32>FlagOp.SBB) return 0;
  const isSum = kind <= <u32>FlagOp.ADC;
  let third: u32;
  if (isSum) {
    third = binary(b, Wasm.I32_SUB, as32(b, f.a), as32(b, f.b));
    if (f.c) third = binary(b, Wasm.I32_SUB, third, as32(b, f.c));
    else if (kind == FlagOp.ADC) third = binary(b, Wasm.I32_SUB, third, constant(b, 1));
  } else third = as32(b, lazyResult(b, f));
  const mixed = binary(b, Wasm.I32_XOR, binary(b, Wasm.I32_XOR, as32(b, f.a), as32(b, f.b)), third);
  return binary(b, Wasm.I32_AND, mixed, sixteen);
}

// @ts-ignore: decorator
@inline
export function sizeLog(bits: u32): u32 {
  return <u32>ctz(bits) - 3;
}

/** Brings the three variables up to date. */
export function storeFlags(b: BuildState): void {
  if (!b.flagsPending) return;
  b.flagsPending = false;
  const f = flags();
  if (f.kind == DYNAMIC) {
    overlay(b, constant(b, b.overrideMask), b.overrideBits);
    return;
  }
  if (keepsCarry(f.kind)) {
    f.b = carryOfState(b, carrySource());
    const source = carrySource();
    source.kind = FlagOp.SHIFT;
    source.b = f.b;
  }
  const size = sizeLog(f.bits);
  let op = constant(b, <u64>((f.kind << 2) | size));
  if (f.c) op = choose(b, as32(b, f.c), op, constant(b, <u64>(((f.kind - 1) << 2) | size)));
  setVariable(b, Var.FLAG_OP, op);
  setVariable(b, Var.FLAG_A, operandBits(b, f, f.a));
  setVariable(b, Var.FLAG_B, operandBits(b, f, f.b));
}

/** An operand as it goes into its variable. */
function operandBits(b: BuildState, f: FlagsState, operand: u32): u32 {
  return as64(b, f.kind == FlagOp.FLOAT ? bitsOfFloat(b, operand, f.bits) : operand);
}

function storeField(b: BuildState, variable: u32, offset: u32, code: u32): void {
  const id = newNode(
    b,
    IrOp.STORE,
    ValueType.EMPTY,
    constant(b, 0),
    getVariable(b, variable),
    0,
    <i64>(MemoryMap.VCPU + offset),
  );
  node(id).code = code;
}

/** Lays the flags in `mask` (I32: of CF, OF and ZF) with the values `bits` over those that FLAG_OP tells of. */
function overlay(b: BuildState, mask: u32, bits: u32): void {
  const chosen = binary(b, Wasm.I32_SHL, mask, constant(b, OVERLAY_MASK));
  const values = binary(b, Wasm.I32_SHL, bits, constant(b, OVERLAY_VALUES));
  const replaced = binary(b, Wasm.I32_OR, chosen, binary(b, Wasm.I32_SHL, mask, constant(b, OVERLAY_VALUES)));
  const kept = binary(b, Wasm.I32_XOR, replaced, constant(b, 0xffff_ffff));
  const op = binary(b, Wasm.I32_AND, getVariable(b, Var.FLAG_OP), kept);
  setVariable(b, Var.FLAG_OP, binary(b, Wasm.I32_OR, op, binary(b, Wasm.I32_OR, chosen, values)));
}

/** EFLAGS in memory has all flags from here on. */
export function makeFlagsDefinite(b: BuildState): void {
  storeFlags(b);
  storeField(b, Var.FLAG_OP, <u32>offsetof<Vcpu>("flagOp"), Wasm.I32_STORE);
  storeField(b, Var.FLAG_A, <u32>offsetof<Vcpu>("flagA"), Wasm.I64_STORE);
  storeField(b, Var.FLAG_B, <u32>offsetof<Vcpu>("flagB"), Wasm.I64_STORE);
  const call = newNode(b, IrOp.CALL, ValueType.EMPTY, 0, 0, 0, 0);
  node(call).code = Helper.EFLAGS;
  adoptEflags(b);
}

/** The arithmetic flags are those that have been written to EFLAGS in memory. */
export function adoptEflags(b: BuildState): void {
  setVariable(b, Var.FLAG_OP, constant(b, 0));
  useVariables(b);
  b.flagsPending = false;
}

// ---- single flags, as 0 or 1 ----

export function carryOf(b: BuildState): u32 {
  const f = flags();
  if (f.kind == DYNAMIC && b.overrideMask & Flag.CF) return binary(b, Wasm.I32_AND, b.overrideBits, constant(b, 1));
  return carryOfState(b, f);
}

function carryOfState(b: BuildState, f: FlagsState): u32 {
  switch (f.kind) {
    case FlagOp.ADD:
    case FlagOp.SUB:
      return compare(b, Wasm.I32_LT_U, f.a, f.b);
    case FlagOp.ADC:
    case FlagOp.SBB: {
      const orEqual = compare(b, Wasm.I32_LE_U, f.a, f.b);
      return f.c ? choose(b, as32(b, f.c), orEqual, compare(b, Wasm.I32_LT_U, f.a, f.b)) : orEqual;
    }
    case FlagOp.LOGIC:
      return constant(b, 0);
    case FlagOp.FLOAT:
      return floatCondition(b, f, 2);
    case FlagOp.INC:
    case FlagOp.DEC:
      return f.b ? binary(b, Wasm.I32_AND, as32(b, f.b), constant(b, 1)) : carryOfState(b, carrySource());
    case FlagOp.SHIFT:
      return binary(b, Wasm.I32_AND, as32(b, f.b), constant(b, 1));
    case FlagOp.SHL:
    case FlagOp.SHR:
    case FlagOp.SAR:
      return shiftCarry(b, f);
    case FlagOp.IMUL:
    case FlagOp.MUL:
      return productOverflow(b, f);
    default: {
      const op = getVariable(b, Var.FLAG_OP);
      const id = newNode(b, IrOp.CARRY, ValueType.I32, op, getVariable(b, Var.FLAG_A), getVariable(b, Var.FLAG_B), 0);
      node(id).size = 1;
      return id;
    }
  }
}

function signOf(b: BuildState, f: FlagsState, value: u32): u32 {
  if (f.bits >= 32) return compare(b, Wasm.I32_LT_S, f.bits == 64 ? as64(b, value) : value, constant(b, 0));
  return compare(
    b,
    Wasm.I32_NE,
    binary(b, Wasm.I32_AND, value, constant(b, (<u64>1) << (<u64>f.bits - 1))),
    constant(b, 0),
  );
}

/** a < x (or a <= x) as signed numbers of the operation's size. */
function signedLess(b: BuildState, f: FlagsState, orEqual: bool): u32 {
  const code: u32 = orEqual ? Wasm.I32_LE_S : Wasm.I32_LT_S;
  if (f.bits == 64) return compare(b, code, as64(b, f.a), as64(b, f.b));
  return compare(b, code, extendSign(b, f.a, f.bits, 32), extendSign(b, f.b, f.bits, 32));
}

function zeroOf(b: BuildState, f: FlagsState): u32 {
  if (f.kind == FlagOp.SUB) return isConst(f.b) && !node(f.b).imm ? isZero(b, f.a) : compare(b, Wasm.I32_EQ, f.a, f.b);
  return isZero(b, lazyResult(b, f));
}

function parityOf(b: BuildState, f: FlagsState): u32 {
  const low = binary(b, Wasm.I32_AND, as32(b, lazyResult(b, f)), constant(b, 255));
  const ones = unary(b, Wasm.I32_POPCNT, ValueType.I32, low);
  return not1(b, binary(b, Wasm.I32_AND, ones, constant(b, 1)));
}

function lessOf(b: BuildState, f: FlagsState): u32 {
  if (f.kind == FlagOp.SUB) return signedLess(b, f, false);
  if (f.kind == FlagOp.LOGIC) return signOf(b, f, f.a);
  return binary(b, Wasm.I32_XOR, signOf(b, f, lazyResult(b, f)), flagsOverflow(b, f));
}

function lessOrEqualOf(b: BuildState, f: FlagsState): u32 {
  if (f.kind == FlagOp.SUB) return signedLess(b, f, true);
  return binary(b, Wasm.I32_OR, zeroOf(b, f), lessOf(b, f));
}

function belowOrEqualOf(b: BuildState, f: FlagsState): u32 {
  if (f.kind == FlagOp.SUB) return compare(b, Wasm.I32_LE_U, f.a, f.b);
  return binary(b, Wasm.I32_OR, carryOf(b), zeroOf(b, f));
}

/** Condition `cc` (low four bits of Jcc) as 0 or 1. */
export function conditionNode(b: BuildState, cc: u32): u32 {
  const holds = positiveCondition(b, cc & 14);
  return cc & 1 ? not1(b, holds) : holds;
}

function positiveCondition(b: BuildState, cc: u32): u32 {
  if (cc == 2) return carryOf(b);
  const f = flags();
  if (f.kind == DYNAMIC) {
    if (cc == 4 && b.overrideMask & Flag.ZF) return binary(b, Wasm.I32_SHR_U, b.overrideBits, constant(b, ZERO_BIT));
    return dynamicCondition(b, cc);
  }
  if (f.kind == FlagOp.FLOAT) return floatCondition(b, f, cc);
  switch (cc) {
    case 0:
      return flagsOverflow(b, f);
    case 4:
      return zeroOf(b, f);
    case 6:
      return belowOrEqualOf(b, f);
    case 8:
      return signOf(b, f, lazyResult(b, f));
    case 10:
      return parityOf(b, f);
    case 12:
      return lessOf(b, f);
    default:
      return lessOrEqualOf(b, f);
  }
}

function dynamicCondition(b: BuildState, cc: u32): u32 {
  storeFlags(b);
  const op = getVariable(b, Var.FLAG_OP);
  const id = newNode(b, IrOp.CALL, ValueType.I32, op, getVariable(b, Var.FLAG_A), getVariable(b, Var.FLAG_B), <i64>cc);
  const n = node(id);
  n.code = Helper.CONDITION;
  n.flag = 1;
  n.size = 1;
  return id;
}
