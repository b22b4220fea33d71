// SSE and SSE2 arithmetic: ADD SUB MUL DIV SQRT MIN MAX CMP RCP RSQRT of packed and scalar, single and double precision.
// The op number's low bits tell which: PS PD SS SD.
import { Vcpu } from "../../cpu/state";
import { Insn } from "../../decode/insn";
import { SseOp } from "../../decode/sseOp";
import { faultPending } from "../../mmu/fill";
import { approximate } from "./approximate";
import { arithmetic, isPlainMode } from "./arithmetic";
import { compareElement } from "./compare";
import { PE, completeFloat } from "./mxcsr";
import { source128, source32, source64 } from "./operand";
import { isSseReady } from "./ready";

export function executeFloat(cpu: Vcpu, i: Insn, op: u32): void {
  if (!isSseReady(cpu)) return;
  const kind = op & ~3;
  switch (op & 3) {
    case 0: {
      const b = source128(cpu, i);
      if (faultPending(cpu)) return;
      const result = packedSingle(cpu, i, kind, v128.load(<usize>i.dst), b);
      if (completeFloat(cpu)) v128.store(<usize>i.dst, result);
      return;
    }
    case 1: {
      const b = source128(cpu, i);
      if (faultPending(cpu)) return;
      const result = packedDouble(cpu, i, kind, v128.load(<usize>i.dst), b);
      if (completeFloat(cpu)) v128.store(<usize>i.dst, result);
      return;
    }
    case 2: {
      const b = source32(cpu, i);
      if (faultPending(cpu)) return;
      const result = element<f32>(cpu, i, kind, <u64>load<u32>(<usize>i.dst), b);
      if (completeFloat(cpu)) store<u32>(<usize>i.dst, <u32>result);
      return;
    }
    default: {
      const b = source64(cpu, i);
      if (faultPending(cpu)) return;
      const result = element<f64>(cpu, i, kind, load<u64>(<usize>i.dst), b);
      if (completeFloat(cpu)) store<u64>(<usize>i.dst, result);
    }
  }
}

function element<F>(cpu: Vcpu, i: Insn, kind: u32, a: u64, b: u64): u64 {
  if (kind < <u32>SseOp.CMP) return arithmetic<F>(cpu, kind, a, b);
  if (kind == SseOp.CMP) return compareElement<F>(cpu, (<u32>i.imm) & 7, a, b);
  return approximate(kind, <u32>b);
}

/** Lanes that are zero, or normal and not among the smallest: as isPlain of arithmetic.ts. */
// @ts-ignore: decorator
@inline
function plainSingles(v: v128): v128 {
  const field = v128.and(v, i32x4.splat(0x7f80_0000));
  const normal = i32x4.lt_u(i32x4.sub(field, i32x4.splat(0x0100_0000)), i32x4.splat(0x7e80_0000));
  return v128.or(normal, i32x4.eq(i32x4.shl(v, 1), i32x4.splat(0)));
}

// @ts-ignore: decorator
@inline
function plainDoubles(v: v128): v128 {
  // The high doublewords decide; zeros only where the low ones are zero too.
  const field = v128.and(v, i64x2.splat(0x7ff0_0000_0000_0000));
  const normal = i64x2.ge_s(field, i64x2.splat(0x0020_0000_0000_0000));
  const finite = i64x2.lt_s(field, i64x2.splat(0x7ff0_0000_0000_0000));
  return v128.or(v128.and(normal, finite), i64x2.eq(i64x2.shl(v, 1), i64x2.splat(0)));
}

