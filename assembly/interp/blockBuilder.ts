// Decodes blocks: from the CPU's IP to the next transfer of control, the end of the page, or MAX_BLOCK_INSNS.
import { MemoryMap } from "../shared/memoryMap";
import { codeBase, codeLinear } from "../cpu/codeAddress";
import { Attention, Mode, Seg, Vcpu, segment } from "../cpu/state";
import { raiseGp } from "../cpu/exceptions";
import { decode } from "../decode/decode";
import { INSN_SIZE, Insn, Prefix } from "../decode/insn";
import { Op } from "../decode/op";
import { dropDecoded } from "../jit/codeCache";
import { Entry } from "../jit/translations";
import { translationHolds } from "../jit/validate";
import { codeEpoch } from "../mmu/codeEpoch";
import { fetchBytes, fetchBytesRaising, fetchHost, fetchPage } from "../mmu/fetch";
import { readSource } from "../mmu/physical";
import {
  Block,
  MAX_BLOCK_INSNS,
  NO_PAGE,
  SCRATCH_BLOCK,
  allocateBlock,
  bucketHead,
  commitBlock,
  enterInJumpCache,
  findDecoded,
  nextMatch,
} from "./blocks";

const MAX_INSN_BYTES: u32 = 15;

/** The block at the CPU's IP, translated or decoded, found or built; 0 when fetching faults (the fault is pending). */
export function findOrBuildBlock(cpu: Vcpu): u32 {
  const linear = codeLinear(cpu);
  const physical = fetchCached(cpu, linear);
  if (physical == UNCACHED) return cpu.attention & Attention.FAULT ? 0 : buildUncached(cpu, linear);
  const entry = findEntry(cpu, physical, cpu.rip, codeBase(cpu));
  const address = entry ? entry : findOrDecode(cpu, linear, physical);
  if (address && address != SCRATCH_BLOCK)
    enterInJumpCache(linear, address, epochOf(cpu, linear, changetype<Block>(<usize>address)));
  return address;
}

/** The epoch in which `block`, just found by code at `linear`, is what runs there. */
export function epochOf(cpu: Vcpu, linear: u64, block: Block): u32 {
  if (block.code) {
    const translation = changetype<Entry>(changetype<usize>(block)).translation;
    if (translation.pageCount > 1) return translation.epoch;
  }
  const epoch = codeEpoch(cpu, linear);
  if (block.secondPage == NO_PAGE) return epoch;
  codeEpoch(cpu, nextPage(cpu, linear));
  return cpu.mappingEpoch;
}

/** Like findOrBuildBlock, but a decoded block whether it is translated or not. */
export function findOrBuildDecoded(cpu: Vcpu): u32 {
  const linear = codeLinear(cpu);
  const physical = fetchCached(cpu, linear);
  if (physical == UNCACHED) return cpu.attention & Attention.FAULT ? 0 : buildUncached(cpu, linear);
  return findOrDecode(cpu, linear, physical);
}

/** No 32-bit physical address of plain memory: MMIO, or a fault is pending. (No code lies in the last byte below 4 GiB.) */
const UNCACHED: u32 = 0xffff_ffff;

/** The physical address of the code at `linear` where it can be kept decoded, else UNCACHED. */
function fetchCached(cpu: Vcpu, linear: u64): u32 {
  const physical = fetchPage(cpu, linear);
  if (cpu.attention & Attention.FAULT || physical >= <u64>UNCACHED || !fetchHost(cpu, linear)) return UNCACHED;
  return <u32>physical;
}

/** The entry into translated code at `ip` whose code is all there, or 0. */
export function findEntry(cpu: Vcpu, physical: u32, ip: u64, csBase: u64): u32 {
  let at = nextMatch(bucketHead(physical, ip), physical, ip, cpu.mode, csBase);
  while (at) {
    const block = changetype<Block>(<usize>at);
    if (block.code && translationHolds(cpu, changetype<Entry>(<usize>at))) return at;
    at = nextMatch(block.nextInBucket, physical, ip, cpu.mode, csBase);
  }
  return 0;
}

