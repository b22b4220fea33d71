// Data accesses that the inline TLB probe missed: TLB misses, page crossings, MMIO, ROM, code pages, watchpoints, and
// alignment checks. An access that faults leaves no trace: both pages are translated before a byte moves.
import { Vector, raiseError } from "../cpu/exceptions";
import { Vcpu } from "../cpu/state";
import { mmioRead, mmioWrite } from "../host/imports";
import { codeWritten } from "../jit/codeCache";
import { isCodePage, noteWriter } from "./codePages";
import { isCleanPage, noteDirty } from "./dirtyPages";
import { faultPending, fillKind, isWide, nextPage, physicalOf } from "./fill";
import { Access, NO_PHYSICAL, isCanonical, raiseWalkFault, NON_CANONICAL } from "./paging";
import { DROP, readSource, writeSource } from "./physical";
import { PAGE_MASK, PHYSICAL_PAGE, READ_TAG, SLOW, TlbKind, WRITE_TAG, kindOf, tlbBase, tlbEntry } from "./tlb";
import { checkWatchpoints, watching } from "./watch";

/** The value at `linear`, zero-extended; 0 with a fault pending. `size` is 1, 2, 4 or 8. */
export function linearLoadSlow(cpu: Vcpu, linear: u64, size: u32): u64 {
  if (faultPending(cpu) || !isAligned(cpu, linear, size)) return 0;
  return loadAs(cpu, fillKind(cpu), linear, size, Access.READ, isWide(cpu));
}

export function linearStoreSlow(cpu: Vcpu, linear: u64, value: u64, size: u32): void {
  if (faultPending(cpu) || !isAligned(cpu, linear, size)) return;
  storeAs(cpu, fillKind(cpu), linear, value, size, Access.WRITE, isWide(cpu));
}

/** linearModify: checks that `linear` may be written and reads it. */
export function linearModifySlow(cpu: Vcpu, linear: u64, size: u32): u64 {
  cpu.rmwHost = 0;
  if (faultPending(cpu) || !isAligned(cpu, linear, size)) return 0;
  const kind = fillKind(cpu);
  const physical = physicalOf(cpu, kind, linear, Access.WRITE);
  if (physical == NO_PHYSICAL) return 0;
  let second: u64 = 0;
  const crosses = crossesPage(linear, size);
  if (crosses) {
    second = physicalOf(cpu, kind, nextPage(linear, isWide(cpu)), Access.WRITE);
    if (second == NO_PHYSICAL) return 0;
  }
  if (watching(cpu)) checkWatchpoints(cpu, linear, size, true);
  cpu.rmwLinear = linear;
  cpu.rmwPhysical = physical;
  cpu.rmwPhysical2 = second;
  if (crosses) return readCrossing(physical, second, size);
  const source = readSource(physical);
  if (!source) return readMmio(physical, size);
  if (writeSource(physical) == source && !isCodePage(<u32>(physical >> 12))) {
    noteDirty(source);
    restoreWriteTag(cpu, kind, linear);
    cpu.rmwHost = source;
  }
  return readHost(source, size);
}

/** Second half of a read-modify-write that linearModifySlow began; cannot fault. */
export function linearWriteBackSlow(cpu: Vcpu, value: u64, size: u32): void {
  if (faultPending(cpu)) return;
  if (crossesPage(cpu.rmwLinear, size)) writeCrossing(cpu, cpu.rmwPhysical, cpu.rmwPhysical2, value, size);
  else writePhysical(cpu, cpu.rmwPhysical, value, size);
}

/**
 * Guarantees that stores within `size` bytes at `linear` cannot fault (with 8-byte ones aligned if alignment checks are in force); false
 * with the fault pending.
 */
export function checkWrite(cpu: Vcpu, linear: u64, size: u32): bool {
  if (faultPending(cpu)) return false;
  const alignment: u32 = size >= 8 ? 8 : size & (0 - size);
  if (!isAligned(cpu, linear, alignment)) return false;
  return probe(cpu, fillKind(cpu), linear, size, Access.WRITE, isWide(cpu));
}

