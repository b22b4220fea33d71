// Shuffles by immediate (SDM vol. 2B PSHUFD, PSHUFHW, PSHUFLW, PSHUFW; SHUFPS, SHUFPD).
import { Vcpu } from "../../cpu/state";
import { Insn } from "../../decode/insn";
import { SseOp } from "../../decode/sseOp";
import { faultPending } from "../../mmu/fill";
import { fromLow64, low64, source128, source64 } from "./operand";
import { enterMmx, isMmxReady, isSseReady, writeMmx } from "./ready";

export function executeShuffle(cpu: Vcpu, i: Insn, op: u32): void {
  const order = <u32>i.imm;
  if (i.size == 3) {
    if (!isMmxReady(cpu)) return;
    const source = source64(cpu, i);
    if (faultPending(cpu)) return;
    enterMmx(cpu);
    writeMmx(i.dst, low64(shuffle(op, fromLow64(0), fromLow64(source), order)));
    return;
  }
  if (!isSseReady(cpu)) return;
  const source = source128(cpu, i);
  if (faultPending(cpu)) return;
  v128.store(<usize>i.dst, shuffle(op, v128.load(<usize>i.dst), source, order));
}

/** Swizzle bytes of doubleword `order` & 3. */
// @ts-ignore: decorator
@inline
function dword(order: u32): i32 {
  return 0x03020100 + (order & 3) * 0x04040404;
}

/** Swizzle bytes of the four words that `order` picks within a quadword. */
// @ts-ignore: decorator
@inline
function words(order: u32): i64 {
  const low = (order & 3) | ((order & 0xc) << 14);
  const high = ((order >> 4) & 3) | ((order & 0xc0) << 10);
  return <i64>((((<u64>high) << 32) | (<u64>low)) * 0x0202 + 0x0100_0100_0100_0100);
}

const NONE: i32 = -1;
const LOW_QUADWORD: i64 = 0x0706_0504_0302_0100;
const HIGH_QUADWORD: i64 = 0x0f0e_0d0c_0b0a_0908;

// @ts-ignore: decorator
@inline
function pick(v: v128, d0: i32, d1: i32, d2: i32, d3: i32): v128 {
  let order = i32x4.splat(d0);
  order = i32x4.replace_lane(order, 1, d1);
  order = i32x4.replace_lane(order, 2, d2);
  return i8x16.swizzle(v, i32x4.replace_lane(order, 3, d3));
}

// @ts-ignore: decorator
@inline
function pickQuadwords(v: v128, low: i64, high: i64): v128 {
  return i8x16.swizzle(v, i64x2.replace_lane(i64x2.splat(low), 1, high));
}

function shuffle(op: u32, a: v128, b: v128, order: u32): v128 {
  switch (op) {
    case SseOp.PSHUFD:
      return pick(b, dword(order), dword(order >> 2), dword(order >> 4), dword(order >> 6));
    case SseOp.PSHUFLW:
      return pickQuadwords(b, words(order), HIGH_QUADWORD);
    case SseOp.PSHUFHW:
      return pickQuadwords(b, LOW_QUADWORD, words(order) + 0x0808_0808_0808_0808);
    case SseOp.SHUFPS:
      return v128.or(
        pick(a, dword(order), dword(order >> 2), NONE, NONE),
        pick(b, NONE, NONE, dword(order >> 4), dword(order >> 6)),
      );
    default: // SHUFPD
      return v128.or(
        pickQuadwords(a, order & 1 ? HIGH_QUADWORD : LOW_QUADWORD, -1),
        pickQuadwords(b, -1, order & 2 ? HIGH_QUADWORD : LOW_QUADWORD),
      );
  }
}
