// Comparing one element: MIN, MAX, CMP, and the compares into EFLAGS (SDM vol. 2A MINPS, CMPPS table 3-1, COMISS, UCOMISS).
import { Flag, Vcpu } from "../../cpu/state";
import { IE, raiseFloat } from "./mxcsr";
import { isNaNBits, isNegative, isSignaling, magnitude, noteDenormal, operandBits, signBit } from "./softFormat";

/** How a relates to b. */
export const enum Relation {
  EQUAL = 0,
  LESS = 1,
  GREATER = 2,
  UNORDERED = 3,
}

/** A number that orders as the value does, both zeros alike. */
// @ts-ignore: decorator
@inline
function orderOf<F>(bits: u64): i64 {
  const m = <i64>magnitude<F>(bits);
  return isNegative<F>(bits) ? -m : m;
}

/** Raises IE for a signaling NaN, with `quietToo` for any, and DE. */
// @ts-ignore: decorator
@inline
function relate<F>(cpu: Vcpu, a: u64, b: u64, quietToo: bool): u32 {
  if (isNaNBits<F>(a) || isNaNBits<F>(b)) {
    if (quietToo || isSignaling<F>(a) || isSignaling<F>(b)) raiseFloat(cpu, IE);
    return Relation.UNORDERED;
  }
  const x = operandBits<F>(cpu, a);
  const y = operandBits<F>(cpu, b);
  noteDenormal<F>(cpu, x, y);
  const first = orderOf<F>(x);
  const second = orderOf<F>(y);
  return first == second ? Relation.EQUAL : first < second ? Relation.LESS : Relation.GREATER;
}

/** b unless a is less: so b when they are equal (zeros of either sign) or unordered. */
export function softMin<F>(cpu: Vcpu, a: u64, b: u64): u64 {
  const relation = relate<F>(cpu, a, b, true);
  return operandBits<F>(cpu, relation == Relation.LESS ? a : b);
}

export function softMax<F>(cpu: Vcpu, a: u64, b: u64): u64 {
  const relation = relate<F>(cpu, a, b, true);
  return operandBits<F>(cpu, relation == Relation.GREATER ? a : b);
}

/** Predicates for which a quiet NaN is invalid: LT, LE, NLT, NLE. */
const SIGNALS_QUIET: u32 = 0x66;

/** All ones where a `predicate` b. Predicates 0-3: EQ, LT, LE, UNORD; 4-7 are their opposites. */
export function compareElement<F>(cpu: Vcpu, predicate: u32, a: u64, b: u64): u64 {
  const relation = relate<F>(cpu, a, b, ((SIGNALS_QUIET >> predicate) & 1) != 0);
  const holds = holdsFor(predicate & 3, relation) != predicate > 3;
  return holds ? (signBit<F>() << 1) - 1 : 0;
}

// @ts-ignore: decorator
@inline
function holdsFor(predicate: u32, relation: u32): bool {
  switch (predicate) {
    case 0:
      return relation == Relation.EQUAL;
    case 1:
      return relation == Relation.LESS;
    case 2:
      return relation == Relation.EQUAL || relation == Relation.LESS;
    default:
      return relation == Relation.UNORDERED;
  }
}

/** ZF, PF and CF as COMISS sets them. */
export function compareFlags<F>(cpu: Vcpu, a: u64, b: u64, quietToo: bool): u32 {
  switch (relate<F>(cpu, a, b, quietToo)) {
    case Relation.EQUAL:
      return Flag.ZF;
    case Relation.LESS:
      return Flag.CF;
    case Relation.GREATER:
      return 0;
    default:
      return Flag.ZF | Flag.PF | Flag.CF;
  }
}
