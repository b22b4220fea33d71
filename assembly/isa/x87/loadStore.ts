// FLD, FST, FSTP, FILD, FIST, FISTP, FBLD, FBSTP. SDM vol. 2, the pages of those names; vol. 1, 8.5.1.1 (stack faults).
//
// A store goes to memory before anything else changes. Unmasked IE, OE or UE keep it from memory, and from popping.
import { Vcpu, x87Address } from "../../cpu/state";
import { Insn } from "../../decode/insn";
import { linearLoad, linearStore } from "../../mmu/access";
import { linearAddress } from "../../mmu/address";
import { faultPending } from "../../mmu/fill";
import { FpuEnv, IE } from "../../softfloat/env";
import {
  f80FromBcd,
  f80FromF32,
  f80FromF64,
  f80FromI64,
  f80StoreAllowed,
  f80ToBcd,
  f80ToF32,
  f80ToF64,
  f80ToI16,
  f80ToI32,
  f80ToI64,
} from "../../softfloat/index";
import { load80, store80, storeAddress } from "./memory";
import {
  SF,
  beginOperation,
  copyRegister,
  finishOperation,
  isEmpty,
  markFull,
  noteInstruction,
  noteOperand,
  operandBuffer,
  overflows,
  physical,
  pop,
  push,
  st,
  storeIndefinite,
  underflows,
  underflowsInto,
} from "./state";

// ---- loads ----

/** Whether the register to push to is empty. If not, the overflow has been dealt with. */
// @ts-ignore: decorator
@inline
export function hasRoom(cpu: Vcpu): bool {
  if (isEmpty(cpu, physical(cpu, 7))) return true;
  pushOverflow(cpu);
  return false;
}

function pushOverflow(cpu: Vcpu): void {
  if (!overflows(cpu)) return;
  storeIndefinite(st(cpu, 7));
  push(cpu);
}

/** A load into the register below TOP has been done with the vCPU's env. */
// @ts-ignore: decorator
@inline
function finishLoad(cpu: Vcpu, blocking: u32): void {
  const blocked = cpu.fpuFlags & ~cpu.fpuControl & blocking;
  finishOperation(cpu);
  if (!blocked) push(cpu);
}

export function loadSingle(cpu: Vcpu, i: Insn): void {
  const linear = linearAddress(cpu, i);
  const bits = <u32>linearLoad<u32>(cpu, linear);
  if (faultPending(cpu)) return;
  noteOperand(cpu, i, linear);
  if (!hasRoom(cpu)) return;
  f80FromF32(beginOperation(cpu), st(cpu, 7), bits);
  finishLoad(cpu, IE);
}

export function loadDouble(cpu: Vcpu, i: Insn): void {
  const linear = linearAddress(cpu, i);
  const bits = linearLoad<u64>(cpu, linear);
  if (faultPending(cpu)) return;
  noteOperand(cpu, i, linear);
  if (!hasRoom(cpu)) return;
  f80FromF64(beginOperation(cpu), st(cpu, 7), bits);
  finishLoad(cpu, IE);
}

export function loadExtended(cpu: Vcpu, i: Insn): void {
  const linear = linearAddress(cpu, i);
  const buffer = operandBuffer(cpu, 0);
  if (!load80(cpu, linear, buffer)) return;
  noteOperand(cpu, i, linear);
  if (!hasRoom(cpu)) return;
  beginOperation(cpu);
  copyRegister(st(cpu, 7), buffer);
  finishLoad(cpu, 0);
}

// @ts-ignore: decorator
@inline
function loadInteger(cpu: Vcpu, i: Insn, linear: u64, value: i64): void {
  if (faultPending(cpu)) return;
  noteOperand(cpu, i, linear);
  if (!hasRoom(cpu)) return;
  f80FromI64(beginOperation(cpu), st(cpu, 7), value);
  finishLoad(cpu, 0);
}

export function loadInteger16(cpu: Vcpu, i: Insn): void {
  const linear = linearAddress(cpu, i);
  loadInteger(cpu, i, linear, <i64>(<i16>linearLoad<u16>(cpu, linear)));
}

export function loadInteger32(cpu: Vcpu, i: Insn): void {
  const linear = linearAddress(cpu, i);
  loadInteger(cpu, i, linear, <i64>(<i32>linearLoad<u32>(cpu, linear)));
}

export function loadInteger64(cpu: Vcpu, i: Insn): void {
  const linear = linearAddress(cpu, i);
  loadInteger(cpu, i, linear, <i64>linearLoad<u64>(cpu, linear));
}

export function loadBcd(cpu: Vcpu, i: Insn): void {
  const linear = linearAddress(cpu, i);
  const buffer = operandBuffer(cpu, 0);
  if (!load80(cpu, linear, buffer)) return;
  noteOperand(cpu, i, linear);
  if (!hasRoom(cpu)) return;
  f80FromBcd(beginOperation(cpu), st(cpu, 7), buffer);
  finishLoad(cpu, 0);
}

// ---- stores ----

/** Whether ST(0) can be stored. If it is empty, that is noted as raised; store `indefinite` if f80StoreAllowed. */
// @ts-ignore: decorator
@inline
function hasValue(cpu: Vcpu, env: FpuEnv): bool {
  if (!isEmpty(cpu, cpu.fpuTop)) return true;
  env.flags = IE | SF;
  return false;
}

// @ts-ignore: decorator
@inline
function finishStore(cpu: Vcpu, i: Insn, linear: u64, stored: bool, pops: bool): void {
  noteOperand(cpu, i, linear);
  finishOperation(cpu);
  if (stored && pops) pop(cpu);
}

