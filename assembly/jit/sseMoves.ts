// Moves between XMM registers, general registers and memory, as isa/sse/move.ts. Elements keep their bits on the way through
// F32 and F64 nodes: nothing is calculated with them.
import { Insn } from "../decode/insn";
import { Form } from "../decode/op";
import { SseOp } from "../decode/sseOp";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { loadAt, loadHost, linearOf } from "./memoryNodes";
import {
  hostOf,
  loadAs,
  loadLow,
  readLow,
  requireSse,
  sourceLow,
  storeLow,
  storeVector,
  vectorHost,
  writeLow,
  xmm,
} from "./sseOperands";
import { Test } from "./sseTests";
import { as32, as64, constant, unary } from "./values";
import { getVariable, readRegister, setVariable, writeRegister } from "./variables";
import { extractLane, replaceLane, vectorConstant } from "./vectorNodes";

/** Translates a move; false: not one that is translated. */
export function buildMove(b: BuildState, i: Insn, op: u32): bool {
  if (!isVectorMove(i, op)) return false;
  requireSse(b);
  switch (op) {
    case SseOp.MOVA:
      moveVector(b, i, true);
      break;
    case SseOp.MOVU:
      moveVector(b, i, false);
      break;
    case SseOp.MOVSS:
      moveScalar(b, i, 32);
      break;
    case SseOp.MOVSD:
      moveScalar(b, i, 64);
      break;
    case SseOp.MOVLP:
      if (i.form == Form.MR) storeLow(b, i, 64, readLow(b, xmm(i.src), 64));
      else writeLow(b, xmm(i.dst), 64, loadLow(b, i, 64), Test.NONE, 0);
      break;
    case SseOp.MOVHP:
      if (i.form == Form.MR) storeLow(b, i, 64, extractLane(b, Wasm.F64X2_EXTRACT_LANE, getVariable(b, xmm(i.src)), 1));
      else writeHigh(b, xmm(i.dst), loadLow(b, i, 64));
      break;
    case SseOp.MOVHLPS: {
      const high = extractLane(b, Wasm.F64X2_EXTRACT_LANE, getVariable(b, xmm(i.src)), 1);
      writeLow(b, xmm(i.dst), 64, high, Test.NONE, 0);
      break;
    }
    case SseOp.MOVLHPS:
      writeHigh(b, xmm(i.dst), readLow(b, xmm(i.src), 64));
      break;
    case SseOp.MOVQ:
      moveQuadword(b, i);
      break;
    case SseOp.MOVD:
      moveFromGeneral(b, i);
      break;
    case SseOp.MOVD_STORE:
      moveToGeneral(b, i);
      break;
    case SseOp.PINSRW:
      insertWord(b, i);
      break;
    case SseOp.PEXTRW: {
      const word = extractLane(b, Wasm.I16X8_EXTRACT_LANE_U, getVariable(b, xmm(i.src)), (<u32>i.imm) & 7);
      writeRegister(b, i.dst, 32, word);
      break;
    }
    default:
      moveMask(b, i, op);
  }
  return true;
}

/** Those of MMX registers, and MASKMOVDQU, are the engine's. */
function isVectorMove(i: Insn, op: u32): bool {
  if (op <= <u32>SseOp.MOVQ || op == SseOp.MOVD || op == SseOp.MOVD_STORE) return true;
  if (op < <u32>SseOp.PMOVMSKB || op == SseOp.MASKMOV) return false;
  return i.size != 3;
}

function moveVector(b: BuildState, i: Insn, aligned: bool): void {
  if (i.form == Form.MR) storeVector(b, i, aligned, getVariable(b, xmm(i.src)));
  else if (i.form == Form.RR) setVariable(b, xmm(i.dst), getVariable(b, xmm(i.src)));
  else setVariable(b, xmm(i.dst), loadHost(b, vectorHost(b, i, aligned, false), 16));
}

/** A load clears the rest of the register, a move between registers keeps it. */
function moveScalar(b: BuildState, i: Insn, bits: u32): void {
  if (i.form == Form.MR) storeLow(b, i, bits, readLow(b, xmm(i.src), bits));
  else if (i.form == Form.RR) writeLow(b, xmm(i.dst), bits, readLow(b, xmm(i.src), bits), Test.NONE, 0);
  else setVariable(b, xmm(i.dst), loadClearing(b, i, bits));
}

/** 4 or 8 bytes of memory with zeros above. */
function loadClearing(b: BuildState, i: Insn, bits: u32): u32 {
  const host = hostOf(b, i, bits >> 3, false);
  return loadAs(b, host, bits == 64 ? Wasm.V128_LOAD64_ZERO : Wasm.V128_LOAD32_ZERO, ValueType.V128);
}

function writeHigh(b: BuildState, variable: u32, value: u32): void {
  setVariable(b, variable, replaceLane(b, Wasm.F64X2_REPLACE_LANE, getVariable(b, variable), 1, value));
}

/** MOVQ clears the upper half of a register it writes. */
function moveQuadword(b: BuildState, i: Insn): void {
  if (i.form == Form.MR) storeLow(b, i, 64, readLow(b, xmm(i.src), 64));
  else if (i.form == Form.RM) setVariable(b, xmm(i.dst), loadClearing(b, i, 64));
  else {
    const low = sourceLow(b, i, 64);
    setVariable(b, xmm(i.dst), replaceLane(b, Wasm.F64X2_REPLACE_LANE, vectorConstant(b, 0), 0, low));
  }
}

function moveFromGeneral(b: BuildState, i: Insn): void {
  const isWide = i.size == 3;
  if (i.form == Form.RM) {
    setVariable(b, xmm(i.dst), loadClearing(b, i, isWide ? 64 : 32));
    return;
  }
  const value = readRegister(b, i.src, isWide ? 64 : 32);
  const code: u32 = isWide ? Wasm.I64X2_REPLACE_LANE : Wasm.I32X4_REPLACE_LANE;
  setVariable(b, xmm(i.dst), replaceLane(b, code, vectorConstant(b, 0), 0, isWide ? as64(b, value) : as32(b, value)));
}

function moveToGeneral(b: BuildState, i: Insn): void {
  const isWide = i.size == 3;
  const low = readLow(b, xmm(i.src), isWide ? 64 : 32);
  if (i.form == Form.MR) storeLow(b, i, isWide ? 64 : 32, low);
  else if (isWide) writeRegister(b, i.dst, 64, unary(b, Wasm.I64_REINTERPRET_F64, ValueType.I64, low));
  else writeRegister(b, i.dst, 32, unary(b, Wasm.I32_REINTERPRET_F32, ValueType.I32, low));
}

/** Sign bits of the elements. */
function moveMask(b: BuildState, i: Insn, op: u32): void {
  const code: u32 =
    op == SseOp.PMOVMSKB ? Wasm.I8X16_BITMASK : op == SseOp.MOVMSKPS ? Wasm.I32X4_BITMASK : Wasm.I64X2_BITMASK;
  writeRegister(b, i.dst, 32, unary(b, code, ValueType.I32, getVariable(b, xmm(i.src))));
}

function insertWord(b: BuildState, i: Insn): void {
  const value = i.form == Form.RR ? readRegister(b, i.src, 32) : loadAt(b, linearOf(b, i, constant(b, 0), 2, false), 2);
  const old = getVariable(b, xmm(i.dst));
  setVariable(b, xmm(i.dst), replaceLane(b, Wasm.I16X8_REPLACE_LANE, old, (<u32>i.imm) & 7, as32(b, value)));
}
