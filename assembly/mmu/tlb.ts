// The software TLB: direct mapped, hashed by virtual page number, one array per privilege.
//
// Entry, 32 bytes:
//   +0   u64 read tag     linear page (low 12 bits 0) that a plain load may use, or NO_TAG
//   +8   u64 write tag    likewise for stores; NO_TAG where a store needs the slow path (page clean in the tables, code page, ROM, MMIO, watchpoint, dirty logging)
//   +16  u64 execute tag  likewise for instruction fetch
//   +24  u32 addend       host address = low 32 bits of linear + addend
//   +28  u32 physical page number (40-bit physical addresses: 28 bits), for code lookup and the slow paths
// A page whose memory is not plain (MMIO) has only tags with bit 0 set (SLOW), which no probe matches, so every access
// takes the slow path.
//
// Probe: index from the first byte's page, compare with the page of the last byte, so that an access that crosses a
// page misses by itself.
import { MemoryMap } from "../shared/memoryMap";

/** For each kind. Pages this far apart share an entry: 64 MiB, for kernels align much to 16 MiB, and to the end of memory. */
export const TLB_ENTRIES: u32 = 16384;
export const TLB_ENTRY_SIZE: u32 = 32;
export const TLB_BYTES: u32 = TLB_ENTRIES * TLB_ENTRY_SIZE;
export const NO_TAG: u64 = <u64>-1;

export const READ_TAG: usize = 0;
export const WRITE_TAG: usize = 8;
export const EXECUTE_TAG: usize = 16;
export const ADDEND: usize = 24;
export const PHYSICAL_PAGE: usize = 28;

/** Which TLB the accesses of the current privilege use (`Vcpu.tlb` points at it). */
export const enum TlbKind {
  /** CPL 0-2, SMAP not in force. */
  SUPERVISOR = 0,
  /** CPL 3. */
  USER = 1,
  /** CPL 0-2 with CR4.SMAP and AC clear. */
  SUPERVISOR_SMAP = 2,
  /** Never filled: every access is slow (alignment checks in force: CR0.AM, AC, CPL 3). */
  CHECKED = 3,
}

// @ts-ignore: decorator
@inline
export function tlbBase(kind: u32): u32 {
  return <u32>MemoryMap.TLB + kind * TLB_BYTES;
}

/** Address of the entry for `linear` in the TLB at `tlb`. */
// @ts-ignore: decorator
@inline
export function tlbEntry(tlb: u32, linear: u64): usize {
  return <usize>(tlb + ((<u32>(linear >> 7)) & ((TLB_ENTRIES - 1) << 5)));
}

// A tag of page | SLOW says: translated and permitted, but not by a plain access (MMIO, code page, watchpoint). The
// inline probe misses it, the slow path need not walk the page tables again.
export const SLOW: u64 = 1;
export const PAGE_MASK: u64 = ~(<u64>0xfff);
export const OFFSET_MASK: u64 = 0xfff;
/** TLBs that are ever filled (all kinds but CHECKED). */
export const FILLED_KINDS: u32 = 3;

// Bookkeeping, above the four arrays:
//   +0x00000  u32 entries logged, [kind][global]
//   +0x01000  u8 EntryFlag of each entry, [kind][entry]
//   +0x10000  fill logs: u16 entry numbers, [kind][global], LOG_CAPACITY each
//   +0x20000  u32 regions of 4 MiB that have fragments of a 2 MiB or 4 MiB page, hashed
//   +0x24000  u32 regions of 1 GiB that have fragments of a 1 GiB page, hashed
//   +0x30000  entries with a write tag, hashed by physical page (codePages.ts)
//   +0x70000  linear pages of code whose mapping somebody relies on, hashed (codeEpoch.ts)
const BOOKKEEPING: usize = <usize>(MemoryMap.TLB + 4 * TLB_BYTES);
export const LOG_CAPACITY: u32 = 4096;
export const LARGE_REGIONS: usize = BOOKKEEPING + 0x2_0000;
export const LARGE_SLOTS: u32 = 4096;
export const GIANT_REGIONS: usize = BOOKKEEPING + 0x2_4000;
export const GIANT_SLOTS: u32 = 256;
export const WRITERS: usize = BOOKKEEPING + 0x3_0000;
export const CODE_LINEAR: usize = BOOKKEEPING + 0x7_0000;

export const enum EntryFlag {
  NONE = 0,
  /** Survives flushNonGlobal. */
  GLOBAL = 1,
}

// @ts-ignore: decorator
@inline
export function logCountAddress(kind: u32, global: u32): usize {
  return BOOKKEEPING + <usize>(((kind << 1) | global) << 2);
}

// @ts-ignore: decorator
@inline
export function logAddress(kind: u32, global: u32): usize {
  return BOOKKEEPING + 0x1_0000 + <usize>(((kind << 1) | global) * (LOG_CAPACITY << 1));
}

/** Address of the EntryFlag byte of entry `index`. */
// @ts-ignore: decorator
@inline
export function entryFlagAddress(kind: u32, index: u32): usize {
  return BOOKKEEPING + 0x1000 + <usize>(kind * TLB_ENTRIES + index);
}

// @ts-ignore: decorator
@inline
export function entryAt(kind: u32, index: u32): usize {
  return <usize>(tlbBase(kind) + index * TLB_ENTRY_SIZE);
}

// @ts-ignore: decorator
@inline
export function clearEntry(entry: usize): void {
  store<u64>(entry, NO_TAG, READ_TAG);
  store<u64>(entry, NO_TAG, WRITE_TAG);
  store<u64>(entry, NO_TAG, EXECUTE_TAG);
}

/** The TLB kind that `Vcpu.tlb` points at. */
// @ts-ignore: decorator
@inline
export function kindOf(tlb: u32): u32 {
  return (tlb - <u32>MemoryMap.TLB) / TLB_BYTES;
}