/** Like checkWrite for loads. */
export function checkRead(cpu: Vcpu, linear: u64, size: u32): bool {
  if (faultPending(cpu)) return false;
  const alignment: u32 = size >= 8 ? 8 : size & (0 - size);
  if (!isAligned(cpu, linear, alignment)) return false;
  return probe(cpu, fillKind(cpu), linear, size, Access.READ, isWide(cpu));
}

// ---- with everything given: also for systemAccess.ts ----

/** Translates each page of [linear, linear + size); false with the fault pending. */
export function probe(cpu: Vcpu, kind: u32, linear: u64, size: u32, access: u32, wide: bool): bool {
  let at = linear;
  let left = size;
  while (physicalOf(cpu, kind, at, access) != NO_PHYSICAL) {
    const onPage: u32 = 0x1000 - ((<u32>at) & 0xfff);
    if (left <= onPage) return true;
    left -= onPage;
    at = nextPage(at, wide);
  }
  return false;
}

export function loadAs(cpu: Vcpu, kind: u32, linear: u64, size: u32, access: u32, wide: bool): u64 {
  const physical = physicalOf(cpu, kind, linear, access);
  if (physical == NO_PHYSICAL) return 0;
  if (!crossesPage(linear, size)) {
    if (watching(cpu)) checkWatchpoints(cpu, linear, size, false);
    return readPhysical(physical, size);
  }
  const second = physicalOf(cpu, kind, nextPage(linear, wide), access);
  if (second == NO_PHYSICAL) return 0;
  if (watching(cpu)) checkWatchpoints(cpu, linear, size, false);
  return readCrossing(physical, second, size);
}

export function storeAs(cpu: Vcpu, kind: u32, linear: u64, value: u64, size: u32, access: u32, wide: bool): void {
  const physical = physicalOf(cpu, kind, linear, access);
  if (physical == NO_PHYSICAL) return;
  if (!crossesPage(linear, size)) {
    if (watching(cpu)) checkWatchpoints(cpu, linear, size, true);
    if (writePhysical(cpu, physical, value, size)) restoreWriteTag(cpu, kind, linear);
    return;
  }
  const second = physicalOf(cpu, kind, nextPage(linear, wide), access);
  if (second == NO_PHYSICAL) return;
  if (watching(cpu)) checkWatchpoints(cpu, linear, size, true);
  writeCrossing(cpu, physical, second, value, size);
}

/** A page of whose stores nobody need be told any more gets its plain write tag back. */
// @ts-ignore: decorator
@inline
export function restoreWriteTag(cpu: Vcpu, kind: u32, linear: u64): void {
  const entry = tlbEntry(tlbBase(kind), linear);
  const page = linear & PAGE_MASK;
  // A plain read tag: memory, and no watchpoint.
  if (load<u64>(entry, WRITE_TAG) != (page | SLOW) || load<u64>(entry, READ_TAG) != page) return;
  const physicalPage = load<u32>(entry, PHYSICAL_PAGE);
  const physical = (<u64>physicalPage) << 12;
  const source = readSource(physical);
  if (isCodePage(physicalPage) || writeSource(physical) != source || isCleanPage(source)) return;
  store<u64>(entry, page, WRITE_TAG);
  noteWriter(entry, physicalPage);
}

// @ts-ignore: decorator
@inline
function crossesPage(linear: u64, size: u32): bool {
  return ((<u32>linear) & 0xfff) + size > 0x1000;
}

/** Alignment check: false with #AC pending. A non-canonical address faults before. */
function isAligned(cpu: Vcpu, linear: u64, size: u32): bool {
  if (kindOf(cpu.tlb) != TlbKind.CHECKED || !((<u32>linear) & (size - 1))) return true;
  if (isWide(cpu) && !isCanonical(linear)) raiseWalkFault(cpu, linear, Access.USER, NON_CANONICAL);
  else raiseError(cpu, Vector.AC, 0);
  return false;
}

