// Address translation: the page walk of all paging modes. SDM vol. 3A ch. 4.
//
// Not modelled: entries of several PCIDs at once, protection keys, 5-level paging, the paging-structure caches (a walk reads every level).
// Accessed bits are written only by a walk that succeeds. Physical addresses have 40 bits.
//
//   63   62        52 51     40 39          12 11..9  8  7  6  5   4   3  2  1  0
//   NX | ignored*   | reserved | page frame   |      | G PS  D  A PCD PWT US RW P     * reserved in PAE without IA-32e
import { Vector, raiseError, raisePageFault } from "../cpu/exceptions";
import { Seg, Vcpu } from "../cpu/state";
import { Insn } from "../decode/insn";
import { codeWritten } from "../jit/codeCache";
import { isCodePage } from "./codePages";
import { noteDirty } from "./dirtyPages";
import { DROP, a20, readSource, writeSource } from "./physical";

/** What is asked of a translation. The first four are the bits of a page fault's error code. */
export const enum Access {
  READ = 0,
  WRITE = 2,
  USER = 4,
  FETCH = 16,
  /** Supervisor accesses to user pages fault (CR4.SMAP with EFLAGS.AC clear, or an implicit access). */
  SMAP = 32,
  /** An implicit access of the processor (descriptor tables, TSS): violations are never #SS. */
  SYSTEM = 64,
  /** No access, only a look: writes nothing, and fails where an accessed bit would have to be set. */
  PEEK = 128,
}

const enum PageFault {
  PRESENT = 1,
  RESERVED = 8,
}

// What walk() gives: the physical address in bits 0-39, and
export const PHYSICAL_MASK: u64 = 0xff_ffff_ffff;
/** The page may be read, written (and is dirty), fetched from, with this privilege. */
export const MAY_READ: u64 = 1 << 40;
export const MAY_WRITE: u64 = 1 << 41;
export const MAY_FETCH: u64 = 1 << 42;
export const GLOBAL: u64 = 1 << 43;
/** Of a 2 MiB or 4 MiB page. */
export const LARGE: u64 = 1 << 44;
/** Of a 1 GiB page. */
export const GIANT: u64 = 1 << 45;
/** No translation: bits 0-15 are the error code, or NON_CANONICAL. */
export const WALK_FAULT: u64 = 1 << 63;
export const NON_CANONICAL: u64 = 1 << 62;
/** translate() faulted. */
export const NO_PHYSICAL: u64 = <u64>-1;

const CR0_WP: u64 = 1 << 16;
const CR0_PG: u64 = 1 << 31;
const CR4_PSE: u64 = 1 << 4;
const CR4_PAE: u64 = 1 << 5;
const CR4_PGE: u64 = 1 << 7;
const CR4_SMEP: u64 = 1 << 20;
const EFER_LMA: u64 = 1 << 10;
const EFER_NXE: u64 = 1 << 11;

const PRESENT: u64 = 1;
const WRITABLE: u64 = 2;
const USER: u64 = 4;
const ACCESSED: u64 = 0x20;
const DIRTY: u64 = 0x40;
const PAGE_SIZE_BIT: u64 = 0x80;
const GLOBAL_BIT: u64 = 0x100;
const NX: u64 = 1 << 63;
const FRAME: u64 = 0xff_ffff_f000;

/** Reserved frame bits of a 2 MiB and a 1 GiB page (12 is PAT). */
const RESERVED_2M: u64 = 0x1f_e000;
const RESERVED_1G: u64 = 0x3fff_e000;
/** Bit 21 of a 4 MiB page (PSE-36 with 40-bit addresses uses 13 to 20). */
const RESERVED_4M: u64 = 0x20_0000;
const RESERVED_LONG: u64 = 0x000f_ff00_0000_0000;
const RESERVED_PAE: u64 = 0x7fff_ff00_0000_0000;
const RESERVED_PDPTE: u64 = 0xffff_ff00_0000_01e6;

/** An entry that is not used in this walk: accessed, so that nobody writes it back. */
const UNUSED: u64 = ACCESSED;

