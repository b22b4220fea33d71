// Which blocks are translated together: from a hot block along direct jumps, and over calls to where they return to, which
// is a further entry; so that a loop with calls in it is one function.
//
// A wide region, made when a translation is entered often, has in it also what other regions begin with, the functions that it calls
// and where its indirect jumps went: a call and its return then cost no more than jumps (returns.ts). Nothing here changes what the guest can see: pages
// are looked up without setting accessed bits.
import { Mode, Vcpu } from "../cpu/state";
import { Op } from "../decode/op";
import { decodeAhead } from "../interp/blockBuilder";
import { Block, NO_PAGE, findDecoded, isTranslated } from "../interp/blocks";
import { peekCode } from "../mmu/fetch";
import { NO_PHYSICAL } from "../mmu/paging";
import { JitMode } from "../shared/jit";
import { noBlocks, only, union } from "./blockSet";
import { isChurning } from "./churn";
import { isWarm } from "./heat";
import { MAX_REGION_BLOCKS, RegionBlock, region, regionBlock } from "./region";
import { weightOfBlock } from "./regionWeight";
import { REGION_PAGES } from "./segments";
import { knownTarget, targetCount } from "./targets";
import { NOWHERE, isCall, lastInsn, nextTarget, returnTarget, takenTarget } from "./successors";

const MAX_WEIGHT: u32 = 600;
const MAX_PAGES: u32 = 16;
/** Blocks up to which code that has not run yet is decoded ahead (JitMode.FORCED). */
const MAX_AHEAD: u32 = 16;
/** Bit of the IP that says where a region's state is in JitMode.FORCED, which makes wide regions only: half of them are made each way. */
const FORCED_CHOICE: u64 = 16;


@unmanaged
export class RegionPage {
  linear: u64;
  physicalPage: u32;
  /** Pieces of code on it. */
  rangeCount: u32;
}

// @ts-ignore: decorator
@inline
export function regionPage(index: u32): RegionPage {
  return changetype<RegionPage>(REGION_PAGES + 16 + <usize>(index << 4));
}

/** Of the region under construction, beside what region.ts has for the translator. */
@unmanaged
class Size {
  pages: u32;
  weight: u32;
  /** Blocks that it may have. */
  limit: u32;
}

// @ts-ignore: decorator
@inline
function size(): Size {
  return changetype<Size>(REGION_PAGES);
}

export function regionPageCount(): u32 {
  return size().pages;
}

/** Forms the region that starts at `main`, of at most `limit` blocks. */
export function formRegion(cpu: Vcpu, main: Block, limit: u32, width: u32): void {
  const r = region();
  r.width = width;
  r.inMemory = staysInMemory(cpu, main, width);
  r.blockCount = 0;
  r.entryCount = 0;
  r.mode = main.mode;
  r.csBase = main.csBase;
  const s = size();
  s.pages = 0;
  s.weight = 0;
  s.limit = min(limit, MAX_REGION_BLOCKS);
  makeEntry(append(main));
  let expanded: u32 = 0;
  let called: u32 = 0;
  do {
    while (expanded < r.blockCount) expand(cpu, regionBlock(expanded++));
    while (width && called < r.blockCount && expanded == r.blockCount) includeCallee(cpu, regionBlock(called++));
  } while (expanded < r.blockCount);
}

/**
 * Whether the region's state stays in memory: while it is narrow. What runs long in loops becomes wide, where locals are worth their loads and
 * stores; of the rest a way from an entry to a way out has a few instructions, which use a few registers.
 */
function staysInMemory(cpu: Vcpu, main: Block, width: u32): bool {
  return cpu.jitMode == JitMode.FORCED ? (main.ip & FORCED_CHOICE) != 0 : !width;
}

/** If the block ends with a call: the first blocks of the functions that it goes to. */
function includeCallee(cpu: Vcpu, b: RegionBlock): void {
  const block = changetype<Block>(<usize>b.block);
  const last = lastInsn(block);
  if (last.op == Op.CALL) b.taken = include(cpu, block, takenTarget(last), cpu.jitMode == JitMode.FORCED);
  else if (last.op == Op.CALL_INDIRECT) includeTargets(cpu, b);
}

/** The blocks to which the block's indirect jump or call has gone. */
function includeTargets(cpu: Vcpu, b: RegionBlock): void {
  const block = changetype<Block>(<usize>b.block);
  const source = <u32>block.ip;
  const count = targetCount(source);
  for (let i: u32 = 0; i < count; i++) {
    const index = include(cpu, block, knownTarget(source, i), false);
    if (index >= 0) b.targets = union(b.targets, only(<u32>index));
  }
}

/** Looks where the block goes, which may append blocks. */
function expand(cpu: Vcpu, b: RegionBlock): void {
  const block = changetype<Block>(<usize>b.block);
  const last = lastInsn(block);
  const forced = cpu.jitMode == JitMode.FORCED;
  if (!isCall(last)) b.taken = include(cpu, block, takenTarget(last), forced);
  b.next = include(cpu, block, nextTarget(last), forced);
  if (last.op == Op.JMP_INDIRECT && region().width) includeTargets(cpu, b);
  const back = include(cpu, block, returnTarget(last), forced && isCall(last));
  if (back >= 0) makeEntry(back);
}

