// MXCSR and SIMD floating-point exceptions (SDM vol. 1 10.2.3, 11.5).
//
//   15  14 13  12..7          6    5  4  3  2  1  0
//   FTZ  RC    PM…IM (masks)  DAZ  PE UE OE ZE DE IE (sticky)
//
// While an instruction runs, bits 16-21 of Vcpu.mxcsr collect what its elements raise; completeFloat moves them down.
import { Vector, raise, raiseUd } from "../../cpu/exceptions";
import { Cr4 } from "../../cpu/registerBits";
import { Vcpu } from "../../cpu/state";

export const IE: u32 = 0x01;
export const DE: u32 = 0x02;
export const ZE: u32 = 0x04;
export const OE: u32 = 0x08;
export const UE: u32 = 0x10;
export const PE: u32 = 0x20;
export const DAZ: u32 = 0x40;
export const MASKS_SHIFT: u32 = 7;
export const PM: u32 = 0x1000;
export const RC_SHIFT: u32 = 13;
export const RC: u32 = 0x6000;
export const FTZ: u32 = 0x8000;
/** The bits that exist; also MXCSR_MASK of FXSAVE. */
export const MXCSR_MASK: u32 = 0xffff;

export const RC_NEAREST: u32 = 0;
export const RC_DOWN: u32 = 1;
export const RC_UP: u32 = 2;
export const RC_CHOP: u32 = 3;

const PENDING_SHIFT: u32 = 16;
/** Found before an element is computed (SDM vol. 1 11.5.1); an unmasked one keeps the others from being found. */
const PRE_COMPUTATION: u32 = IE | DE | ZE;

// @ts-ignore: decorator
@inline
export function raiseFloat(cpu: Vcpu, flags: u32): void {
  cpu.mxcsr |= flags << PENDING_SHIFT;
}

// @ts-ignore: decorator
@inline
export function roundingControl(cpu: Vcpu): u32 {
  return (cpu.mxcsr >> RC_SHIFT) & 3;
}

/** Makes the exceptions of the instruction sticky. False if one is unmasked: #XM is pending, nothing may be written. */
// @ts-ignore: decorator
@inline
export function completeFloat(cpu: Vcpu): bool {
  if (!(cpu.mxcsr >> PENDING_SHIFT)) return true;
  return settle(cpu);
}

function settle(cpu: Vcpu): bool {
  const mxcsr = cpu.mxcsr & MXCSR_MASK;
  let flags = cpu.mxcsr >> PENDING_SHIFT;
  const enabled = ~(mxcsr >> MASKS_SHIFT) & 0x3f;
  if (flags & enabled & PRE_COMPUTATION) flags &= PRE_COMPUTATION;
  cpu.mxcsr = mxcsr | flags;
  if (!(flags & enabled)) return true;
  if (cpu.cr4 & Cr4.OSXMMEXCPT) raise(cpu, Vector.XM);
  else raiseUd(cpu);
  return false;
}
