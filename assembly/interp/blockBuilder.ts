// Decodes blocks: from the CPU's IP to the next transfer of control, the end of the page, or MAX_BLOCK_INSNS.
import { MemoryMap } from "../shared/memoryMap";
import { Mode, Seg, Vcpu, segment } from "../cpu/state";
import { raiseGp } from "../cpu/exceptions";
import { decode } from "../decode/decode";
import { INSN_SIZE, Insn, Prefix } from "../decode/insn";
import { Op } from "../decode/op";
import { fetchBytes, fetchBytesRaising, fetchHost, fetchPage } from "../mmu/fetch";
import {
  BLOCK_HEADER_SIZE,
  Block,
  MAX_BLOCK_INSNS,
  NO_PAGE,
  SCRATCH_BLOCK,
  allocateBlock,
  commitBlock,
  enterInJumpCache,
  findInTable,
} from "./blocks";

const MAX_INSN_BYTES: u32 = 15;

/** Base of CS as it enters linear addresses. */
// @ts-ignore: decorator
@inline
export function codeBase(cpu: Vcpu): u64 {
  return cpu.mode & Mode.FLAT_CS ? 0 : segment(cpu, Seg.CS).base;
}

// @ts-ignore: decorator
@inline
export function codeLinear(cpu: Vcpu): u64 {
  if (cpu.mode & Mode.FLAT_CS) return cpu.rip;
  return (segment(cpu, Seg.CS).base + cpu.rip) & 0xffff_ffff;
}

/** The block at the CPU's IP, found or built; 0 when fetching faults (the fault is pending). */
export function findOrBuildBlock(cpu: Vcpu): u32 {
  const linear = codeLinear(cpu);
  const physical = fetchPage(cpu, linear);
  if (cpu.attention & 1) return 0;
  const host = fetchHost(cpu, linear);
  if (!host || physical >= 0x1_0000_0000) return buildUncached(cpu, linear);
  const found = findInTable(cpu, <u32>physical, codeBase(cpu));
  if (found) {
    if (!secondPageHolds(cpu, changetype<Block>(<usize>found), linear))
      return cpu.attention & 1 ? 0 : buildUncached(cpu, linear);
    enterInJumpCache(cpu, linear, found);
    return found;
  }
  const block = allocateBlock(cpu);
  const end = build(cpu, block, linear, <usize>host, MAX_BLOCK_INSNS);
  if (!end) return 0;
  block.physical = <u32>physical;
  if (block.secondPage != NO_PAGE) {
    const second = fetchPage(cpu, nextPage(cpu, linear));
    if (second >= 0x1_0000_0000) return <u32>changetype<usize>(block);
    block.secondPage = <u32>(second >> 12);
  }
  commitBlock(cpu, block, end);
  enterInJumpCache(cpu, linear, <u32>changetype<usize>(block));
  return <u32>changetype<usize>(block);
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
  if (cpu.attention & 1) return false;
  return <u32>(second >> 12) == block.secondPage;
}

/** One instruction, in a block of its own that no table knows: for single steps and code outside RAM. 0 on a fault. */
export function buildUncached(cpu: Vcpu, linear: u64): u32 {
  const block = changetype<Block>(<usize>SCRATCH_BLOCK);
  const bytes = <usize>MemoryMap.SCRATCH;
  let got = fetchBytes(cpu, linear, bytes, MAX_INSN_BYTES);
  if (!got) {
    fetchBytesRaising(cpu, linear, bytes, 1);
    if (cpu.attention & 1) return 0;
    got = 1;
  }
  start(cpu, block);
  const i = changetype<Insn>(block.first);
  const length = decode(cpu, i, bytes, got, cpu.rip);
  if (length == 0) {
    // It needs a byte that cannot be had: fetching it raises the fault.
    fetchBytesRaising(cpu, linear, bytes, MAX_INSN_BYTES);
    if (!(cpu.attention & 1)) raiseGp(cpu, 0);
    return 0;
  }
  if (length < 0 || !withinCodeLimit(cpu, length)) {
    raiseGp(cpu, 0);
    return 0;
  }
  block.byteLength = length;
  finish(cpu, block, 1, i.nextRip, i);
  return <u32>changetype<usize>(block);
}

function start(cpu: Vcpu, block: Block): void {
  block.ip = cpu.rip;
  block.csBase = codeBase(cpu);
  block.mode = cpu.mode;
  block.secondPage = NO_PAGE;
}

/** Fills `block` from code bytes at `host`; gives the address after its last record, or 0 with a fault pending. */
function build(cpu: Vcpu, block: Block, linear: u64, host: usize, limit: u32): u32 {
  start(cpu, block);
  const pageEnd = host + (0x1000 - <usize>(linear & 0xfff));
  let at = host;
  let ip = cpu.rip;
  let count: u32 = 0;
  let i = changetype<Insn>(block.first);
  while (count < limit && at < pageEnd) {
    const available = <u32>min<usize>(pageEnd - at, MAX_INSN_BYTES);
    const record = changetype<Insn>(block.first + <usize>count * INSN_SIZE);
    const length = decode(cpu, record, at, available, ip);
    if (length == 0) {
      if (count) break;
      return buildCrossing(cpu, block, linear);
    }
    if (length < 0 || !withinCodeLimitAt(cpu, ip, length)) {
      if (count) break;
      raiseGp(cpu, 0);
      return 0;
    }
    i = record;
    i.indexInBlock = <u16>count;
    at += <usize>length;
    ip = i.nextRip;
    count++;
    if (i.prefixes & Prefix.ENDS_BLOCK) break;
  }
  block.byteLength = <u32>(at - host);
  return finish(cpu, block, count, ip, i);
}

/** A block of one instruction whose bytes lie on two pages. */
function buildCrossing(cpu: Vcpu, block: Block, linear: u64): u32 {
  const bytes = <usize>MemoryMap.SCRATCH;
  const got = fetchBytes(cpu, linear, bytes, MAX_INSN_BYTES);
  const i = changetype<Insn>(block.first);
  const length = decode(cpu, i, bytes, got, cpu.rip);
  if (length == 0) {
    fetchBytesRaising(cpu, linear, bytes, MAX_INSN_BYTES);
    if (!(cpu.attention & 1)) raiseGp(cpu, 0);
    return 0;
  }
  if (length < 0 || !withinCodeLimit(cpu, length)) {
    raiseGp(cpu, 0);
    return 0;
  }
  block.byteLength = length;
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
