// Exchange-and-add and compare-and-exchange, with or without LOCK: there is one vCPU.
import { Insn, isMem } from "../decode/insn";

const RAX: u32 = 0;

/** The source register is written first: with XADD r, r of one register it ends as the sum. */
// @ts-ignore: decorator
@inline
export function XADD<B, T, D>(b: B, i: Insn): void {
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const source = b.readReg<T>(i.src);
  const result = b.add<T>(before, source);
  b.flagsAdd<T>(result, source);
  b.writeReg<T>(i.src, before);
  b.writeBack<T, D>(i, result);
}

/**
 * Memory is written in any case, with itself if unequal. A register is written only if it changes: if unequal a 32-bit
 * destination keeps its upper half, if equal the accumulator does (AMD EPYC; the manuals do not say).
 */
// @ts-ignore: decorator
@inline
export function CMPXCHG<B, T, D>(b: B, i: Insn): void {
  const before = b.readModify<T, D>(i);
  if (b.faultedBy<D>()) return;
  const source = b.readReg<T>(i.src);
  const accumulator = b.readReg<T>(b.gpr(RAX));
  const equal = b.equal(accumulator, before);
  b.flagsSub<T>(accumulator, before);
  if (sizeof<T>() == 4 && !isMem<D>()) b.writeReg<u64>(i.dst, b.select(equal, source, b.readReg<u64>(i.dst)));
  else b.writeBack<T, D>(i, b.select(equal, source, before));
  if (sizeof<T>() == 4) {
    const whole = b.readReg<u64>(b.gpr(RAX));
    b.writeReg<u64>(b.gpr(RAX), b.select(equal, whole, before));
  } else b.writeReg<T>(b.gpr(RAX), b.select(equal, b.readReg<T>(b.gpr(RAX)), before));
}
