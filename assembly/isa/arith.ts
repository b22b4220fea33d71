// Addition, subtraction, comparison. SDM vol. 2. Meanings: generic over the backend B, operand type T, operand kinds D, S.
import { Insn } from "../decode/insn";

// @ts-ignore: decorator
@inline
export function ADD<B, T, D, S>(b: B, i: Insn): void {
  const source = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const result = b.add<T>(before, source);
  b.flagsAdd<T>(result, source);
  b.writeBack<T, D>(i, result);
}

// @ts-ignore: decorator
@inline
export function ADC<B, T, D, S>(b: B, i: Insn): void {
  const source = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const carry = b.carry();
  const result = b.add<T>(b.add<T>(before, source), carry);
  b.flagsAdc<T>(result, source, carry);
  b.writeBack<T, D>(i, result);
}

// @ts-ignore: decorator
@inline
export function SUB<B, T, D, S>(b: B, i: Insn): void {
  const source = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  b.flagsSub<T>(before, source);
  b.writeBack<T, D>(i, b.sub<T>(before, source));
}

// @ts-ignore: decorator
@inline
export function SBB<B, T, D, S>(b: B, i: Insn): void {
  const source = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const carry = b.carry();
  b.flagsSbb<T>(before, source, carry);
  b.writeBack<T, D>(i, b.sub<T>(b.sub<T>(before, source), carry));
}

// @ts-ignore: decorator
@inline
export function CMP<B, T, D, S>(b: B, i: Insn): void {
  const source = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  const before = b.readDst<T, D>(i);
  if (b.faultedBy<D>()) return;
  b.flagsSub<T>(before, source);
}

// @ts-ignore: decorator
@inline
export function INC<B, T, D>(b: B, i: Insn): void {
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const result = b.add<T>(before, b.constant(1));
  b.flagsInc<T>(result);
  b.writeBack<T, D>(i, result);
}

// @ts-ignore: decorator
@inline
export function DEC<B, T, D>(b: B, i: Insn): void {
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const result = b.sub<T>(before, b.constant(1));
  b.flagsDec<T>(result);
  b.writeBack<T, D>(i, result);
}

// @ts-ignore: decorator
@inline
export function NEG<B, T, D>(b: B, i: Insn): void {
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const zero = b.constant(0);
  b.flagsSub<T>(zero, before);
  b.writeBack<T, D>(i, b.sub<T>(zero, before));
}
