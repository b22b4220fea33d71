// Lazy flags of COMISS, COMISD, UCOMISS and UCOMISD (SDM vol. 2A): FlagOp.FLOAT, whose operands are F32 or F64 nodes.
//
//              ZF PF CF
//   greater    0  0  0
//   less       0  0  1
//   equal      1  0  0
//   unordered  1  1  1      OF, SF and AF are cleared
//
// So the conditions of unsigned comparisons are single operators of wasm, or the opposites of some.
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState, FlagsState } from "./buildState";
import { node } from "./ir";
import { as32, as64, binary, binaryOf, constant, not1, unary } from "./values";

const enum Relation {
  EQ,
  NE,
  LT,
  GT,
  LE,
  GE,
}

/** A comparison of two F32 or F64 nodes. */
function compareFloats(b: BuildState, relation: u32, x: u32, y: u32, bits: u32): u32 {
  const id = binaryOf(b, (bits == 64 ? Wasm.F64_EQ : Wasm.F32_EQ) + relation, ValueType.I32, x, y);
  node(id).size = 1;
  return id;
}

/** Condition `cc`, an even one (the low four bits of Jcc), as 0 or 1. */
export function floatCondition(b: BuildState, f: FlagsState, cc: u32): u32 {
  switch (cc) {
    case 2:
      return not1(b, compareFloats(b, Relation.GE, f.a, f.b, f.bits));
    case 6:
      return not1(b, compareFloats(b, Relation.GT, f.a, f.b, f.bits));
    case 4:
    case 14: {
      // ZF; "less or equal" is ZF where SF and OF are clear.
      const less = compareFloats(b, Relation.LT, f.a, f.b, f.bits);
      return not1(b, binary(b, Wasm.I32_OR, less, compareFloats(b, Relation.GT, f.a, f.b, f.bits)));
    }
    case 10: {
      const isNaN = compareFloats(b, Relation.NE, f.a, f.a, f.bits);
      return binary(b, Wasm.I32_OR, isNaN, compareFloats(b, Relation.NE, f.b, f.b, f.bits));
    }
    default:
      return constant(b, 0);
  }
}

export function bitsOfFloat(b: BuildState, value: u32, bits: u32): u32 {
  if (bits == 64) return unary(b, Wasm.I64_REINTERPRET_F64, ValueType.I64, value);
  return unary(b, Wasm.I32_REINTERPRET_F32, ValueType.I32, value);
}

/** The number whose bits an integer node holds. */
export function floatOfBits(b: BuildState, value: u32, bits: u32): u32 {
  if (bits == 64) return unary(b, Wasm.F64_REINTERPRET_I64, ValueType.F64, as64(b, value));
  return unary(b, Wasm.F32_REINTERPRET_I32, ValueType.F32, as32(b, value));
}
