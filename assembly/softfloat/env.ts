// x87 arithmetic environment and the constants of the control and status words.
//
// Intel SDM vol. 1, 8.1.3 (status word), 8.1.5 (control word), 8.5 (exceptions).
//
// Conventions of this folder
// - A register image is 16 bytes: u64 significand (explicit integer bit 63) at +0, u16 sign and exponent at +8.
//   Bytes 10 to 15 are neither read nor written. Destinations may alias sources.
// - Exception bits in `flags` are sticky; C1 is rewritten by every operation that defines it. To see what one
//   operation raised, the caller zeroes `flags` before it and merges them into the status word after.
// - Unmasked exceptions (mask bit clear in `controlWord`): for IE, DE and ZE nothing is written to the destination. For OE
//   and UE a register destination gets the result with its exponent wrapped by 24576 (SDM vol. 1, 8.5.4, 8.5.5); the
//   FLD m32/m64 deliver their value even when DE is unmasked. The f32/f64/integer/BCD stores return a value the caller must not store, which `f80StoreAllowed` tells. PE
//   never holds back a result.

/** What an operation reads (control word) and reports (flags). The x87 state embeds one per vCPU. */
@unmanaged
export class FpuEnv {
  /** The x87 control word: masks 0-5, precision control 8-9, rounding control 10-11. */
  controlWord: u32;
  /** Accumulated IE, DE, ZE, OE, UE, PE, and C1 of the last operation. */
  flags: u32;
  /** At least `F80_SCRATCH_BYTES` of memory, 8-aligned, for the transcendentals; contents are not state. */
  scratch: usize;
}

/** Size of the area `FpuEnv.scratch` points at. */
export const F80_SCRATCH_BYTES: usize = 384;

export const IE: u32 = 1;
export const DE: u32 = 2;
export const ZE: u32 = 4;
export const OE: u32 = 8;
export const UE: u32 = 16;
export const PE: u32 = 32;

// Condition codes, at their place in the status word.
export const C0: u32 = 0x100;
export const C1: u32 = 0x200;
export const C2: u32 = 0x400;
export const C3: u32 = 0x4000;

// Precision control and rounding control fields.
export const PC_MASK: u32 = 0x300;
export const PC_24: u32 = 0;
export const PC_53: u32 = 0x200;
export const PC_64: u32 = 0x300;
export const RC_MASK: u32 = 0xc00;
export const RC_NEAREST: u32 = 0;
export const RC_DOWN: u32 = 0x400;
export const RC_UP: u32 = 0x800;
export const RC_CHOP: u32 = 0xc00;

export const EXP_MAX: u32 = 0x7fff;
export const BIAS: i32 = 0x3fff;
export const INT_BIT: u64 = 0x8000000000000000;
export const QUIET_BIT: u64 = 0x4000000000000000;

/** Raises exceptions; true when one of them is unmasked, that is when the operation must write nothing. */
// @ts-ignore: decorator
@inline
export function raise(env: FpuEnv, flags: u32): bool {
  env.flags |= flags;
  return (flags & ~env.controlWord & 0x3f) != 0;
}

/** Forgets the C1 of an earlier operation. */
// @ts-ignore: decorator
@inline
export function clearC1(env: FpuEnv): void {
  env.flags &= ~C1;
}

/** After a store conversion begun with `flags` 0: may the value go to memory? (IE, OE, UE hold it back; PE does not.) */
export function f80StoreAllowed(env: FpuEnv): bool {
  return (env.flags & ~env.controlWord & (IE | OE | UE)) == 0;
}
