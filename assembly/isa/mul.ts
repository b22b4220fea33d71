// Multiplication. CF = OF = the lower half does not hold the product; undefined in the manual and chosen here: SF, ZF
// and PF by the lower half, AF cleared.
import { Insn } from "../decode/insn";

const RAX: u32 = 0;
const RDX: u32 = 2;

/** rDX:rAX = low and high; of bytes AX. */
// @ts-ignore: decorator
@inline
function writeProduct<B, T, V>(b: B, low: V, high: V): void {
  if (sizeof<T>() == 1) b.writeReg<u16>(b.gpr(RAX), b.or<u64>(low, b.shl<u64>(high, b.constant(8))));
  else {
    b.writeReg<T>(b.gpr(RAX), low);
    b.writeReg<T>(b.gpr(RDX), high);
  }
}

// @ts-ignore: decorator
@inline
export function MUL<B, V, T, S>(b: B, i: Insn): void {
  const source = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  const a = b.readReg<T>(b.gpr(RAX));
  const low = b.mul<T>(a, source);
  const high = b.mulHigh<T>(a, source);
  b.flagsMul<T>(a, source);
  writeProduct<B, T, V>(b, low, high);
}

// @ts-ignore: decorator
@inline
export function IMUL1<B, V, T, S>(b: B, i: Insn): void {
  const source = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  const a = b.readReg<T>(b.gpr(RAX));
  const low = b.mul<T>(a, source);
  const high = b.mulHighSigned<T>(a, source);
  b.flagsImul<T>(a, source);
  writeProduct<B, T, V>(b, low, high);
}

// @ts-ignore: decorator
@inline
export function IMUL2<B, T, S>(b: B, i: Insn): void {
  const source = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  const a = b.readReg<T>(i.dst);
  const result = b.mul<T>(a, source);
  b.flagsImul<T>(a, source);
  b.writeReg<T>(i.dst, result);
}

/** dst = src * imm. */
// @ts-ignore: decorator
@inline
export function IMUL3<B, T, S>(b: B, i: Insn): void {
  const a = b.readSrc<T, S>(i);
  if (b.faultedBy<S>()) return;
  const factor = b.readReg<T>(i.immAddress);
  const result = b.mul<T>(a, factor);
  b.flagsImul<T>(a, factor);
  b.writeReg<T>(i.dst, result);
}
