// MOVS, STOS and LODS, helper instructions. Plain memory goes in one piece for each page, everything else by elements.
// The destination is always in ES; the source's segment can be overridden (Insn.segment).
import { Flag, Seg } from "../cpu/state";
import { sizeLog2 } from "../cpu/flags";
import { Insn } from "../decode/insn";
import { Exec } from "../interp/exec";
import { bytesOnPage, copy, fill, lastByte, loadParts, storeParts } from "./stringBytes";
import {
  BUDGET,
  DESTINATION,
  ELEMENT_COST,
  SOURCE,
  advance,
  countDown,
  elementLinear,
  elementsInSegment,
  elementsOnPage,
  endRound,
  getIndex,
  hostToRead,
  hostToWrite,
  isRepeated,
  linearBase,
  linearMask,
  roundsOf,
} from "./stringState";

const RAX: u32 = 0;

// ---- one element each; false with a fault pending ----

function moveOne<T>(cpu: Exec, i: Insn): bool {
  const value = cpu.load<T>(elementLinear<T>(cpu, i, i.segment, getIndex(cpu, i, SOURCE), false));
  if (cpu.faulted()) return false;
  cpu.store<T>(elementLinear<T>(cpu, i, Seg.ES, getIndex(cpu, i, DESTINATION), true), value);
  if (cpu.faulted()) return false;
  advance<T>(cpu, i, SOURCE, 1);
  advance<T>(cpu, i, DESTINATION, 1);
  return true;
}

function storeOne<T>(cpu: Exec, i: Insn): bool {
  const linear = elementLinear<T>(cpu, i, Seg.ES, getIndex(cpu, i, DESTINATION), true);
  cpu.store<T>(linear, cpu.readReg<T>(cpu.gpr(RAX)));
  if (cpu.faulted()) return false;
  advance<T>(cpu, i, DESTINATION, 1);
  return true;
}

function loadOne<T>(cpu: Exec, i: Insn): bool {
  const value = cpu.load<T>(elementLinear<T>(cpu, i, i.segment, getIndex(cpu, i, SOURCE), false));
  if (cpu.faulted()) return false;
  cpu.writeReg<T>(cpu.gpr(RAX), value);
  advance<T>(cpu, i, SOURCE, 1);
  return true;
}

// ---- runs: how many elements, perhaps 0, were done before one that has to go the slow way ----

function moveRun<T>(cpu: Exec, i: Insn, wanted: u64): u64 {
  const size = sizeLog2<T>();
  const backward = (cpu.eflags & Flag.DF) != 0;
  const mask = linearMask(cpu);
  const from = getIndex(cpu, i, SOURCE);
  const to = getIndex(cpu, i, DESTINATION);
  let source = (from + linearBase(cpu, i, i.segment)) & mask;
  let target = (to + linearBase(cpu, i, Seg.ES)) & mask;
  const within = elementsInSegment(cpu, i, i.segment, from, size, wanted, false);
  const most = elementsInSegment(cpu, i, Seg.ES, to, size, within, true);
  let left = most;
  while (left) {
    let count = elementsOnPage(target, size, backward, elementsOnPage(source, size, backward, left));
    if (count) {
      const sourceHost = hostToRead(cpu, source);
      const targetHost = hostToWrite(cpu, target);
      if (!sourceHost || !targetHost) break;
      copy<T>(targetHost, sourceHost, <u32>count, backward);
    } else {
      if (!moveCrossing<T>(cpu, target, source, mask)) break;
      count = 1;
    }
    left -= count;
    const step = backward ? 0 - count * sizeof<T>() : count * sizeof<T>();
    source = (source + step) & mask;
    target = (target + step) & mask;
  }
  advance<T>(cpu, i, SOURCE, most - left);
  advance<T>(cpu, i, DESTINATION, most - left);
  return most - left;
}

