// Bit tests and scans. BT and its like set CF alone.
//
// BT with a register index and memory addresses a bit string: bit n is bit n mod width of the operand n div width
// (signed) further on. With an immediate, bits beyond the width wrap within the operand.
import { Insn } from "../decode/insn";
import { sizeLog2 } from "../cpu/flags";

// @ts-ignore: decorator
@inline
function widthMask<T>(): u64 {
  return (sizeof<T>() << 3) - 1;
}

/** What to do with the bit tested. */
export const enum BitAction {
  SET,
  RESET,
  COMPLEMENT,
}

/** Linear address of the operand that holds bit `index` of the string (not for immediates). */
// @ts-ignore: decorator
@inline
function bitStringLinear<B, V, T>(b: B, i: Insn, index: V): V {
  const operands = b.sar<u64>(b.signExtend<T, u64>(index), b.constant(3 + sizeLog2<T>()));
  return b.linearDisplaced(i, b.shl<u64>(operands, b.constant(sizeLog2<T>())));
}

// @ts-ignore: decorator
@inline
export function BT<B, T>(b: B, i: Insn): void {
  const bit = b.and<u64>(b.readReg<T>(i.src), b.constant(widthMask<T>()));
  b.setCarry(b.and<u64>(b.shr<T>(b.readReg<T>(i.dst), bit), b.constant(1)));
}

export function BT_MEMORY<B, V, T>(b: B, i: Insn): void {
  const index = b.readReg<T>(i.src);
  const linear = i.src == i.immAddress ? b.linear(i) : bitStringLinear<B, V, T>(b, i, index);
  const value = b.load<T>(linear);
  if (b.faulted()) return;
  const bit = b.and<u64>(index, b.constant(widthMask<T>()));
  b.setCarry(b.and<u64>(b.shr<T>(value, bit), b.constant(1)));
}

// @ts-ignore: decorator
@inline
function changed<B, V, T>(b: B, value: V, bit: V, action: u32): V {
  const mask = b.shl<u64>(b.constant(1), bit);
  if (action == BitAction.SET) return b.or<T>(value, mask);
  if (action == BitAction.RESET) return b.and<T>(value, b.not<u64>(mask));
  return b.xor<T>(value, mask);
}

/** BTS, BTR, BTC. */
export function BT_CHANGE<B, V, T>(b: B, i: Insn, action: u32): void {
  const bit = b.and<u64>(b.readReg<T>(i.src), b.constant(widthMask<T>()));
  const value = b.readReg<T>(i.dst);
  b.setCarry(b.and<u64>(b.shr<T>(value, bit), b.constant(1)));
  b.writeReg<T>(i.dst, changed<B, V, T>(b, value, bit, action));
}

export function BT_CHANGE_MEMORY<B, V, T>(b: B, i: Insn, action: u32): void {
  const index = b.readReg<T>(i.src);
  const linear = i.src == i.immAddress ? b.linear(i) : bitStringLinear<B, V, T>(b, i, index);
  const value = b.modify<T>(linear);
  if (b.faulted()) return;
  const bit = b.and<u64>(index, b.constant(widthMask<T>()));
  b.setCarry(b.and<u64>(b.shr<T>(value, bit), b.constant(1)));
  b.finishModify<T>(changed<B, V, T>(b, value, bit, action));
}

/** A bit scan's register: unchanged, all of it, when the source is 0 (AMD says so, Intel does so). */
// @ts-ignore: decorator
@inline
function writeBitNumber<B, V, T>(b: B, i: Insn, source: V, number: V): void {
  const zero = b.equal(source, b.constant(0));
  if (sizeof<T>() == 2) b.writeReg<u16>(i.dst, b.select(zero, b.readReg<u16>(i.dst), number));
  else b.writeReg<u64>(i.dst, b.select(zero, b.readReg<u64>(i.dst), number));
}

/** ZF by the source; the others, undefined, likewise as of a logical operation. */
// @ts-ignore: decorator
@inline
export function BSF<B, V, T, S>(b: B, i: Insn): void {
  const source = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  b.flagsLogic<T>(source);
  writeBitNumber<B, V, T>(b, i, source, b.lowestBit<T>(source));
}

// @ts-ignore: decorator
@inline
export function BSR<B, V, T, S>(b: B, i: Insn): void {
  const source = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  b.flagsLogic<T>(source);
  writeBitNumber<B, V, T>(b, i, source, b.highestBit<T>(source));
}
