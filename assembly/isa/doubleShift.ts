// SHLD and SHRD: dst shifted, filled from src, by imm or (0F A5, 0F AD) CL.
//
// A 16-bit count above 16 is undefined in the manual; Intel processors go on with dst after src, so both are taken out of
// dst:src:dst. OF for counts above 1 goes by the formula for 1 on the result, AF is cleared.
import { Insn } from "../decode/insn";

const RCX: u32 = 1;

/** The count, masked. */
// @ts-ignore: decorator
@inline
function doubleShiftCount<B, V, T>(b: B, i: Insn): V {
  const byCl = i.opcode == 0xa5 || i.opcode == 0xad;
  const count = b.readReg<u8>(byCl ? b.gpr(RCX) : i.immAddress);
  return b.and<u64>(count, b.constant(sizeof<T>() == 8 ? 63 : 31));
}

/** dst:src:dst of words. */
// @ts-ignore: decorator
@inline
function threeWords<B, V>(b: B, dst: V, src: V): V {
  const upper = b.or<u64>(b.shl<u64>(dst, b.constant(32)), b.shl<u64>(src, b.constant(16)));
  return b.or<u64>(upper, dst);
}

export function SHLD<B, V, T, D>(b: B, i: Insn): void {
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const source = b.readReg<T>(i.src);
  const count = doubleShiftCount<B, V, T>(b, i);
  const bits = <u64>(sizeof<T>() << 3);
  let result: V;
  let carry: V;
  if (sizeof<T>() == 2) {
    const shifted = b.shl<u64>(threeWords<B, V>(b, before, source), count);
    result = b.and<u64>(b.shr<u64>(shifted, b.constant(32)), b.constant(0xffff));
    carry = b.shr<u64>(shifted, b.constant(48));
  } else {
    const fill = b.shr<u64>(b.shr<u64>(source, b.constant(1)), b.sub<u64>(b.constant(bits - 1), count));
    result = b.or<T>(b.shl<T>(before, count), fill);
    carry = b.shr<u64>(before, b.sub<u64>(b.constant(bits), count));
  }
  b.flagsDoubleShift<T>(count, result, carry, b.xor<u64>(b.shr<u64>(result, b.constant(bits - 1)), carry));
  b.writeBack<T, D>(i, result);
}

export function SHRD<B, V, T, D>(b: B, i: Insn): void {
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const source = b.readReg<T>(i.src);
  const count = doubleShiftCount<B, V, T>(b, i);
  const bits = <u64>(sizeof<T>() << 3);
  const last = b.sub<u64>(count, b.constant(1));
  let result: V;
  let carry: V;
  if (sizeof<T>() == 2) {
    const words = threeWords<B, V>(b, before, source);
    result = b.and<u64>(b.shr<u64>(words, count), b.constant(0xffff));
    carry = b.shr<u64>(words, last);
  } else {
    const fill = b.shl<T>(b.shl<T>(source, b.constant(1)), b.sub<u64>(b.constant(bits - 1), count));
    result = b.or<T>(b.shr<T>(before, count), fill);
    carry = b.shr<u64>(before, last);
  }
  const top = b.xor<u64>(b.shr<u64>(result, b.constant(bits - 1)), b.shr<u64>(result, b.constant(bits - 2)));
  b.flagsDoubleShift<T>(count, result, carry, top);
  b.writeBack<T, D>(i, result);
}
