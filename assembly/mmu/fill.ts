// A TLB miss: walk the page tables, raise the fault or fill the entry.
//
// A fill gives every tag that the privilege and the entry's D bit allow, not only the one asked for: a page read once can
// be written without another miss. The write tag is plain only where nothing is to be told of stores (codePages.ts, dirtyPages.ts).
import { Attention, Flag, Mode, Vcpu } from "../cpu/state";
import { isCodePage, noteWriter } from "./codePages";
import { isCleanPage } from "./dirtyPages";
import { logFill, noteGiant, noteLarge } from "./flush";
import {
  Access,
  GIANT,
  GLOBAL,
  LARGE,
  MAY_FETCH,
  MAY_READ,
  MAY_WRITE,
  NO_PHYSICAL,
  PHYSICAL_MASK,
  WALK_FAULT,
  raiseWalkFault,
  walk,
} from "./paging";
import { a20, readSource, writeSource } from "./physical";
import {
  ADDEND,
  EXECUTE_TAG,
  EntryFlag,
  NO_TAG,
  OFFSET_MASK,
  PAGE_MASK,
  PHYSICAL_PAGE,
  READ_TAG,
  SLOW,
  TLB_ENTRIES,
  TlbKind,
  WRITE_TAG,
  entryFlagAddress,
  kindOf,
  tlbBase,
  tlbEntry,
} from "./tlb";
import { watchesPage, watching } from "./watch";

const CR0_AM: u64 = 1 << 18;
const CR4_SMAP: u64 = 1 << 21;

/** The TLB that explicit accesses use in the CPU's present state: by CPL, EFLAGS.AC, CR0.AM, CR4.SMAP. */
export function currentKind(cpu: Vcpu): u32 {
  const alignment = (cpu.eflags & Flag.AC) != 0;
  if (cpu.cpl == 3) return alignment && cpu.cr0 & CR0_AM ? TlbKind.CHECKED : TlbKind.USER;
  return cpu.cr4 & CR4_SMAP && !alignment ? TlbKind.SUPERVISOR_SMAP : TlbKind.SUPERVISOR;
}

/** Points Vcpu.tlb at the right TLB; after a change of CPL, EFLAGS.AC, CR0 or CR4. */
export function selectTlb(cpu: Vcpu): void {
  cpu.tlb = tlbBase(currentKind(cpu));
}

/** The TLB kind that accesses by `Vcpu.tlb` fill. */
// @ts-ignore: decorator
@inline
export function fillKind(cpu: Vcpu): u32 {
  const kind = kindOf(cpu.tlb);
  return kind == TlbKind.CHECKED ? <u32>TlbKind.USER : kind;
}

/** The TLB kind of the processor's own accesses, which AC does not exempt from SMAP (SDM vol. 3A 4.6.1). */
// @ts-ignore: decorator
@inline
export function systemKind(cpu: Vcpu): u32 {
  return cpu.cr4 & CR4_SMAP ? TlbKind.SUPERVISOR_SMAP : TlbKind.SUPERVISOR;
}

// @ts-ignore: decorator
@inline
export function privilege(kind: u32): u32 {
  return kind == TlbKind.USER ? Access.USER : kind == TlbKind.SUPERVISOR_SMAP ? Access.SMAP : 0;
}

