// What is kept of each translated region: where its code lies in guest memory, its entries, and its links. All of it
// lies in one segment (segments.ts), in this order:
//
//   Translation                                 the record below
//   TranslationPage × pageCount                 in the chains by physical page
//   u32 start | end << 16, × all pages' ranges  bytes of code on the page
//   Block × entryCount                          its entries, found like decoded blocks (interp/blocks.ts)
//   LinkSlot × linkCount                        direct ways out
//
// A dead translation keeps its memory until its segment is emptied, so that its function may still run to its end.
import { Vcpu } from "../cpu/state";
import { DEAD_MODE, Block, enterInTable, removeFromTable } from "../interp/blocks";
import { markCodePage } from "../mmu/codePages";
import { isCurrent } from "../mmu/epochs";
import { PAGE_HEADS, Segment } from "./segments";


@unmanaged
export class Translation {
  nextInSegment: u32;
  dead: u32;
  /** Epoch (mmu/epochs.ts) in which the mapping of its pages was last looked at. */
  epoch: u32;
  pageCount: u32;
  pages: u32;
  entryCount: u32;
  entries: u32;
  linkCount: u32;
  links: u32;
  /** Mode bits that its code runs in. */
  mode: u32;
  /** Instructions retired in it, if profiles are wanted (profile.ts). */
  retired: u64;
  /** Its module is being compiled: writes to its code are noticed, but it is not entered yet. */
  pending: u32;
  /** Region.width of the region it was made from. */
  width: u16;
  /** It is to be formed anew (widening.ts). */
  isStale: u16;
  /** Instructions retired by the VM when its entries began to be counted (Entry.runs). */
  since: u64;
}


@unmanaged
export class TranslationPage {
  /** Linear address of the page. */
  linear: u64;
  physicalPage: u32;
  /** The next TranslationPage of the chain. */
  next: u32;
  translation: u32;
  ranges: u32;
  rangeCount: u32;
  _pad: u32;
}

export const TRANSLATION_PAGE_SIZE: u32 = 32;

/** With four bytes to spare: a line of the host's caches. */
export const ENTRY_SIZE: u32 = 64;

/** An entry's block: fields of Block that only decoded ones use otherwise. */
@unmanaged
export class Entry extends Block {
  // @ts-ignore: decorator
  @inline
  get translation(): Translation {
    return changetype<Translation>(<usize>this.end);
  }

  /** Entries from elsewhere until a wider region is tried. */
  // @ts-ignore: decorator
  @inline
  get runs(): u32 {
    return this.nextInSecondPage;
  }
  // @ts-ignore: decorator
  @inline
  set runs(value: u32) {
    this.nextInSecondPage = value;
  }
}


@unmanaged
export class LinkSlot {
  /** The Entry to go on with, or 0. */
  target: u32;
  /** Epoch in which that holds, or ANY_EPOCH. */
  epoch: u32;
  /** The way out leads to a page of the translation: where it holds, so does the target's first byte. */
  nearby: u32;
  /** Block.callee of the target. */
  callee: u32;

  /** Leads to the entry at `target` from now on; it was found in mapping `epoch`. */
  lead(target: u32, epoch: u32): void {
    const alone = changetype<Entry>(<usize>target).translation.pageCount == 1;
    this.target = target;
    this.callee = changetype<Entry>(<usize>target).callee;
    this.epoch = this.nearby && alone ? ANY_EPOCH : epoch;
  }
}

export const LINK_SLOT_SIZE: u32 = 16;
/** No mapping is of this epoch. */
export const ANY_EPOCH: u32 = 0xffff_ffff;

/** Where the link of a translated block leads, or 0 when it does not hold (any more). */
// @ts-ignore: decorator
@inline
export function linkedEntry(cpu: Vcpu, slot: LinkSlot): u32 {
  const target = slot.target;
  if (!target || changetype<Block>(<usize>target).mode != cpu.mode) return 0;
  return slot.epoch == ANY_EPOCH || isCurrent(cpu, slot.epoch) ? target : 0;
}

const HEADS: u32 = 4096;

// @ts-ignore: decorator
@inline
export function headOf(page: u32): usize {
  return PAGE_HEADS + <usize>((page & (HEADS - 1)) << 2);
}

/** Empties the chains by page. */
export function clearHeads(): void {
  memory.fill(PAGE_HEADS, 0, <usize>(HEADS << 2));
}

// @ts-ignore: decorator
@inline
export function pageOf(translation: Translation, index: u32): TranslationPage {
  return changetype<TranslationPage>(<usize>(translation.pages + index * TRANSLATION_PAGE_SIZE));
}

// @ts-ignore: decorator
@inline
export function entryOf(translation: Translation, index: u32): Entry {
  return entryAt(translation.entries, index);
}

/** Of the records at `entries`. */
// @ts-ignore: decorator
@inline
export function entryAt(entries: u32, index: u32): Entry {
  return changetype<Entry>(<usize>(entries + index * ENTRY_SIZE));
}

/** Whether [start, end) of the page, by offsets, overlaps code of the translation. */
export function rangesOverlap(page: TranslationPage, start: u32, end: u32): bool {
  for (let i: u32 = 0; i < page.rangeCount; i++) {
    const range = load<u32>(<usize>(page.ranges + (i << 2)));
    if ((range & 0xffff) < end && start < range >> 16) return true;
  }
  return false;
}

/** Makes the translation's entries be found. */
export function enterEntries(translation: Translation): void {
  for (let i: u32 = 0; i < translation.entryCount; i++) enterInTable(entryOf(translation, i));
}

/** Makes writes to the translation's pages be noticed. */
export function enterPages(translation: Translation): void {
  for (let i: u32 = 0; i < translation.pageCount; i++) {
    const page = pageOf(translation, i);
    const head = headOf(page.physicalPage);
    page.next = load<u32>(head);
    store<u32>(head, <u32>changetype<usize>(page));
    markCodePage(page.physicalPage);
  }
}

export function addToSegment(segment: Segment, translation: Translation): void {
  translation.nextInSegment = segment.translations;
  segment.translations = <u32>changetype<usize>(translation);
}

function unchain(page: TranslationPage): void {
  const address = <u32>changetype<usize>(page);
  let slot = headOf(page.physicalPage);
  while (load<u32>(slot) != address) {
    slot = <usize>load<u32>(slot) + offsetof<TranslationPage>("next");
  }
  store<u32>(slot, page.next);
}

/** Nothing finds or enters it any more. Its function may be running: it goes on to its next way out. */
export function killTranslation(translation: Translation): void {
  translation.dead = 1;
  for (let i: u32 = 0; i < translation.entryCount; i++) {
    const entry = entryOf(translation, i);
    removeFromTable(entry);
    entry.mode = DEAD_MODE;
  }
  for (let i: u32 = 0; i < translation.pageCount; i++) unchain(pageOf(translation, i));
}

/** Clears the translation's links to entries in [start, end). */
export function clearLinksInto(translation: Translation, start: u32, end: u32): void {
  for (let i: u32 = 0; i < translation.linkCount; i++) {
    const slot = changetype<LinkSlot>(<usize>(translation.links + i * LINK_SLOT_SIZE));
    if (slot.target - start < end - start) slot.target = 0;
  }
}