// @ts-ignore: decorator
@inline
export function isCanonical(linear: u64): bool {
  return (<i64>(linear << 16)) >> 16 == <i64>linear;
}

// @ts-ignore: decorator
@inline
function readEntry<T>(cpu: Vcpu, physical: u64): u64 {
  const source = readSource(a20(cpu, physical));
  return source ? <u64>load<T>(<usize>source) : <u64>(<T>-1);
}

function setEntryBits(cpu: Vcpu, physical: u64, bits: u64): void {
  const address = a20(cpu, physical);
  const target = writeSource(address);
  if (target <= DROP) return;
  store<u8>(<usize>target, load<u8>(<usize>target) | (<u8>bits));
  noteDirty(target);
  if (isCodePage(<u32>(address >> 12))) codeWritten(cpu, address, 1);
}

// @ts-ignore: decorator
@inline
function fault(cpu: Vcpu, access: u32, bits: u32): u64 {
  let code = (access & (Access.WRITE | Access.USER)) | bits;
  // I/D is reported only where fetches can be forbidden (SDM vol. 3A 4.7).
  if (access & Access.FETCH && (cpu.cr4 & CR4_SMEP || (cpu.cr4 & CR4_PAE && cpu.efer & EFER_NXE))) code |= Access.FETCH;
  return WALK_FAULT | (<u64>code);
}

/** MAY_ bits for the privilege of `access`. `all`: the entries and-ed; `any`: the entries or-ed. */
// @ts-ignore: decorator
@inline
function rights(cpu: Vcpu, access: u32, all: u64, any: u64): u64 {
  let may: u64 = 0;
  const executable = (any & NX) == 0;
  if (access & Access.USER) {
    if (all & USER) {
      may = MAY_READ;
      if (all & WRITABLE) may |= MAY_WRITE;
      if (executable) may |= MAY_FETCH;
    }
    return may;
  }
  if (!(access & Access.SMAP) || !(all & USER)) {
    may = MAY_READ;
    if (all & WRITABLE || !(cpu.cr0 & CR0_WP)) may |= MAY_WRITE;
  }
  if (executable && (!(all & USER) || !(cpu.cr4 & CR4_SMEP))) may |= MAY_FETCH;
  return may;
}

// @ts-ignore: decorator
@inline
function needed(access: u32): u64 {
  return access & Access.WRITE ? MAY_WRITE : access & Access.FETCH ? MAY_FETCH : MAY_READ;
}

/** The end of every walk: what the leaf entry says beside the rights. */
// @ts-ignore: decorator
@inline
function leafBits(cpu: Vcpu, access: u32, leaf: u64, may: u64): u64 {
  let bits = may;
  if (!(access & Access.WRITE) && !(leaf & DIRTY)) bits &= ~MAY_WRITE;
  if (leaf & GLOBAL_BIT && cpu.cr4 & CR4_PGE) bits |= GLOBAL;
  return bits;
}

/** 32-bit paging: 4 KiB pages, with CR4.PSE 4 MiB ones of 40-bit addresses. */
function walk32(cpu: Vcpu, linear: u64, access: u32): u64 {
  const address2 = (cpu.cr3 & 0xffff_f000) + ((linear >> 20) & 0xffc);
  const entry2 = readEntry<u32>(cpu, address2);
  if (!(entry2 & PRESENT)) return fault(cpu, access, 0);
  let leaf = entry2;
  let leafAddress = address2;
  let all = entry2;
  let physical: u64;
  let size: u64 = 0;
  if (entry2 & PAGE_SIZE_BIT && cpu.cr4 & CR4_PSE) {
    if (entry2 & RESERVED_4M) return fault(cpu, access, PageFault.PRESENT | PageFault.RESERVED);
    physical = (entry2 & 0xffc0_0000) | ((entry2 & RESERVED_2M) << 19) | (linear & 0x3f_ffff);
    size = LARGE;
  } else {
    leafAddress = (entry2 & 0xffff_f000) + ((linear >> 10) & 0xffc);
    leaf = readEntry<u32>(cpu, leafAddress);
    if (!(leaf & PRESENT)) return fault(cpu, access, 0);
    all &= leaf;
    physical = (leaf & 0xffff_f000) | (linear & 0xfff);
  }
  const may = rights(cpu, access, all, 0);
  if (!(may & needed(access))) return fault(cpu, access, PageFault.PRESENT);
  if (access & Access.PEEK && !(entry2 & leaf & ACCESSED)) return WALK_FAULT;
  if (!size && !(entry2 & ACCESSED)) setEntryBits(cpu, address2, ACCESSED);
  const wanted = access & Access.WRITE ? ACCESSED | DIRTY : ACCESSED;
  if ((leaf & wanted) != wanted) setEntryBits(cpu, leafAddress, wanted);
  return physical | leafBits(cpu, access, leaf, may) | size;
}

