// x87 operations with a fast path in place, to wasm: the common case, else a helper.
import { ValueType, Wasm } from "../wasm/opcodes";
import { Helper } from "./helperNumber";
import { LowerState, releaseTemporary, takeTemporary } from "./lowerState";
import { X87Widen, X87_EXPONENT } from "./x87Helpers";

/** Exponent bias of the register format less that of single, of double (SDM vol. 1, table 4-3). */
const SINGLE_BIAS: i32 = 16383 - 127;
const DOUBLE_BIAS: i32 = 16383 - 1023;

// @ts-ignore: decorator
@inline
function isDouble(code: u32): bool {
  return code == X87Widen.LOAD_DOUBLE || code == X87Widen.DOUBLE;
}

export function x87OperandType(code: u32): u32 {
  return isDouble(code) ? ValueType.I64 : ValueType.I32;
}

/** A single or double in local `bits` to register format. */
export function emitX87(s: LowerState, code: u32, bits: u32, significand: u32, exponent: u32): void {
  const e = s.code;
  const double = isDouble(code);
  const biased = takeTemporary(s, ValueType.I32);
  e.local(Wasm.LOCAL_GET, bits);
  if (double) {
    e.i64Const(52);
    e.op(Wasm.I64_SHR_U);
    e.op(Wasm.I32_WRAP_I64);
  } else {
    e.i32Const(23);
    e.op(Wasm.I32_SHR_U);
  }
  e.i32Const(double ? 0x7ff : 0xff);
  e.op(Wasm.I32_AND);
  e.local(Wasm.LOCAL_TEE, biased);
  e.i32Const(1);
  e.op(Wasm.I32_SUB);
  e.i32Const(double ? 0x7fe : 0xfe);
  e.op(Wasm.I32_LT_U);
  e.open(Wasm.IF, ValueType.EMPTY);
  emitNormal(s, double, bits, biased, significand, exponent);
  e.op(Wasm.ELSE);
  e.local(Wasm.LOCAL_GET, bits);
  if (!double) e.op(Wasm.I64_EXTEND_I32_U);
  e.i32Const(<i32>code);
  e.call(Helper.X87_WIDEN);
  e.local(Wasm.LOCAL_SET, significand);
  e.i32Const(0);
  e.memory(Wasm.I32_LOAD, X87_EXPONENT);
  e.local(Wasm.LOCAL_SET, exponent);
  e.end();
  releaseTemporary(biased, ValueType.I32);
}

function emitNormal(s: LowerState, double: bool, bits: u32, biased: u32, significand: u32, exponent: u32): void {
  const e = s.code;
  e.local(Wasm.LOCAL_GET, bits);
  if (!double) e.op(Wasm.I64_EXTEND_I32_U);
  e.i64Const(double ? 11 : 40);
  e.op(Wasm.I64_SHL);
  e.i64Const(i64.MIN_VALUE);
  e.op(Wasm.I64_OR);
  e.local(Wasm.LOCAL_SET, significand);
  e.local(Wasm.LOCAL_GET, bits);
  if (double) {
    e.i64Const(48);
    e.op(Wasm.I64_SHR_U);
    e.op(Wasm.I32_WRAP_I64);
  } else {
    e.i32Const(16);
    e.op(Wasm.I32_SHR_U);
  }
  e.i32Const(0x8000);
  e.op(Wasm.I32_AND);
  e.local(Wasm.LOCAL_GET, biased);
  e.i32Const(double ? DOUBLE_BIAS : SINGLE_BIAS);
  e.op(Wasm.I32_ADD);
  e.op(Wasm.I32_OR);
  e.local(Wasm.LOCAL_SET, exponent);
}
