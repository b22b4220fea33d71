// What the Build backend (build.ts) knows while it makes the nodes of a block.
//
// Lazy flags are known by their kind and operands as long as nothing makes them depend on the path; then nothing of them is
// stored before it has to be (flagNodes.ts).
import { BUILD_STATE } from "./layout";

/** How a block ends. */
export const enum Terminator {
  /** Falls through to nextRip (also when nothing was said). */
  NEXT,
  JUMP,
  BRANCH,
  /** `target` holds the node of the IP. */
  INDIRECT,
}

/** FlagsState.kind: the flags are whatever the variables FLAG_OP, FLAG_A and FLAG_B say. */
export const DYNAMIC: u32 = 0xff;


@unmanaged
export class FlagsState {
  /** FlagOp, or DYNAMIC. */
  kind: u32;
  /** Operand size in bits. */
  bits: u32;
  a: u32;
  b: u32;
  /** ADC, SBB: the node of the carry that went in (0 or 1). */
  c: u32;
}


@unmanaged
export class BuildState {
  /** Where the next node goes. */
  next: u32;
  /** Registers have 64 bits (64-bit mode). */
  wide: bool;
  /** No more room for nodes: the region is given up. */
  full: bool;
  _pad: u16;
  /** Mode bits of the region. */
  mode: u32;
  /** The instruction, counted through the region. */
  insnNumber: u32;
  terminator: u32;
  /** Node of a BRANCH's condition. */
  taken: u32;
  target: u32;
  /** Host address of a read-modify-write. */
  rmwHost: u32;
  /** The flags are not in their variables yet. */
  flagsPending: bool;
  /** SSE (x87, MMX) was found usable in this block. */
  sseChecked: bool;
  x87Checked: bool;
  /** The region has singles for the x87: its numbers may have DOUBLE_FORM (x87LowerDouble.ts). */
  x87Singles: bool;
  /** The instruction is the last of its block. */
  atEnd: bool;
  /** EFLAGS bits that differ from the DYNAMIC flags, and the node of their values. */
  overrideMask: u32;
  overrideBits: u32;
  /** Variables with a new value that is not in their local yet; that are read; that are changed anywhere in the region. */
  pending: u64;
  used: u64;
  changed: u64;
  /** Node that is negative unless MXCSR lets wasm's operators do (sseOperands.ts); 0: not looked at in this block. */
  floatMode: u32;
  /** The instruction's IP, its low half. */
  ip: u32;
}

/** The flags after the last instruction. */
// @ts-ignore: decorator
@inline
export function flags(): FlagsState {
  return changetype<FlagsState>(<usize>BUILD_STATE + 0x100);
}

/** Under INC and DEC: the flags whose CF is still the present one. */
// @ts-ignore: decorator
@inline
export function carrySource(): FlagsState {
  return changetype<FlagsState>(<usize>BUILD_STATE + 0x140);
}

/** Address of the slot with the present node of `variable` (0: not known), of its low part, and the low part's bits. */
// @ts-ignore: decorator
@inline
export function variableSlot(variable: u32): usize {
  return <usize>(BUILD_STATE + 0x400 + (variable << 4));
}
