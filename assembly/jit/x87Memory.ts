// x87 instructions with a memory operand at translation. A store: first the probe, which may leave the region, then all changes.
import { Vcpu } from "../cpu/state";
import { Insn } from "../decode/insn";
import { Wasm } from "../wasm/opcodes";
import { Build } from "./build";
import { bailIf, linearOf, loadAt, loadHost, offsetOf, probe, storeHost } from "./memoryNodes";
import { binary, constant, extendSign } from "./values";
import {
  arithmetic,
  compareTop,
  integerOfTop,
  narrowTop,
  pushOperand,
  setConditions,
  splitTop,
  takeExtended,
  takeInteger,
  takeWidened,
} from "./x87Arith";
import { X87Op } from "./x87Lower";
import { beginX87, noteMode, requireFull, requireRoom, unmaskedIn } from "./x87Ready";
import { clearC1, exponentOf, loadVcpu, noteOperand, popX87, significandOf, statusWord, storeVcpu } from "./x87State";

/** Bits of the control word that can be written; bit 6 is always set. */
const CONTROL_MASK: u32 = 0x1f3f;

const EXTENDED_SIZE: u32 = 10;

/** `row`: (opcode & 7) * 8 + ModRM.reg. False: nothing has been done. */
export function buildX87Memory(b: Build, i: Insn, row: u32): bool {
  const reg = row & 7;
  switch (row >> 3) {
    case 0:
      operate(b, i, reg, Operand.SINGLE);
      return true;
    case 1:
      return memoryD9(b, i, reg);
    case 2:
      operate(b, i, reg, Operand.INTEGER_32);
      return true;
    case 3:
      return memoryDb(b, i, reg);
    case 4:
      operate(b, i, reg, Operand.DOUBLE);
      return true;
    case 5:
      return memoryDd(b, i, reg);
    case 6:
      operate(b, i, reg, Operand.INTEGER_16);
      return true;
    default:
      return memoryDf(b, i, reg);
  }
}

const enum Operand {
  SINGLE,
  DOUBLE,
  INTEGER_16,
  INTEGER_32,
  INTEGER_64,
}

function sizeOf(kind: u32): u32 {
  return kind == Operand.INTEGER_16 ? 2 : kind == Operand.DOUBLE || kind == Operand.INTEGER_64 ? 8 : 4;
}

function memoryD9(b: Build, i: Insn, reg: u32): bool {
  switch (reg) {
    case 0:
      pushMemory(b, i, Operand.SINGLE);
      return true;
    case 2:
    case 3:
      storeFloat(b, i, Operand.SINGLE, reg == 3);
      return true;
    case 5:
      loadControl(b, i);
      return true;
    case 7:
      beginX87(b);
      storeWord(b, i, loadVcpu(b, offsetof<Vcpu>("fpuControl")));
      return true;
    default:
      return false;
  }
}

function memoryDb(b: Build, i: Insn, reg: u32): bool {
  if (reg == 5) pushExtended(b, i);
  else if (reg == 7) storeExtended(b, i);
  else return memoryInteger(b, i, reg, Operand.INTEGER_32);
  return true;
}

/** DB, and DF of 16 bits. */
function memoryInteger(b: Build, i: Insn, reg: u32, kind: u32): bool {
  if (reg == 0) pushMemory(b, i, kind);
  else if (reg == 2 || reg == 3) storeInteger(b, i, kind, reg == 3);
  else return false;
  return true;
}

function memoryDd(b: Build, i: Insn, reg: u32): bool {
  switch (reg) {
    case 0:
      pushMemory(b, i, Operand.DOUBLE);
      return true;
    case 2:
    case 3:
      storeFloat(b, i, Operand.DOUBLE, reg == 3);
      return true;
    case 7:
      beginX87(b);
      storeWord(b, i, statusWord(b));
      return true;
    default:
      return false;
  }
}

function memoryDf(b: Build, i: Insn, reg: u32): bool {
  if (reg == 5) pushMemory(b, i, Operand.INTEGER_64);
  else if (reg == 7) storeInteger(b, i, Operand.INTEGER_64, true);
  else return memoryInteger(b, i, reg, Operand.INTEGER_16);
  return true;
}

// ---- loads ----

/** Loads the operand's bits; the last that may leave the region. */
function loadOperand(b: Build, i: Insn, kind: u32): u32 {
  const size = sizeOf(kind);
  return loadAt(b, linearOf(b, i, constant(b, 0), size, false), size);
}

