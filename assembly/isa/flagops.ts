// Instructions on single flags, and AH.
import { Flag } from "../cpu/state";
import { Insn } from "../decode/insn";

const RAX: u32 = 0;
const LOW_FLAGS: u32 = Flag.SF | Flag.ZF | Flag.AF | Flag.PF | Flag.CF;

// @ts-ignore: decorator
@inline
export function CLC<B>(b: B, i: Insn): void {
  b.setCarry(b.constant(0));
}

// @ts-ignore: decorator
@inline
export function STC<B>(b: B, i: Insn): void {
  b.setCarry(b.constant(1));
}

// @ts-ignore: decorator
@inline
export function CMC<B>(b: B, i: Insn): void {
  b.setCarry(b.xor<u64>(b.carry(), b.constant(1)));
}

// @ts-ignore: decorator
@inline
export function CLD<B>(b: B, i: Insn): void {
  b.setDirection(false);
}

// @ts-ignore: decorator
@inline
export function STD<B>(b: B, i: Insn): void {
  b.setDirection(true);
}

/** The address of AH. */
// @ts-ignore: decorator
@inline
function ah<B>(b: B): u32 {
  return b.gpr(RAX) + 1;
}

// @ts-ignore: decorator
@inline
export function LAHF<B>(b: B, i: Insn): void {
  b.writeReg<u8>(ah<B>(b), b.or<u64>(b.and<u64>(b.getFlags(), b.constant(LOW_FLAGS)), b.constant(Flag.ONE)));
}

// @ts-ignore: decorator
@inline
export function SAHF<B>(b: B, i: Insn): void {
  b.updateFlags(LOW_FLAGS, b.readReg<u8>(ah<B>(b)));
}

/** SALC (D6): AL = CF ? FFH : 0. */
// @ts-ignore: decorator
@inline
export function SALC<B>(b: B, i: Insn): void {
  b.writeReg<u8>(b.gpr(RAX), b.sub<u8>(b.constant(0), b.carry()));
}
