// Changes of the guest-physical address space (physical.ts): what the board maps and unmaps, and the A20 gate.
import { Vcpu, vcpu } from "../cpu/state";
import { codeWritten } from "../jit/codeCache";
import { MemoryKind } from "../shared/memoryKind";
import { MemoryMap } from "../shared/memoryMap";
import { isCodePage } from "./codePages";
import { flushAll } from "./flush";
import { DROP, LOW_PAGES, LOW_TABLE, MAP, MAX_REGIONS, REGION_COUNT, Region, region } from "./physical";

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
