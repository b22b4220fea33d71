// The x87 registers within a region at translation (SDM vol. 1, 8.1). TOP moves by known steps, so ST(n) is always a known slot:
// slots are registers counted from Var.X87_BASE, which is such that the block with entry e begins with TOP at slot
// RegionBlock.x87Delta. The edges of the region agree on that, or are cut (translate.ts passX87).
//
// A slot's value is two variables of the region: significand (I64), and sign with exponent (I32). So FXCH is a change of names, and
// nothing is stored before the region is left. TOP, the empty bits and the pointers to the last instruction are variables too.
import { MemoryMap } from "../shared/memoryMap";
import { SEGMENTS_OFFSET, Seg, Segment, Vcpu } from "../cpu/state";
import { Insn } from "../decode/insn";
import { TOP_SHIFT } from "../isa/x87/state";
import { C1, EXP_MAX } from "../softfloat/env";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { IrOp, Var, node } from "./ir";
import { BUILD_STATE } from "./layout";
import { as32, as64, binary, compare, constant, newNode } from "./values";
import { getVariable, setVariable } from "./variables";
import { C1_SHIFT, PE_SHIFT } from "./x87Emit";
import { NOT_NORMAL } from "./x87Helpers";

export const NOT_NORMAL_SHIFT: u32 = ctz(NOT_NORMAL);


@unmanaged
export class X87State {
  /** Whether the rest, `delta` excepted, says anything. */
  known: bool;
  topMoved: bool;
  _pad: u16;
  /** The slot that is ST(0). */
  delta: u32;
  /** Slots known to be full, to be empty, and those of which the variable does not say it yet. */
  full: u32;
  empty: u32;
  changed: u32;
}

// @ts-ignore: decorator
@inline
export function x87State(): X87State {
  return changetype<X87State>(<usize>BUILD_STATE + 0x800);
}

/** Node of the selector in segment register `seg` (0: not loaded in this block). */
// @ts-ignore: decorator
@inline
function selectorSlot(seg: u32): usize {
  return <usize>BUILD_STATE + 0x8c0 + ((<usize>seg) << 2);
}

/** Slot of ST(n). */
// @ts-ignore: decorator
@inline
function slotOf(n: u32): u32 {
  return (x87State().delta + n) & 7;
}

// ---- beginning and end ----

/** Nothing is known: a block begins, or the engine has executed something. */
// @ts-ignore: decorator
@inline
export function forgetX87(): void {
  x87State().known = false;
}

/** A block begins with TOP at slot `delta`. */
export function enterX87(delta: u32): void {
  forgetX87();
  x87State().delta = delta;
}

/** From here on something is known. */
export function knowX87(): void {
  const s = x87State();
  const delta = s.delta;
  memory.fill(changetype<usize>(s), 0, 0x100);
  s.known = true;
  s.delta = delta;
}

/** Brings the variables up to date. */
export function storeX87(b: BuildState): void {
  const s = x87State();
  if (!s.known) return;
  if (s.topMoved) {
    s.topMoved = false;
    setVariable(b, Var.X87_TOP, top(b));
  }
  if (!s.changed) return;
  const filled = constant(b, ~(s.changed & s.full) & 0xff);
  const emptied = constant(b, s.changed & s.empty);
  s.changed = 0;
  const others = binary(b, Wasm.I32_AND, getVariable(b, Var.X87_EMPTY), filled);
  setVariable(b, Var.X87_EMPTY, binary(b, Wasm.I32_OR, others, emptied));
}

/** Number of the register that is ST(0). */
function top(b: BuildState): u32 {
  const base = getVariable(b, Var.X87_BASE);
  return binary(b, Wasm.I32_AND, binary(b, Wasm.I32_ADD, base, constant(b, x87State().delta)), constant(b, 7));
}

// ---- the vCPU struct ----

function loadAddress(b: BuildState, base: u32, at: u32, code: u32): u32 {
  const id = newNode(b, IrOp.LOAD, code == Wasm.I64_LOAD ? ValueType.I64 : ValueType.I32, base, 0, 0, <i64>at);
  const n = node(id);
  n.code = code;
  n.size = code == Wasm.I64_LOAD ? 64 : code == Wasm.I32_LOAD16_U ? 16 : 32;
  return id;
}

function storeAddress(b: BuildState, base: u32, at: u32, value: u32, code: u32): void {
  node(newNode(b, IrOp.STORE, ValueType.EMPTY, base, value, 0, <i64>at)).code = code;
}

/** A doubleword of the vCPU struct. */
export function loadVcpu(b: BuildState, offset: usize): u32 {
  return loadAddress(b, constant(b, 0), MemoryMap.VCPU + <u32>offset, Wasm.I32_LOAD);
}

export function storeVcpu(b: BuildState, offset: usize, value: u32): void {
  storeAddress(b, constant(b, 0), MemoryMap.VCPU + <u32>offset, value, Wasm.I32_STORE);
}

export function loadStatus(b: BuildState): u32 {
  return loadVcpu(b, offsetof<Vcpu>("fpuStatus"));
}

export function setStatus(b: BuildState, value: u32): void {
  storeVcpu(b, offsetof<Vcpu>("fpuStatus"), value);
}

/** The status word, TOP included. */
export function statusWord(b: BuildState): u32 {
  const up = binary(b, Wasm.I32_SHL, as32(b, getVariable(b, Var.X87_UP)), constant(b, C1_SHIFT));
  const inexact = compare(b, Wasm.I32_NE, getVariable(b, Var.X87_INEXACT), constant(b, 0));
  const raised = binary(b, Wasm.I32_OR, up, binary(b, Wasm.I32_SHL, inexact, constant(b, PE_SHIFT)));
  const place = binary(b, Wasm.I32_SHL, top(b), constant(b, TOP_SHIFT));
  const others = binary(b, Wasm.I32_AND, loadStatus(b), constant(b, ~C1));
  return binary(b, Wasm.I32_OR, binary(b, Wasm.I32_OR, others, raised), place);
}

