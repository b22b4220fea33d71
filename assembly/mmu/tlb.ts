// The software TLB: direct mapped, hashed by virtual page number, one array per privilege.
//
// Entry, 32 bytes:
//   +0   u64 read tag     linear page (low 12 bits 0) that a plain load may use, or NO_TAG
//   +8   u64 write tag    likewise for stores; NO_TAG where a store needs the slow path (clean page, code page, ROM, MMIO, watchpoint)
//   +16  u64 execute tag  likewise for instruction fetch
//   +24  u32 addend       host address = low 32 bits of linear + addend
//   +28  u32 physical page number (40-bit physical addresses: 28 bits), for code lookup and the slow paths
// A page whose memory is not plain (MMIO) has only tags of NO_TAG, so every access takes the slow path.
//
// Probe: index from the first byte's page, compare with the page of the last byte, so that an access that crosses a
// page misses by itself.
import { MemoryMap } from "../shared/memoryMap";

export const TLB_ENTRIES: u32 = 4096;
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
