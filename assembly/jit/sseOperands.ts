// XMM registers and the operands of SSE instructions at translation, and what must hold before one runs.
//
// An XMM register is a variable of type V128. Its slot (variableSlot) also remembers its lowest element as an F32 or F64
// node, so that scalar code stays in scalars, and what is known of it:
//
//   +4  node of the low element, or of the vector itself
//   +8  which: Known; Test << 8
//   +12 the node that says so (sseTests.ts); 0: always
import { MemoryMap } from "../shared/memoryMap";
import { Cr0, Cr4 } from "../cpu/registerBits";
import { Vcpu, XMM_OFFSET } from "../cpu/state";
import { Insn } from "../decode/insn";
import { Form } from "../decode/op";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState, variableSlot } from "./buildState";
import { IrOp, Var, node } from "./ir";
import { bailIf, linearOf, loadField, loadHost, probe, storeHost } from "./memoryNodes";
import { as32, binary, compare, constant, newNode } from "./values";
import { getVariable, setVariable } from "./variables";
import { extractLane, replaceLane } from "./vectorNodes";

/** MXCSR: rounding control, the six masks, PE. */
export const ROUNDING: u32 = 0x6000;
const MASKS: u32 = 0x1f80;
const PE: u32 = 0x20;

/** What slot +4 holds: the bits of a low element, or a vector of such elements. */
export const enum Known {
  F32 = 32,
  F64 = 64,
  F32X4 = 128,
  F64X2 = 129,
}

function loadVcpu(b: BuildState, offset: usize): u32 {
  return loadField(b, MemoryMap.VCPU + <u32>offset, Wasm.I32_LOAD);
}

/** Once in a block: leaves the region where the instruction raises #UD or #NM (SDM vol. 3A 13.1.4). */
export function requireSse(b: BuildState): void {
  if (b.sseChecked) return;
  const cr0 = loadVcpu(b, offsetof<Vcpu>("cr0"));
  const cr4 = loadVcpu(b, offsetof<Vcpu>("cr4"));
  const disabled = binary(b, Wasm.I32_AND, cr0, constant(b, Cr0.EM | Cr0.TS));
  const osfxsr = constant(b, Cr4.OSFXSR);
  const absent = binary(b, Wasm.I32_XOR, binary(b, Wasm.I32_AND, cr4, osfxsr), osfxsr);
  bailIf(b, binary(b, Wasm.I32_OR, disabled, absent));
  b.sseChecked = true;
  b.floatMode = 0;
}

/**
 * Once in a block: leaves the region where a floating-point exception is not masked. Finds whether wasm's operators round
 * as MXCSR wants and PE, which nobody looks for, is set already: floatMode is negative if not.
 */
export function requireFloat(b: BuildState): void {
  requireSse(b);
  if (b.floatMode) return;
  const mxcsr = loadVcpu(b, offsetof<Vcpu>("mxcsr"));
  const masks = constant(b, MASKS);
  bailIf(b, compare(b, Wasm.I32_NE, binary(b, Wasm.I32_AND, mxcsr, masks), masks));
  const mode = binary(b, Wasm.I32_AND, mxcsr, constant(b, ROUNDING | PE));
  b.floatMode = binary(b, Wasm.I32_SUB, constant(b, 0), binary(b, Wasm.I32_XOR, mode, constant(b, PE)));
}

/** Not 0 where floatMode is negative; under ROUNDING, unless the rounding is to nearest. */
export function unusualMode(b: BuildState): u32 {
  // floatMode is 0 minus that.
  return node(b.floatMode).b;
}

// ---- registers ----

/** The variable of the XMM register at `address`. */
// @ts-ignore: decorator
@inline
export function xmm(address: u32): u32 {
  return Var.XMM + ((address - MemoryMap.VCPU - <u32>XMM_OFFSET) >> 4);
}

/** The low element of XMM variable `variable`: an F32 or F64 node. */
export function readLow(b: BuildState, variable: u32, bits: u32): u32 {
  const vector = getVariable(b, variable);
  const slot = variableSlot(variable);
  if (load<u32>(slot, 4) && (load<u32>(slot, 8) & 0xff) == bits) return load<u32>(slot, 4);
  const low = extractLane(b, bits == 64 ? Wasm.F64X2_EXTRACT_LANE : Wasm.F32X4_EXTRACT_LANE, vector, 0);
  store<u32>(slot, low, 4);
  store<u32>(slot, bits, 8);
  return low;
}

