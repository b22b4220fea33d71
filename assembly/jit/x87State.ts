// The x87 registers within a block at translation (SDM vol. 1, 8.1): TOP moves by known steps from what it is at the block's
// start, so ST(n) is always a known slot, counted from the register that is ST(0) there.
//
// A slot's value is two nodes: significand (I64), and sign with exponent (I32). What an instruction writes stays in nodes until
// the next node that may leave the region (storeX87, from flush.ts); so FXCH is a change of names. TOP, the empty bits and
// the pointers to the last instruction are variables of the region.
import { MemoryMap } from "../shared/memoryMap";
import { SEGMENTS_OFFSET, Seg, Segment, Vcpu, X87_OFFSET } from "../cpu/state";
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

const NOT_NORMAL_SHIFT: u32 = ctz(NOT_NORMAL);
const SLOTS: usize = <usize>BUILD_STATE + 0x840;


@unmanaged
export class X87State {
  /** Whether the rest says anything. */
  known: bool;
  topMoved: bool;
  _pad: u16;
  /** TOP less its value at the block's start, modulo 8. */
  delta: u32;
  /** Nodes of TOP, and of the empty bits by slot, at the block's start. */
  top: u32;
  empties: u32;
  /** Slots known to be full, to be empty, and those of which the variable does not say it yet. */
  full: u32;
  empty: u32;
  changed: u32;
  /** Slots whose value is not in its register yet. */
  dirty: u32;
}

/** A slot: nodes of its value (0: not known), of its register's offset, and of its register's bit in fpuEmpty. */
@unmanaged
class Slot {
  significand: u32;
  exponent: u32;
  offset: u32;
  bit: u32;
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

// @ts-ignore: decorator
@inline
function slotAt(index: u32): Slot {
  return changetype<Slot>(SLOTS + ((<usize>index) << 4));
}

/** Slot of ST(n). */
// @ts-ignore: decorator
@inline
function slotOf(n: u32): u32 {
  return (x87State().delta + n) & 7;
}

/** Address of the field of the vCPU struct behind an x87 variable. */
export function x87VariableAddress(variable: u32): u32 {
  switch (variable) {
    case Var.X87_TOP:
      return MemoryMap.VCPU + <u32>offsetof<Vcpu>("fpuTop");
    case Var.X87_EMPTY:
      return MemoryMap.VCPU + <u32>offsetof<Vcpu>("fpuEmpty");
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

// ---- beginning and end ----

/** Nothing is known: a block begins, or the engine has executed something. */
// @ts-ignore: decorator
@inline
export function forgetX87(): void {
  x87State().known = false;
}

/** Starts from TOP as it is now. */
export function knowX87(b: BuildState): void {
  const s = x87State();
  memory.fill(changetype<usize>(s), 0, 0x100);
  s.known = true;
  s.top = getVariable(b, Var.X87_TOP);
  const twice = binary(b, Wasm.I32_MUL, getVariable(b, Var.X87_EMPTY), constant(b, 0x101));
  s.empties = binary(b, Wasm.I32_SHR_U, twice, s.top);
}

/** Brings memory and variables up to date. */
export function storeX87(b: BuildState): void {
  const s = x87State();
  if (!s.known) return;
  if (s.topMoved) storeTop(b);
  if (s.changed) storeEmpties(b);
  for (let left = s.dirty; left; left &= left - 1) storeSlot(b, <u32>ctz(left));
  s.dirty = 0;
}

function storeTop(b: BuildState): void {
  const s = x87State();
  s.topMoved = false;
  setVariable(b, Var.X87_TOP, physical(b, s.delta));
}

/** Number of the register that is slot `index`. */
function physical(b: BuildState, index: u32): u32 {
  return binary(b, Wasm.I32_AND, binary(b, Wasm.I32_ADD, x87State().top, constant(b, index)), constant(b, 7));
}

function storeEmpties(b: BuildState): void {
  const s = x87State();
  const filled = s.changed & s.full;
  const emptied = s.changed & s.empty;
  s.changed = 0;
  let empties = getVariable(b, Var.X87_EMPTY);
  if (emptied) empties = binary(b, Wasm.I32_OR, empties, registersOf(b, emptied));
  if (filled) {
    const bits = registersOf(b, filled);
    empties = binary(b, Wasm.I32_XOR, binary(b, Wasm.I32_OR, empties, bits), bits);
  }
  setVariable(b, Var.X87_EMPTY, empties);
}

/** The bits of registers for bits of slots. */
function registersOf(b: BuildState, slots: u32): u32 {
  let bits: u32 = 0;
  for (let left = slots; left; left &= left - 1) {
    const bit = bitOfSlot(b, <u32>ctz(left));
    bits = bits ? binary(b, Wasm.I32_OR, bits, bit) : bit;
  }
  return bits;
}

function bitOfSlot(b: BuildState, index: u32): u32 {
  const slot = slotAt(index);
  if (!slot.bit) slot.bit = binary(b, Wasm.I32_SHL, constant(b, 1), physical(b, index));
  return slot.bit;
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
  const top = binary(b, Wasm.I32_SHL, physical(b, x87State().delta), constant(b, TOP_SHIFT));
  const others = binary(b, Wasm.I32_AND, loadStatus(b), constant(b, ~C1));
  return binary(b, Wasm.I32_OR, binary(b, Wasm.I32_OR, others, raised), top);
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

const REGISTERS: u32 = MemoryMap.VCPU + <u32>X87_OFFSET;

/** Offset of a slot's register from the first. */
function offsetOfSlot(b: BuildState, index: u32): u32 {
  const slot = slotAt(index);
  if (!slot.offset) slot.offset = binary(b, Wasm.I32_SHL, physical(b, index), constant(b, 4));
  return slot.offset;
}

function storeSlot(b: BuildState, index: u32): void {
  const slot = slotAt(index);
  const offset = offsetOfSlot(b, index);
  storeAddress(b, offset, REGISTERS, as64(b, slot.significand), Wasm.I64_STORE);
  storeAddress(b, offset, REGISTERS + 8, slot.exponent, Wasm.I32_STORE16);
}

/** Significand of ST(n), which is not empty. */
export function significandOf(b: BuildState, n: u32): u32 {
  return knownSlot(b, n).significand;
}

/** Sign and exponent of ST(n), and NOT_NORMAL if it is so. */
export function exponentOf(b: BuildState, n: u32): u32 {
  return knownSlot(b, n).exponent;
}

/** The slot of ST(n), its value loaded. */
function knownSlot(b: BuildState, n: u32): Slot {
  const index = slotOf(n);
  const slot = slotAt(index);
  if (slot.significand) return slot;
  const offset = offsetOfSlot(b, index);
  slot.significand = loadAddress(b, offset, REGISTERS, Wasm.I64_LOAD);
  slot.exponent = flagNotNormal(b, slot.significand, loadAddress(b, offset, REGISTERS + 8, Wasm.I32_LOAD16_U));
  return slot;
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
  const slot = slotAt(index);
  slot.significand = significand;
  slot.exponent = exponent;
  x87State().dirty |= 1 << index;
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
  const found = binary(b, Wasm.I32_AND, s.empties, bits);
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
