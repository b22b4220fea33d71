// Shifts and rotates by a count in src, masked to 5 bits (6 for 64-bit operands). With a masked count of 0 flags stay,
// but a 32-bit register still gets its upper half cleared. Undefined by the manual and chosen here: AF is cleared by
// shifts; OF for counts above 1 goes by the formula for 1 on the result (cpu/flags.ts), as Bochs has it
// from Intel processors; CF of 8- and 16-bit shifts beyond the width is what shifting bit by bit gives.
import { Insn } from "../decode/insn";

// @ts-ignore: decorator
@inline
function countMask<T>(): u64 {
  return sizeof<T>() == 8 ? 63 : 31;
}

// @ts-ignore: decorator
@inline
export function SHL<B, T, D>(b: B, i: Insn): void {
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const count = b.and<u64>(b.readReg<u8>(i.src), b.constant(countMask<T>()));
  const result = b.shl<T>(before, count);
  b.flagsShl<T>(before, count);
  b.writeBack<T, D>(i, result);
}

// @ts-ignore: decorator
@inline
export function SHR<B, T, D>(b: B, i: Insn): void {
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const count = b.and<u64>(b.readReg<u8>(i.src), b.constant(countMask<T>()));
  const result = b.shr<T>(before, count);
  b.flagsShr<T>(before, count);
  b.writeBack<T, D>(i, result);
}

// @ts-ignore: decorator
@inline
export function SAR<B, T, D>(b: B, i: Insn): void {
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const count = b.and<u64>(b.readReg<u8>(i.src), b.constant(countMask<T>()));
  const result = b.sar<T>(before, count);
  b.flagsSar<T>(before, count);
  b.writeBack<T, D>(i, result);
}

/** A masked count that is a multiple of the width rotates nothing but sets CF (and OF). */
// @ts-ignore: decorator
@inline
export function ROL<B, T, D>(b: B, i: Insn): void {
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const count = b.and<u64>(b.readReg<u8>(i.src), b.constant(countMask<T>()));
  const result = b.rotl<T>(before, count);
  b.flagsRol<T>(count, result);
  b.writeBack<T, D>(i, result);
}

// @ts-ignore: decorator
@inline
export function ROR<B, T, D>(b: B, i: Insn): void {
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const count = b.and<u64>(b.readReg<u8>(i.src), b.constant(countMask<T>()));
  const result = b.rotr<T>(before, count);
  b.flagsRor<T>(count, result);
  b.writeBack<T, D>(i, result);
}
