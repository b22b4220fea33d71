// The x87 variables of a region (ir.ts) between locals and the vCPU struct: at its entries and ways out, and around what the engine
// executes. Registers and empty bits are kept by slot, that is relative to X87_BASE (x87State.ts).
import { Cr0 } from "../cpu/registerBits";
import { Vcpu, X87_OFFSET } from "../cpu/state";
import { MemoryMap } from "../shared/memoryMap";
import { C1, EXP_MAX, PC_64, PC_MASK, RC_MASK } from "../softfloat/env";
import { Encoder } from "../wasm/encoder";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { Var } from "./ir";
import { LowerState, TARGET_LOCAL, releaseTemporary, takeTemporary, variableLocal } from "./lowerState";
import { C1_SHIFT, PE_SHIFT, get, set, with32, with64 } from "./x87Emit";
import { emitSplit } from "./x87LowerDouble";
import { EXCEPTIONS, MODE_SHIFT, UNUSABLE } from "./x87Ready";
import { NOT_NORMAL_SHIFT } from "./x87State";

const REGISTERS: u32 = MemoryMap.VCPU + <u32>X87_OFFSET;
const STATUS: u32 = MemoryMap.VCPU + <u32>offsetof<Vcpu>("fpuStatus");
const TOP: u32 = MemoryMap.VCPU + <u32>offsetof<Vcpu>("fpuTop");
const EMPTY: u32 = MemoryMap.VCPU + <u32>offsetof<Vcpu>("fpuEmpty");
/** Status word: ES. */
const SUMMARY: i32 = 0x80;
const EXPONENT_OFFSET: u32 = 8;

/** Whether it is more than a field of the vCPU struct in a local. */
export function isX87Image(variable: u32): bool {
  if (variable >= <u32>Var.X87_SIGNIFICAND) return true;
  switch (variable) {
    case Var.X87_BASE:
    case Var.X87_EMPTY:
    case Var.X87_MODE:
    case Var.X87_UP:
    case Var.X87_INEXACT:
      return true;
    default:
      return false;
  }
}

/** Address of the field that any other x87 variable is. */
export function x87FieldAddress(variable: u32): u32 {
  switch (variable) {
    case Var.X87_TOP:
      return TOP;
    case Var.X87_OPCODE:
      return MemoryMap.VCPU + <u32>offsetof<Vcpu>("fpuOpcode");
    case Var.X87_CS:
      return MemoryMap.VCPU + <u32>offsetof<Vcpu>("fpuCs");
    case Var.X87_DS:
      return MemoryMap.VCPU + <u32>offsetof<Vcpu>("fpuDs");
    case Var.X87_IP:
      return MemoryMap.VCPU + <u32>offsetof<Vcpu>("fpuIp");
    default:
      return MemoryMap.VCPU + <u32>offsetof<Vcpu>("fpuDp");
  }
}

// ---- to the vCPU struct ----

export function storeX87Image(b: BuildState, s: LowerState, variable: u32): void {
  const local = variableLocal(b, s, variable);
  if (variable >= <u32>Var.X87_SIGNIFICAND) storeRegister(b, s, variable, local);
  else if (variable == Var.X87_EMPTY) storeEmpty(b, s, local);
  else if (variable == Var.X87_UP || variable == Var.X87_INEXACT) storeStatus(s.code, variable, local);
}

function storeRegister(b: BuildState, s: LowerState, variable: u32, local: u32): void {
  const e = s.code;
  const isExponent = variable >= <u32>Var.X87_EXPONENT;
  if (b.x87Singles) {
    if (!isExponent) storeSplit(b, s, variable & 7);
    return;
  }
  pushRegisterOffset(b, s, variable & 7);
  get(e, local);
  if (isExponent) e.memory(Wasm.I32_STORE16, REGISTERS + EXPONENT_OFFSET);
  else e.memory(Wasm.I64_STORE, REGISTERS);
}

/** Both halves of slot `index`, which may have DOUBLE_FORM. */
function storeSplit(b: BuildState, s: LowerState, index: u32): void {
  const e = s.code;
  const significand = takeTemporary(s, ValueType.I64);
  const exponent = takeTemporary(s, ValueType.I32);
  const value = variableLocal(b, s, Var.X87_SIGNIFICAND + index);
  emitSplit(e, value, variableLocal(b, s, Var.X87_EXPONENT + index), significand, exponent);
  pushRegisterOffset(b, s, index);
  get(e, significand);
  e.memory(Wasm.I64_STORE, REGISTERS);
  pushRegisterOffset(b, s, index);
  get(e, exponent);
  e.memory(Wasm.I32_STORE16, REGISTERS + EXPONENT_OFFSET);
  releaseTemporary(exponent, ValueType.I32);
  releaseTemporary(significand, ValueType.I64);
}

/** Offset of slot `index` from the first register, on the stack. */
function pushRegisterOffset(b: BuildState, s: LowerState, index: u32): void {
  const e = s.code;
  get(e, variableLocal(b, s, Var.X87_BASE));
  if (index) with32(e, Wasm.I32_ADD, <i32>index);
  with32(e, Wasm.I32_AND, 7);
  with32(e, Wasm.I32_SHL, 4);
}

/** Eight bits rotated up by X87_BASE. */
function storeEmpty(b: BuildState, s: LowerState, local: u32): void {
  const e = s.code;
  e.i32Const(0);
  get(e, local);
  with32(e, Wasm.I32_MUL, 0x101);
  get(e, variableLocal(b, s, Var.X87_BASE));
  e.op(Wasm.I32_SHL);
  with32(e, Wasm.I32_SHR_U, 8);
  with32(e, Wasm.I32_AND, 0xff);
  e.memory(Wasm.I32_STORE, EMPTY);
}