// ---- physical accesses (A20 already applied), not crossing a page ----

// @ts-ignore: decorator
@inline
function readHost(host: u32, size: u32): u64 {
  switch (size) {
    case 1:
      return <u64>load<u8>(<usize>host);
    case 2:
      return <u64>load<u16>(<usize>host);
    case 4:
      return <u64>load<u32>(<usize>host);
    default:
      return load<u64>(<usize>host);
  }
}

// @ts-ignore: decorator
@inline
function writeHost(host: u32, value: u64, size: u32): void {
  switch (size) {
    case 1:
      store<u8>(<usize>host, <u8>value);
      return;
    case 2:
      store<u16>(<usize>host, <u16>value);
      return;
    case 4:
      store<u32>(<usize>host, <u32>value);
      return;
    default:
      store<u64>(<usize>host, value);
  }
}

/** A device sees 8 bytes as two accesses of 4, the lower first. */
function readMmio(physical: u64, size: u32): u64 {
  const high = <u32>(physical >> 32);
  if (size < 8) return <u64>mmioRead(<u32>physical, high, size);
  const low = <u64>mmioRead(<u32>physical, high, 4);
  return low | ((<u64>mmioRead(<u32>physical + 4, high, 4)) << 32);
}

function writeMmio(physical: u64, value: u64, size: u32): void {
  const high = <u32>(physical >> 32);
  if (size < 8) {
    mmioWrite(<u32>physical, high, size == 4 ? <u32>value : (<u32>value) & ((1 << (size << 3)) - 1), size);
    return;
  }
  mmioWrite(<u32>physical, high, <u32>value, 4);
  mmioWrite(<u32>physical + 4, high, <u32>(value >> 32), 4);
}

/** Reads `size` (1, 2, 4, 8) bytes. */
export function readPhysical(physical: u64, size: u32): u64 {
  const source = readSource(physical);
  return source ? readHost(source, size) : readMmio(physical, size);
}

/** Writes `size` (1, 2, 4, 8) bytes; true if it was plain memory without code. */
export function writePhysical(cpu: Vcpu, physical: u64, value: u64, size: u32): bool {
  const target = writeSource(physical);
  if (target <= DROP) {
    if (target != DROP) writeMmio(physical, value, size);
    return false;
  }
  writeHost(target, value, size);
  noteDirty(target);
  if (isCodePage(<u32>(physical >> 12))) codeWritten(cpu, physical, size);
  return true;
}

/** Reads `count` (1 to 7) bytes: a device sees 1, 2 or 4 as one access, other counts as bytes. */
function readPiece(physical: u64, count: u32): u64 {
  if (count == 1 || count == 2 || count == 4) return readPhysical(physical, count);
  let value: u64 = 0;
  for (let i: u64 = 0; i < count; i++) value |= readPhysical(physical + i, 1) << (i << 3);
  return value;
}

function writePiece(cpu: Vcpu, physical: u64, value: u64, count: u32): void {
  if (count == 1 || count == 2 || count == 4) {
    writePhysical(cpu, physical, value, count);
    return;
  }
  for (let i: u32 = 0; i < count; i++) writePhysical(cpu, physical + <u64>i, value >> (<u64>(i << 3)), 1);
}

function readCrossing(physical: u64, second: u64, size: u32): u64 {
  const first: u32 = 0x1000 - ((<u32>physical) & 0xfff);
  const low = readPiece(physical, first);
  const shift = <u64>(first << 3);
  return low | (readPiece(second, size - first) << shift);
}

function writeCrossing(cpu: Vcpu, physical: u64, second: u64, value: u64, size: u32): void {
  const first: u32 = 0x1000 - ((<u32>physical) & 0xfff);
  writePiece(cpu, physical, value, first);
  writePiece(cpu, second, value >> (<u64>(first << 3)), size - first);
}