/** One element of which source or destination lies on two pages, all of them plain; false: the slow way. */
function moveCrossing<T>(cpu: Exec, target: u64, source: u64, mask: u64): bool {
  const source1 = hostToRead(cpu, source);
  const source2 = hostToRead(cpu, lastByte<T>(source, mask));
  const target1 = hostToWrite(cpu, target);
  const target2 = hostToWrite(cpu, lastByte<T>(target, mask));
  if (!source1 || !source2 || !target1 || !target2) return false;
  storeParts<T>(target1, target2, bytesOnPage<T>(target), loadParts<T>(source1, source2, bytesOnPage<T>(source)));
  return true;
}

function storeRun<T>(cpu: Exec, i: Insn, wanted: u64): u64 {
  const size = sizeLog2<T>();
  const backward = (cpu.eflags & Flag.DF) != 0;
  const mask = linearMask(cpu);
  const to = getIndex(cpu, i, DESTINATION);
  let target = (to + linearBase(cpu, i, Seg.ES)) & mask;
  const value = cpu.readReg<T>(cpu.gpr(RAX));
  const most = elementsInSegment(cpu, i, Seg.ES, to, size, wanted, true);
  let left = most;
  while (left) {
    let count = elementsOnPage(target, size, backward, left);
    const host = hostToWrite(cpu, target);
    if (!host) break;
    if (count) fill<T>(backward ? host - (<u32>count - 1) * sizeof<T>() : host, value, <u32>count);
    else {
      const second = hostToWrite(cpu, lastByte<T>(target, mask));
      if (!second) break;
      storeParts<T>(host, second, bytesOnPage<T>(target), value);
      count = 1;
    }
    left -= count;
    target = (target + (backward ? 0 - count * sizeof<T>() : count * sizeof<T>())) & mask;
  }
  advance<T>(cpu, i, DESTINATION, most - left);
  return most - left;
}

// ---- the instructions ----

export function movs<T>(cpu: Exec, i: Insn): void {
  if (isRepeated(i)) repeat<T>(cpu, i, true);
  else moveOne<T>(cpu, i);
}

export function stos<T>(cpu: Exec, i: Insn): void {
  if (isRepeated(i)) repeat<T>(cpu, i, false);
  else storeOne<T>(cpu, i);
}

/** REP MOVS (`moves`) or REP STOS: in runs where that goes, else by elements. */
function repeat<T>(cpu: Exec, i: Insn, moves: bool): void {
  let left = roundsOf(cpu, i);
  const whole = left;
  let budget: i32 = BUDGET;
  while (left && budget > 0 && !cpu.attention) {
    const most = min<u64>(left, (<u64>(budget + sizeof<T>() - 1)) >> sizeLog2<T>());
    const done = moves ? moveRun<T>(cpu, i, most) : storeRun<T>(cpu, i, most);
    budget -= (<i32>done) << sizeLog2<T>();
    left -= done;
    if (done == most) continue;
    if (!(moves ? moveOne<T>(cpu, i) : storeOne<T>(cpu, i))) break;
    left--;
    budget -= ELEMENT_COST;
  }
  finishRepeat(cpu, i, whole - left);
}

export function lods<T>(cpu: Exec, i: Insn): void {
  if (!isRepeated(i)) {
    loadOne<T>(cpu, i);
    return;
  }
  let left = roundsOf(cpu, i);
  const whole = left;
  let budget: i32 = BUDGET;
  while (left && budget > 0 && !cpu.attention) {
    if (!loadOne<T>(cpu, i)) break;
    left--;
    budget -= ELEMENT_COST;
  }
  finishRepeat(cpu, i, whole - left);
}

/** `done` elements are through, whether or not the next one faulted. */
function finishRepeat(cpu: Exec, i: Insn, done: u64): void {
  countDown(cpu, i, done);
  if (cpu.faulted()) return;
  endRound(cpu, i, getIndex(cpu, i, 1) == 0);
}
