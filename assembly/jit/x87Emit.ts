// Code that all x87 fast paths have, and short forms of the encoder for them.
import { Encoder } from "../wasm/encoder";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BUILD_STATE } from "./layout";

export const SIGN: i32 = 0x8000;
export const C1_SHIFT: i32 = 9;
export const PE_SHIFT: i32 = 5;
/** Exponent bias of the register format less that of double (SDM vol. 1, table 4-3). */
export const DOUBLE_BIAS: i32 = 16383 - 1023;

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
  /** It may have DOUBLE_FORM. */
  aDouble: bool;
  bDouble: bool;
  /** Both are singles, or doubles in place of what was none. */
  singles: bool;
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