function findOrDecode(cpu: Vcpu, linear: u64, physical: u32): u32 {
  const found = findDecoded(physical, cpu.rip, cpu.mode, codeBase(cpu));
  if (found) {
    if (secondPageHolds(cpu, changetype<Block>(<usize>found), linear)) return found;
    return cpu.attention & Attention.FAULT ? 0 : buildUncached(cpu, linear);
  }
  if (!allocateBlock()) dropDecoded(cpu);
  const block = changetype<Block>(<usize>allocateBlock());
  const end = build(cpu, block, linear, <usize>readSource(<u64>physical));
  if (!end) return 0;
  block.physical = physical;
  if (block.secondPage != NO_PAGE) {
    const second = fetchPage(cpu, nextPage(cpu, linear));
    if (second >= 0x1_0000_0000) return buildUncached(cpu, linear);
    block.secondPage = <u32>(second >> 12);
  }
  commitBlock(cpu, block, end);
  return <u32>changetype<usize>(block);
}

/**
 * Decodes the block at `ip`, whose code lies at `physical`, in the CPU's present mode, although it has not been asked for. 0 where
 * that cannot be had without a second page, a fault, or room.
 */
export function decodeAhead(cpu: Vcpu, ip: u64, linear: u64, physical: u32): u32 {
  const address = allocateBlock();
  if (!address) return 0;
  const block = changetype<Block>(<usize>address);
  start(cpu, block, ip);
  const end = decodePage(cpu, block, linear, <usize>readSource(<u64>physical));
  if (!end) return 0;
  block.physical = physical;
  commitBlock(cpu, block, end);
  return address;
}

/** The linear page after `linear`'s. */
function nextPage(cpu: Vcpu, linear: u64): u64 {
  const next = (linear | 0xfff) + 1;
  return (cpu.mode & Mode.CODE_SIZE) == 3 ? next : next & 0xffff_ffff;
}

/** A block that crosses pages was found by its first; its second must still be the one it was decoded from. */
function secondPageHolds(cpu: Vcpu, block: Block, linear: u64): bool {
  if (block.secondPage == NO_PAGE) return true;
  const second = fetchPage(cpu, nextPage(cpu, linear));
  if (cpu.attention & Attention.FAULT) return false;
  return <u32>(second >> 12) == block.secondPage;
}

/** One instruction, in a block of its own that no table knows: for single steps and code outside RAM. 0 on a fault. */
export function buildUncached(cpu: Vcpu, linear: u64): u32 {
  const block = changetype<Block>(<usize>SCRATCH_BLOCK);
  const bytes = <usize>MemoryMap.SCRATCH;
  let got = fetchBytes(cpu, linear, bytes, MAX_INSN_BYTES);
  if (!got) {
    fetchBytesRaising(cpu, linear, bytes, 1);
    if (cpu.attention & Attention.FAULT) return 0;
    got = 1;
  }
  start(cpu, block, cpu.rip);
  const i = changetype<Insn>(block.first);
  const length = decode(cpu, i, bytes, got, cpu.rip);
  if (length == 0) {
    // It needs a byte that cannot be had: fetching it raises the fault.
    fetchBytesRaising(cpu, linear, bytes, MAX_INSN_BYTES);
    if (!(cpu.attention & Attention.FAULT)) raiseGp(cpu, 0);
    return 0;
  }
  if (length < 0 || !withinCodeLimit(cpu, length)) {
    raiseGp(cpu, 0);
    return 0;
  }
  block.byteLength = <u16>length;
  finish(cpu, block, 1, i.nextRip, i);
  return <u32>changetype<usize>(block);
}

function start(cpu: Vcpu, block: Block, ip: u64): void {
  block.ip = ip;
  block.csBase = codeBase(cpu);
  block.mode = cpu.mode;
  block.secondPage = NO_PAGE;
  block.code = 0;
  block.heat = cpu.jitThreshold;
  block.isAdopted = 0;
}

