// CMPS and SCAS, helper instructions. Repeated they end when rCX runs out or when ZF is not as the prefix wants it.
import { sizeLog2 } from "../cpu/flags";
import { Flag, Seg } from "../cpu/state";
import { Insn, Prefix } from "../decode/insn";
import { Exec } from "../interp/exec";
import {
  BUDGET,
  COUNTER,
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
  isRepeated,
  linearBase,
  linearMask,
  roundsOf,
} from "./stringState";

const RAX: u32 = 0;

/** One comparison; false with a fault pending. The flags tell what it was. */
function compareOne<T>(cpu: Exec, i: Insn): bool {
  const first = cpu.load<T>(elementLinear<T>(cpu, i, i.segment, getIndex(cpu, i, SOURCE), false));
  if (cpu.faulted()) return false;
  const second = cpu.load<T>(elementLinear<T>(cpu, i, Seg.ES, getIndex(cpu, i, DESTINATION), false));
  if (cpu.faulted()) return false;
  cpu.flagsSub<T>(first, second);
  advance<T>(cpu, i, SOURCE, 1);
  advance<T>(cpu, i, DESTINATION, 1);
  return true;
}

function scanOne<T>(cpu: Exec, i: Insn): bool {
  const value = cpu.load<T>(elementLinear<T>(cpu, i, Seg.ES, getIndex(cpu, i, DESTINATION), false));
  if (cpu.faulted()) return false;
  cpu.flagsSub<T>(cpu.readReg<T>(cpu.gpr(RAX)), value);
  advance<T>(cpu, i, DESTINATION, 1);
  return true;
}

/** Compares up to `wanted` elements on one page, through the first that ends it; how many, perhaps 0. */
function compareRun<T>(cpu: Exec, i: Insn, wanted: u64, whileEqual: bool): u64 {
  const size = sizeLog2<T>();
  const from = getIndex(cpu, i, SOURCE);
  const to = getIndex(cpu, i, DESTINATION);
  const firstLinear = (from + linearBase(cpu, i, i.segment)) & linearMask(cpu);
  const secondLinear = (to + linearBase(cpu, i, Seg.ES)) & linearMask(cpu);
  let count = elementsInSegment(cpu, i, i.segment, from, size, wanted, false);
  count = elementsInSegment(cpu, i, Seg.ES, to, size, count, false);
  count = elementsOnPage(secondLinear, size, false, elementsOnPage(firstLinear, size, false, count));
  if (!count) return 0;
  const first = hostToRead(cpu, firstLinear);
  const second = hostToRead(cpu, secondLinear);
  if (!first || !second) return 0;
  const bytes = (<u32>count) << size;
  let at: u32 = 0;
  let a: T;
  let b: T;
  do {
    a = load<T>(<usize>(first + at));
    b = load<T>(<usize>(second + at));
    at += <u32>sizeof<T>();
  } while (at < bytes && (a == b) == whileEqual);
  cpu.flagsSub<T>(<u64>a, <u64>b);
  const done = <u64>(at >> size);
  advance<T>(cpu, i, SOURCE, done);
  advance<T>(cpu, i, DESTINATION, done);
  return done;
}

function scanRun<T>(cpu: Exec, i: Insn, wanted: u64, whileEqual: bool): u64 {
  const size = sizeLog2<T>();
  const to = getIndex(cpu, i, DESTINATION);
  const linear = (to + linearBase(cpu, i, Seg.ES)) & linearMask(cpu);
  const within = elementsInSegment(cpu, i, Seg.ES, to, size, wanted, false);
  const count = elementsOnPage(linear, size, false, within);
  const host = count ? hostToRead(cpu, linear) : 0;
  if (!host) return 0;
  const bytes = (<u32>count) << size;
  const wantedValue = <T>cpu.rax;
  let at: u32 = 0;
  let value: T;
  do {
    value = load<T>(<usize>(host + at));
    at += <u32>sizeof<T>();
  } while (at < bytes && (value == wantedValue) == whileEqual);
  cpu.flagsSub<T>(<u64>wantedValue, <u64>value);
  const done = <u64>(at >> size);
  advance<T>(cpu, i, DESTINATION, done);
  return done;
}

/** After a comparison: whether the prefix lets it go on. */
// @ts-ignore: decorator
@inline
function goesOn(cpu: Exec, whileEqual: bool): bool {
  return (cpu.flagA == cpu.flagB) == whileEqual;
}

export function cmps<T>(cpu: Exec, i: Insn): void {
  if (isRepeated(i)) repeat<T>(cpu, i, false);
  else compareOne<T>(cpu, i);
}

export function scas<T>(cpu: Exec, i: Insn): void {
  if (isRepeated(i)) repeat<T>(cpu, i, true);
  else scanOne<T>(cpu, i);
}

/** REPE/REPNE SCAS (`scans`) or CMPS: in runs where that goes, else by elements. */
function repeat<T>(cpu: Exec, i: Insn, scans: bool): void {
  const whileEqual = (i.prefixes & Prefix.REP) != 0;
  const whole = roundsOf(cpu, i);
  const forward = !(cpu.eflags & Flag.DF);
  let left = whole;
  let more = true;
  let budget: i32 = BUDGET;
  while (left && more && budget > 0 && !cpu.attention) {
    let done: u64 = 0;
    if (forward) {
      const most = min<u64>(left, BUDGET);
      done = scans ? scanRun<T>(cpu, i, most, whileEqual) : compareRun<T>(cpu, i, most, whileEqual);
    }
    budget -= (<i32>done) << sizeLog2<T>();
    if (!done && !cpu.faulted()) {
      if (!(scans ? scanOne<T>(cpu, i) : compareOne<T>(cpu, i))) break;
      done = 1;
      budget -= ELEMENT_COST;
    }
    left -= done;
    more = goesOn(cpu, whileEqual);
  }
  finishCompare(cpu, i, whole - left, more);
}

function finishCompare(cpu: Exec, i: Insn, done: u64, more: bool): void {
  countDown(cpu, i, done);
  if (cpu.faulted()) return;
  endRound(cpu, i, !more || getIndex(cpu, i, COUNTER) == 0);
}