/** PAE and 4-level paging: the same from the page directory down. */
function walk64(cpu: Vcpu, linear: u64, access: u32): u64 {
  const long = (cpu.efer & EFER_LMA) != 0;
  const reserved = (long ? RESERVED_LONG : RESERVED_PAE) | (cpu.efer & EFER_NXE ? 0 : NX);
  const reservedFault: u32 = PageFault.PRESENT | PageFault.RESERVED;
  let all: u64 = <u64>-1;
  let any: u64 = 0;
  let address4: u64 = 0;
  let address3: u64 = 0;
  let address2: u64 = 0;
  let entry4: u64 = UNUSED;
  let entry3: u64 = UNUSED;
  let entry2: u64 = UNUSED;
  let leaf: u64 = 0;
  let leafAddress: u64 = 0;
  let physical: u64 = 0;
  let size: u64 = 0;
  let table: u64;

  if (long) {
    if (!isCanonical(linear)) return WALK_FAULT | NON_CANONICAL;
    address4 = (cpu.cr3 & FRAME) + ((linear >> 36) & 0xff8);
    entry4 = readEntry<u64>(cpu, address4);
    if (!(entry4 & PRESENT)) return fault(cpu, access, 0);
    if (entry4 & (reserved | PAGE_SIZE_BIT)) return fault(cpu, access, reservedFault);
    address3 = (entry4 & FRAME) + ((linear >> 27) & 0xff8);
    entry3 = readEntry<u64>(cpu, address3);
    if (!(entry3 & PRESENT)) return fault(cpu, access, 0);
    if (entry3 & reserved) return fault(cpu, access, reservedFault);
    all = entry4 & entry3;
    any = entry4 | entry3;
    table = entry3 & FRAME;
    if (entry3 & PAGE_SIZE_BIT) {
      if (entry3 & RESERVED_1G) return fault(cpu, access, reservedFault);
      physical = (entry3 & FRAME & ~(<u64>0x3fff_ffff)) | (linear & 0x3fff_ffff);
      leaf = entry3;
      leafAddress = address3;
      entry3 = UNUSED;
      size = GIANT;
    }
  } else {
    // Loaded and checked with CR3; they have no rights and no accessed bit.
    const pdpte = load<u64>(changetype<usize>(cpu) + <usize>((linear >> 27) & 0x18), offsetof<Vcpu>("pdpte0"));
    if (!(pdpte & PRESENT)) return fault(cpu, access, 0);
    table = pdpte & FRAME;
  }

  if (!size) {
    address2 = table + ((linear >> 18) & 0xff8);
    entry2 = readEntry<u64>(cpu, address2);
    if (!(entry2 & PRESENT)) return fault(cpu, access, 0);
    if (entry2 & reserved) return fault(cpu, access, reservedFault);
    all &= entry2;
    any |= entry2;
    if (entry2 & PAGE_SIZE_BIT) {
      if (entry2 & RESERVED_2M) return fault(cpu, access, reservedFault);
      physical = (entry2 & FRAME & ~(<u64>0x1f_ffff)) | (linear & 0x1f_ffff);
      leaf = entry2;
      leafAddress = address2;
      entry2 = UNUSED;
      size = LARGE;
    } else {
      leafAddress = (entry2 & FRAME) + ((linear >> 9) & 0xff8);
      leaf = readEntry<u64>(cpu, leafAddress);
      if (!(leaf & PRESENT)) return fault(cpu, access, 0);
      if (leaf & reserved) return fault(cpu, access, reservedFault);
      all &= leaf;
      any |= leaf;
      physical = (leaf & FRAME) | (linear & 0xfff);
    }
  }

  const may = rights(cpu, access, all, any);
  if (!(may & needed(access))) return fault(cpu, access, PageFault.PRESENT);
  if (access & Access.PEEK && !(entry4 & entry3 & entry2 & leaf & ACCESSED)) return WALK_FAULT;
  if (!(entry4 & entry3 & entry2 & ACCESSED)) {
    if (!(entry4 & ACCESSED)) setEntryBits(cpu, address4, ACCESSED);
    if (!(entry3 & ACCESSED)) setEntryBits(cpu, address3, ACCESSED);
    if (!(entry2 & ACCESSED)) setEntryBits(cpu, address2, ACCESSED);
  }
  const wanted = access & Access.WRITE ? ACCESSED | DIRTY : ACCESSED;
  if ((leaf & wanted) != wanted) setEntryBits(cpu, leafAddress, wanted);
  return physical | leafBits(cpu, access, leaf, may) | size;
}

