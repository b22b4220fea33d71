// The guest-physical address space: which pages are plain memory, and where it lies in the VM's WebAssembly memory.
//
//   0 .. 1 MiB           a record for each 4 KiB page (VGA window, option ROMs, BIOS shadow under PAM; i440FX datasheet 3.2.19)
//   1 MiB .. RAM size    RAM, no lookup
//   above                up to 16 regions (ROM below 4 GiB, linear frame buffer)
//   all else             MMIO, the host's device bus
//
// Reads and writes have separate sources. A source is a host address, 0 (MMIO), or for writes DROP.
import { Vcpu, vcpu } from "../cpu/state";
import { codeWritten } from "../interp/blocks";
import { MemoryKind } from "../shared/memoryKind";
import { MemoryMap } from "../shared/memoryMap";
import { isCodePage } from "./codePages";
import { flushAll } from "./flush";

/** A write source: the write has no effect. */
export const DROP: u32 = 1;

const LOW_PAGES: u32 = 256;
const LOW_END: u64 = 0x10_0000;
const MAX_REGIONS: u32 = 16;

// PHYSICAL_MAP: +0 u32 RAM size in bytes, +4 u32 number of regions.
const MAP: usize = <usize>MemoryMap.PHYSICAL_MAP;
const REGION_COUNT: usize = 4;
/** {u32 read source, u32 write source} of each low page. */
const LOW_TABLE: usize = MAP + 0x800;
/** Array of Region. */
const REGIONS: usize = MAP + 0x1000;


@unmanaged
class Region {
  first: u32;
  pages: u32;
  readSource: u32;
  writeSource: u32;
}

// @ts-ignore: decorator
@inline
function region(index: u32): Region {
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

/** Forgets all regions; RAM of `bytes` bytes, but MMIO from A0000 to FFFFF. */
export function initPhysicalMap(bytes: u32): void {
  store<u32>(MAP, bytes);
  store<u32>(MAP, 0, REGION_COUNT);
  memory.fill(LOW_TABLE, 0, <usize>(LOW_PAGES << 3));
  const low = bytes >> 12 < 0xa0 ? bytes >> 12 : 0xa0;
  mapMemory(0, low, MemoryKind.RAM, MemoryMap.GUEST_RAM);
  mapMemory(0xa0, 0x60, MemoryKind.MMIO, 0);
}

/** Takes [first, end) out of the regions above 1 MiB. */
function unmap(first: u32, end: u32): bool {
  for (let i: u32 = 0; i < load<u32>(MAP, REGION_COUNT);) {
    const r = region(i);
    const regionEnd = r.first + r.pages;
    if (r.first >= end || regionEnd <= first) {
      i++;
      continue;
    }
    if (regionEnd > end) {
      const skipped = (end - r.first) << 12;
      const read = r.readSource > DROP ? r.readSource + skipped : r.readSource;
      const write = r.writeSource > DROP ? r.writeSource + skipped : r.writeSource;
      if (!addRegion(end, regionEnd - end, read, write)) return false;
    }
    if (r.first < first) {
      r.pages = first - r.first;
      i++;
    } else {
      const last = load<u32>(MAP, REGION_COUNT) - 1;
      memory.copy(changetype<usize>(r), changetype<usize>(region(last)), offsetof<Region>());
      store<u32>(MAP, last, REGION_COUNT);
    }
  }
  return true;
}

function addRegion(first: u32, pages: u32, readFrom: u32, writeTo: u32): bool {
  const count = load<u32>(MAP, REGION_COUNT);
  if (count == MAX_REGIONS) return false;
  const r = region(count);
  r.first = first;
  r.pages = pages;
  r.readSource = readFrom;
  r.writeSource = writeTo;
  store<u32>(MAP, count + 1, REGION_COUNT);
  return true;
}

function mapLowPage(cpu: Vcpu, page: u32, kind: u32, host: u32): void {
  let writeTo = 0;
  if (kind == MemoryKind.RAM) writeTo = host;
  else if (kind == MemoryKind.ROM) writeTo = DROP;
  else if (kind == MemoryKind.SHADOW_WRITE) writeTo = <u32>MemoryMap.GUEST_RAM + (page << 12);
  const record = LOW_TABLE + <usize>(page << 3);
  store<u32>(record, kind == MemoryKind.MMIO ? 0 : host);
  store<u32>(record, writeTo, 4);
  if (isCodePage(page)) codeWritten(cpu, (<u64>page) << 12, 0x1000);
}

/**
 * Makes `pages` pages from `physicalPage` memory of `kind` (MemoryKind) at host address `host`. Replaces what was there;
 * RAM above 1 MiB cannot be covered. False: too many regions. Flushes the TLBs and decoded code of the pages.
 */
export function mapMemory(physicalPage: u32, pages: u32, kind: u32, host: u32): bool {
  const cpu = vcpu();
  let page = physicalPage;
  let left = pages;
  let source = host;
  while (left && page < LOW_PAGES) {
    mapLowPage(cpu, page, kind, source);
    if (source) source += 0x1000;
    page++;
    left--;
  }
  let mapped = true;
  if (left) {
    mapped = unmap(page, page + left);
    if (mapped && kind != MemoryKind.MMIO)
      mapped = addRegion(page, left, source, kind == MemoryKind.RAM ? source : DROP);
  }
  flushAll(cpu);
  return mapped;
}

/** Opens or closes the A20 gate. */
export function setA20(open: bool): void {
  const cpu = vcpu();
  const mask: u32 = open ? 0xffff_ffff : ~(<u32>0x10_0000);
  if (cpu.a20Mask == mask) return;
  cpu.a20Mask = mask;
  flushAll(cpu);
}