/** Walks for `access` (without privilege bits) and fills; a walk result, perhaps with WALK_FAULT. Raises nothing. */
export function fill(cpu: Vcpu, kind: u32, linear: u64, access: u32): u64 {
  cpu.statTlbMisses++;
  const result = walk(cpu, linear, access | privilege(kind));
  if (result & WALK_FAULT) return result;
  const page = linear & PAGE_MASK;
  const physical = a20(cpu, result & PHYSICAL_MASK & PAGE_MASK);
  const physicalPage = <u32>(physical >> 12);
  const source = readSource(physical);
  const entry = tlbEntry(tlbBase(kind), linear);
  const global: u32 = result & GLOBAL ? EntryFlag.GLOBAL : EntryFlag.NONE;
  logEntry(kind, entry, linear, page, global);
  if (result & (LARGE | GIANT)) {
    if (result & LARGE) noteLarge(linear);
    else noteGiant(linear);
  }

  let readTag = page;
  let writeTag = page;
  if (!source || (watching(cpu) && watchesPage(cpu, page))) {
    readTag |= SLOW;
    writeTag |= SLOW;
  } else if (isCodePage(physicalPage) || writeSource(physical) != source || isCleanPage(source)) writeTag |= SLOW;
  if (!(result & MAY_READ)) readTag = NO_TAG;
  if (!(result & MAY_WRITE)) writeTag = NO_TAG;
  store<u64>(entry, readTag, READ_TAG);
  store<u64>(entry, writeTag, WRITE_TAG);
  store<u64>(entry, result & MAY_FETCH && source ? page : NO_TAG, EXECUTE_TAG);
  store<u32>(entry, source - <u32>page, ADDEND);
  store<u32>(entry, physicalPage, PHYSICAL_PAGE);
  if (!(writeTag & SLOW)) noteWriter(entry, physicalPage);
  return result;
}

/** Logs the fill of `entry`, unless it held the same page and so is in the log already. */
// @ts-ignore: decorator
@inline
function logEntry(kind: u32, entry: usize, linear: u64, page: u64, global: u32): void {
  const index = (<u32>(linear >> 12)) & (TLB_ENTRIES - 1);
  const flag = entryFlagAddress(kind, index);
  const same =
    (load<u64>(entry, READ_TAG) & ~SLOW) == page ||
    (load<u64>(entry, WRITE_TAG) & ~SLOW) == page ||
    load<u64>(entry, EXECUTE_TAG) == page;
  if (same && <u32>load<u8>(flag) == global) return;
  store<u8>(flag, <u8>global);
  logFill(kind, global, index);
}

/**
 * The physical address (A20 applied) of `linear` for a data access (Access.READ or WRITE, and SYSTEM), from the TLB or by
 * a fill; NO_PHYSICAL with the fault pending.
 */
export function physicalOf(cpu: Vcpu, kind: u32, linear: u64, access: u32): u64 {
  const entry = tlbEntry(tlbBase(kind), linear);
  const tag = access & Access.WRITE ? load<u64>(entry, WRITE_TAG) : load<u64>(entry, READ_TAG);
  if ((tag | SLOW) != ((linear & PAGE_MASK) | SLOW)) {
    const result = fill(cpu, kind, linear, access);
    if (result & WALK_FAULT) {
      raiseWalkFault(cpu, linear, access | privilege(kind), result);
      return NO_PHYSICAL;
    }
  }
  return ((<u64>load<u32>(entry, PHYSICAL_PAGE)) << 12) | (linear & OFFSET_MASK);
}

/** Like physicalOf for a fetch. Without `raise` a failure leaves the CPU as it was. */
export function physicalOfCode(cpu: Vcpu, linear: u64, raise: bool): u64 {
  const kind = fillKind(cpu);
  const entry = tlbEntry(tlbBase(kind), linear);
  if (load<u64>(entry, EXECUTE_TAG) != (linear & PAGE_MASK)) {
    const result = fill(cpu, kind, linear, Access.FETCH);
    if (result & WALK_FAULT) {
      if (raise) raiseWalkFault(cpu, linear, Access.FETCH | privilege(kind), result);
      return NO_PHYSICAL;
    }
  }
  return ((<u64>load<u32>(entry, PHYSICAL_PAGE)) << 12) | (linear & OFFSET_MASK);
}

/** The page after the one of `linear`, within 32 bits unless `wide`. */
// @ts-ignore: decorator
@inline
export function nextPage(linear: u64, wide: bool): u64 {
  const next = (linear | OFFSET_MASK) + 1;
  return wide ? next : next & 0xffff_ffff;
}

/** Linear addresses have 64 bits for code in 64-bit mode. */
// @ts-ignore: decorator
@inline
export function isWide(cpu: Vcpu): bool {
  return (cpu.mode & Mode.CODE_SIZE) == 3;
}

// @ts-ignore: decorator
@inline
export function faultPending(cpu: Vcpu): bool {
  return (cpu.attention & Attention.FAULT) != 0;
}
