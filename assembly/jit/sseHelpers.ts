// What translated SSE code calls in the engine where wasm's operators do not give the processor's answer (sseTests.ts): the meanings
// of isa/sse on elements, with MXCSR's sticky flags. All exceptions are masked. Exported by index.ts.
import { Flag, Vcpu, vcpu } from "../cpu/state";
import { Insn } from "../decode/insn";
import { SseOp } from "../decode/sseOp";
import { Exec } from "../interp/exec";
import { approximate } from "../isa/sse/approximate";
import { arithmetic, fromBits, toBits } from "../isa/sse/arithmetic";
import { compareElement, compareFlags } from "../isa/sse/compare";
import { fromInteger, narrow, toInt32, toInt64, widen } from "../isa/sse/convertElement";
import { executeSse } from "../isa/sse/execute";
import { DAZ, RC_CHOP, completeFloat, roundingControl } from "../isa/sse/mxcsr";
import { defaultNaN, infinity, signBit } from "../isa/sse/softFormat";
import { ToInteger } from "./helperNumber";

/** `op` an SseOp of arithmetic (the first of its four) or CMP with the predicate << 16, or of a comparison into the flags. */
function element<F>(cpu: Vcpu, op: u32, a: u64, b: u64): u64 {
  const kind = op & 0xffff;
  if (kind < <u32>SseOp.CMP) return arithmetic<F>(cpu, kind, a, b);
  if (kind == SseOp.CMP) return compareElement<F>(cpu, op >> 16, a, b);
  if (kind <= <u32>SseOp.FLOAT_LAST) return approximate(kind, <u32>b);
  return relationTo<F>(a, b, compareFlags<F>(cpu, a, b, kind == SseOp.COMISS || kind == SseOp.COMISD));
}

/** A number that compares with b as ZF, PF and CF in `flags` say. */
function relationTo<F>(a: u64, b: u64, flags: u32): u64 {
  if (flags == 0) return infinity<F>();
  if (flags == Flag.ZF) return b;
  return flags == Flag.CF ? infinity<F>() | signBit<F>() : defaultNaN<F>();
}

/** On bits, and with what the operation raises made sticky. */
function completeElement<F>(op: u32, a: F, b: F): F {
  const cpu = vcpu();
  const result = element<F>(cpu, op, toBits<F>(a), toBits<F>(b));
  completeFloat(cpu);
  return fromBits<F>(result);
}

export function jitFloat64(a: f64, b: f64, op: u32): f64 {
  return completeElement<f64>(op, a, b);
}

export function jitFloat32(a: f32, b: f32, op: u32): f32 {
  return completeElement<f32>(op, a, b);
}

/** Executes a record whose operands are VECTOR_SCRATCH. */
export function jitVector(record: u32): void {
  executeSse(changetype<Exec>(vcpu()), changetype<Insn>(<usize>record));
}

export function jitNarrow(value: f64): f32 {
  const cpu = vcpu();
  const result = narrow(cpu, toBits<f64>(value));
  completeFloat(cpu);
  return fromBits<f32>(result);
}

export function jitWiden(value: f32): f64 {
  const cpu = vcpu();
  const result = widen(cpu, toBits<f32>(value));
  completeFloat(cpu);
  return fromBits<f64>(result);
}

export function jitFromInteger64(value: i64): f64 {
  const cpu = vcpu();
  const result = fromInteger<f64>(cpu, value);
  completeFloat(cpu);
  return fromBits<f64>(result);
}

export function jitFromInteger32(value: i64): f32 {
  const cpu = vcpu();
  const result = fromInteger<f32>(cpu, value);
  completeFloat(cpu);
  return fromBits<f32>(result);
}

/** `how`: ToInteger bits. A denormal single is a normal double here, so DAZ is seen to. */
export function jitToInteger(value: f64, how: u32): u64 {
  const cpu = vcpu();
  const isTiny = abs(value) < <f64>f32.MIN_NORMAL_VALUE;
  const isZero = isTiny && (how & ToInteger.SINGLE) != 0 && (cpu.mxcsr & DAZ) != 0;
  const source = isZero ? 0 : toBits<f64>(value);
  const mode = how & ToInteger.TRUNCATE ? RC_CHOP : roundingControl(cpu);
  const result = how & ToInteger.WIDE ? toInt64<f64>(cpu, source, mode) : <u64>toInt32<f64>(cpu, source, mode);
  completeFloat(cpu);
  return result;
}
