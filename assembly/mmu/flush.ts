// Taking translations out of the TLBs. Each fill logs its entry number, so a flush walks only what was filled since the
// last one; only when a log has overflowed does it walk the whole array, once in LOG_CAPACITY fills.
//
// Large pages are cached as 4 KiB fragments. The regions that have any are noted exactly, so that INVLPG of a small page is
// O(1) and INVLPG of a large one finds all fragments.
import { MemoryMap } from "../shared/memoryMap";
import { Vcpu } from "../cpu/state";
import { endAllEpochs, endEpochOf, endMappingEpoch } from "./epochs";
import {
  EXECUTE_TAG,
  EntryFlag,
  FILLED_KINDS,
  GIANT_REGIONS,
  GIANT_SLOTS,
  LARGE_REGIONS,
  LARGE_SLOTS,
  LOG_CAPACITY,
  READ_TAG,
  TLB_BYTES,
  TLB_ENTRIES,
  WRITE_TAG,
  clearEntry,
  entryAt,
  entryFlagAddress,
  logAddress,
  logCountAddress,
  tlbBase,
  tlbEntry,
} from "./tlb";

/** Two regions fell into one slot: it stands for all of them. */
const ANY_REGION: u32 = 0xffff_ffff;
/** 4 KiB pages of a 4 MiB region. */
const REGION_PAGES: u32 = 1024;

/** Empties everything whatever was in memory; for power-on. */
export function initTlb(cpu: Vcpu): void {
  memory.fill(<usize>MemoryMap.TLB, 0, <usize>MemoryMap.TLB_SIZE);
  memory.fill(<usize>MemoryMap.TLB, 0xff, <usize>(TLB_BYTES * (FILLED_KINDS + 1)));
  endAllEpochs(cpu);
}

/** Records that entry `index` was filled. */
// @ts-ignore: decorator
@inline
export function logFill(kind: u32, global: u32, index: u32): void {
  const countAddress = logCountAddress(kind, global);
  const count = load<u32>(countAddress);
  if (count < LOG_CAPACITY) store<u16>(logAddress(kind, global) + <usize>(count << 1), <u16>index);
  if (count <= LOG_CAPACITY) store<u32>(countAddress, count + 1);
}

/** Clears what log (kind, global) names; entries of the other sort that have taken their place stay. */
function flushLog(kind: u32, global: u32): void {
  const countAddress = logCountAddress(kind, global);
  const count = load<u32>(countAddress);
  store<u32>(countAddress, 0);
  const overflowed = count > LOG_CAPACITY;
  const entries = overflowed ? TLB_ENTRIES : count;
  const log = logAddress(kind, global);
  for (let i: u32 = 0; i < entries; i++) {
    const index = overflowed ? i : <u32>load<u16>(log + <usize>(i << 1));
    if (((<u32>load<u8>(entryFlagAddress(kind, index))) & EntryFlag.GLOBAL) == global) clearEntry(entryAt(kind, index));
  }
}

/** Forgets every translation. */
export function flushAll(cpu: Vcpu): void {
  endAllEpochs(cpu);
  for (let kind: u32 = 0; kind < FILLED_KINDS; kind++) {
    flushLog(kind, EntryFlag.NONE);
    flushLog(kind, EntryFlag.GLOBAL);
  }
  memory.fill(LARGE_REGIONS, 0, <usize>(LARGE_SLOTS << 2));
  memory.fill(GIANT_REGIONS, 0, <usize>(GIANT_SLOTS << 2));
}

/** A CR3 load: keeps translations of global pages (SDM vol. 3A 4.10.4.1). */
export function flushNonGlobal(cpu: Vcpu): void {
  endMappingEpoch(cpu);
  for (let kind: u32 = 0; kind < FILLED_KINDS; kind++) flushLog(kind, EntryFlag.NONE);
}

/** INVLPG: forgets the page that holds `linear`, of whatever size, global or not. */
export function flushPage(cpu: Vcpu, linear: u64): void {
  if (hasRegion(GIANT_REGIONS, GIANT_SLOTS, linear >> 30)) {
    flushAll(cpu);
    return;
  }
  if (hasRegion(LARGE_REGIONS, LARGE_SLOTS, linear >> 22)) {
    endAllEpochs(cpu);
    flushRegion(linear);
    return;
  }
  endEpochOf(cpu, linear);
  for (let kind: u32 = 0; kind < FILLED_KINDS; kind++) clearEntry(tlbEntry(tlbBase(kind), linear));
}

/** Notes a fragment of a 2 MiB or 4 MiB page. */
export function noteLarge(linear: u64): void {
  noteRegion(LARGE_REGIONS, LARGE_SLOTS, linear >> 22);
}

/** Notes a fragment of a 1 GiB page. */
export function noteGiant(linear: u64): void {
  noteRegion(GIANT_REGIONS, GIANT_SLOTS, linear >> 30);
}

/** What a slot holds: canonical addresses have 26 (18) significant bits of region, plus one so that 0 is empty. */
// @ts-ignore: decorator
@inline
function regionKey(region: u64): u32 {
  return ((<u32>region) & 0x3ff_ffff) + 1;
}

// @ts-ignore: decorator
@inline
function regionSlot(table: usize, slots: u32, region: u64): usize {
  return table + <usize>(((<u32>region) & (slots - 1)) << 2);
}

// @ts-ignore: decorator
@inline
function hasRegion(table: usize, slots: u32, region: u64): bool {
  const held = load<u32>(regionSlot(table, slots, region));
  return held == regionKey(region) || held == ANY_REGION;
}

function noteRegion(table: usize, slots: u32, region: u64): void {
  const slot = regionSlot(table, slots, region);
  const held = load<u32>(slot);
  const key = regionKey(region);
  if (held != key) store<u32>(slot, held ? ANY_REGION : key);
}

/** Clears the entries of the 4 MiB around `linear`. */
function flushRegion(linear: u64): void {
  const region = linear >> 22;
  const first = (<u32>(linear >> 12)) & (TLB_ENTRIES - 1) & ~(REGION_PAGES - 1);
  for (let kind: u32 = 0; kind < FILLED_KINDS; kind++) {
    for (let i: u32 = 0; i < REGION_PAGES; i++) {
      const entry = entryAt(kind, first + i);
      if (
        load<u64>(entry, READ_TAG) >> 22 == region ||
        load<u64>(entry, WRITE_TAG) >> 22 == region ||
        load<u64>(entry, EXECUTE_TAG) >> 22 == region
      )
        clearEntry(entry);
    }
  }
  const slot = regionSlot(LARGE_REGIONS, LARGE_SLOTS, region);
  if (load<u32>(slot) != ANY_REGION) store<u32>(slot, 0);
}
