// Types of what wasm instructions take.
import { ValueType, Wasm } from "../wasm/opcodes";

/** Type of the (first) operand of a numeric instruction. */
export function operandType(code: u32): u32 {
  if (code >= 0xfd00) return vectorOperand(code);
  if (code >= 0xfc00) return code & 2 ? ValueType.F64 : ValueType.F32;
  if (code <= <u32>Wasm.I32_GE_U) return ValueType.I32;
  if (code <= <u32>Wasm.I64_GE_U) return ValueType.I64;
  if (code <= <u32>Wasm.F32_GE) return ValueType.F32;
  if (code <= <u32>Wasm.F64_GE) return ValueType.F64;
  if (code <= <u32>Wasm.I32_ROTR) return ValueType.I32;
  if (code <= <u32>Wasm.I64_ROTR) return ValueType.I64;
  if (code <= 0x98) return ValueType.F32;
  if (code <= 0xa6) return ValueType.F64;
  return conversionOperand(code);
}

function conversionOperand(code: u32): u32 {
  switch (code) {
    case Wasm.I64_EXTEND_I32_S:
    case Wasm.I64_EXTEND_I32_U:
    case Wasm.F32_CONVERT_I32_S:
    case Wasm.F64_CONVERT_I32_S:
    case Wasm.F32_REINTERPRET_I32:
    case Wasm.I32_EXTEND8_S:
    case Wasm.I32_EXTEND16_S:
      return ValueType.I32;
    case Wasm.F32_DEMOTE_F64:
    case Wasm.I64_REINTERPRET_F64:
      return ValueType.F64;
    case Wasm.F64_PROMOTE_F32:
    case Wasm.I32_REINTERPRET_F32:
      return ValueType.F32;
    default:
      return ValueType.I64;
  }
}

/** Splats take scalars; all else a vector. */
function vectorOperand(code: u32): u32 {
  switch (code) {
    case Wasm.I8X16_SPLAT:
    case Wasm.I16X8_SPLAT:
    case Wasm.I32X4_SPLAT:
      return ValueType.I32;
    case Wasm.I64X2_SPLAT:
      return ValueType.I64;
    case Wasm.F32X4_SPLAT:
      return ValueType.F32;
    case Wasm.F64X2_SPLAT:
      return ValueType.F64;
    default:
      return ValueType.V128;
  }
}