/** To the status word: C1 from X87_UP, PE if X87_INEXACT is not 0. */
function storeStatus(e: Encoder, variable: u32, local: u32): void {
  e.i32Const(0);
  loadField(e, STATUS);
  if (variable == Var.X87_UP) {
    with32(e, Wasm.I32_AND, ~(<i32>C1));
    get(e, local);
    e.op(Wasm.I32_WRAP_I64);
    with32(e, Wasm.I32_SHL, C1_SHIFT);
  } else {
    get(e, local);
    with64(e, Wasm.I64_NE, 0);
    with32(e, Wasm.I32_SHL, PE_SHIFT);
  }
  e.op(Wasm.I32_OR);
  e.memory(Wasm.I32_STORE, STATUS);
}

// ---- from the vCPU struct ----

function loadField(e: Encoder, address: u32): void {
  e.i32Const(0);
  e.memory(Wasm.I32_LOAD, address);
}

/** To its local. X87_BASE comes before those that depend on it. */
export function loadX87Image(b: BuildState, s: LowerState, variable: u32): void {
  const e = s.code;
  const local = variableLocal(b, s, variable);
  if (variable >= <u32>Var.X87_EXPONENT) loadExponent(b, s, variable & 7, local);
  else if (variable >= <u32>Var.X87_SIGNIFICAND) {
    pushRegisterOffset(b, s, variable & 7);
    e.memory(Wasm.I64_LOAD, REGISTERS);
  } else {
    switch (variable) {
      case Var.X87_BASE:
        loadBase(s);
        break;
      case Var.X87_EMPTY:
        loadEmpty(b, s);
        break;
      case Var.X87_MODE:
        loadMode(e);
        break;
      default:
        pushStatusVariable(e, variable);
    }
  }
  set(e, local);
}

/** Sign and exponent, and NOT_NORMAL as flagNotNormal (x87State.ts) has it. */
function loadExponent(b: BuildState, s: LowerState, index: u32, local: u32): void {
  const e = s.code;
  pushRegisterOffset(b, s, index);
  e.memory(Wasm.I32_LOAD16_U, REGISTERS + EXPONENT_OFFSET);
  e.local(Wasm.LOCAL_TEE, local);
  get(e, local);
  with32(e, Wasm.I32_AND, EXP_MAX);
  with32(e, Wasm.I32_SUB, 1);
  with32(e, Wasm.I32_GE_U, EXP_MAX - 1);
  pushRegisterOffset(b, s, index);
  e.memory(Wasm.I64_LOAD, REGISTERS);
  with64(e, Wasm.I64_GE_S, 0);
  e.op(Wasm.I32_OR);
  with32(e, Wasm.I32_SHL, NOT_NORMAL_SHIFT);
  e.op(Wasm.I32_OR);
}

/** TOP less its slot. */
function loadBase(s: LowerState): void {
  const e = s.code;
  loadField(e, TOP);
  if (s.deltaTable) {
    get(e, TARGET_LOCAL);
    e.memory(Wasm.I32_LOAD8_U, s.deltaTable);
  } else e.i32Const(<i32>s.delta);
  e.op(Wasm.I32_SUB);
  with32(e, Wasm.I32_AND, 7);
}

/** Eight bits rotated down by X87_BASE. */
function loadEmpty(b: BuildState, s: LowerState): void {
  const e = s.code;
  loadField(e, EMPTY);
  with32(e, Wasm.I32_MUL, 0x101);
  get(e, variableLocal(b, s, Var.X87_BASE));
  e.op(Wasm.I32_SHR_U);
  with32(e, Wasm.I32_AND, 0xff);
}

/** See x87Ready.ts. */
function loadMode(e: Encoder): void {
  loadField(e, MemoryMap.VCPU + <u32>offsetof<Vcpu>("fpuControl"));
  with32(e, Wasm.I32_AND, PC_MASK | RC_MASK);
  with32(e, Wasm.I32_XOR, PC_64);
  with32(e, Wasm.I32_SHL, MODE_SHIFT);
  loadField(e, MemoryMap.VCPU + <u32>offsetof<Vcpu>("fpuControl"));
  with32(e, Wasm.I32_AND, EXCEPTIONS);
  with32(e, Wasm.I32_XOR, EXCEPTIONS);
  loadField(e, STATUS);
  with32(e, Wasm.I32_AND, SUMMARY);
  e.op(Wasm.I32_OR);
  loadField(e, MemoryMap.VCPU + <u32>offsetof<Vcpu>("cr0"));
  with32(e, Wasm.I32_AND, <i32>(Cr0.EM | Cr0.TS));
  e.op(Wasm.I32_OR);
  with32(e, Wasm.I32_NE, 0);
  with32(e, Wasm.I32_SHL, UNUSABLE);
  e.op(Wasm.I32_OR);
}

/** X87_UP, X87_INEXACT as the status word has them, on the stack. */
export function pushStatusVariable(e: Encoder, variable: u32): void {
  if (variable == Var.X87_INEXACT) {
    e.i64Const(0);
    return;
  }
  loadField(e, STATUS);
  with32(e, Wasm.I32_SHR_U, C1_SHIFT);
  with32(e, Wasm.I32_AND, 1);
  e.op(Wasm.I64_EXTEND_I32_U);
}