function packedSingle(cpu: Vcpu, i: Insn, kind: u32, a: v128, b: v128): v128 {
  if (kind <= <u32>SseOp.DIV && isPlainMode(cpu) && cpu.mxcsr & PE) {
    let result = b;
    let good = v128.and(plainSingles(a), plainSingles(b));
    switch (kind) {
      case SseOp.ADD:
        result = f32x4.add(a, b);
        break;
      case SseOp.SUB:
        result = f32x4.sub(a, b);
        break;
      case SseOp.MUL:
        result = f32x4.mul(a, b);
        good = v128.and(good, zeroOnlyOfZerosSingle(result, v128.or(isZeroSingle(a), isZeroSingle(b))));
        break;
      case SseOp.DIV:
        result = f32x4.div(a, b);
        good = v128.and(good, zeroOnlyOfZerosSingle(result, isZeroSingle(a)));
        break;
      default:
        good = i32x4.splat(0);
    }
    if (i32x4.all_true(v128.and(good, plainSingles(result)))) return result;
  }
  return eachSingle(cpu, i, kind, a, b);
}

// @ts-ignore: decorator
@inline
function isZeroSingle(v: v128): v128 {
  return f32x4.eq(v, f32x4.splat(0));
}

/** A zero where no operand was one has underflowed. */
// @ts-ignore: decorator
@inline
function zeroOnlyOfZerosSingle(result: v128, allowed: v128): v128 {
  return v128.or(allowed, v128.not(isZeroSingle(result)));
}

function packedDouble(cpu: Vcpu, i: Insn, kind: u32, a: v128, b: v128): v128 {
  if (kind <= <u32>SseOp.DIV && isPlainMode(cpu) && cpu.mxcsr & PE) {
    let result = b;
    let good = v128.and(plainDoubles(a), plainDoubles(b));
    switch (kind) {
      case SseOp.ADD:
        result = f64x2.add(a, b);
        break;
      case SseOp.SUB:
        result = f64x2.sub(a, b);
        break;
      case SseOp.MUL:
        result = f64x2.mul(a, b);
        good = v128.and(good, zeroOnlyOfZerosDouble(result, v128.or(isZeroDouble(a), isZeroDouble(b))));
        break;
      case SseOp.DIV:
        result = f64x2.div(a, b);
        good = v128.and(good, zeroOnlyOfZerosDouble(result, isZeroDouble(a)));
        break;
      default:
        good = i64x2.splat(0);
    }
    if (i64x2.all_true(v128.and(good, plainDoubles(result)))) return result;
  }
  return eachDouble(cpu, i, kind, a, b);
}

// @ts-ignore: decorator
@inline
function isZeroDouble(v: v128): v128 {
  return f64x2.eq(v, f64x2.splat(0));
}

// @ts-ignore: decorator
@inline
function zeroOnlyOfZerosDouble(result: v128, allowed: v128): v128 {
  return v128.or(allowed, v128.not(isZeroDouble(result)));
}

function eachSingle(cpu: Vcpu, i: Insn, kind: u32, a: v128, b: v128): v128 {
  const low = singlePair(cpu, i, kind, i64x2.extract_lane(a, 0), i64x2.extract_lane(b, 0));
  const high = singlePair(cpu, i, kind, i64x2.extract_lane(a, 1), i64x2.extract_lane(b, 1));
  return i64x2.replace_lane(i64x2.splat(<i64>low), 1, <i64>high);
}

/** Two elements in a quadword. */
function singlePair(cpu: Vcpu, i: Insn, kind: u32, a: u64, b: u64): u64 {
  const low = element<f32>(cpu, i, kind, a & 0xffff_ffff, b & 0xffff_ffff);
  return low | (element<f32>(cpu, i, kind, a >> 32, b >> 32) << 32);
}

function eachDouble(cpu: Vcpu, i: Insn, kind: u32, a: v128, b: v128): v128 {
  const low = element<f64>(cpu, i, kind, i64x2.extract_lane(a, 0), i64x2.extract_lane(b, 0));
  const high = element<f64>(cpu, i, kind, i64x2.extract_lane(a, 1), i64x2.extract_lane(b, 1));
  return i64x2.replace_lane(i64x2.splat(<i64>low), 1, <i64>high);
}
