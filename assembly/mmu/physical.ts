// The guest-physical address space: which pages are plain memory, and where it lies in the VM's WebAssembly memory.
//
//   0 .. 1 MiB           a record for each 4 KiB page (VGA window, option ROMs, BIOS shadow under PAM; i440FX datasheet 3.2.19)
//   1 MiB .. RAM size    RAM, no lookup
//   above                up to 16 regions (ROM below 4 GiB, linear frame buffer)
//   all else             MMIO, the host's device bus
//
// Reads and writes have separate sources. A source is a host address, 0 (MMIO), or for writes DROP.
import { Vcpu, vcpu } from "../cpu/state";
import { MemoryMap } from "../shared/memoryMap";

/** A write source: the write has no effect. */
export const DROP: u32 = 1;

export const LOW_PAGES: u32 = 256;
const LOW_END: u64 = 0x10_0000;
export const MAX_REGIONS: u32 = 16;

// PHYSICAL_MAP: +0 u32 RAM size in bytes, +4 u32 number of regions.
export const MAP: usize = <usize>MemoryMap.PHYSICAL_MAP;
export const REGION_COUNT: usize = 4;
/** {u32 read source, u32 write source} of each low page. */
export const LOW_TABLE: usize = MAP + 0x800;
/** Array of Region. */
const REGIONS: usize = MAP + 0x1000;


@unmanaged
export class Region {
  first: u32;
  pages: u32;
  readSource: u32;
  writeSource: u32;
}

// @ts-ignore: decorator
@inline
export function region(index: u32): Region {
  return changetype<Region>(REGIONS + <usize>(index << 4));
}

/** RAM size in bytes; at most 3 GiB. */
// @ts-ignore: decorator
@inline
export function ramSize(): u32 {
  return load<u32>(MAP);
}

/** `physical` as it leaves the CPU: address line 20 forced low while the A20 gate is closed. */
// @ts-ignore: decorator
@inline
export function a20(cpu: Vcpu, physical: u64): u64 {
  return physical & (<u64>(<i64>(<i32>cpu.a20Mask)));
}

function findRegion(page: u32): usize {
  const count = load<u32>(MAP, REGION_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const r = region(i);
    if (page - r.first < r.pages) return changetype<usize>(r);
  }
  return 0;
}

function mappedSource(physical: u64, write: bool): u32 {
  const page = <u32>(physical >> 12);
  let first = page;
  let record: usize;
  if (page < LOW_PAGES) record = LOW_TABLE + <usize>(page << 3);
  else {
    const found = findRegion(page);
    if (!found) return 0;
    first = changetype<Region>(found).first;
    record = found + offsetof<Region>("readSource");
  }
  const source = write ? load<u32>(record, 4) : load<u32>(record);
  return source <= DROP ? source : source + ((page - first) << 12) + ((<u32>physical) & 0xfff);
}

/** Where a read of `physical` (A20 applied) is served: a host address, or 0 for MMIO. */
// @ts-ignore: decorator
@inline
export function readSource(physical: u64): u32 {
  if (physical >= LOW_END && physical < <u64>ramSize()) return <u32>MemoryMap.GUEST_RAM + <u32>physical;
  return mappedSource(physical, false);
}

/** Where a write to `physical` (A20 applied) goes: a host address, 0 for MMIO, or DROP. */
// @ts-ignore: decorator
@inline
export function writeSource(physical: u64): u32 {
  if (physical >= LOW_END && physical < <u64>ramSize()) return <u32>MemoryMap.GUEST_RAM + <u32>physical;
  return mappedSource(physical, true);
}

/** Host address of `physical` (A20 not applied yet), or 0 where it is not plain memory to read or write. */
export function physicalHost(physical: u64, write: bool): u32 {
  const address = a20(vcpu(), physical);
  if (!write) return readSource(address);
  const source = writeSource(address);
  return source == DROP ? 0 : source;
}

/** Whether blocks decoded from this page may be kept: RAM and ROM, not video memory nor MMIO. */
export function isCacheableCode(physicalPage: u32): bool {
  const source = readSource((<u64>physicalPage) << 12);
  return source != 0 && source - <u32>MemoryMap.VRAM >= <u32>MemoryMap.VRAM_SIZE;
}