/** Translates `linear` for `access` (Access bits) without raising: see PHYSICAL_MASK … NON_CANONICAL. A20 not applied. */
export function walk(cpu: Vcpu, linear: u64, access: u32): u64 {
  if (!(cpu.cr0 & CR0_PG)) return (linear & 0xffff_ffff) | MAY_READ | MAY_WRITE | MAY_FETCH;
  return cpu.cr4 & CR4_PAE ? walk64(cpu, linear, access) : walk32(cpu, linear, access);
}

/** Makes the exception of a failed walk pending. */
export function raiseWalkFault(cpu: Vcpu, linear: u64, access: u32, result: u64): void {
  if (!(result & NON_CANONICAL)) {
    raisePageFault(cpu, linear, (<u32>result) & 0xffff);
    return;
  }
  const stack =
    !(access & (Access.FETCH | Access.SYSTEM)) &&
    cpu.insn != 0 &&
    <u32>changetype<Insn>(<usize>cpu.insn).segment == <u32>Seg.SS;
  raiseError(cpu, stack ? Vector.SS : Vector.GP, 0);
}

/** The physical address (A20 applied) of `linear`, or NO_PHYSICAL with an exception pending. Does not use the TLB. */
export function translate(cpu: Vcpu, linear: u64, access: u32): u64 {
  const result = walk(cpu, linear, access);
  if (result & WALK_FAULT) {
    raiseWalkFault(cpu, linear, access, result);
    return NO_PHYSICAL;
  }
  return a20(cpu, result & PHYSICAL_MASK);
}

/**
 * Reads the four PDPTEs of PAE paging at CR3 into the vCPU (SDM vol. 3A 4.4.1). False, with nothing changed, when a present
 * one has reserved bits set: the instruction raises #GP(0).
 */
export function loadPdptes(cpu: Vcpu): bool {
  const table = cpu.cr3 & 0xffff_ffe0;
  const first = readEntry<u64>(cpu, table);
  const second = readEntry<u64>(cpu, table + 8);
  const third = readEntry<u64>(cpu, table + 16);
  const fourth = readEntry<u64>(cpu, table + 24);
  if (!validPdpte(first) || !validPdpte(second) || !validPdpte(third) || !validPdpte(fourth)) return false;
  cpu.pdpte0 = first;
  cpu.pdpte1 = second;
  cpu.pdpte2 = third;
  cpu.pdpte3 = fourth;
  return true;
}

function validPdpte(entry: u64): bool {
  return !(entry & PRESENT) || !(entry & RESERVED_PDPTE);
}
