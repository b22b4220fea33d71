// The way from hot to translated: a queue of hot blocks, made into one module when it is full, when one of them is urgent, or
// when it has waited long. Runs between blocks only.
import { Vcpu } from "../cpu/state";
import { epochOf, findEntry } from "../interp/blockBuilder";
import { Block, DEAD_MODE, SCRATCH_BLOCK, enterInJumpCache, retireBlock } from "../interp/blocks";
import { JitMode } from "../shared/jit";
import { nextSegment } from "./codeCache";
import { isChurning } from "./churn";
import { NEVER, QUEUE_SIZE, cool, defer, enqueue, isQueued, widthQueued, isRefused, queuedAt, refuse } from "./heat";
import { install, isAwaited } from "./install";
import { beginModule } from "./module";
import { completeEntries, recordRegion } from "./record";
import { MAX_REGION_BLOCKS, region, regionBlock } from "./region";
import { formRegion, isMapped, linearOf } from "./regions";
import { QUEUE, Segment, cacheState, currentSegment, hasRoom } from "./segments";
import { translate } from "./translate";
import { Translation } from "./translations";

/** Instructions for which the first block in the queue waits at most: about 5 ms. */
const PATIENCE: u64 = 1_000_000;
/** The same for what is to be wider: it runs meanwhile, and modules are best few and large. */
const WIDE_PATIENCE: u64 = 16_000_000;
/** Blocks of other modes that stay in the queue at most. */
const MOST_LEFT: u32 = QUEUE_SIZE / 2;
/** Runs of a block that was left in the queue before it is tried again. */
const RUNS_TO_RETRY: u32 = 8;
const WHEN_ONE_RUNS: u64 = <u64>-1;
/** What a region may take of the code cache: its record, and copies of its instructions. */
const REGION_ROOM: u32 = 0x1_0000;
/** Blocks of the smaller regions that are tried when the translator refuses a larger one: a quarter each. */
const SMALLER_SHIFT: u32 = 2;

/** A decoded block's heat has come to 0. True: look for the next block afresh, it may be translated now. */
export function becomeHot(cpu: Vcpu, block: Block): bool {
  if (cpu.jitMode != JitMode.AUTO || <u32>changetype<usize>(block) == SCRATCH_BLOCK) {
    block.heat = NEVER - 1;
    return false;
  }
  if (isQueued(cpu, block)) {
    translateQueue(cpu);
    return true;
  }
  if (isChurning(cpu, block.physical >> 12)) {
    cool(cpu, block);
    return false;
  }
  if (isAwaited(block)) {
    defer(cpu, block);
    return false;
  }
  if (supersede(cpu, block)) return true;
  setDue(cpu, PATIENCE);
  enqueue(cpu, block, 0);
  if (cpu.jitQueued < QUEUE_SIZE) return false;
  translateQueue(cpu);
  return true;
}

/** The queue is translated after so many instructions at the latest: a block comes into it that waits no longer. */
function setDue(cpu: Vcpu, patience: u64): void {
  const due = cpu.instructions + patience;
  if (!cpu.jitQueued || due < cpu.jitDue) cpu.jitDue = due;
}

/** JitMode.FORCED: translates `block`, which is about to run, and gives what to run in its place. */
export function translateNow(cpu: Vcpu, block: Block): u32 {
  const address = <u32>changetype<usize>(block);
  if (block.code || isRefused(block) || address == SCRATCH_BLOCK) return address;
  enqueue(cpu, block, 1);
  translateQueue(cpu);
  const entry = findEntry(cpu, block.physical, block.ip, block.csBase);
  if (!entry) return address;
  enterEntry(cpu, block, entry);
  return entry;
}

/** An entry that waits in the queue to be made wider is about to be entered: if that is overdue, now it can be translated. */
export function urge(cpu: Vcpu): void {
  if (cpu.jitDue == WHEN_ONE_RUNS || cpu.instructions >= cpu.jitDue) translateQueue(cpu);
}

/** Whether a wide region may start at `block`: not where code keeps changing, or is being translated. */
export function mayWiden(cpu: Vcpu, block: Block): bool {
  return !isChurning(cpu, block.physical >> 12) && !isAwaited(block);
}

/** The decoded block of an entry that is entered often: it will be the start of a wide region, its `width`-th; soon, where the present one is bad. */
export function widen(cpu: Vcpu, block: Block, width: u32, soon: bool): void {
  setDue(cpu, soon ? PATIENCE : WIDE_PATIENCE);
  enqueue(cpu, block, width);
  if (cpu.jitQueued == QUEUE_SIZE) translateQueue(cpu);
}

/** A block that has been translated under another mapping gives way to that, if it holds in this one. */
function supersede(cpu: Vcpu, block: Block): bool {
  const entry = findEntry(cpu, block.physical, block.ip, block.csBase);
  if (!entry) return false;
  retireBlock(block);
  enterEntry(cpu, block, entry);
  return true;
}

