// Packed integer arithmetic, logic, interleaving and shifts of MMX and SSE2 (SDM vol. 1 9.4, 11.4.2).
//
// One meaning serves both widths: an MMX operand is a v128 whose upper half is 0, and the result's lower half counts.
// Only what moves elements between halves (PUNPCKH, PACK) is rearranged before or after.
import { Vcpu } from "../../cpu/state";
import { Insn } from "../../decode/insn";
import { SseOp } from "../../decode/sseOp";
import { faultPending } from "../../mmu/fill";
import { fromLow64, high64, low64, source128, source32, source64 } from "./operand";
import { enterMmx, isMmxReady, isSseReady, writeMmx } from "./ready";
import { shift } from "./shift";

export function executeInteger(cpu: Vcpu, i: Insn, op: u32): void {
  if (i.size == 3) {
    executeMmx(cpu, i, op);
    return;
  }
  if (!isSseReady(cpu)) return;
  const b = source128(cpu, i);
  if (faultPending(cpu)) return;
  v128.store(<usize>i.dst, integer(op, v128.load(<usize>i.dst), b));
}

function executeMmx(cpu: Vcpu, i: Insn, op: u32): void {
  if (!isMmxReady(cpu)) return;
  // PUNPCKL reads only 4 bytes of memory.
  const source = op <= <u32>SseOp.PUNPCKLDQ ? source32(cpu, i) : source64(cpu, i);
  if (faultPending(cpu)) return;
  const destination = load<u64>(<usize>i.dst);
  enterMmx(cpu);
  writeMmx(i.dst, mmx(op, destination, source));
}

function mmx(op: u32, destination: u64, source: u64): u64 {
  const a = fromLow64(destination);
  const b = fromLow64(source);
  if (op >= <u32>SseOp.PUNPCKHBW && op <= <u32>SseOp.PUNPCKHDQ)
    return high64(integer(op - (SseOp.PUNPCKHBW - SseOp.PUNPCKLBW), a, b));
  if (op >= <u32>SseOp.PACKSSWB && op <= <u32>SseOp.PACKSSDW)
    return low64(integer(op, i64x2.replace_lane(a, 1, <i64>source), b));
  return low64(integer(op, a, b));
}

/** The low halves of the products are dropped. */
// @ts-ignore: decorator
@inline
function highHalves(low: v128, high: v128): v128 {
  return i16x8.shuffle(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
}

// @ts-ignore: decorator
@inline
function sumOfAbsoluteDifferences(a: v128, b: v128): v128 {
  const difference = i8x16.sub(i8x16.max_u(a, b), i8x16.min_u(a, b));
  const fours = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(difference));
  return v128.and(i64x2.add(fours, i64x2.shr_u(fours, 32)), i64x2.splat(0xffff));
}

/** a op b, where a is the destination. */
function integer(op: u32, a: v128, b: v128): v128 {
  switch (op) {
    case SseOp.PUNPCKLBW:
      return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    case SseOp.PUNPCKLWD:
      return i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
    case SseOp.PUNPCKLDQ:
      return i32x4.shuffle(a, b, 0, 4, 1, 5);
    case SseOp.PUNPCKLQDQ:
      return i64x2.shuffle(a, b, 0, 2);
    case SseOp.PUNPCKHBW:
      return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    case SseOp.PUNPCKHWD:
      return i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
    case SseOp.PUNPCKHDQ:
      return i32x4.shuffle(a, b, 2, 6, 3, 7);
    case SseOp.PUNPCKHQDQ:
      return i64x2.shuffle(a, b, 1, 3);
    case SseOp.PACKSSWB:
      return i8x16.narrow_i16x8_s(a, b);
    case SseOp.PACKUSWB:
      return i8x16.narrow_i16x8_u(a, b);
    case SseOp.PACKSSDW:
      return i16x8.narrow_i32x4_s(a, b);
    case SseOp.PCMPGTB:
      return i8x16.gt_s(a, b);
    case SseOp.PCMPGTW:
      return i16x8.gt_s(a, b);
    case SseOp.PCMPGTD:
      return i32x4.gt_s(a, b);
    case SseOp.PCMPEQB:
      return i8x16.eq(a, b);
    case SseOp.PCMPEQW:
      return i16x8.eq(a, b);
    case SseOp.PCMPEQD:
      return i32x4.eq(a, b);
    case SseOp.PADDB:
      return i8x16.add(a, b);
    case SseOp.PADDW:
      return i16x8.add(a, b);
    case SseOp.PADDD:
      return i32x4.add(a, b);
    case SseOp.PADDQ:
      return i64x2.add(a, b);
    case SseOp.PSUBB:
      return i8x16.sub(a, b);
    case SseOp.PSUBW:
      return i16x8.sub(a, b);
    case SseOp.PSUBD:
      return i32x4.sub(a, b);
    case SseOp.PSUBQ:
      return i64x2.sub(a, b);
    case SseOp.PADDSB:
      return i8x16.add_sat_s(a, b);
    case SseOp.PADDSW:
      return i16x8.add_sat_s(a, b);
    case SseOp.PADDUSB:
      return i8x16.add_sat_u(a, b);
    case SseOp.PADDUSW:
      return i16x8.add_sat_u(a, b);
    case SseOp.PSUBSB:
      return i8x16.sub_sat_s(a, b);
    case SseOp.PSUBSW:
      return i16x8.sub_sat_s(a, b);
    case SseOp.PSUBUSB:
      return i8x16.sub_sat_u(a, b);
    case SseOp.PSUBUSW:
      return i16x8.sub_sat_u(a, b);
    case SseOp.PMINUB:
      return i8x16.min_u(a, b);
    case SseOp.PMINSW:
      return i16x8.min_s(a, b);
    case SseOp.PMAXUB:
      return i8x16.max_u(a, b);
    case SseOp.PMAXSW:
      return i16x8.max_s(a, b);
    case SseOp.PAVGB:
      return i8x16.avgr_u(a, b);
    case SseOp.PAVGW:
      return i16x8.avgr_u(a, b);
    case SseOp.PMULLW:
      return i16x8.mul(a, b);
    case SseOp.PMULHW:
      return highHalves(i32x4.extmul_low_i16x8_s(a, b), i32x4.extmul_high_i16x8_s(a, b));
    case SseOp.PMULHUW:
      return highHalves(i32x4.extmul_low_i16x8_u(a, b), i32x4.extmul_high_i16x8_u(a, b));
    case SseOp.PMULUDQ: {
      const even = i64x2.splat(0xffff_ffff);
      return i64x2.mul(v128.and(a, even), v128.and(b, even));
    }
    case SseOp.PMADDWD:
      return i32x4.dot_i16x8_s(a, b);
    case SseOp.PSADBW:
      return sumOfAbsoluteDifferences(a, b);
    case SseOp.PAND:
      return v128.and(a, b);
    case SseOp.PANDN:
      return v128.andnot(b, a);
    case SseOp.POR:
      return v128.or(a, b);
    case SseOp.PXOR:
      return v128.xor(a, b);
    default:
      return shift(op, a, low64(b));
  }
}
