// Conversions between integers, single and double precision (SDM vol. 1 10.4.4, 11.4.1.6), and COMISS and its like.
import { setArithmeticFlags } from "../../cpu/flags";
import { Vcpu } from "../../cpu/state";
import { Insn } from "../../decode/insn";
import { Form } from "../../decode/op";
import { SseOp } from "../../decode/sseOp";
import { faultPending } from "../../mmu/fill";
import { compareFlags } from "./compare";
import { fromInteger, fromIntegerDouble, narrow, toInt32, toInt64, widen } from "./convertElement";
import { RC_CHOP, completeFloat, roundingControl } from "./mxcsr";
import { fromLow64, high64, low64, source128, source32, source64, sourceBits } from "./operand";
import { enterMmx, isMmxReady, isSseReady, writeMmx } from "./ready";

export function executeConvert(cpu: Vcpu, i: Insn, op: u32): void {
  if (!isSseReady(cpu)) return;
  switch (op) {
    case SseOp.UCOMISS:
      compareToFlags<f32>(cpu, i, false);
      return;
    case SseOp.UCOMISD:
      compareToFlags<f64>(cpu, i, false);
      return;
    case SseOp.COMISS:
      compareToFlags<f32>(cpu, i, true);
      return;
    case SseOp.COMISD:
      compareToFlags<f64>(cpu, i, true);
      return;
    case SseOp.CVTPI2PS:
    case SseOp.CVTPI2PD:
      convertFromMmx(cpu, i, op == SseOp.CVTPI2PS);
      return;
    case SseOp.CVTSI2SS:
    case SseOp.CVTSI2SD:
      convertFromGeneral(cpu, i, op == SseOp.CVTSI2SS);
      return;
    case SseOp.CVTTPS2PI:
      convertToMmx(cpu, i, true, RC_CHOP);
      return;
    case SseOp.CVTPS2PI:
      convertToMmx(cpu, i, true, roundingControl(cpu));
      return;
    case SseOp.CVTTPD2PI:
      convertToMmx(cpu, i, false, RC_CHOP);
      return;
    case SseOp.CVTPD2PI:
      convertToMmx(cpu, i, false, roundingControl(cpu));
      return;
    case SseOp.CVTTSS2SI:
      convertToGeneral<f32>(cpu, i, RC_CHOP);
      return;
    case SseOp.CVTTSD2SI:
      convertToGeneral<f64>(cpu, i, RC_CHOP);
      return;
    case SseOp.CVTSS2SI:
      convertToGeneral<f32>(cpu, i, roundingControl(cpu));
      return;
    case SseOp.CVTSD2SI:
      convertToGeneral<f64>(cpu, i, roundingControl(cpu));
      return;
    case SseOp.CVTSS2SD: {
      const source = source32(cpu, i);
      if (faultPending(cpu)) return;
      const result = widen(cpu, source);
      if (completeFloat(cpu)) store<u64>(<usize>i.dst, result);
      return;
    }
    case SseOp.CVTSD2SS: {
      const source = source64(cpu, i);
      if (faultPending(cpu)) return;
      const result = narrow(cpu, source);
      if (completeFloat(cpu)) store<u32>(<usize>i.dst, <u32>result);
      return;
    }
    default:
      convertPacked(cpu, i, op);
  }
}

/** Sets ZF, PF, CF and clears the other arithmetic flags. */
// @ts-ignore: decorator
@inline
function compareToFlags<F>(cpu: Vcpu, i: Insn, quietToo: bool): void {
  const b = sourceBits<F>(cpu, i);
  if (faultPending(cpu)) return;
  const a = sizeof<F>() == 4 ? <u64>load<u32>(<usize>i.dst) : load<u64>(<usize>i.dst);
  const flags = compareFlags<F>(cpu, a, b, quietToo);
  if (completeFloat(cpu)) setArithmeticFlags(cpu, flags);
}

/** With a memory operand these do not touch the x87 registers (the manual says so of CVTPI2PD only, processors do both). */
function convertFromMmx(cpu: Vcpu, i: Insn, toSingle: bool): void {
  const usesMmx = i.form == Form.RR;
  if (usesMmx && !isMmxReady(cpu)) return;
  const source = source64(cpu, i);
  if (faultPending(cpu)) return;
  const low = <i64>(<i32>source);
  const high = <i64>(<i32>(source >> 32));
  let result: v128;
  if (toSingle) {
    const bits = fromInteger<f32>(cpu, low) | (fromInteger<f32>(cpu, high) << 32);
    if (!completeFloat(cpu)) return;
    result = i64x2.replace_lane(v128.load(<usize>i.dst), 0, <i64>bits);
  } else result = doubles(fromIntegerDouble(low), fromIntegerDouble(high));
  if (usesMmx) enterMmx(cpu);
  v128.store(<usize>i.dst, result);
}