/** Jumps to where `block` is go to the translated entry from now on. */
function enterEntry(cpu: Vcpu, block: Block, entry: u32): void {
  const linear = linearOf(block, block.ip);
  enterInJumpCache(linear, entry, epochOf(cpu, linear, changetype<Block>(<usize>entry)));
}

/** Translates what is in the queue and can be now. */
export function translateQueue(cpu: Vcpu): void {
  const count = cpu.jitQueued;
  let done: u32 = 0;
  while (done < count) done = translateModule(cpu, done, count);
  keepRest(cpu, count);
}

/** Blocks of other modes and address spaces stay until one of them has run again: then the CPU is where they can be translated. */
function keepRest(cpu: Vcpu, count: u32): void {
  let left: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const entry = load<u32>(QUEUE + <usize>(i << 2));
    if (!entry) continue;
    store<u32>(QUEUE + <usize>(left << 2), entry);
    changetype<Block>(<usize>queuedAt(left++)).heat = RUNS_TO_RETRY;
  }
  cpu.jitQueued = left;
  cpu.jitDue = WHEN_ONE_RUNS;
  if (left > MOST_LEFT) dropRest(cpu);
}

function dropRest(cpu: Vcpu): void {
  for (let i: u32 = 0; i < cpu.jitQueued; i++) changetype<Block>(<usize>queuedAt(i)).heat = (cpu.jitThreshold >> 2) + 1;
  cpu.jitQueued = 0;
}

/** Makes one module of blocks from the queue, from number `first` on; gives the number of the first that is not in it. */
function translateModule(cpu: Vcpu, first: u32, count: u32): u32 {
  if (!hasRoom(currentSegment(), REGION_ROOM, 1)) nextSegment(cpu);
  const segment = currentSegment();
  let made: u32 = 0;
  let functions: u32 = 0;
  let at = first;
  beginModule();
  while (at < count && hasRoom(segment, REGION_ROOM, functions + 1)) {
    const width = widthQueued(at);
    const block = takeQueued(cpu, at);
    if (changetype<usize>(block)) {
      const translation = translateFrom(cpu, block, segment.freeSlot, width);
      if (changetype<usize>(translation)) {
        translation.nextInSegment = made;
        made = <u32>changetype<usize>(translation);
        functions++;
      } else if (functions) {
        putBack(at, block, width); // the module may be what is full
        break;
      } else refuse(block);
    }
    at++;
  }
  if (functions) install(cpu, segment, made, functions);
  return at;
}

/** Takes number `index` out of the queue; null if it is not to be translated any more, or stays in the queue. */
function takeQueued(cpu: Vcpu, index: u32): Block {
  const address = queuedAt(index);
  const block = changetype<Block>(<usize>address);
  const isAlive = address && block.mode != DEAD_MODE;
  if (isAlive && (block.mode != cpu.mode || !isMapped(cpu, block))) return changetype<Block>(0);
  store<u32>(QUEUE + <usize>(index << 2), 0);
  return isAlive ? block : changetype<Block>(0);
}

function putBack(index: u32, block: Block, width: u32): void {
  store<u32>(QUEUE + <usize>(index << 2), (<u32>changetype<usize>(block)) | width);
}

/** Translates a region from `block` on, the largest that the translator takes; gives its record, or null. */
function translateFrom(cpu: Vcpu, block: Block, firstSlot: u32, width: u32): Translation {
  const segment = currentSegment();
  const free = segment.free;
  for (let limit = MAX_REGION_BLOCKS; limit; limit = smaller(limit)) {
    formRegion(cpu, block, limit, width);
    const translation = recordRegion();
    const ordinal = translate();
    if (ordinal >= 0) {
      completeEntries(translation, firstSlot + <u32>ordinal);
      adoptBlocks(cpu);
      return translation;
    }
    segment.free = free;
  }
  return changetype<Translation>(0);
}

/** What is tried after regions of at most `limit` blocks: down to single ones, then 0. */
function smaller(limit: u32): u32 {
  return limit > 1 ? max<u32>(limit >> SMALLER_SHIFT, 1) : 0;
}

/** The region's blocks are no longer hot by themselves. */
function adoptBlocks(cpu: Vcpu): void {
  for (let i: u32 = 0; i < region().blockCount; i++) {
    const block = changetype<Block>(<usize>regionBlock(i).block);
    cool(cpu, block);
    block.isAdopted = 1;
    for (let queued: u32 = 0; queued < cpu.jitQueued; queued++)
      if (queuedAt(queued) == <u32>changetype<usize>(block)) putBack(queued, changetype<Block>(0), 0);
  }
  countRegion(cpu);
}

function countRegion(cpu: Vcpu): void {
  for (let i: u32 = 0; i < region().blockCount; i++) {
    const block = changetype<Block>(<usize>regionBlock(i).block);
    cpu.statGuestBytes += <u64>block.byteLength;
    cpu.statGuestInstructions += <u64>block.count;
  }
}
