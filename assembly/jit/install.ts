// From a module's bytes to translations that run. The host compiles it at once, or says that it will later (ModuleAnswer.PENDING):
// until then the guest goes on in the interpreter, and the translations are pending. These are in the chains of their pages, so that
// a write to their code kills them, and in their segment, which takes them along when it is emptied; but nothing enters them.
import { Vcpu } from "../cpu/state";
import { installModule } from "../host/imports";
import { findEntry } from "../interp/blockBuilder";
import { Block, DEAD_MODE, bucketHead, findDecoded, nextMatch, removeFromTable, retireBlock } from "../interp/blocks";
import { ModuleAnswer } from "../shared/jit";
import { defer, refuse } from "./heat";
import { finishModule, moduleLength } from "./module";
import { Segment, segmentOfPlace } from "./segments";
import {
  Entry,
  Translation,
  TranslationPage,
  addToSegment,
  enterEntries,
  enterPages,
  entryOf,
  headOf,
  killTranslation,
  pageOf,
  rangesOverlap,
} from "./translations";

/** Gives the module under construction to the host; `made` is the chain of its `functions` translations. */
export function install(cpu: Vcpu, segment: Segment, made: u32, functions: u32): void {
  const address = finishModule();
  const length = moduleLength();
  const answer = installModule(address, length, segment.freeSlot, functions);
  let next = made;
  while (next) {
    const translation = changetype<Translation>(<usize>next);
    next = translation.nextInSegment;
    if (answer == ModuleAnswer.REFUSED) refuseEntries(translation);
    else adopt(cpu, segment, translation, answer);
  }
  if (answer == ModuleAnswer.REFUSED) return;
  segment.freeSlot += functions;
  segment.wasmBytes += length;
  cpu.statModules++;
  cpu.statRegions += <u64>functions;
  cpu.statWasmBytes += <u64>length;
}

/** From now on what happens to the translation's code happens to it. */
function adopt(cpu: Vcpu, segment: Segment, translation: Translation, answer: u32): void {
  addToSegment(segment, translation);
  enterPages(translation);
  if (answer == ModuleAnswer.INSTALLED) release(cpu, translation);
  else {
    translation.pending = 1;
    deferEntries(cpu, translation);
  }
}

/** The pending module with its `functions` functions from `place` on is compiled, or could not be. Between two slices. */
export function moduleArrived(cpu: Vcpu, place: u32, functions: u32, ok: bool): void {
  let next = segmentOfPlace(place).translations;
  while (next) {
    const translation = changetype<Translation>(<usize>next);
    next = translation.nextInSegment;
    if (translation.dead || !translation.pending || entryOf(translation, 0).code - place >= functions) continue;
    translation.pending = 0;
    if (ok) release(cpu, translation);
    else {
      refuseEntries(translation);
      killTranslation(translation);
    }
  }
}

/** Whether a pending translation has the block's start in it: translating it now would be for nothing. */
export function isAwaited(block: Block): bool {
  const offset = block.physical & 0xfff;
  let address = load<u32>(headOf(block.physical >> 12));
  while (address) {
    const page = changetype<TranslationPage>(<usize>address);
    address = page.next;
    if (page.physicalPage != block.physical >> 12) continue;
    if (changetype<Translation>(<usize>page.translation).pending && rangesOverlap(page, offset, offset + 1))
      return true;
  }
  return false;
}

/** Makes the translation be entered from now on, in place of decoded blocks and of older translations. */
function release(cpu: Vcpu, translation: Translation): void {
  for (let i: u32 = 0; i < translation.entryCount; i++) {
    const entry = entryOf(translation, i);
    retireOlder(cpu, entry);
    const block = decodedAt(entry);
    if (changetype<usize>(block)) retireBlock(block);
  }
  // Looking for older ones may walk page tables, which is a write that can hit code.
  if (!translation.dead) enterEntries(translation);
}

function deferEntries(cpu: Vcpu, translation: Translation): void {
  for (let i: u32 = 0; i < translation.entryCount; i++) {
    const block = decodedAt(entryOf(translation, i));
    if (changetype<usize>(block)) defer(cpu, block);
  }
}

function refuseEntries(translation: Translation): void {
  for (let i: u32 = 0; i < translation.entryCount; i++) {
    const block = decodedAt(entryOf(translation, i));
    if (changetype<usize>(block)) refuse(block);
  }
}

/** The decoded block of an entry, or null. */
function decodedAt(entry: Entry): Block {
  return changetype<Block>(<usize>findDecoded(entry.physical, entry.ip, entry.mode, entry.csBase));
}

/** An entry of another translation with the same start is not wanted any more, if it is valid where this one is. */
function retireOlder(cpu: Vcpu, entry: Entry): void {
  let address = entry.mode == cpu.mode ? findEntry(cpu, entry.physical, entry.ip, entry.csBase) : 0;
  // A module that was waited for may come while the CPU is elsewhere.
  if (!address) address = findCovered(entry);
  if (!address) return;
  const older = changetype<Block>(<usize>address);
  removeFromTable(older);
  older.mode = DEAD_MODE;
}

/** An entry with the same start whose translation has no pages but those of `entry`'s. */
function findCovered(entry: Entry): u32 {
  let at = nextMatch(bucketHead(entry.physical, entry.ip), entry.physical, entry.ip, entry.mode, entry.csBase);
  while (at) {
    const block = changetype<Block>(<usize>at);
    if (block.code && covers(entry.translation, changetype<Entry>(<usize>at).translation)) return at;
    at = nextMatch(block.nextInBucket, entry.physical, entry.ip, entry.mode, entry.csBase);
  }
  return 0;
}

function covers(translation: Translation, other: Translation): bool {
  for (let i: u32 = 0; i < other.pageCount; i++) if (!hasPage(translation, pageOf(other, i))) return false;
  return true;
}

function hasPage(translation: Translation, page: TranslationPage): bool {
  for (let i: u32 = 0; i < translation.pageCount; i++) {
    const own = pageOf(translation, i);
    if (own.linear == page.linear && own.physicalPage == page.physicalPage) return true;
  }
  return false;
}
