// Makes the record (translations.ts) of the region that has been formed: before it is translated, because the translator
// wants to know its link slots; what only the translator knows is filled in after.
import { vcpu } from "../cpu/state";
import { Block, NO_PAGE } from "../interp/blocks";
import { prepareCount } from "./profile";
import { region, regionBlock } from "./region";
import { findPage, linearOf, regionPage, regionPageCount, secondLinear } from "./regions";
import { allocateData } from "./segments";
import { NOWHERE, lastInsn, nextTarget, takenTarget } from "./successors";
import {
  ENTRY_SIZE,
  LINK_SLOT_SIZE,
  LinkSlot,
  TRANSLATION_PAGE_SIZE,
  Translation,
  TranslationPage,
  entryOf,
  pageOf,
} from "./translations";
import { runsBeforeWider } from "./widening";

/** Makes the record, with its region's links, in room that the caller has seen to. */
export function recordRegion(): Translation {
  const translation = changetype<Translation>(allocate(<u32>offsetof<Translation>()));
  translation.mode = region().mode;
  translation.width = <u16>region().width;
  translation.since = vcpu().instructions;
  prepareCount(vcpu(), translation);
  recordPages(translation);
  recordRanges(translation);
  recordEntries(translation);
  recordLinks(translation);
  return translation;
}

function allocate(bytes: u32): usize {
  const address = <usize>allocateData(bytes);
  memory.fill(address, 0, <usize>bytes);
  return address;
}

function recordPages(translation: Translation): void {
  const count = regionPageCount();
  translation.pageCount = count;
  translation.pages = <u32>allocate(count * TRANSLATION_PAGE_SIZE);
  for (let i: u32 = 0; i < count; i++) {
    const page = pageOf(translation, i);
    const from = regionPage(i);
    page.linear = from.linear;
    page.physicalPage = from.physicalPage;
    page.translation = <u32>changetype<usize>(translation);
    page.ranges = <u32>allocate(from.rangeCount << 2);
  }
}

function recordRanges(translation: Translation): void {
  for (let i: u32 = 0; i < region().blockCount; i++) {
    const block = changetype<Block>(<usize>regionBlock(i).block);
    const start = block.physical & 0xfff;
    const end = start + block.byteLength;
    addRange(translation, linearOf(block, block.ip), start, min(end, 0x1000));
    if (block.secondPage != NO_PAGE) addRange(translation, secondLinear(block), 0, end & 0xfff);
  }
}

function addRange(translation: Translation, linear: u64, start: u32, end: u32): void {
  for (let i: u32 = 0; i < translation.pageCount; i++) {
    const page: TranslationPage = pageOf(translation, i);
    if (page.linear != (linear & ~(<u64>0xfff))) continue;
    store<u32>(<usize>(page.ranges + (page.rangeCount << 2)), start | (end << 16));
    page.rangeCount++;
  }
}

function recordEntries(translation: Translation): void {
  const count = region().entryCount;
  translation.entryCount = count;
  // Each on a line of the host's caches.
  translation.entries = <u32>((allocate((count + 1) * ENTRY_SIZE) + ENTRY_SIZE - 1) & ~(<usize>ENTRY_SIZE - 1));
  region().entries = translation.entries;
  for (let i: u32 = 0; i < region().blockCount; i++) {
    const b = regionBlock(i);
    if (b.entry < 0) continue;
    const block = changetype<Block>(<usize>b.block);
    const entry = entryOf(translation, <u32>b.entry);
    entry.ip = block.ip;
    entry.csBase = block.csBase;
    entry.physical = block.physical;
    entry.mode = block.mode;
    entry.byteLength = block.byteLength;
    entry.secondPage = NO_PAGE;
    entry.end = <u32>changetype<usize>(translation);
    entry.heat = i;
    entry.runs = runsBeforeWider(region().width);
  }
}

/** What the translator has found out: the index of the function, and how long the entries run at most. */
export function completeEntries(translation: Translation, code: u32): void {
  for (let i: u32 = 0; i < region().blockCount; i++) {
    const b = regionBlock(i);
    if (b.entry < 0) continue;
    const entry = entryOf(translation, <u32>b.entry);
    entry.code = code;
    entry.count = b.weight;
  }
}

function recordLinks(translation: Translation): void {
  const blocks = region().blockCount;
  let count: u32 = 0;
  for (let i: u32 = 0; i < blocks; i++) count += <u32>(takenLeaves(i) != NOWHERE) + <u32>(nextLeaves(i) != NOWHERE);
  translation.linkCount = count;
  translation.links = <u32>allocate(count * LINK_SLOT_SIZE);
  let slot = translation.links;
  for (let i: u32 = 0; i < blocks; i++) {
    const b = regionBlock(i);
    const block = changetype<Block>(<usize>b.block);
    if (takenLeaves(i) != NOWHERE) {
      b.takenLink = makeLink(slot, block, takenLeaves(i));
      slot += LINK_SLOT_SIZE;
    }
    if (nextLeaves(i) != NOWHERE) {
      b.nextLink = makeLink(slot, block, nextLeaves(i));
      slot += LINK_SLOT_SIZE;
    }
  }
}

/** IP of the taken way out of region block `index`, where it leaves the region. */
function takenLeaves(index: u32): u64 {
  const b = regionBlock(index);
  const last = lastInsn(changetype<Block>(<usize>b.block));
  return b.taken < 0 ? takenTarget(last) : NOWHERE;
}

function nextLeaves(index: u32): u64 {
  const b = regionBlock(index);
  const last = lastInsn(changetype<Block>(<usize>b.block));
  return b.next < 0 ? nextTarget(last) : NOWHERE;
}

function makeLink(slot: u32, block: Block, target: u64): u32 {
  const link = changetype<LinkSlot>(<usize>slot);
  link.nearby = <u32>(changetype<usize>(findPage(linearOf(block, target))) != 0);
  return slot;
}