/** Replaces the low element; `test` of kind `level` holds for it (see sseTests.ts). */
export function writeLow(b: BuildState, variable: u32, bits: u32, value: u32, level: u32, test: u32): void {
  const code: u32 = bits == 64 ? Wasm.F64X2_REPLACE_LANE : Wasm.F32X4_REPLACE_LANE;
  const old = node(getVariable(b, variable));
  // A low element that is replaced in turn need not be put in first.
  const isReplaced = old.op == IrOp.LANE && old.imm == 0 && (old.code == code || old.code == Wasm.F32X4_REPLACE_LANE);
  setVariable(b, variable, replaceLane(b, code, isReplaced ? old.a : getVariable(b, variable), 0, value));
  note(variable, value, bits, level, test);
}

/** Remembers of `variable` that the node `value` is its `known`, and what `test` says of it. */
export function note(variable: u32, value: u32, known: u32, level: u32, test: u32): void {
  const slot = variableSlot(variable);
  store<u32>(slot, value, 4);
  store<u32>(slot, known | (level << 8), 8);
  store<u32>(slot, test, 12);
}

// ---- memory ----

/** The host address of the memory operand's `size` bytes. */
export function hostOf(b: BuildState, i: Insn, size: u32, write: bool): u32 {
  return probe(b, linearOf(b, i, constant(b, 0), size, write), size, write);
}

/** Of 16 bytes; leaves the region for #GP(0) if they have to be aligned and are not. */
export function vectorHost(b: BuildState, i: Insn, aligned: bool, write: bool): u32 {
  const linear = linearOf(b, i, constant(b, 0), 16, write);
  if (aligned) bailIf(b, binary(b, Wasm.I32_AND, as32(b, linear), constant(b, 15)));
  return probe(b, linear, 16, write);
}

/** A load by instruction `code`, from `host`. */
export function loadAs(b: BuildState, host: u32, code: u32, type: u32): u32 {
  const id = newNode(b, IrOp.LOAD, type, host, 0, 0, 0);
  node(id).code = code;
  return id;
}

export function storeAs(b: BuildState, host: u32, code: u32, value: u32): void {
  node(newNode(b, IrOp.STORE, ValueType.EMPTY, host, value, 0, 0)).code = code;
}

/** src: an XMM register or 16 aligned bytes. */
export function sourceVector(b: BuildState, i: Insn): u32 {
  if (i.form == Form.RR) return getVariable(b, xmm(i.src));
  return loadHost(b, vectorHost(b, i, true, false), 16);
}

/** src: the low 64 bits of a register, or 8 bytes of memory; the rest of the vector counts for nothing. */
export function sourceHalf(b: BuildState, i: Insn): u32 {
  if (i.form == Form.RR) return getVariable(b, xmm(i.src));
  return loadAs(b, hostOf(b, i, 8, false), Wasm.V128_LOAD64_ZERO, ValueType.V128);
}

/** src as an F32 or F64 node. */
export function sourceLow(b: BuildState, i: Insn, bits: u32): u32 {
  if (i.form == Form.RR) return readLow(b, xmm(i.src), bits);
  return loadLow(b, i, bits);
}

export function loadLow(b: BuildState, i: Insn, bits: u32): u32 {
  if (bits == 64) return loadAs(b, hostOf(b, i, 8, false), Wasm.F64_LOAD, ValueType.F64);
  return loadAs(b, hostOf(b, i, 4, false), Wasm.F32_LOAD, ValueType.F32);
}

/** Stores an F32 or F64 node. */
export function storeLow(b: BuildState, i: Insn, bits: u32, value: u32): void {
  if (bits == 64) storeAs(b, hostOf(b, i, 8, true), Wasm.F64_STORE, value);
  else storeAs(b, hostOf(b, i, 4, true), Wasm.F32_STORE, value);
}

export function storeVector(b: BuildState, i: Insn, aligned: bool, value: u32): void {
  storeHost(b, vectorHost(b, i, aligned, true), value, 16);
}

/** The variable of src, or 0 if that is memory. */
// @ts-ignore: decorator
@inline
export function sourceVariable(i: Insn): u32 {
  return i.form == Form.RR ? xmm(i.src) : 0;
}
