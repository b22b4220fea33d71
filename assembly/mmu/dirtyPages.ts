// Dirty logging: which pages of guest memory have been written since somebody last asked. Pages are known by host address, as the
// guest may see one at several physical addresses, or at none for a while.
//
// A logged page that has not been written since is *clean*, a bit of CLEAN_PAGES. It has no plain write tag in any TLB, so the first
// store takes the slow path, which ends the page's being clean and gives the entry its tag: all further stores cost nothing.
// takeDirtyPages makes pages clean again. A page that was never asked for is not clean, and so costs nothing either.
import { MemoryMap } from "../shared/memoryMap";
import { ADDEND, FILLED_KINDS, SLOW, TLB_ENTRIES, TLB_ENTRY_SIZE, WRITE_TAG, entryAt } from "./tlb";

const BITMAP: usize = <usize>MemoryMap.CLEAN_PAGES;
/** Pages of a word of the bitmap. */
const WORD_PAGES: u32 = 32;

// @ts-ignore: decorator
@inline
function wordOf(page: u32): usize {
  return BITMAP + <usize>((page >> 5) << 2);
}

/** Whether the next store to the page of host address `host` is to be noted. */
// @ts-ignore: decorator
@inline
export function isCleanPage(host: u32): bool {
  return ((load<u32>(wordOf(host >> 12)) >> ((host >> 12) & 31)) & 1) != 0;
}

/** The page of host address `host` is written. */
// @ts-ignore: decorator
@inline
export function noteDirty(host: u32): void {
  const word = wordOf(host >> 12);
  store<u32>(word, load<u32>(word) & ~((<u32>1) << ((host >> 12) & 31)));
}

/**
 * The pages from host page `first` on, `pages` of them (both multiples of 32), that were written since the last call, or that
 * were not asked for before: a bit each at `target`. Gives how many 32-bit words there have any. Not while guest code runs.
 */
export function takeDirtyPages(first: u32, pages: u32, target: usize): u32 {
  let dirtyWords: u32 = 0;
  for (let page: u32 = 0; page < pages; page += WORD_PAGES) {
    const word = wordOf(first + page);
    const dirty = ~load<u32>(word);
    store<u32>(target + <usize>(page >> 3), dirty);
    if (!dirty) continue;
    store<u32>(word, 0xffff_ffff);
    dirtyWords++;
  }
  if (dirtyWords) removeWriteTags(first, pages);
  return dirtyWords;
}

/** Walks the TLBs: tens of microseconds, once a frame or a checkpoint. */
function removeWriteTags(first: u32, pages: u32): void {
  for (let kind: u32 = 0; kind < FILLED_KINDS; kind++) {
    const end = entryAt(kind, TLB_ENTRIES);
    for (let entry = entryAt(kind, 0); entry < end; entry += <usize>TLB_ENTRY_SIZE) {
      const tag = load<u64>(entry, WRITE_TAG);
      if (tag & SLOW) continue;
      const page = (<u32>tag + load<u32>(entry, ADDEND)) >> 12;
      if (page - first < pages) store<u64>(entry, tag | SLOW, WRITE_TAG);
    }
  }
}
