// Near jumps, calls and returns. Insn.imm is the target, truncated to the operand size. All checks and the push of the
// return address come before IP and rSP change.
import { Insn } from "../decode/insn";

const RCX: u32 = 1;

export const enum LoopKind {
  ALWAYS,
  EQUAL,
  NOT_EQUAL,
}

// @ts-ignore: decorator
@inline
export function JMP<B>(b: B, i: Insn): void {
  b.checkTarget(b.constant(i.imm));
  if (b.faulted()) return;
  b.jump(i, b.constant(i.imm));
}

/** `cc` is constant where the backend interprets. */
// @ts-ignore: decorator
@inline
export function JCC<B>(b: B, i: Insn, cc: u32): void {
  b.jumpIf(b.conditionOf(cc), i, b.constant(i.imm));
}

// @ts-ignore: decorator
@inline
export function CALL<B, T>(b: B, i: Insn): void {
  const sp = b.stackPointer(-(<i64>sizeof<T>()));
  b.checkTarget(b.constant(i.imm));
  if (b.faulted()) return;
  b.store<T>(b.stackLinear<T>(i, sp, true), b.constant(i.nextRip));
  if (b.faulted()) return;
  b.setStackPointer<T>(sp);
  b.jump(i, b.constant(i.imm));
}

// @ts-ignore: decorator
@inline
export function JMP_INDIRECT<B, T, S>(b: B, i: Insn): void {
  const target = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  b.checkIndirectTarget(target);
  if (b.faulted()) return;
  b.jumpIndirect(target);
}

// @ts-ignore: decorator
@inline
export function CALL_INDIRECT<B, T, S>(b: B, i: Insn): void {
  const target = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  const sp = b.stackPointer(-(<i64>sizeof<T>()));
  b.checkIndirectTarget(target);
  if (b.faulted()) return;
  b.store<T>(b.stackLinear<T>(i, sp, true), b.constant(i.nextRip));
  if (b.faulted()) return;
  b.setStackPointer<T>(sp);
  b.jumpIndirect(target);
}

/** imm: bytes to release above the return address. */
// @ts-ignore: decorator
@inline
export function RET<B, T>(b: B, i: Insn): void {
  const target = b.load<T>(b.stackLinear<T>(i, b.stackPointer(0), false));
  if (b.faulted()) return;
  b.checkIndirectTarget(target);
  if (b.faulted()) return;
  b.setStackPointer<T>(b.stackPointer(i.imm + <i64>sizeof<T>()));
  b.jumpIndirect(target);
}

/** The block is over: on to the next instruction. */
// @ts-ignore: decorator
@inline
export function BLOCK_END<B>(b: B, i: Insn): void {
  b.jump(i, b.constant(i.nextRip));
}

/** LOOP, LOOPE, LOOPNE; C is the type of the counter. */
export function LOOP<B, C>(b: B, i: Insn, kind: u32): void {
  const count = b.sub<C>(b.readReg<C>(b.gpr(RCX)), b.constant(1));
  let taken = b.notEqual(count, b.constant(0));
  if (kind == LoopKind.EQUAL) taken = b.both(taken, b.condition(4));
  else if (kind == LoopKind.NOT_EQUAL) taken = b.both(taken, b.condition(5));
  b.jumpIf(taken, i, b.constant(i.imm));
  if (b.faulted()) return;
  b.writeReg<C>(b.gpr(RCX), count);
}

export function JCXZ<B, C>(b: B, i: Insn): void {
  b.jumpIf(b.equal(b.readReg<C>(b.gpr(RCX)), b.constant(0)), i, b.constant(i.imm));
}
