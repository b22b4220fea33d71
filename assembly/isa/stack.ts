// PUSH, POP, LEAVE. The stack pointer's width is the stack segment's, T is the operand's (SDM vol. 1 6.2.2, 6.2.3).
import { Insn } from "../decode/insn";

const RSP: u32 = 4;
const RBP: u32 = 5;

/** PUSH rSP pushes the value from before. */
// @ts-ignore: decorator
@inline
export function PUSH<B, T, S>(b: B, i: Insn): void {
  const value = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  const sp = b.stackPointer(-(<i64>sizeof<T>()));
  b.store<T>(b.stackLinear<T>(i, sp, true), value);
  if (b.faulted()) return;
  b.setStackPointer<T>(sp);
}

/** To a register; POP rSP ends with the value popped. */
// @ts-ignore: decorator
@inline
export function POP<B, T>(b: B, i: Insn): void {
  const value = b.load<T>(b.stackLinear<T>(i, b.stackPointer(0), false));
  if (b.faulted()) return;
  b.setStackPointer<T>(b.stackPointer(<i64>sizeof<T>()));
  b.writeReg<T>(i.dst, value);
}

/** To memory; an address based on rSP counts from the stack pointer after the pop. */
export function POP_MEMORY<B, T>(b: B, i: Insn): void {
  const value = b.load<T>(b.stackLinear<T>(i, b.stackPointer(0), false));
  if (b.faulted()) return;
  const moved = i.base == b.gpr(RSP) ? sizeof<T>() : 0;
  b.store<T>(b.linearDisplaced(i, b.constant(moved)), value);
  if (b.faulted()) return;
  b.setStackPointer<T>(b.stackPointer(<i64>sizeof<T>()));
}

/** rSP = rBP, then POP rBP. */
// @ts-ignore: decorator
@inline
export function LEAVE<B, T>(b: B, i: Insn): void {
  const frame = b.readReg<u64>(b.gpr(RBP));
  const value = b.load<T>(b.stackLinear<T>(i, frame, false));
  if (b.faulted()) return;
  b.setStackPointer<T>(b.add<u64>(frame, b.constant(sizeof<T>())));
  b.writeReg<T>(b.gpr(RBP), value);
}
