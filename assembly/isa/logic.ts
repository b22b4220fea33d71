// Bitwise logic. CF and OF are cleared, AF too (undefined in the manual).
import { Insn } from "../decode/insn";

// @ts-ignore: decorator
@inline
export function AND<B, T, D, S>(b: B, i: Insn): void {
  const source = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const result = b.and<T>(before, source);
  b.flagsLogic<T>(result);
  b.writeBack<T, D>(i, result);
}

// @ts-ignore: decorator
@inline
export function OR<B, T, D, S>(b: B, i: Insn): void {
  const source = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const result = b.or<T>(before, source);
  b.flagsLogic<T>(result);
  b.writeBack<T, D>(i, result);
}

// @ts-ignore: decorator
@inline
export function XOR<B, T, D, S>(b: B, i: Insn): void {
  const source = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const result = b.xor<T>(before, source);
  b.flagsLogic<T>(result);
  b.writeBack<T, D>(i, result);
}

// @ts-ignore: decorator
@inline
export function TEST<B, T, D, S>(b: B, i: Insn): void {
  const source = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  const before = b.readDst<T, D>(i);
  if (b.faultedBy<D>()) return;
  b.flagsLogic<T>(b.and<T>(before, source));
}

// @ts-ignore: decorator
@inline
export function NOT<B, T, D>(b: B, i: Insn): void {
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  b.writeBack<T, D>(i, b.not<T>(before));
}
