// Instruction fetch: for the block builder, which works a page at a time.
import { Vcpu } from "../cpu/state";
import { mmioRead } from "../host/imports";
import { fillKind, isWide, physicalOfCode, privilege } from "./fill";
import { Access, NO_PHYSICAL, PHYSICAL_MASK, WALK_FAULT, walk } from "./paging";
import { a20, isCacheableCode, readSource } from "./physical";
import { EXECUTE_TAG, OFFSET_MASK, PAGE_MASK, PHYSICAL_PAGE, tlbBase, tlbEntry } from "./tlb";

/** The physical address of the code byte at `linear`; NO_PHYSICAL with #PF (or #GP) pending. */
export function fetchPage(cpu: Vcpu, linear: u64): u64 {
  return physicalOfCode(cpu, linear, true);
}

/**
 * Host address of the code byte at `linear`. 0 on a fault, and where code may not be kept decoded (MMIO, video memory): then
 * use fetchBytes for each instruction.
 */
export function fetchHost(cpu: Vcpu, linear: u64): u32 {
  const physical = physicalOfCode(cpu, linear, true);
  if (physical == NO_PHYSICAL || !isCacheableCode(<u32>(physical >> 12))) return 0;
  return readSource(physical);
}

/** Copies up to `wanted` (15) code bytes to `target`; stops where a fetch would fault. Gives the bytes copied. */
export function fetchBytes(cpu: Vcpu, linear: u64, target: usize, wanted: u32): u32 {
  return copyCode(cpu, linear, target, wanted, false);
}

/** fetchBytes that makes the fault pending when it stops short. */
export function fetchBytesRaising(cpu: Vcpu, linear: u64, target: usize, wanted: u32): u32 {
  return copyCode(cpu, linear, target, wanted, true);
}

function copyCode(cpu: Vcpu, linear: u64, target: usize, wanted: u32, raise: bool): u32 {
  let got: u32 = 0;
  let at = linear;
  while (got < wanted) {
    const physical = physicalOfCode(cpu, at, raise);
    if (physical == NO_PHYSICAL) break;
    const onPage = min<u32>(wanted - got, 0x1000 - ((<u32>at) & 0xfff));
    const source = readSource(physical);
    if (source) memory.copy(target + <usize>got, <usize>source, <usize>onPage);
    else copyMmio(target + <usize>got, physical, onPage);
    got += onPage;
    at += <u64>onPage;
    if (!isWide(cpu)) at &= 0xffff_ffff;
  }
  return got;
}

function copyMmio(target: usize, physical: u64, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const at = physical + <u64>i;
    store<u8>(target + <usize>i, <u8>mmioRead(<u32>at, <u32>(at >> 32), 1));
  }
}

/** The physical address of the code byte at `linear` if it may be fetched without a change of anything; else NO_PHYSICAL. */
export function peekCode(cpu: Vcpu, linear: u64): u64 {
  const kind = fillKind(cpu);
  const entry = tlbEntry(tlbBase(kind), linear);
  if (load<u64>(entry, EXECUTE_TAG) == (linear & PAGE_MASK))
    return ((<u64>load<u32>(entry, PHYSICAL_PAGE)) << 12) | (linear & OFFSET_MASK);
  const result = walk(cpu, linear, Access.FETCH | Access.PEEK | privilege(kind));
  return result & WALK_FAULT ? NO_PHYSICAL : a20(cpu, result & PHYSICAL_MASK);
}