/** Stores a converted value unless an exception or a fault forbids. */
// @ts-ignore: decorator
@inline
function storeValue<T>(cpu: Vcpu, i: Insn, env: FpuEnv, linear: u64, value: u64, pops: bool): void {
  const allowed = f80StoreAllowed(env);
  if (allowed) {
    linearStore<T>(cpu, linear, value);
  }
  if (faultPending(cpu)) return;
  finishStore(cpu, i, linear, allowed, pops);
}

export function storeSingle(cpu: Vcpu, i: Insn, pops: bool): void {
  const linear = storeAddress(cpu, i, 4);
  const env = beginOperation(cpu);
  let bits: u32 = 0xffc0_0000;
  if (hasValue(cpu, env)) bits = f80ToF32(env, st(cpu, 0));
  storeValue<u32>(cpu, i, env, linear, <u64>bits, pops);
}

export function storeDouble(cpu: Vcpu, i: Insn, pops: bool): void {
  const linear = storeAddress(cpu, i, 8);
  const env = beginOperation(cpu);
  let bits: u64 = 0xfff8_0000_0000_0000;
  if (hasValue(cpu, env)) bits = f80ToF64(env, st(cpu, 0));
  storeValue<u64>(cpu, i, env, linear, bits, pops);
}

export function storeInteger16(cpu: Vcpu, i: Insn, pops: bool): void {
  const linear = storeAddress(cpu, i, 2);
  const env = beginOperation(cpu);
  let value: u32 = 0x8000;
  if (hasValue(cpu, env)) value = <u32>f80ToI16(env, st(cpu, 0), false);
  storeValue<u16>(cpu, i, env, linear, <u64>value, pops);
}

export function storeInteger32(cpu: Vcpu, i: Insn, pops: bool): void {
  const linear = storeAddress(cpu, i, 4);
  const env = beginOperation(cpu);
  let value: u32 = 0x8000_0000;
  if (hasValue(cpu, env)) value = <u32>f80ToI32(env, st(cpu, 0), false);
  storeValue<u32>(cpu, i, env, linear, <u64>value, pops);
}

/** FISTP m64. */
export function storeInteger64(cpu: Vcpu, i: Insn): void {
  const linear = storeAddress(cpu, i, 8);
  const env = beginOperation(cpu);
  let value: u64 = 0x8000_0000_0000_0000;
  if (hasValue(cpu, env)) value = <u64>f80ToI64(env, st(cpu, 0), false);
  storeValue<u64>(cpu, i, env, linear, value, true);
}

/** Stores the 10 bytes at `from` and pops, unless an exception or a fault forbids. */
function store10(cpu: Vcpu, i: Insn, env: FpuEnv, linear: u64, from: usize): void {
  const allowed = f80StoreAllowed(env);
  if (allowed) store80(cpu, linear, from);
  if (faultPending(cpu)) return;
  finishStore(cpu, i, linear, allowed, true);
}

/** FSTP m80. */
export function storeExtended(cpu: Vcpu, i: Insn): void {
  const linear = storeAddress(cpu, i, 10);
  const env = beginOperation(cpu);
  let from = st(cpu, 0);
  if (!hasValue(cpu, env)) {
    from = operandBuffer(cpu, 0);
    storeIndefinite(from);
  }
  store10(cpu, i, env, linear, from);
}

/** FBSTP. */
export function storeBcd(cpu: Vcpu, i: Insn): void {
  const linear = storeAddress(cpu, i, 10);
  const env = beginOperation(cpu);
  const buffer = operandBuffer(cpu, 0);
  if (hasValue(cpu, env)) f80ToBcd(env, buffer, st(cpu, 0));
  else {
    store<u64>(buffer, 0xc000_0000_0000_0000);
    store<u16>(buffer, 0xffff, 8);
  }
  store10(cpu, i, env, linear, buffer);
}

// ---- registers ----

/** FLD ST(n). */
export function loadRegister(cpu: Vcpu, i: Insn): void {
  noteInstruction(cpu, i);
  const from = physical(cpu, i.modrm);
  const to = st(cpu, 7);
  if (isEmpty(cpu, from)) {
    // goes before an overflow
    if (!underflows(cpu)) return;
    storeIndefinite(to);
    push(cpu);
    return;
  }
  if (!hasRoom(cpu)) return;
  beginOperation(cpu);
  copyRegister(to, x87Address(cpu, from));
  finishLoad(cpu, 0);
}

/** FSTP1 (D9 D8-DF): like FSTP, but an empty register is popped without a fault or a copy. */
export function storeRegisterQuietly(cpu: Vcpu, i: Insn): void {
  if (!isEmpty(cpu, cpu.fpuTop)) {
    storeRegister(cpu, i, true);
    return;
  }
  noteInstruction(cpu, i);
  beginOperation(cpu);
  finishOperation(cpu);
  pop(cpu);
}

/** FST ST(n), FSTP ST(n). */
export function storeRegister(cpu: Vcpu, i: Insn, pops: bool): void {
  noteInstruction(cpu, i);
  const to = physical(cpu, i.modrm);
  beginOperation(cpu);
  if (isEmpty(cpu, cpu.fpuTop)) {
    if (!underflowsInto(cpu, to)) return;
  } else {
    copyRegister(x87Address(cpu, to), st(cpu, 0));
    markFull(cpu, to);
    finishOperation(cpu);
  }
  if (pops) pop(cpu);
}
