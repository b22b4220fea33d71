// The way of translated code to memory when its TLB probe has missed: a host address where a plain access will do, or 0. Nothing
// is raised, no device is touched; what gets 0 is for the interpreter to do.
import { Vcpu } from "../cpu/state";
import { wantsCodeWritten } from "../jit/codeCache";
import { MemoryMap } from "../shared/memoryMap";
import { isCodePage } from "./codePages";
import { noteDirty } from "./dirtyPages";
import { fill, fillKind, isWide, nextPage } from "./fill";
import { Access, WALK_FAULT } from "./paging";
import { readSource, writeSource } from "./physical";
import { restoreWriteTag } from "./slow";
import {
  OFFSET_MASK,
  PAGE_MASK,
  PHYSICAL_PAGE,
  READ_TAG,
  SLOW,
  TlbKind,
  WRITE_TAG,
  kindOf,
  tlbBase,
  tlbEntry,
} from "./tlb";
import { watching } from "./watch";

const NONE: u64 = <u64>-1;
/** Where a load that crosses pages is put together. */
const CROSSING: u32 = MemoryMap.SCRATCH + 0x100;

/** The physical address of `linear` (A20 applied) for the access, or NONE. */
// @ts-ignore: decorator
@inline
function translateQuietly(cpu: Vcpu, linear: u64, access: u32): u64 {
  const kind = fillKind(cpu);
  const entry = tlbEntry(tlbBase(kind), linear);
  const tag = access == Access.WRITE ? load<u64>(entry, WRITE_TAG) : load<u64>(entry, READ_TAG);
  if ((tag | SLOW) != ((linear & PAGE_MASK) | SLOW) && fill(cpu, kind, linear, access) & WALK_FAULT) return NONE;
  return ((<u64>load<u32>(entry, PHYSICAL_PAGE)) << 12) | (linear & OFFSET_MASK);
}

// @ts-ignore: decorator
@inline
function mustInterpret(cpu: Vcpu): bool {
  return kindOf(cpu.tlb) == TlbKind.CHECKED || watching(cpu);
}

/** Where `size` (up to 16) bytes at `linear` can be read. */
export function hostForRead(cpu: Vcpu, linear: u64, size: u32): u32 {
  if (mustInterpret(cpu)) return 0;
  const physical = translateQuietly(cpu, linear, Access.READ);
  if (physical == NONE) return 0;
  const source = readSource(physical);
  const onPage: u32 = 0x1000 - ((<u32>linear) & 0xfff);
  if (!source || size <= onPage) return source;
  const secondPhysical = translateQuietly(cpu, nextPage(linear, isWide(cpu)), Access.READ);
  if (secondPhysical == NONE) return 0;
  const second = readSource(secondPhysical);
  if (!second) return 0;
  memory.copy(<usize>CROSSING, <usize>source, <usize>onPage);
  memory.copy(<usize>(CROSSING + onPage), <usize>second, <usize>(size - onPage));
  return CROSSING;
}

/** Where `size` bytes at `linear` can be written: plain memory, on one page, that no code was made from. */
export function hostForWrite(cpu: Vcpu, linear: u64, size: u32): u32 {
  if (mustInterpret(cpu) || ((<u32>linear) & 0xfff) + size > 0x1000) return 0;
  const physical = translateQuietly(cpu, linear, Access.WRITE);
  if (physical == NONE) return 0;
  const target = writeSource(physical);
  if (!target || readSource(physical) != target) return 0;
  const holdsCode = isCodePage(<u32>(physical >> 12));
  if (holdsCode && wantsCodeWritten(physical, size)) return 0;
  noteDirty(target);
  if (!holdsCode) restoreWriteTag(cpu, fillKind(cpu), linear);
  return target;
}