/** Makes the loaded bits the operand beside ST(0); FLD raises what a conversion does, arithmetic does not. */
function takeMemory(b: Build, bits: u32, kind: u32, loads: bool): void {
  if (kind == Operand.SINGLE) takeWidened(b, bits, loads ? X87Op.LOAD_SINGLE : X87Op.SINGLE);
  else if (kind == Operand.DOUBLE) takeWidened(b, bits, loads ? X87Op.LOAD_DOUBLE : X87Op.DOUBLE);
  else takeInteger(b, kind == Operand.INTEGER_64 ? bits : extendSign(b, bits, sizeOf(kind) << 3, 64));
}

function note(b: Build, i: Insn): void {
  noteOperand(b, i, offsetOf(b, i, constant(b, 0)));
}

/** FLD, FILD. */
function pushMemory(b: Build, i: Insn, kind: u32): void {
  beginX87(b);
  requireRoom(b);
  takeMemory(b, loadOperand(b, i, kind), kind, true);
  note(b, i);
  pushOperand(b);
  clearC1(b);
}

/** FLD m80: any bits, as they are. */
function pushExtended(b: Build, i: Insn): void {
  beginX87(b);
  requireRoom(b);
  const host = probe(b, linearOf(b, i, constant(b, 0), EXTENDED_SIZE, false), EXTENDED_SIZE, false);
  takeExtended(b, loadHost(b, host, 8), loadHost(b, binary(b, Wasm.I32_ADD, host, constant(b, 8)), 2));
  note(b, i);
  pushOperand(b);
  clearC1(b);
}

/** FADD and so on, FCOM, FCOMP, and their integer forms. */
function operate(b: Build, i: Insn, reg: u32, kind: u32): void {
  beginX87(b);
  requireFull(b, 1);
  takeMemory(b, loadOperand(b, i, kind), kind, false);
  note(b, i);
  if ((reg & 6) != 2) {
    arithmetic(b, reg, 0);
    return;
  }
  setConditions(b, compareTop(b, false));
  if (reg == 3) popX87();
}

// ---- stores ----

function storeFloat(b: Build, i: Insn, kind: u32, pops: bool): void {
  beginX87(b);
  requireFull(b, 1);
  const size = sizeOf(kind);
  const host = probe(b, linearOf(b, i, constant(b, 0), size, true), size, true);
  storeHost(b, host, narrowTop(b, kind == Operand.DOUBLE ? X87Op.STORE_DOUBLE : X87Op.STORE_SINGLE), size);
  note(b, i);
  if (pops) popX87();
}

/** FIST, FISTP. */
function storeInteger(b: Build, i: Insn, kind: u32, pops: bool): void {
  beginX87(b);
  requireFull(b, 1);
  const size = sizeOf(kind);
  const host = probe(b, linearOf(b, i, constant(b, 0), size, true), size, true);
  storeHost(b, host, integerOfTop(b, size << 3), size);
  note(b, i);
  if (pops) popX87();
}

/** FSTP m80. */
function storeExtended(b: Build, i: Insn): void {
  beginX87(b);
  requireFull(b, 1);
  const host = probe(b, linearOf(b, i, constant(b, 0), EXTENDED_SIZE, true), EXTENDED_SIZE, true);
  splitTop(b);
  storeHost(b, host, significandOf(b, 0), 8);
  storeHost(b, binary(b, Wasm.I32_ADD, host, constant(b, 8)), exponentOf(b, 0), 2);
  note(b, i);
  clearC1(b);
  popX87();
}

function storeWord(b: Build, i: Insn, value: u32): void {
  storeHost(b, probe(b, linearOf(b, i, constant(b, 0), 2, true), 2, true), value, 2);
}

/** FLDCW, unless it unmasks something. The summary bits stay 0. */
function loadControl(b: Build, i: Insn): void {
  beginX87(b);
  const value = loadAt(b, linearOf(b, i, constant(b, 0), 2, false), 2);
  bailIf(b, unmaskedIn(b, value));
  const written = binary(b, Wasm.I32_AND, value, constant(b, CONTROL_MASK));
  storeVcpu(b, offsetof<Vcpu>("fpuControl"), binary(b, Wasm.I32_OR, written, constant(b, 0x40)));
  noteMode(b, written);
}
