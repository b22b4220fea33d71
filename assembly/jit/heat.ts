// Block.heat: how many more runs of a decoded block make it hot. While it waits in the queue it counts on, to when it is
// urgent; and values from NEVER on are out of reach.
import { Vcpu } from "../cpu/state";
import { Block } from "../interp/blocks";
import { QUEUE, cacheState } from "./segments";

export const NEVER: u32 = 0x4000_0000;
/** Part of the threshold after which a block goes along with hot ones. */
const WARM_SHIFT: u32 = 2;
/** Multiple of the threshold that a block runs at most before it is asked whether it still waits for its translation. */
const DEFER_SHIFT: u32 = 3;

export const QUEUE_SIZE: u32 = 48;

// @ts-ignore: decorator
@inline
export function queuedAt(index: u32): u32 {
  return load<u32>(QUEUE + <usize>(index << 2)) & ~WIDTH;
}

/** In the low bits of a queued block's address: Region.width. */
const WIDTH: u32 = 15;

// @ts-ignore: decorator
@inline
export function widthQueued(index: u32): u32 {
  return load<u32>(QUEUE + <usize>(index << 2)) & WIDTH;
}

/** Appends to the queue, which has room. */
export function enqueue(cpu: Vcpu, block: Block, width: u32): void {
  store<u32>(QUEUE + <usize>(cpu.jitQueued << 2), (<u32>changetype<usize>(block)) | width);
  cpu.jitQueued++;
  block.heat = cacheState().urgent;
}

export function isQueued(cpu: Vcpu, block: Block): bool {
  for (let i: u32 = 0; i < cpu.jitQueued; i++) if (queuedAt(i) == <u32>changetype<usize>(block)) return true;
  return false;
}

/** The block has run often enough to be worth translating where hot code leads to it. */
export function isWarm(cpu: Vcpu, block: Block): bool {
  const threshold = cpu.jitThreshold;
  if (block.heat < threshold - (threshold >> WARM_SHIFT)) return true;
  return block.heat < NEVER && isQueued(cpu, block);
}

/** Starts the count afresh. */
export function cool(cpu: Vcpu, block: Block): void {
  block.heat = cpu.jitThreshold;
}

/** It waits for its translation: counts from so far off that it is neither warm nor hot soon. */
export function defer(cpu: Vcpu, block: Block): void {
  block.heat = cpu.jitThreshold << DEFER_SHIFT;
}

/** It cannot be translated. */
export function refuse(block: Block): void {
  block.heat = (<u32>NEVER) << 1;
}

// @ts-ignore: decorator
@inline
export function isRefused(block: Block): bool {
  return block.heat >= NEVER;
}
