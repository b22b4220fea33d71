// Packed shifts (SDM vol. 2B PSLLW and its like): the count is the whole low quadword of the source, and one beyond the
// element width shifts everything out. wasm takes counts modulo the width.
import { SseOp } from "../../decode/sseOp";

/** The bytes' own numbers. */
// @ts-ignore: decorator
@inline
function positions(): v128 {
  return i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

/** `a` shifted by `count`. Inline, as asc warns of v128 in exported functions. */
// @ts-ignore: decorator
@inline
export function shift(op: u32, a: v128, count: u64): v128 {
  switch (op) {
    case SseOp.PSRLW:
      return count > 15 ? i64x2.splat(0) : i16x8.shr_u(a, <i32>count);
    case SseOp.PSRLD:
      return count > 31 ? i64x2.splat(0) : i32x4.shr_u(a, <i32>count);
    case SseOp.PSRLQ:
      return count > 63 ? i64x2.splat(0) : i64x2.shr_u(a, <i32>count);
    case SseOp.PSRAW:
      return i16x8.shr_s(a, count > 15 ? 15 : <i32>count);
    case SseOp.PSRAD:
      return i32x4.shr_s(a, count > 31 ? 31 : <i32>count);
    case SseOp.PSLLW:
      return count > 15 ? i64x2.splat(0) : i16x8.shl(a, <i32>count);
    case SseOp.PSLLD:
      return count > 31 ? i64x2.splat(0) : i32x4.shl(a, <i32>count);
    case SseOp.PSLLQ:
      return count > 63 ? i64x2.splat(0) : i64x2.shl(a, <i32>count);
    // By bytes: a swizzle gives 0 for positions outside of 0 to 15.
    case SseOp.PSRLDQ:
      return i8x16.swizzle(a, i8x16.add(positions(), i8x16.splat(count > 15 ? 16 : <i8>count)));
    default: // PSLLDQ
      return i8x16.swizzle(a, i8x16.sub(positions(), i8x16.splat(count > 15 ? 16 : <i8>count)));
  }
}
