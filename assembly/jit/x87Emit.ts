// Code that all x87 fast paths have, and short forms of the encoder for them.
import { Vcpu } from "../cpu/state";
import { MemoryMap } from "../shared/memoryMap";
import { C1 } from "../softfloat/env";
import { Encoder } from "../wasm/encoder";
import { ValueType, Wasm } from "../wasm/opcodes";
import { Var } from "./ir";
import { BUILD_STATE } from "./layout";

export const SIGN: i32 = 0x8000;
export const C1_SHIFT: i32 = 9;
export const PE_SHIFT: i32 = 5;
const STATUS: u32 = MemoryMap.VCPU + <u32>offsetof<Vcpu>("fpuStatus");

/** Of the two blocks around a fast path: the slow path begins at the inner one's end. */
export const SLOW: u32 = 0;

/** Locals: two operands and the results. Each number is a significand (I64) and a sign with exponent (I32). */
@unmanaged
export class X87Locals {
  a: u32;
  b: u32;
  aExponent: u32;
  bExponent: u32;
  significand: u32;
  exponent: u32;
  /** What has been rounded off, and 1 if it was rounded up (I64). */
  rest: u32;
  up: u32;
  /** Var.X87_MODE. */
  mode: u32;
  /** The lower half of the significand is known to be 0. */
  aNarrow: bool;
  bNarrow: bool;
}

// @ts-ignore: decorator
@inline
export function x87Locals(): X87Locals {
  return changetype<X87Locals>(<usize>BUILD_STATE + 0x1a0);
}

// ---- short forms ----

// @ts-ignore: decorator
@inline
export function get(e: Encoder, local: u32): void {
  e.local(Wasm.LOCAL_GET, local);
}

// @ts-ignore: decorator
@inline
export function set(e: Encoder, local: u32): void {
  e.local(Wasm.LOCAL_SET, local);
}

/** The value on the stack op a constant. */
export function with32(e: Encoder, op: u32, value: i32): void {
  e.i32Const(value);
  e.op(op);
}

export function with64(e: Encoder, op: u32, value: i64): void {
  e.i64Const(value);
  e.op(op);
}

/** Local op local, on the stack. */
export function apply(e: Encoder, op: u32, x: u32, y: u32): void {
  get(e, x);
  get(e, y);
  e.op(op);
}

/** Local op constant, on the stack. */
export function apply32(e: Encoder, op: u32, x: u32, value: i32): void {
  get(e, x);
  with32(e, op, value);
}

export function apply64(e: Encoder, op: u32, x: u32, value: i64): void {
  get(e, x);
  with64(e, op, value);
}

// ---- rounding ----

/**
 * Sets `up` to 1 (I64) where kept:rest is rounded up, to nearest (SDM vol. 1, 4.8.4): from above a half, and from a half if that
 * makes it even. Results of one place are mostly all exact or all not, so that the branch is foreseen.
 */
export function emitRoundsUp(e: Encoder, kept: u32, rest: u32, up: u32): void {
  apply64(e, Wasm.I64_SHR_U, rest, 63);
  set(e, up);
  apply64(e, Wasm.I64_SHL, rest, 1);
  e.op(Wasm.I64_EQZ);
  e.open(Wasm.IF, ValueType.EMPTY);
  apply(e, Wasm.I64_AND, up, kept);
  set(e, up);
  e.end();
}

// ---- C1 and PE ----

export function isStatusVariable(variable: u32): bool {
  return variable == Var.X87_UP || variable == Var.X87_INEXACT;
}

/** To the status word: C1 from X87_UP, PE if X87_INEXACT is not 0. */
export function storeStatusVariable(e: Encoder, variable: u32, local: u32): void {
  e.i32Const(0);
  e.i32Const(0);
  e.memory(Wasm.I32_LOAD, STATUS);
  if (variable == Var.X87_UP) {
    with32(e, Wasm.I32_AND, ~(<i32>C1));
    get(e, local);
    e.op(Wasm.I32_WRAP_I64);
    with32(e, Wasm.I32_SHL, C1_SHIFT);
  } else {
    apply64(e, Wasm.I64_NE, local, 0);
    with32(e, Wasm.I32_SHL, PE_SHIFT);
  }
  e.op(Wasm.I32_OR);
  e.memory(Wasm.I32_STORE, STATUS);
}

/** The value of such a variable, from the status word. */
export function loadStatusVariable(e: Encoder, variable: u32): void {
  if (variable == Var.X87_INEXACT) {
    e.i64Const(0);
    return;
  }
  e.i32Const(0);
  e.memory(Wasm.I32_LOAD, STATUS);
  with32(e, Wasm.I32_SHR_U, C1_SHIFT);
  with32(e, Wasm.I32_AND, 1);
  e.op(Wasm.I64_EXTEND_I32_U);
}
