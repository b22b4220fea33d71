// The block cache: decoded blocks, found by where they are and in which mode they run, and dropped when their bytes change.
//
// A block is straight-line code: a 64-byte header, `count` Insn records, and one BLOCK_END record. It is keyed by
// physical address, IP, CS base and Mode bits, so everything that was resolved at decode (absolute targets, segment
// flatness, operand sizes) holds whenever it is found.
//
//   jump cache      direct mapped by linear address -> block; entries of an older mapping epoch are dead
//   hash table      by physical address and IP -> chain of blocks (Block.nextInBucket)
//   page lists      by physical page -> chain of blocks whose first byte lies there (Block.nextInPage)
//   crossing list   the blocks that reach into a second page (Block.nextInSecondPage): few, one instruction each
//
// A dead block keeps its memory until the whole cache is flushed, with a mode that no CPU is ever in; so a link to it
// needs only a look at its mode.
//
// A Block with `code` is an entry into translated code (jit/codeCache.ts): it has no records and is in the hash table and the jump
// cache only. An entry and a decoded block may have the same key; the entry comes first.
import { MemoryMap } from "../shared/memoryMap";
import { codeBase } from "../cpu/codeAddress";
import { Attention, Vcpu } from "../cpu/state";
import { INSN_SIZE } from "../decode/insn";
import { isCurrent } from "../mmu/epochs";
import { clearAllCodePages, markCodePage } from "../mmu/codePages";

/** No CPU is in this mode. */
export const DEAD_MODE: u32 = 0xffff_ffff;
/** Vcpu.linkSlot while an instruction runs that has not said where to go on: behind it. */
export const IP_NOT_SET: u32 = 1;
export const MAX_BLOCK_INSNS: u32 = 64;
export const BLOCK_HEADER_SIZE: usize = 64;


@unmanaged
export class Block {
  ip: u64;
  csBase: u64;
  /** Of the first byte. */
  physical: u32;
  mode: u32;
  /** Instructions, without BLOCK_END. Of an entry: the most that run before its code looks at its fuel again. */
  count: u32;
  byteLength: u16;
  /** It is part of a translated region: worth being part of others that it is reached from. */
  isAdopted: u16;
  /** Address after the last record to run: past BLOCK_END where the block falls into it. */
  end: u32;
  nextInBucket: u32;
  nextInPage: u32;
  /** Physical page number of the second page for an instruction that crosses, or NO_PAGE. */
  secondPage: u32;
  nextInSecondPage: u32;
  /** Index of the translated function in the exported table; 0: decoded. */
  code: u32;
  /** Runs until it is hot. Of an entry: its number among the blocks of the region. */
  heat: u32;

  // @ts-ignore: decorator
  @inline
  get first(): usize {
    return changetype<usize>(this) + BLOCK_HEADER_SIZE;
  }

  /** Of an entry, in one word, what is called: the function and, in the low byte, what `heat` is; 0: decoded. */
  // @ts-ignore: decorator
  @inline
  get callee(): u32 {
    return this.code ? (this.code << 8) | this.heat : 0;
  }
}

/** A place of the jump cache. */
@unmanaged
export class Jump {
  /** The low half of the linear address; the block knows the rest. */
  linear: u32;
  block: u32;
  /** Epoch in which the linear address is mapped to the block (mmu/epochs.ts). */
  epoch: u32;
  /** Block.callee: known before the block, which is seldom in the host's caches on broad paths. */
  callee: u32;
}

/** What a region's function returns when it is entered at `callee`. */
// @ts-ignore: decorator
@inline
export function enter(callee: u32): u32 {
  return call_indirect<u32>(callee >> 8, callee & 0xff);
}

export const NO_PAGE: u32 = 0xffff_ffff;

const BUCKETS: u32 = 0x10000;
const BUCKET_TABLE: u32 = MemoryMap.BLOCK_INDEX;
const PAGE_TABLE: u32 = BUCKET_TABLE + BUCKETS * 4;
const JUMP_CACHE: u32 = PAGE_TABLE + BUCKETS * 4;
const JUMP_CACHE_ENTRIES: u32 = 0x8000;
/** A block of MAX_BLOCK_INSNS, for code that is not cached, lies at the very start; then cached ones. */
export const SCRATCH_BLOCK: u32 = MemoryMap.BLOCKS;
/** Where the next block goes is kept in memory, not in a static: one word after the jump cache. */
const FREE_POINTER: u32 = JUMP_CACHE + JUMP_CACHE_ENTRIES * 16;
/** Head of the chain of blocks that cross into a second page (few: one instruction each). */
const CROSSING_LIST: u32 = FREE_POINTER + 4;
const MAX_BLOCK_BYTES: u32 = <u32>BLOCK_HEADER_SIZE + (MAX_BLOCK_INSNS + 2) * <u32>INSN_SIZE;
const FIRST_BLOCK: u32 = SCRATCH_BLOCK + MAX_BLOCK_BYTES;
const BLOCKS_END: u32 = MemoryMap.BLOCKS + MemoryMap.BLOCKS_SIZE;

