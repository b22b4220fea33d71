// The region being translated: blocks and the direct jumps between them. Formed by regions.ts, read by translate.ts.
import { BlockSet } from "./blockSet";
import { REGION } from "./layout";

export const MAX_REGION_BLOCKS: u32 = 128;


@unmanaged
export class RegionBlock {
  /** The decoded block (interp/blocks.ts). */
  block: u32;
  /** Region block that the final direct jump goes to, or -1: it leaves the region. */
  taken: i32;
  /** Likewise for falling through, or not taken. */
  next: i32;
  /** Entry number (0 is the main one), or -1. */
  entry: i32;
  /** Address of the link slot of the taken way out where it leaves the region, else 0. */
  takenLink: u32;
  nextLink: u32;
  /** Set by `translate` for entries: the most instructions that run before fuel is looked at again. */
  weight: u32;
  // ---- private to the translator ----
  /** First IR node, and the end of its list. */
  firstNode: u32;
  endNode: u32;
  /** Node of the condition (BRANCH) or the target IP (INDIRECT). */
  condition: u32;
  /** Position in reverse postorder. */
  order: i32;
  terminator: u32;
  /** What is known of the flags at its end: FlagOp or DYNAMIC, and the operand size in bits. */
  flagKind: u32;
  flagBits: u32;
  /** An edge that closes a cycle leads here: fuel is looked at. */
  isLoopHead: bool;
  visited: bool;
  /** The slot that is ST(0) where it begins (x87State.ts); UNKNOWN_DELTA until an edge to it has been seen. */
  x87Delta: u8;
  /** Block, an entry, at which the call at its end, out of the region, comes back; or NO_SITE. */
  site: i8;
  /** Number of its first instruction in the region. */
  firstInsn: u32;
  /** Region blocks that its final indirect jump, indirect call or RET is expected to go to. */
  targets: BlockSet;
}

export const UNKNOWN_DELTA: u8 = 0xff;
export const NO_SITE: i8 = -1;
export const REGION_BLOCK_SIZE: usize = 80;


@unmanaged
export class Region {
  blockCount: u32;
  entryCount: u32;
  /** Mode bits (cpu/state.ts) that all its blocks share. */
  mode: u32;
  /** 0: narrow. Else with the functions it calls and with what is the start of other regions, for the so manieth time. */
  width: u32;
  /** Address of the u64 that the function adds the instructions it retires to, or 0 (profile.ts). */
  counter: u32;
  /** Records of its entries (translations.ts). */
  entries: u32;
  csBase: u64;
  /** Its general registers and flags stay in the vCPU struct; else they are in locals from an entry to a way out (lowerVariables.ts). */
  inMemory: bool;
}

// @ts-ignore: decorator
@inline
export function region(): Region {
  return changetype<Region>(<usize>REGION);
}

// @ts-ignore: decorator
@inline
export function regionBlock(index: u32): RegionBlock {
  return changetype<RegionBlock>(<usize>REGION + 64 + <usize>index * REGION_BLOCK_SIZE);
}