function makeEntry(index: i32): void {
  const b = regionBlock(index);
  if (b.entry < 0) b.entry = region().entryCount++;
}

/** Index of the region's block at `ip`, to which `from` goes; appended if it should belong to the region, else -1. */
function include(cpu: Vcpu, from: Block, ip: u64, ahead: bool): i32 {
  if (ip == NOWHERE) return -1;
  const count = region().blockCount;
  for (let i: u32 = 0; i < count; i++) {
    if (changetype<Block>(<usize>regionBlock(i).block).ip == ip) return i;
  }
  if (count >= size().limit) return -1;
  const linear = linearOf(from, ip);
  const physical = locate(cpu, from, linear);
  if (physical == NO_PHYSICAL) return -1;
  let address = findDecoded(<u32>physical, ip, from.mode, from.csBase);
  if (!address && ahead && count < MAX_AHEAD && isOnPage(from, linear) && cpu.mode == from.mode)
    address = decodeAhead(cpu, ip, linear, <u32>physical);
  if (!address) address = decodeAgain(cpu, from, ip, linear, <u32>physical);
  if (!address) return -1;
  const block = changetype<Block>(<usize>address);
  if (size().weight + weightOfBlock(block) > MAX_WEIGHT || !isWanted(cpu, block)) return -1;
  return block.secondPage == NO_PAGE || isMapped(cpu, block) ? append(block) : -1;
}

/** Decodes what has been translated as the start of another region: an inner loop, a function that many call. */
function decodeAgain(cpu: Vcpu, from: Block, ip: u64, linear: u64, physical: u32): u32 {
  if (!region().width || cpu.mode != from.mode || !isTranslated(physical, ip, from.mode, from.csBase)) return 0;
  const address = decodeAhead(cpu, ip, linear, physical);
  if (address) changetype<Block>(<usize>address).isAdopted = 1;
  return address;
}

function isWanted(cpu: Vcpu, block: Block): bool {
  if (cpu.jitMode == JitMode.FORCED) return true;
  return ((block.isAdopted && region().width != 0) || isWarm(cpu, block)) && !isChurning(cpu, block.physical >> 12);
}

export function linearOf(block: Block, ip: u64): u64 {
  const linear = block.csBase + ip;
  return (block.mode & Mode.CODE_SIZE) == 3 ? linear : linear & 0xffff_ffff;
}

// @ts-ignore: decorator
@inline
function isOnPage(block: Block, linear: u64): bool {
  return linearOf(block, block.ip) >> 12 == linear >> 12;
}

/** The physical address of the code at `linear`, as far as that is known. */
function locate(cpu: Vcpu, from: Block, linear: u64): u64 {
  if (isOnPage(from, linear)) return <u64>((from.physical & ~0xfff) | ((<u32>linear) & 0xfff));
  if (cpu.mode != from.mode) return NO_PHYSICAL;
  const physical = peekCode(cpu, linear);
  return physical > 0xffff_ffff ? NO_PHYSICAL : physical;
}

/** Whether the block's code is where it was decoded from, and may be fetched. The CPU is in its mode. */
export function isMapped(cpu: Vcpu, block: Block): bool {
  if (peekCode(cpu, linearOf(block, block.ip)) != <u64>block.physical) return false;
  if (block.secondPage == NO_PAGE) return true;
  const physical = peekCode(cpu, secondLinear(block));
  return physical != NO_PHYSICAL && physical >> 12 == <u64>block.secondPage;
}

/** The linear address of the block's last byte: where it crosses, on its second page. */
export function secondLinear(block: Block): u64 {
  return linearOf(block, block.ip + <u64>(block.byteLength - 1));
}

/** Appends the block, or gives -1 where it would need too many pages. */
function append(block: Block): i32 {
  const linear = linearOf(block, block.ip);
  const crosses = block.secondPage != NO_PAGE;
  const second = secondLinear(block);
  const known = size().pages;
  if (!notePage(linear, block.physical >> 12) || (crosses && !notePage(second, block.secondPage))) {
    size().pages = known;
    return -1;
  }
  findPage(linear).rangeCount++;
  if (crosses) findPage(second).rangeCount++;
  const r = region();
  const index = r.blockCount++;
  const b = regionBlock(index);
  b.block = <u32>changetype<usize>(block);
  b.taken = -1;
  b.next = -1;
  b.entry = -1;
  b.takenLink = 0;
  b.nextLink = 0;
  b.targets = noBlocks();
  size().weight += weightOfBlock(block);
  return index;
}

/** The region's page that holds `linear`, or null. */
export function findPage(linear: u64): RegionPage {
  for (let i: u32 = 0; i < size().pages; i++) {
    if (regionPage(i).linear == (linear & ~(<u64>0xfff))) return regionPage(i);
  }
  return changetype<RegionPage>(0);
}

function notePage(linear: u64, physicalPage: u32): bool {
  const known = findPage(linear);
  if (changetype<usize>(known)) return known.physicalPage == physicalPage;
  const s = size();
  if (s.pages == MAX_PAGES) return false;
  const page = regionPage(s.pages++);
  page.linear = linear & ~(<u64>0xfff);
  page.physicalPage = physicalPage;
  page.rangeCount = 0;
  return true;
}