/** C1 is 0. */
export function clearC1(b: BuildState): void {
  setVariable(b, Var.X87_UP, as64(b, constant(b, 0)));
}

/** C1 is as a helper has left it in the status word. */
export function takeC1(b: BuildState): void {
  const bit = binary(b, Wasm.I32_SHR_U, loadStatus(b), constant(b, C1_SHIFT));
  setVariable(b, Var.X87_UP, as64(b, binary(b, Wasm.I32_AND, bit, constant(b, 1))));
}

/** What an operation has rounded off (an I64), and 1 if it was rounded up. */
export function setRounded(b: BuildState, rest: u32, up: u32): void {
  setVariable(b, Var.X87_UP, up);
  setVariable(b, Var.X87_INEXACT, binary(b, Wasm.I64_OR, getVariable(b, Var.X87_INEXACT), rest));
}

// ---- registers ----

/** Significand of ST(n), which is not empty. */
export function significandOf(b: BuildState, n: u32): u32 {
  return getVariable(b, Var.X87_SIGNIFICAND + slotOf(n));
}

/** Sign and exponent of ST(n), and NOT_NORMAL if it is so. */
export function exponentOf(b: BuildState, n: u32): u32 {
  return getVariable(b, Var.X87_EXPONENT + slotOf(n));
}

/** An exponent with its sign, and NOT_NORMAL if the number is not normal. */
export function flagNotNormal(b: BuildState, significand: u32, exponent: u32): u32 {
  const biased = binary(b, Wasm.I32_AND, exponent, constant(b, EXP_MAX));
  const special = compare(b, Wasm.I32_GE_U, binary(b, Wasm.I32_SUB, biased, constant(b, 1)), constant(b, EXP_MAX - 1));
  const noInteger = binary(b, Wasm.I64_GE_S, significand, constant(b, 0));
  const flag = binary(b, Wasm.I32_SHL, binary(b, Wasm.I32_OR, special, noInteger), constant(b, NOT_NORMAL_SHIFT));
  return binary(b, Wasm.I32_OR, exponent, flag);
}

/** ST(n) gets a value. It need not have been full. */
export function setRegister(b: BuildState, n: u32, significand: u32, exponent: u32): void {
  const index = slotOf(n);
  setVariable(b, Var.X87_SIGNIFICAND + index, significand);
  setVariable(b, Var.X87_EXPONENT + index, exponent);
  if (!(x87State().full & (1 << index))) markSlot(index, false);
}

function markSlot(index: u32, empty: bool): void {
  const s = x87State();
  const bit = 1 << index;
  s.full = empty ? s.full & ~bit : s.full | bit;
  s.empty = empty ? s.empty | bit : s.empty & ~bit;
  s.changed |= bit;
}

export function popX87(): void {
  markEmpty(0);
  rotateX87(1);
}

/** FFREE: the value stays. */
export function markEmpty(n: u32): void {
  markSlot(slotOf(n), true);
}

/** TOP moves by `step`. */
export function rotateX87(step: u32): void {
  const s = x87State();
  s.delta = (s.delta + step) & 7;
  s.topMoved = true;
}

/** The new ST(0). */
export function pushX87(b: BuildState, significand: u32, exponent: u32): void {
  rotateX87(7);
  setRegister(b, 0, significand, exponent);
}

/**
 * Node that is not 0 if a register of `registers` (a bit for each ST(n)) is empty, or full if `full`; 0 when it is known that
 * none is. They are known not to be from here on.
 */
export function unlessTags(b: BuildState, registers: u32, full: bool): u32 {
  const s = x87State();
  const slots = ((registers << s.delta) | ((registers << s.delta) >> 8)) & 0xff;
  const unsure = slots & ~(full ? s.empty : s.full);
  if (!unsure) return 0;
  // The block itself has made it so.
  if (unsure & (full ? s.full : s.empty)) return constant(b, 1);
  if (full) s.empty |= unsure;
  else s.full |= unsure;
  const bits = constant(b, unsure);
  const found = binary(b, Wasm.I32_AND, getVariable(b, Var.X87_EMPTY), bits);
  return full ? binary(b, Wasm.I32_XOR, found, bits) : found;
}

// ---- the last instruction ----

function selectorOf(b: BuildState, seg: u32): u32 {
  const slot = selectorSlot(seg);
  let id = load<u32>(slot);
  if (!id) {
    id = loadVcpu(b, SEGMENTS_OFFSET + ((<usize>seg) << 5) + offsetof<Segment>("selector"));
    store<u32>(slot, id);
  }
  return id;
}

/** The pointers after an instruction without a memory operand (isa/x87/state.ts noteInstruction). */
export function noteInstruction(b: BuildState, i: Insn): void {
  setVariable(b, Var.X87_IP, constant(b, i.rip));
  setVariable(b, Var.X87_CS, selectorOf(b, Seg.CS));
  setVariable(b, Var.X87_OPCODE, constant(b, (((<u32>i.opcode) & 7) << 8) | i.modrm));
}

/** With a memory operand, at offset `offset`. */
export function noteOperand(b: BuildState, i: Insn, offset: u32): void {
  noteInstruction(b, i);
  setVariable(b, Var.X87_DP, as64(b, offset));
  setVariable(b, Var.X87_DS, selectorOf(b, i.segment));
}
