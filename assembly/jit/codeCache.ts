// The cache of translated code as others see it: memory for the translator, what a write to code kills, what is dropped with
// the decoded blocks. It knows neither translator nor run loop; the MMU calls it.
import { Attention, Vcpu } from "../cpu/state";
import { installModule } from "../host/imports";
import { blocksOverlap, clearBlocks, forgetJumpsInto, killBlocks } from "../interp/blocks";
import { clearCodePage } from "../mmu/codePages";
import { noteDrop, noteInvalidation, noteStore } from "./churn";
import { SEGMENTS, Segment, cacheState, currentSegment, emptySegment, initSegments, segmentAt } from "./segments";
import {
  Translation,
  TranslationPage,
  clearHeads,
  clearLinksInto,
  enterEntries,
  enterPages,
  headOf,
  killTranslation,
  rangesOverlap,
} from "./translations";

export { allocateData } from "./segments";

/**
 * Guest memory [physical, physical + size) within one page was written, or is other memory now: kills the blocks and translations that
 * overlap the bytes; unmarks the page when no code is left on it.
 */
export function codeWritten(cpu: Vcpu, physical: u64, size: u32): void {
  const start = <u32>physical;
  const blocksRemain = killBlocks(cpu, start, size);
  const translationsRemain = killTranslations(cpu, start, size, true);
  if (!blocksRemain && !translationsRemain) clearCodePage(start >> 12);
  else if (noteStore(start >> 12)) dropPage(cpu, start >> 12);
}

/** Forgets the code of a page that is stored to as data is. */
function dropPage(cpu: Vcpu, page: u32): void {
  noteDrop(page);
  killBlocks(cpu, page << 12, 0x1000);
  killTranslations(cpu, page << 12, 0x1000, false);
  clearCodePage(page);
}

/** Whether a store to [physical, physical + size), within one page with code, is for codeWritten: it hits code, or is one too many beside it. */
export function wantsCodeWritten(physical: u64, size: u32): bool {
  return codeOverlaps(physical, size) || noteStore((<u32>physical) >> 12);
}

/** Whether a write to [physical, physical + size), within one page, would hit code. */
function codeOverlaps(physical: u64, size: u32): bool {
  const start = <u32>physical;
  return translationsOverlap(start, size) || blocksOverlap(start, size);
}

/** Kills the translations with code in the bytes (`changed`: these bytes were written); tells whether the page has others. */
function killTranslations(cpu: Vcpu, start: u32, size: u32, changed: bool): bool {
  const number = start >> 12;
  const offset = start & 0xfff;
  let remain = false;
  let address = load<u32>(headOf(number));
  while (address) {
    const page = changetype<TranslationPage>(<usize>address);
    address = page.next;
    if (page.physicalPage != number) continue;
    if (!rangesOverlap(page, offset, offset + size)) {
      remain = true;
      continue;
    }
    killTranslation(changetype<Translation>(<usize>page.translation));
    if (changed) noteInvalidation(cpu, number);
    cpu.statJitInvalidations++;
    // It may be what is running: out of it after this instruction.
    cpu.attention |= Attention.STOP;
    // A translation can be mapped at several linear pages of one physical page, and is gone from the chain with all of them.
    address = load<u32>(headOf(number));
    remain = false;
  }
  return remain;
}

function translationsOverlap(start: u32, size: u32): bool {
  const number = start >> 12;
  const offset = start & 0xfff;
  let address = load<u32>(headOf(number));
  while (address) {
    const page = changetype<TranslationPage>(<usize>address);
    if (page.physicalPage == number && rangesOverlap(page, offset, offset + size)) return true;
    address = page.next;
  }
  return false;
}

/** Forgets all code, decoded and translated: after a reset, or when state was set from outside. */
export function dropAllCode(cpu: Vcpu): void {
  clearBlocks(cpu);
  for (let i: u32 = 0; i < SEGMENTS; i++) empty(segmentAt(i));
}

/** Sets the cache up: its size in bytes, and its first place in the function table. Drops all code. */
export function initCodeCache(cpu: Vcpu, bytes: u32, firstSlot: u32): void {
  dropAllCode(cpu);
  initSegments(bytes, firstSlot);
}

/** Forgets the decoded blocks, whose memory is full; what is translated stays. */
export function dropDecoded(cpu: Vcpu): void {
  clearBlocks(cpu);
  cpu.statEvictions++;
  clearHeads();
  for (let i: u32 = 0; i < SEGMENTS; i++) {
    let address = segmentAt(i).translations;
    while (address) {
      const translation = changetype<Translation>(<usize>address);
      if (!translation.dead) enterAgain(translation);
      address = translation.nextInSegment;
    }
  }
}

function enterAgain(translation: Translation): void {
  enterPages(translation);
  if (!translation.pending) enterEntries(translation);
}

/** Goes on with the oldest segment, which loses what it holds. Only while no translated code runs. */
export function nextSegment(cpu: Vcpu): void {
  const state = cacheState();
  state.current = (state.current + 1) % SEGMENTS;
  const segment = currentSegment();
  const start = segment.start;
  const end = segment.free;
  if (end == start) return;
  cpu.statJitEvictions += <u64>empty(segment);
  forgetJumpsInto(start, end);
  for (let i: u32 = 0; i < SEGMENTS; i++) clearSegmentsLinksInto(segmentAt(i), start, end);
  cpu.linkSlot = 0; // the link that is being looked up may have been in it
}

/** Empties a segment; gives how many translations died with it. */
function empty(segment: Segment): u32 {
  let killed: u32 = 0;
  let address = segment.translations;
  while (address) {
    const translation = changetype<Translation>(<usize>address);
    if (!translation.dead) {
      killTranslation(translation);
      killed++;
    }
    address = translation.nextInSegment;
  }
  const slots = segment.freeSlot - segment.firstSlot;
  if (slots) installModule(0, 0, segment.firstSlot, slots);
  emptySegment(segment);
  return killed;
}

function clearSegmentsLinksInto(segment: Segment, start: u32, end: u32): void {
  let address = segment.translations;
  while (address) {
    const translation = changetype<Translation>(<usize>address);
    clearLinksInto(translation, start, end);
    address = translation.nextInSegment;
  }
}
