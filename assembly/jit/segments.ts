// Memory of the code cache, in segments that are filled one after the other. When all are full the oldest is emptied and
// filled again: so translations age. What a segment holds (translations.ts) lives and dies with it, places in the
// function table included; so nothing needs to be freed one by one.
//
//   CODE_CACHE  +0       CacheState
//               +0x100   the Segments
//               +0x400   queue of hot blocks (queue.ts)
//               +0x1000  translations by physical page: heads of chains (translations.ts)
//               +0x5000  pages whose code keeps changing (churn.ts)
//               +0x9000  pages of the region under construction (regions.ts)
//               +0xa000  the segments' memory
import { JitTable } from "../shared/jit";
import { CODE_CACHE, CODE_CACHE_SIZE } from "./layout";

export const SEGMENTS: u32 = JitTable.SEGMENTS;
/** Places in the function table that each segment has. */
const SLOTS_PER_SEGMENT: u32 = JitTable.PLACES / SEGMENTS;
export const QUEUE: usize = <usize>CODE_CACHE + 0x400;
export const PAGE_HEADS: usize = <usize>CODE_CACHE + 0x1000;
export const CHURN: usize = <usize>CODE_CACHE + 0x5000;
export const REGION_PAGES: usize = <usize>CODE_CACHE + 0x9000;
const SEGMENT_MEMORY: u32 = CODE_CACHE + 0xa000;
const LEAST_SIZE: u32 = 0x10_0000;
/** Translated code that may live at once, as wasm: machine code is several times that, and it is the host's memory. */
const MAX_WASM_BYTES: u32 = 0x400_0000;


@unmanaged
export class Segment {
  start: u32;
  free: u32;
  end: u32;
  /** Places of the function table: the first, and the first free one. */
  firstSlot: u32;
  freeSlot: u32;
  /** Chain of its translations (Translation.nextInSegment). */
  translations: u32;
  wasmBytes: u32;
  _pad: u32;
}


@unmanaged
export class CacheState {
  /** Number of the segment that is being filled. */
  current: u32;
  /** Runs of a queued block after which the queue is not waited for any longer. */
  urgent: u32;
  /** Entries into a translation after which it is worth a wider region; 0: at once. */
  wideAfter: u32;
}

// @ts-ignore: decorator
@inline
export function cacheState(): CacheState {
  return changetype<CacheState>(<usize>CODE_CACHE);
}

// @ts-ignore: decorator
@inline
export function segmentAt(index: u32): Segment {
  return changetype<Segment>(<usize>CODE_CACHE + 0x100 + ((<usize>index) << 5));
}

// @ts-ignore: decorator
@inline
export function currentSegment(): Segment {
  return segmentAt(cacheState().current);
}

/** Divides `bytes` (within 1 MiB and the whole area) among the segments, all empty. */
export function initSegments(bytes: u32, firstSlot: u32): void {
  memory.fill(<usize>CODE_CACHE, 0, <usize>(SEGMENT_MEMORY - CODE_CACHE));
  const size = max(min(bytes, CODE_CACHE_SIZE), LEAST_SIZE) - (SEGMENT_MEMORY - CODE_CACHE);
  const each = (size / SEGMENTS) & ~63;
  for (let i: u32 = 0; i < SEGMENTS; i++) {
    const segment = segmentAt(i);
    segment.start = SEGMENT_MEMORY + i * each;
    segment.end = segment.start + each;
    segment.firstSlot = firstSlot + i * SLOTS_PER_SEGMENT;
    emptySegment(segment);
  }
}

export function emptySegment(segment: Segment): void {
  segment.free = segment.start;
  segment.freeSlot = segment.firstSlot;
  segment.translations = 0;
  segment.wasmBytes = 0;
}

/** Whether `bytes` and a place in the table can be had without going on to the next segment. */
export function hasRoom(segment: Segment, bytes: u32, slots: u32): bool {
  return (
    segment.free + bytes <= segment.end &&
    segment.freeSlot - segment.firstSlot + slots <= SLOTS_PER_SEGMENT &&
    segment.wasmBytes < MAX_WASM_BYTES / SEGMENTS
  );
}

/** The segment to which place `place` of the function table belongs. */
export function segmentOfPlace(place: u32): Segment {
  return segmentAt((place - segmentAt(0).firstSlot) / SLOTS_PER_SEGMENT);
}

/** Memory that lives as long as the translations of the module under construction; 0 when there is none left. */
export function allocateData(bytes: u32): u32 {
  const segment = currentSegment();
  const address = segment.free;
  const end = address + ((bytes + 15) & ~15);
  if (end > segment.end) return 0;
  segment.free = end;
  return address;
}

/** Wasm of the translations that have not made room for others, dead ones included: the host keeps it as long. */
export function wasmBytesInUse(): u32 {
  let bytes: u32 = 0;
  for (let i: u32 = 0; i < SEGMENTS; i++) bytes += segmentAt(i).wasmBytes;
  return bytes;
}

/** Memory that is taken in all segments. */
export function recordBytesInUse(): u32 {
  let bytes: u32 = 0;
  for (let i: u32 = 0; i < SEGMENTS; i++) bytes += segmentAt(i).free - segmentAt(i).start;
  return bytes;
}