/** Fills `block` from code bytes at `host`; gives the address after its last record, or 0 with a fault pending. */
function build(cpu: Vcpu, block: Block, linear: u64, host: usize): u32 {
  start(cpu, block, cpu.rip);
  const end = decodePage(cpu, block, linear, host);
  return end ? end : buildCrossing(cpu, block, linear);
}

/** Decodes from code bytes at `host` to the end of their page. 0 if not even one whole, valid instruction lies there. */
function decodePage(cpu: Vcpu, block: Block, linear: u64, host: usize): u32 {
  const pageEnd = host + (0x1000 - <usize>(linear & 0xfff));
  let at = host;
  let ip = block.ip;
  let count: u32 = 0;
  let i = changetype<Insn>(block.first);
  while (count < MAX_BLOCK_INSNS && at < pageEnd) {
    const available = <u32>min<usize>(pageEnd - at, MAX_INSN_BYTES);
    const record = changetype<Insn>(block.first + <usize>count * INSN_SIZE);
    const length = decode(cpu, record, at, available, ip);
    if (length <= 0 || !withinCodeLimitAt(cpu, ip, length)) {
      if (count) break;
      return 0;
    }
    i = record;
    i.indexInBlock = <u16>count;
    at += <usize>length;
    ip = i.nextRip;
    count++;
    if (i.prefixes & Prefix.ENDS_BLOCK) break;
  }
  block.byteLength = <u16>(at - host);
  return finish(cpu, block, count, ip, i);
}

/** A block of the one instruction at the CPU's IP, whose bytes lie on two pages; or 0 with the fault pending that it raises. */
function buildCrossing(cpu: Vcpu, block: Block, linear: u64): u32 {
  const bytes = <usize>MemoryMap.SCRATCH;
  const got = fetchBytes(cpu, linear, bytes, MAX_INSN_BYTES);
  const i = changetype<Insn>(block.first);
  const length = decode(cpu, i, bytes, got, cpu.rip);
  if (length == 0) {
    fetchBytesRaising(cpu, linear, bytes, MAX_INSN_BYTES);
    if (!(cpu.attention & Attention.FAULT)) raiseGp(cpu, 0);
    return 0;
  }
  if (length < 0 || !withinCodeLimit(cpu, length)) {
    raiseGp(cpu, 0);
    return 0;
  }
  block.byteLength = <u16>length;
  block.secondPage = 0; // known to the caller
  return finish(cpu, block, 1, i.nextRip, i);
}

// @ts-ignore: decorator
@inline
function withinCodeLimit(cpu: Vcpu, length: i32): bool {
  return withinCodeLimitAt(cpu, cpu.rip, length);
}

function withinCodeLimitAt(cpu: Vcpu, ip: u64, length: i32): bool {
  if (cpu.mode & Mode.FLAT_CS) return true;
  return ip + <u64>(length - 1) <= <u64>segment(cpu, Seg.CS).limit;
}

/** Whether this instruction always goes somewhere by itself, so that BLOCK_END after it only holds a link. */
function transfersControl(i: Insn): bool {
  const op = <i32>i.op;
  return (op >= Op.JMP && op <= Op.CALL_INDIRECT) || (op >= Op.LOOP && op <= Op.JCXZ);
}

/** Writes the BLOCK_END record and the header's counts; gives the address after it. */
function finish(cpu: Vcpu, block: Block, count: u32, nextIp: u64, last: Insn): u32 {
  const record = block.first + <usize>count * INSN_SIZE;
  memory.fill(record, 0, INSN_SIZE);
  const i = changetype<Insn>(record);
  i.op = <u16>Op.BLOCK_END;
  i.nextRip = nextIp;
  i.indexInBlock = <u16>count;
  i.setHandler();
  block.count = count;
  const after = <u32>(record + INSN_SIZE);
  block.end = transfersControl(last) ? <u32>record : after;
  return after;
}
