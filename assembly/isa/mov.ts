// Data movement without flags.
import { Insn } from "../decode/insn";

const RAX: u32 = 0;
const RDX: u32 = 2;

// @ts-ignore: decorator
@inline
export function MOV<B, T, D, S>(b: B, i: Insn): void {
  const value = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  b.writeDst<T, D>(i, value);
}

/** T: destination; F: source type. */
// @ts-ignore: decorator
@inline
export function MOVZX<B, T, F, S>(b: B, i: Insn): void {
  const value = b.readSrc<F, S>(i);
  if (b.faultedBy<S>()) return;
  b.writeReg<T>(i.dst, value);
}

// @ts-ignore: decorator
@inline
export function MOVSX<B, T, F, S>(b: B, i: Insn): void {
  const value = b.readSrc<F, S>(i);
  if (b.faultedBy<S>()) return;
  b.writeReg<T>(i.dst, b.signExtend<F, T>(value));
}

// @ts-ignore: decorator
@inline
export function LEA<B, T>(b: B, i: Insn): void {
  b.writeReg<T>(i.dst, b.address(i));
}

/** With memory it is locked on hardware; one vCPU needs nothing for that. */
// @ts-ignore: decorator
@inline
export function XCHG<B, T, D>(b: B, i: Insn): void {
  const a = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const source = b.readReg<T>(i.src);
  b.writeBack<T, D>(i, source);
  b.writeReg<T>(i.src, a);
}

/** The memory operand is read, and the upper half of a 32-bit register cleared, whatever the condition. */
// @ts-ignore: decorator
@inline
export function CMOVCC<B, T, S>(b: B, i: Insn): void {
  const value = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  b.writeReg<T>(i.dst, b.select(b.condition(i.regField), value, b.readReg<T>(i.dst)));
}

// @ts-ignore: decorator
@inline
export function SETCC<B, D>(b: B, i: Insn): void {
  b.writeDst<u8, D>(i, b.select(b.condition(i.regField), b.constant(1), b.constant(0)));
}

/** CBW, CWDE, CDQE: rAX of type T from its lower half, of type H. */
// @ts-ignore: decorator
@inline
export function CBW<B, T, H>(b: B, i: Insn): void {
  b.writeReg<T>(b.gpr(RAX), b.signExtend<H, T>(b.readReg<H>(b.gpr(RAX))));
}

/** CWD, CDQ, CQO: rDX = the sign of rAX. */
// @ts-ignore: decorator
@inline
export function CWD<B, T>(b: B, i: Insn): void {
  b.writeReg<T>(b.gpr(RDX), b.sar<T>(b.readReg<T>(b.gpr(RAX)), b.constant((sizeof<T>() << 3) - 1)));
}

/** Of a word: undefined; processors give 0. */
// @ts-ignore: decorator
@inline
export function BSWAP<B, T>(b: B, i: Insn): void {
  b.writeReg<T>(i.dst, b.byteSwap<T>(b.readReg<T>(i.dst)));
}

/** AL = byte AL of the table at rBX. */
// @ts-ignore: decorator
@inline
export function XLAT<B>(b: B, i: Insn): void {
  const value = b.load<u8>(b.linearDisplaced(i, b.readReg<u8>(b.gpr(RAX))));
  if (b.faulted()) return;
  b.writeReg<u8>(b.gpr(RAX), value);
}

/** CLFLUSH: its address must be readable. */
// @ts-ignore: decorator
@inline
export function CLFLUSH<B>(b: B, i: Insn): void {
  b.load<u8>(b.linear(i));
}
