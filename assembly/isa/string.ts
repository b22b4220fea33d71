// MOVS, STOS and LODS, helper instructions. Runs within a page of plain memory go in one piece, everything else by elements.
// The destination is always in ES; the source's segment can be overridden (Insn.segment).
import { Flag, Seg } from "../cpu/state";
import { sizeLog2 } from "../cpu/flags";
import { Insn } from "../decode/insn";
import { Exec } from "../interp/exec";
import {
  BUDGET,
  DESTINATION,
  ELEMENT_COST,
  SOURCE,
  advance,
  countDown,
  elementLinear,
  elementsOnPage,
  endRound,
  getIndex,
  hostToRead,
  hostToWrite,
  isRepeated,
  lowest,
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

// ---- runs: how many elements were done in one piece, perhaps 0 ----

/** Copies as single elements in the direction of DF do: an overlap just ahead repeats what lies before it. */
function copyRun<T>(cpu: Exec, target: u32, source: u32, bytes: u32): void {
  const backward = (cpu.eflags & Flag.DF) != 0;
  if ((backward ? source - target : target - source) - 1 >= bytes - 1)
    memory.copy(<usize>target, <usize>source, <usize>bytes);
  else if (backward) copyDown<T>(target, source, bytes);
  else copyUp<T>(target, source, bytes);
}

function copyUp<T>(target: u32, source: u32, bytes: u32): void {
  for (let at: u32 = 0; at < bytes; at += <u32>sizeof<T>())
    store<T>(<usize>(target + at), load<T>(<usize>(source + at)));
}

function copyDown<T>(target: u32, source: u32, bytes: u32): void {
  for (let at = bytes; at;) {
    at -= <u32>sizeof<T>();
    store<T>(<usize>(target + at), load<T>(<usize>(source + at)));
  }
}

function moveRun<T>(cpu: Exec, i: Insn, wanted: u64): u64 {
  const from = getIndex(cpu, i, SOURCE);
  const to = getIndex(cpu, i, DESTINATION);
  const size = sizeLog2<T>();
  let count = elementsOnPage(cpu, i, i.segment, from, size, wanted);
  count = elementsOnPage(cpu, i, Seg.ES, to, size, count);
  if (!count) return 0;
  const source = hostToRead(cpu, elementLinear<T>(cpu, i, i.segment, lowest(cpu, from, size, count), false));
  const target = hostToWrite(cpu, elementLinear<T>(cpu, i, Seg.ES, lowest(cpu, to, size, count), true));
  if (!source || !target || cpu.faulted()) return 0;
  copyRun<T>(cpu, target, source, (<u32>count) << size);
  advance<T>(cpu, i, SOURCE, count);
  advance<T>(cpu, i, DESTINATION, count);
  return count;
}

function fill<T>(target: u32, value: u64, bytes: u32): void {
  const low = <u8>value;
  if (sizeof<T>() == 1 || <T>(<u64>low * 0x0101_0101_0101_0101) == <T>value) {
    memory.fill(<usize>target, low, <usize>bytes);
    return;
  }
  for (let at: u32 = 0; at < bytes; at += <u32>sizeof<T>()) store<T>(<usize>(target + at), <T>value);
}

function storeRun<T>(cpu: Exec, i: Insn, wanted: u64): u64 {
  const to = getIndex(cpu, i, DESTINATION);
  const size = sizeLog2<T>();
  const count = elementsOnPage(cpu, i, Seg.ES, to, size, wanted);
  if (!count) return 0;
  const target = hostToWrite(cpu, elementLinear<T>(cpu, i, Seg.ES, lowest(cpu, to, size, count), true));
  if (!target || cpu.faulted()) return 0;
  fill<T>(target, cpu.readReg<T>(cpu.gpr(RAX)), (<u32>count) << size);
  advance<T>(cpu, i, DESTINATION, count);
  return count;
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
    let done = moves ? moveRun<T>(cpu, i, most) : storeRun<T>(cpu, i, most);
    budget -= (<i32>done) << sizeLog2<T>();
    if (!done && !cpu.faulted()) {
      if (!(moves ? moveOne<T>(cpu, i) : storeOne<T>(cpu, i))) break;
      done = 1;
      budget -= ELEMENT_COST;
    }
    left -= done;
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
