// Moves between XMM, MMX and general registers and memory (SDM vol. 1 10.4.1, 11.4.1, 9.4.2).
// Non-temporal hints are ignored.
import { Vcpu } from "../../cpu/state";
import { Insn } from "../../decode/insn";
import { Form } from "../../decode/op";
import { SseOp } from "../../decode/sseOp";
import { linearLoad, linearStore } from "../../mmu/access";
import { faultPending } from "../../mmu/fill";
import { checkWrite } from "../../mmu/slow";
import { fromLow64, linearLoad128, linearOffset, linearStore128, memoryOperand, source32, source64 } from "./operand";
import { enterMmx, isMmxReady, isSseReady, isVectorReady, requireAligned, writeMmx } from "./ready";

export function executeMove(cpu: Vcpu, i: Insn, op: u32): void {
  switch (op) {
    case SseOp.MOVA:
      if (isSseReady(cpu)) moveVector(cpu, i, true);
      return;
    case SseOp.MOVU:
      if (isSseReady(cpu)) moveVector(cpu, i, false);
      return;
    case SseOp.MOVSS:
      if (isSseReady(cpu)) moveSingle(cpu, i);
      return;
    case SseOp.MOVSD:
      if (isSseReady(cpu)) moveDouble(cpu, i);
      return;
    case SseOp.MOVLP:
      if (isSseReady(cpu)) moveHalf(cpu, i, 0);
      return;
    case SseOp.MOVHP:
      if (isSseReady(cpu)) moveHalf(cpu, i, 8);
      return;
    case SseOp.MOVHLPS:
      if (isSseReady(cpu)) store<u64>(<usize>i.dst, load<u64>(<usize>i.src, 8));
      return;
    case SseOp.MOVLHPS:
      if (isSseReady(cpu)) store<u64>(<usize>i.dst, load<u64>(<usize>i.src), 8);
      return;
    case SseOp.MOVQ:
      if (isSseReady(cpu)) moveQuadword(cpu, i);
      return;
    case SseOp.MOVQ_MMX:
      if (isMmxReady(cpu)) moveMmx(cpu, i);
      return;
    case SseOp.MOVD:
      if (isSseReady(cpu)) moveFromGeneral(cpu, i, false);
      return;
    case SseOp.MOVD_STORE:
      if (isSseReady(cpu)) moveToGeneral(cpu, i, false);
      return;
    case SseOp.MOVD_MMX:
      if (isMmxReady(cpu)) moveFromGeneral(cpu, i, true);
      return;
    case SseOp.MOVD_MMX_STORE:
      if (isMmxReady(cpu)) moveToGeneral(cpu, i, true);
      return;
    case SseOp.MOVQ2DQ:
      if (!isBothReady(cpu)) return;
      enterMmx(cpu);
      v128.store(<usize>i.dst, fromLow64(load<u64>(<usize>i.src)));
      return;
    case SseOp.MOVDQ2Q:
      if (!isBothReady(cpu)) return;
      enterMmx(cpu);
      writeMmx(i.dst, load<u64>(<usize>i.src));
      return;
    case SseOp.PMOVMSKB:
    case SseOp.MOVMSKPS:
    case SseOp.MOVMSKPD:
      moveMask(cpu, i, op);
      return;
    case SseOp.PINSRW:
      insertWord(cpu, i);
      return;
    case SseOp.PEXTRW:
      extractWord(cpu, i);
      return;
    default:
      moveMasked(cpu, i);
  }
}

/** Instructions on an XMM and an MMX register. */
// @ts-ignore: decorator
@inline
function isBothReady(cpu: Vcpu): bool {
  return isSseReady(cpu) && isMmxReady(cpu);
}

// @ts-ignore: decorator
@inline
function moveVector(cpu: Vcpu, i: Insn, aligned: bool): void {
  if (i.form == Form.RR) {
    v128.store(<usize>i.dst, v128.load(<usize>i.src));
    return;
  }
  const isStore = i.form == Form.MR;
  const linear = memoryOperand(cpu, i, 16, isStore);
  if (aligned && !requireAligned(cpu, linear, 16)) return;
  if (isStore) {
    linearStore128(cpu, linear, v128.load(<usize>i.src));
    return;
  }
  const value = linearLoad128(cpu, linear);
  if (!faultPending(cpu)) v128.store(<usize>i.dst, value);
}

/** A load clears the rest of the register, a move between registers keeps it. */
function moveSingle(cpu: Vcpu, i: Insn): void {
  if (i.form == Form.RR) store<u32>(<usize>i.dst, load<u32>(<usize>i.src));
  else if (i.form == Form.MR) linearStore<u32>(cpu, memoryOperand(cpu, i, 4, true), <u64>load<u32>(<usize>i.src));
  else {
    const value = source32(cpu, i);
    if (!faultPending(cpu)) v128.store(<usize>i.dst, fromLow64(value));
  }
}

function moveDouble(cpu: Vcpu, i: Insn): void {
  if (i.form == Form.RR) store<u64>(<usize>i.dst, load<u64>(<usize>i.src));
  else if (i.form == Form.MR) linearStore<u64>(cpu, memoryOperand(cpu, i, 8, true), load<u64>(<usize>i.src));
  else {
    const value = source64(cpu, i);
    if (!faultPending(cpu)) v128.store(<usize>i.dst, fromLow64(value));
  }
}