function convertFromGeneral(cpu: Vcpu, i: Insn, toSingle: bool): void {
  const value = i.size == 3 ? <i64>source64(cpu, i) : <i64>(<i32>source32(cpu, i));
  if (faultPending(cpu)) return;
  const result = toSingle ? fromInteger<f32>(cpu, value) : fromInteger<f64>(cpu, value);
  if (!completeFloat(cpu)) return;
  if (toSingle) store<u32>(<usize>i.dst, <u32>result);
  else store<u64>(<usize>i.dst, result);
}

function convertToMmx(cpu: Vcpu, i: Insn, fromSingle: bool, mode: u32): void {
  if (!isMmxReady(cpu)) return;
  let low: u64;
  let high: u64;
  if (fromSingle) {
    const source = source64(cpu, i);
    low = source & 0xffff_ffff;
    high = source >> 32;
  } else {
    const source = source128(cpu, i);
    low = low64(source);
    high = high64(source);
  }
  if (faultPending(cpu)) return;
  const result = fromSingle
    ? pair(toInt32<f32>(cpu, low, mode), toInt32<f32>(cpu, high, mode))
    : pair(toInt32<f64>(cpu, low, mode), toInt32<f64>(cpu, high, mode));
  if (!completeFloat(cpu)) return;
  enterMmx(cpu);
  writeMmx(i.dst, result);
}

// @ts-ignore: decorator
@inline
function convertToGeneral<F>(cpu: Vcpu, i: Insn, mode: u32): void {
  const source = sourceBits<F>(cpu, i);
  if (faultPending(cpu)) return;
  const result = i.size == 3 ? toInt64<F>(cpu, source, mode) : <u64>toInt32<F>(cpu, source, mode);
  if (completeFloat(cpu)) store<u64>(<usize>i.dst, result);
}

/** Results of 8 bytes clear the upper half of the register. */
function convertPacked(cpu: Vcpu, i: Insn, op: u32): void {
  const source = i.size == 3 ? fromLow64(source64(cpu, i)) : source128(cpu, i);
  if (faultPending(cpu)) return;
  const result = packed(cpu, op, low64(source), high64(source));
  if (completeFloat(cpu)) v128.store(<usize>i.dst, result);
}

function packed(cpu: Vcpu, op: u32, low: u64, high: u64): v128 {
  switch (op) {
    case SseOp.CVTPS2PD:
      return doubles(widen(cpu, low & 0xffff_ffff), widen(cpu, low >> 32));
    case SseOp.CVTPD2PS:
      return fromLow64(narrow(cpu, low) | (narrow(cpu, high) << 32));
    case SseOp.CVTDQ2PS:
      return doubles(singles(cpu, low), singles(cpu, high));
    case SseOp.CVTDQ2PD:
      return doubles(fromIntegerDouble(<i64>(<i32>low)), fromIntegerDouble(<i64>(<i32>(low >> 32))));
    case SseOp.CVTPS2DQ:
    case SseOp.CVTTPS2DQ: {
      const mode = op == SseOp.CVTTPS2DQ ? RC_CHOP : roundingControl(cpu);
      return doubles(
        pair(toInt32<f32>(cpu, low & 0xffff_ffff, mode), toInt32<f32>(cpu, low >> 32, mode)),
        pair(toInt32<f32>(cpu, high & 0xffff_ffff, mode), toInt32<f32>(cpu, high >> 32, mode)),
      );
    }
    default: {
      const mode = op == SseOp.CVTTPD2DQ ? RC_CHOP : roundingControl(cpu);
      return fromLow64(pair(toInt32<f64>(cpu, low, mode), toInt32<f64>(cpu, high, mode)));
    }
  }
}

/** Two doublewords to single precision. */
// @ts-ignore: decorator
@inline
function singles(cpu: Vcpu, source: u64): u64 {
  return fromInteger<f32>(cpu, <i64>(<i32>source)) | (fromInteger<f32>(cpu, <i64>(<i32>(source >> 32))) << 32);
}

// @ts-ignore: decorator
@inline
function pair(low: u32, high: u32): u64 {
  return (<u64>low) | ((<u64>high) << 32);
}

// @ts-ignore: decorator
@inline
function doubles(low: u64, high: u64): v128 {
  return i64x2.replace_lane(i64x2.splat(<i64>low), 1, <i64>high);
}