/** Forgets all blocks; entries into translated code too (jit/codeCache.ts enters them again). */
export function clearBlocks(cpu: Vcpu): void {
  memory.fill(<usize>BUCKET_TABLE, 0, <usize>(BUCKETS * 8));
  memory.fill(<usize>JUMP_CACHE, 0, <usize>(JUMP_CACHE_ENTRIES * 16));
  store<u32>(<usize>FREE_POINTER, FIRST_BLOCK);
  store<u32>(<usize>CROSSING_LIST, 0);
  clearAllCodePages();
  cpu.jitQueued = 0;
  // In the middle of an instruction (a port access that moves a BAR) IP still has to be set behind it.
  if (cpu.linkSlot != IP_NOT_SET) cpu.linkSlot = 0;
  cpu.attention |= Attention.STOP;
}

/** Room for a block of the greatest size, 0 when there is none. The builder then calls `commitBlock`. */
export function allocateBlock(): u32 {
  const free = load<u32>(<usize>FREE_POINTER);
  return free + MAX_BLOCK_BYTES > BLOCKS_END ? 0 : free;
}

// @ts-ignore: decorator
@inline
function bucketOf(physical: u32, ip: u64): usize {
  const hash = (physical ^ (physical >> 13) ^ (<u32>(ip >> 12) * 0x9e37)) & (BUCKETS - 1);
  return <usize>(BUCKET_TABLE + (hash << 2));
}

// @ts-ignore: decorator
@inline
function pageList(page: u32): usize {
  return <usize>(PAGE_TABLE + ((page & (BUCKETS - 1)) << 2));
}

/** Makes `block` the first that is found under its key. */
export function enterInTable(block: Block): void {
  const bucket = bucketOf(block.physical, block.ip);
  block.nextInBucket = load<u32>(bucket);
  store<u32>(bucket, <u32>changetype<usize>(block));
}

/** Puts a built block into the tables. */
export function commitBlock(cpu: Vcpu, block: Block, endOfRecords: u32): void {
  store<u32>(<usize>FREE_POINTER, endOfRecords);
  const address = <u32>changetype<usize>(block);
  enterInTable(block);
  const page = pageList(block.physical >> 12);
  block.nextInPage = load<u32>(page);
  store<u32>(page, address);
  markCodePage(block.physical >> 12);
  if (block.secondPage != NO_PAGE) {
    // Reached through the first page's list only; a write to the second page walks CROSSING_LIST.
    block.nextInSecondPage = load<u32>(<usize>CROSSING_LIST);
    store<u32>(<usize>CROSSING_LIST, address);
    markCodePage(block.secondPage);
  }
  cpu.statBlocksBuilt++;
}

/** The chain of blocks in which those at `physical` and `ip` are, for nextMatch. */
// @ts-ignore: decorator
@inline
export function bucketHead(physical: u32, ip: u64): u32 {
  return load<u32>(bucketOf(physical, ip));
}

/** The first block of the chain from `address` on with this key, or 0: entries and decoded ones. */
export function nextMatch(address: u32, physical: u32, ip: u64, mode: u32, csBase: u64): u32 {
  let at = address;
  while (at) {
    const block = changetype<Block>(<usize>at);
    if (block.physical == physical && block.ip == ip && block.mode == mode && block.csBase == csBase) return at;
    at = block.nextInBucket;
  }
  return 0;
}

/** The decoded block with this key, or 0. */
export function findDecoded(physical: u32, ip: u64, mode: u32, csBase: u64): u32 {
  let at = nextMatch(bucketHead(physical, ip), physical, ip, mode, csBase);
  while (at && changetype<Block>(<usize>at).code)
    at = nextMatch(changetype<Block>(<usize>at).nextInBucket, physical, ip, mode, csBase);
  return at;
}

/** Whether there is translated code that begins there. */
export function isTranslated(physical: u32, ip: u64, mode: u32, csBase: u64): bool {
  const at = nextMatch(bucketHead(physical, ip), physical, ip, mode, csBase);
  return at != 0 && (changetype<Block>(<usize>at).code != 0 || nextIsTranslated(changetype<Block>(<usize>at)));
}

function nextIsTranslated(block: Block): bool {
  const at = nextMatch(block.nextInBucket, block.physical, block.ip, block.mode, block.csBase);
  return at != 0 && changetype<Block>(<usize>at).code != 0;
}

// @ts-ignore: decorator
@inline
export function jumpOf(linear: u64): Jump {
  const key = <u32>linear;
  return changetype<Jump>(<usize>(JUMP_CACHE + (((key ^ (key >> 15)) & (JUMP_CACHE_ENTRIES - 1)) << 4)));
}

