// When a translation gives way to a wider one. Its entries count how often they are entered; one that has used up its runs in a short
// time is where a region is formed anew, with what has been seen of the code by then (regions.ts).
import { Vcpu } from "../cpu/state";
import { Block } from "../interp/blocks";
import { queuedAt } from "./heat";
import { cacheState } from "./segments";
import { Entry, Translation, TranslationPage, entryOf, headOf, rangesOverlap } from "./translations";

/**
 * Instructions from one entry into a region to the next, at most, for it to be made wider. A wide region repeats the code of others: of
 * what runs now and then there is so much that the repetitions would cost more, in caches, than the transfers.
 */
const MOST_BETWEEN: u64 = 5_000;
/** More entries than there will be. */
const NEVER_AGAIN: u32 = 0xffff_ffff;
/** Times that a region is formed anew, each after 2^PATIENCE_SHIFT times as many entries as the one before. */
const MAX_WIDTH: u32 = 5;
const PATIENCE_SHIFT: u32 = 3;
/** An entry that still waits in the queue asks again after so many runs, for whenever it asks the CPU is where it can be translated. */
const RUNS_TO_ASK: u32 = 1_000;
/** Entries that a loop counts for each time that it uses up the fuel, 20,000 instructions (interp/fuel.ts). */
const RUNS_OF_LOOP: u32 = 400;

/** Entries into a region of this width after which it is formed anew, wider: with what has been seen of it by then. */
export function runsBeforeWider(width: u32): u32 {
  const first = cacheState().wideAfter;
  return first && width < MAX_WIDTH ? first << (width * PATIENCE_SHIFT) : NEVER_AGAIN;
}

/** Whether an entry whose runs are used up was entered often enough, or its region is to be formed anew in any case. Its runs are counted afresh. */
export function isBusy(cpu: Vcpu, entry: Entry): bool {
  const translation = entry.translation;
  const runs = runsBeforeWider(translation.width);
  const busy = cpu.instructions - translation.since <= <u64>runs * MOST_BETWEEN;
  const isStale = translation.isStale != 0;
  if (isStale) setRuns(translation, runs);
  translation.isStale = 0;
  entry.runs = runs;
  translation.since = cpu.instructions;
  return busy || isStale;
}

/** Of the region that takes the translation's place. */
export function nextWidth(translation: Translation): u32 {
  return min<u32>(<u32>translation.width + 1, MAX_WIDTH);
}

/** Regions that have the code at `physical` in them are to be formed anew when one of their entries is entered next: the code can be better now. */
export function formAnew(physical: u32): void {
  const offset = physical & 0xfff;
  for (let address = load<u32>(headOf(physical >> 12)); address;) {
    const page = changetype<TranslationPage>(<usize>address);
    address = page.next;
    if (page.physicalPage != physical >> 12 || !rangesOverlap(page, offset, offset + 1)) continue;
    const translation = changetype<Translation>(<usize>page.translation);
    translation.isStale = 1;
    setRuns(translation, 1);
  }
}

function setRuns(translation: Translation, runs: u32): void {
  for (let i: u32 = 0; i < translation.entryCount; i++) entryOf(translation, i).runs = runs;
}

/** The entry's block goes into the queue. */
export function askAgainSoon(entry: Entry): void {
  entry.runs = RUNS_TO_ASK;
}

/**
 * Fuel has run out in a loop of the region that was entered at `entry`. In a narrow one that counts for many entries: its registers are in memory
 * (regions.ts), which a loop that runs long is slower for.
 */
export function countLoop(entry: Entry): void {
  const runs = entry.runs;
  if (entry.translation.width) entry.runs = runs + 1;
  else entry.runs = runs > RUNS_OF_LOOP ? runs - RUNS_OF_LOOP : 1;
}

/** Whether the entry's block is in the queue; then it is asked again soon. */
export function isWaiting(cpu: Vcpu, entry: Entry): bool {
  for (let i: u32 = 0; i < cpu.jitQueued; i++) {
    const block = changetype<Block>(<usize>queuedAt(i));
    if (!changetype<usize>(block) || block.physical != entry.physical) continue;
    if (block.ip != entry.ip || block.mode != entry.mode) continue;
    askAgainSoon(entry);
    return true;
  }
  return false;
}
