// Which physical pages hold decoded or translated code: one bit each. A page that does has no plain write tag in any
// TLB, so every store to it takes the slow path, which calls codeWritten.
//
// To take the write tags away without walking the TLBs, each fill of one is noted by physical page: 16,384 buckets of four
// TLB entry addresses. An address is stale once its entry has no plain write tag or one of another bucket. A bucket that
// would need a fifth place says MANY, and the next page marked there walks the TLBs (and rebuilds the bucket).
import { MemoryMap } from "../shared/memoryMap";
import { ramSize } from "./physical";
import { FILLED_KINDS, NO_TAG, PHYSICAL_PAGE, SLOW, TLB_ENTRIES, WRITERS, WRITE_TAG, entryAt } from "./tlb";

const BITMAP: usize = <usize>MemoryMap.CODE_PAGES;
/** Pages of the first mebibyte are tracked whatever they are: PAM can change what they are. */
const LOW_PAGES: u32 = 256;
const BUCKET_MASK: u32 = 16383;
const WAYS: usize = 4;
const MANY: u32 = 1;

// @ts-ignore: decorator
@inline
export function isCodePage(physicalPage: u32): bool {
  if (physicalPage >= 0x10_0000) return false;
  return (((<u32>load<u8>(BITMAP + <usize>(physicalPage >> 3))) >> (physicalPage & 7)) & 1) != 0;
}

/** From now on stores to the page call codeWritten. ROM above 1 MiB cannot change and is not tracked. */
export function markCodePage(physicalPage: u32): void {
  if (physicalPage >= LOW_PAGES && physicalPage >= ramSize() >> 12) return;
  const bits = BITMAP + <usize>(physicalPage >> 3);
  const bit = <u8>((<u32>1) << (physicalPage & 7));
  const old = load<u8>(bits);
  if (old & bit) return;
  store<u8>(bits, old | bit);
  removeWriteTags(physicalPage);
}

/** The page holds no code any more. Its write tags come back as stores are made. */
export function clearCodePage(physicalPage: u32): void {
  if (physicalPage >= 0x10_0000) return;
  const bits = BITMAP + <usize>(physicalPage >> 3);
  const bit = <u8>((<u32>1) << (physicalPage & 7));
  store<u8>(bits, load<u8>(bits) & ~bit);
}

export function clearAllCodePages(): void {
  memory.fill(BITMAP, 0, <usize>MemoryMap.CODE_PAGES_SIZE);
}

// @ts-ignore: decorator
@inline
function bucketAddress(physicalPage: u32): usize {
  return WRITERS + <usize>((physicalPage & BUCKET_MASK) << 4);
}

/** The entry has a plain write tag of a page in this bucket. */
// @ts-ignore: decorator
@inline
function isWriterIn(entry: usize, physicalPage: u32): bool {
  return !(load<u64>(entry, WRITE_TAG) & SLOW) && !((load<u32>(entry, PHYSICAL_PAGE) ^ physicalPage) & BUCKET_MASK);
}

/** The TLB entry at `entry` is given a plain write tag for `physicalPage`. */
export function noteWriter(entry: usize, physicalPage: u32): void {
  const bucket = bucketAddress(physicalPage);
  let free: usize = 0;
  for (let way: usize = 0; way < WAYS; way++) {
    const place = bucket + (way << 2);
    const known = load<u32>(place);
    if (known == <u32>entry || known == MANY) return;
    if (!free && (!known || !isWriterIn(<usize>known, physicalPage))) free = place;
  }
  if (free) store<u32>(free, <u32>entry);
  else store<u32>(bucket, MANY);
}

// @ts-ignore: decorator
@inline
function removeWriteTag(entry: usize): void {
  const tag = load<u64>(entry, WRITE_TAG);
  store<u64>(entry, tag | SLOW, WRITE_TAG);
}

function removeWriteTags(physicalPage: u32): void {
  const bucket = bucketAddress(physicalPage);
  if (load<u32>(bucket) == MANY) {
    walkWriters(physicalPage, bucket);
    return;
  }
  for (let way: usize = 0; way < WAYS; way++) {
    const entry = <usize>load<u32>(bucket + (way << 2));
    if (entry && load<u32>(entry, PHYSICAL_PAGE) == physicalPage) removeWriteTag(entry);
  }
}

function walkWriters(physicalPage: u32, bucket: usize): void {
  memory.fill(bucket, 0, WAYS << 2);
  for (let kind: u32 = 0; kind < FILLED_KINDS; kind++) {
    for (let index: u32 = 0; index < TLB_ENTRIES; index++) {
      const entry = entryAt(kind, index);
      if (load<u64>(entry, WRITE_TAG) == NO_TAG || !isWriterIn(entry, physicalPage)) continue;
      if (load<u32>(entry, PHYSICAL_PAGE) == physicalPage) removeWriteTag(entry);
      else noteWriter(entry, physicalPage);
    }
  }
}

/** For the self-checks of tests and the debug build: no plain write tag points at a code page. */
export function checkWriteTags(): bool {
  for (let kind: u32 = 0; kind < FILLED_KINDS; kind++) {
    for (let index: u32 = 0; index < TLB_ENTRIES; index++) {
      const entry = entryAt(kind, index);
      if (!(load<u64>(entry, WRITE_TAG) & SLOW) && isCodePage(load<u32>(entry, PHYSICAL_PAGE))) return false;
    }
  }
  return true;
}