/** The block for the CPU's IP by the place of the jump cache for its linear address alone, or 0. */
// @ts-ignore: decorator
@inline
export function followJump(cpu: Vcpu, jump: Jump, linear: u64): u32 {
  if (jump.linear != <u32>linear || !isCurrent(cpu, jump.epoch)) return 0;
  const block = changetype<Block>(<usize>jump.block);
  return jump.block && block.mode == cpu.mode && block.ip == cpu.rip && block.csBase == codeBase(cpu) ? jump.block : 0;
}

/** `epoch`: see mmu/epochs.ts. */
export function enterInJumpCache(linear: u64, block: u32, epoch: u32): void {
  const jump = jumpOf(linear);
  jump.linear = <u32>linear;
  jump.block = block;
  jump.epoch = epoch;
  jump.callee = changetype<Block>(<usize>block).callee;
}

export function removeFromTable(block: Block): void {
  const address = <u32>changetype<usize>(block);
  let slot = bucketOf(block.physical, block.ip);
  while (load<u32>(slot)) {
    if (load<u32>(slot) == address) {
      store<u32>(slot, block.nextInBucket);
      return;
    }
    slot = <usize>load<u32>(slot) + offsetof<Block>("nextInBucket");
  }
}

function unlinkFromPage(block: Block): void {
  const address = <u32>changetype<usize>(block);
  let slot = pageList(block.physical >> 12);
  while (load<u32>(slot)) {
    if (load<u32>(slot) == address) {
      store<u32>(slot, block.nextInPage);
      return;
    }
    slot = <usize>load<u32>(slot) + offsetof<Block>("nextInPage");
  }
}

/** Drops jump-cache entries of blocks in [start, end): the memory is about to be used again. */
export function forgetJumpsInto(start: u32, end: u32): void {
  for (let i: u32 = 0; i < JUMP_CACHE_ENTRIES; i++) {
    const jump = changetype<Jump>(<usize>(JUMP_CACHE + (i << 4)));
    if (jump.block - start < end - start) jump.block = 0;
  }
}

/** Takes a decoded block out: an entry into translated code stands for it from now on. */
export function retireBlock(block: Block): void {
  removeFromTable(block);
  unlinkFromPage(block);
  block.mode = DEAD_MODE;
}

function kill(cpu: Vcpu, block: Block): void {
  removeFromTable(block);
  block.mode = DEAD_MODE;
  cpu.statInvalidations++;
  // The running block's later records are stale now: leave it after this instruction.
  cpu.attention |= Attention.STOP;
}

/** Drops the crossing blocks that reach into `page` beyond its byte `from`; tells whether others remain. */
function killCrossing(cpu: Vcpu, page: u32, from: u32): bool {
  let remain = false;
  let slot: usize = <usize>CROSSING_LIST;
  while (load<u32>(slot)) {
    const block = changetype<Block>(<usize>load<u32>(slot));
    if (block.mode == DEAD_MODE) {
      store<u32>(slot, block.nextInSecondPage);
      continue;
    }
    if (block.secondPage == page) {
      const tail = (block.physical + block.byteLength) & 0xfff;
      if (from < tail) {
        unlinkFromPage(block);
        kill(cpu, block);
        store<u32>(slot, block.nextInSecondPage);
        continue;
      }
      remain = true;
    }
    slot = changetype<usize>(block) + offsetof<Block>("nextInSecondPage");
  }
  return remain;
}

/** Kills the decoded blocks that overlap [start, start + size), within one page; tells whether the page has others. */
export function killBlocks(cpu: Vcpu, start: u32, size: u32): bool {
  const page = start >> 12;
  const end = start + size;
  let remain = false;
  let slot = pageList(page);
  while (load<u32>(slot)) {
    const block = changetype<Block>(<usize>load<u32>(slot));
    if (block.physical >> 12 == page) {
      if (block.physical < end && start < block.physical + block.byteLength) {
        store<u32>(slot, block.nextInPage);
        kill(cpu, block);
        continue;
      }
      remain = true;
    }
    slot = changetype<usize>(block) + offsetof<Block>("nextInPage");
  }
  return killCrossing(cpu, page, start & 0xfff) || remain;
}

/** Whether [start, start + size), within one page, overlaps a decoded block. */
export function blocksOverlap(start: u32, size: u32): bool {
  const page = start >> 12;
  const end = start + size;
  let address = load<u32>(pageList(page));
  while (address) {
    const block = changetype<Block>(<usize>address);
    if (block.physical < end && start < block.physical + block.byteLength && block.physical >> 12 == page) return true;
    address = block.nextInPage;
  }
  address = load<u32>(<usize>CROSSING_LIST);
  while (address) {
    const block = changetype<Block>(<usize>address);
    const tail = (block.physical + block.byteLength) & 0xfff;
    if (block.secondPage == page && block.mode != DEAD_MODE && (start & 0xfff) < tail) return true;
    address = block.nextInSecondPage;
  }
  return false;
}