/** Memory to or from the half of the register at byte `half`. */
// @ts-ignore: decorator
@inline
function moveHalf(cpu: Vcpu, i: Insn, half: u32): void {
  if (i.form == Form.MR) {
    linearStore<u64>(cpu, memoryOperand(cpu, i, 8, true), load<u64>(<usize>(i.src + half)));
    return;
  }
  const value = source64(cpu, i);
  if (!faultPending(cpu)) store<u64>(<usize>(i.dst + half), value);
}

/** MOVQ clears the upper half of a register it writes. */
function moveQuadword(cpu: Vcpu, i: Insn): void {
  if (i.form == Form.MR) {
    linearStore<u64>(cpu, memoryOperand(cpu, i, 8, true), load<u64>(<usize>i.src));
    return;
  }
  const value = source64(cpu, i);
  if (!faultPending(cpu)) v128.store(<usize>i.dst, fromLow64(value));
}

function moveMmx(cpu: Vcpu, i: Insn): void {
  if (i.form == Form.MR) {
    linearStore<u64>(cpu, memoryOperand(cpu, i, 8, true), load<u64>(<usize>i.src));
    if (!faultPending(cpu)) enterMmx(cpu);
    return;
  }
  const value = source64(cpu, i);
  if (faultPending(cpu)) return;
  enterMmx(cpu);
  writeMmx(i.dst, value);
}

function moveFromGeneral(cpu: Vcpu, i: Insn, mmx: bool): void {
  const value = i.size == 3 ? source64(cpu, i) : source32(cpu, i);
  if (faultPending(cpu)) return;
  if (mmx) {
    enterMmx(cpu);
    writeMmx(i.dst, value);
  } else v128.store(<usize>i.dst, fromLow64(value));
}

function moveToGeneral(cpu: Vcpu, i: Insn, mmx: bool): void {
  const value = i.size == 3 ? load<u64>(<usize>i.src) : <u64>load<u32>(<usize>i.src);
  if (i.form == Form.RR) store<u64>(<usize>i.dst, value);
  else if (i.size == 3) linearStore<u64>(cpu, memoryOperand(cpu, i, 8, true), value);
  else linearStore<u32>(cpu, memoryOperand(cpu, i, 4, true), value);
  if (mmx && !faultPending(cpu)) enterMmx(cpu);
}

/** Sign bits of the elements, into a general register. */
function moveMask(cpu: Vcpu, i: Insn, op: u32): void {
  if (!isVectorReady(cpu, i.size)) return;
  let bits: i32;
  if (i.size == 3) {
    enterMmx(cpu);
    bits = i8x16.bitmask(fromLow64(load<u64>(<usize>i.src)));
  } else {
    const v = v128.load(<usize>i.src);
    bits = op == SseOp.PMOVMSKB ? i8x16.bitmask(v) : op == SseOp.MOVMSKPS ? i32x4.bitmask(v) : i64x2.bitmask(v);
  }
  store<u64>(<usize>i.dst, <u64>(<u32>bits));
}

/** Address of the word that the immediate picks in the vector register at `register`. */
// @ts-ignore: decorator
@inline
function wordAddress(i: Insn, register: u32): usize {
  return <usize>(register + (((<u32>i.imm) & (i.size == 3 ? 3 : 7)) << 1));
}

function insertWord(cpu: Vcpu, i: Insn): void {
  if (!isVectorReady(cpu, i.size)) return;
  let value: u64;
  if (i.form == Form.RR) value = <u64>load<u16>(<usize>i.src);
  else {
    value = linearLoad<u16>(cpu, memoryOperand(cpu, i, 2, false));
    if (faultPending(cpu)) return;
  }
  store<u16>(wordAddress(i, i.dst), <u16>value);
  if (i.size == 3) {
    enterMmx(cpu);
    writeMmx(i.dst, load<u64>(<usize>i.dst));
  }
}

function extractWord(cpu: Vcpu, i: Insn): void {
  if (!isVectorReady(cpu, i.size)) return;
  if (i.size == 3) enterMmx(cpu);
  store<u64>(<usize>i.dst, <u64>load<u16>(wordAddress(i, i.src)));
}

/** MASKMOVQ, MASKMOVDQU: the bytes of dst whose byte in src has its top bit set go to DS:rDI. */
function moveMasked(cpu: Vcpu, i: Insn): void {
  if (!isVectorReady(cpu, i.size)) return;
  const mmx = i.size == 3;
  const mask = mmx ? fromLow64(load<u64>(<usize>i.src)) : v128.load(<usize>i.src);
  const chosen = <u32>i8x16.bitmask(mask);
  if (chosen) {
    const linear = memoryOperand(cpu, i, mmx ? 8 : 16, true);
    const first: u32 = ctz(chosen);
    const last: u32 = 31 - clz(chosen);
    if (!isRangeWritable(cpu, linear, first, last)) return;
    for (let n = first; n <= last; n++) {
      if ((chosen >> n) & 1) linearStore<u8>(cpu, linearOffset(cpu, linear, n), <u64>load<u8>(<usize>(i.dst + n)));
    }
  }
  if (mmx) enterMmx(cpu);
}

function isRangeWritable(cpu: Vcpu, linear: u64, first: u32, last: u32): bool {
  return checkWrite(cpu, linearOffset(cpu, linear, first), 1) && checkWrite(cpu, linearOffset(cpu, linear, last), 1);
}
