// The run loop: blocks, decoded or translated, until something wants attention, then exceptions, traps, interrupts and exits between instructions.
// No loop here outlives a slice: V8 never replaces a running wasm loop by its optimised form (docs/performance.md).
import { ExitReason } from "../shared/exitReason";
import { acknowledgeInterrupt } from "../host/imports";
import { Attention, Flag } from "../cpu/state";
import { Vector, raise } from "../cpu/exceptions";
import { INSN_SIZE, Insn } from "../decode/insn";
import { Op } from "../decode/op";
import { InterruptKind, deliverException, deliverInterrupt } from "../isa/system/deliver";
import { Dr6 } from "../cpu/registerBits";
import { checkCodeBreakpoints, noteDebug } from "../isa/system/debug";
import { ExitCode, JitMode } from "../shared/jit";
import { becomeHot, mayWiden, translateNow, translateQueue, urge, widen } from "../jit/queue";
import { noteMiss } from "../jit/misses";
import { noteTarget } from "../jit/targets";
import { Entry, LinkSlot, linkedEntry } from "../jit/translations";
import { askAgainSoon, countLoop, formAnew, isBusy, isWaiting, nextWidth } from "../jit/widening";
import { Block, IP_NOT_SET, NO_PAGE, enter, followJump, jumpOf, SCRATCH_BLOCK as SCRATCH } from "./blocks";
import { codeLinear } from "../cpu/codeAddress";
import { buildUncached, epochOf, findOrBuildBlock, findOrBuildDecoded } from "./blockBuilder";
import { dispatch, dispatchHot } from "./dispatch";
import { Exec } from "./exec";
import { refuel, settle } from "./fuel";

/** DR7: any of L0-G3. */
const DR7_ENABLES: u64 = 0xff;

/** How a way through the blocks ends, where the address of a block would stand. */
const enum Outcome {
  /** Fetching faults; the fault is pending. */
  FAULT = 0,
  /** Attention has been dealt with. */
  ATTENTION = 1,
  /** The next block would go past the limit. */
  LIMIT = 2,
}

/** Runs until `instructions` reaches `instructionLimit` or something else ends the slice. */
export function runSlice(cpu: Exec): ExitReason {
  cpu.attention = 0;
  while (true) {
    cpu.insn = 0; // between instructions: the count of retired ones is exact
    if (cpu.exitRequest) {
      cpu.exitRequest = 0;
      return ExitReason.REQUESTED;
    }
    if (cpu.shutdown) return ExitReason.SHUTDOWN;
    takeInterrupts(cpu);
    if (cpu.shutdown) return ExitReason.SHUTDOWN;
    if (cpu.halted) return ExitReason.HALT;
    if (cpu.instructions >= cpu.instructionLimit) return ExitReason.LIMIT;
    if (cpu.jitQueued && cpu.instructions >= cpu.jitDue) translateQueue(cpu);
    if (needsSingleStep(cpu)) singleStep(cpu);
    else if (!runBlocks(cpu)) {
      cpu.insn = 0;
      if (!cpu.exactLimit || cpu.instructions >= cpu.instructionLimit) return ExitReason.LIMIT;
      runToLimit(cpu);
    }
  }
}

/** NMI and INTR, where the guest lets them in (SDM vol. 3A 6.8, 6.9). */
function takeInterrupts(cpu: Exec): void {
  if (cpu.interruptShadow) return;
  if (cpu.nmiRequest && !cpu.nmiBlocked) {
    cpu.nmiRequest = 0;
    cpu.nmiBlocked = 1;
    cpu.halted = 0;
    deliverInterrupt(cpu, Vector.NMI, InterruptKind.EXTERNAL, false, 0, cpu.rip);
    cpu.attention = 0;
    return;
  }
  if (!cpu.interruptRequest || !(cpu.eflags & Flag.IF)) return;
  const vector = acknowledgeInterrupt();
  if (vector < 0) return;
  cpu.halted = 0;
  cpu.statInterrupts++;
  deliverInterrupt(cpu, <u32>vector, InterruptKind.EXTERNAL, false, 0, cpu.rip);
  cpu.attention = 0;
}

// @ts-ignore: decorator
@inline
function needsSingleStep(cpu: Exec): bool {
  return cpu.interruptShadow != 0 || (cpu.eflags & Flag.TF) != 0 || (cpu.dr7 & DR7_ENABLES) != 0;
}

/** One instruction with everything looked at: shadows, TF, code breakpoints. */
function singleStep(cpu: Exec): void {
  const trapAfter = (cpu.eflags & Flag.TF) != 0;
  const shadow = cpu.interruptShadow;
  if ((cpu.dr7 & DR7_ENABLES) != 0 && !(cpu.eflags & Flag.RF) && !(shadow & 2)) {
    if (checkCodeBreakpoints(cpu, codeLinear(cpu))) {
      raise(cpu, Vector.DB);
      takeException(cpu);
      return;
    }
  }
  const address = buildUncached(cpu, codeLinear(cpu));
  if (!address) {
    takeException(cpu);
    return;
  }
  cpu.interruptShadow = 0;
  cpu.stepSuppressed = 0;
  const block = changetype<Block>(<usize>address);
  cpu.linkSlot = IP_NOT_SET;
  const i = changetype<Insn>(block.first);
  // RF lasts for one instruction; IRET and a task switch may load it anew (SDM vol. 3B 17.3.1.1).
  const resume = cpu.eflags & Flag.RF;
  cpu.eflags &= ~(<u64>Flag.RF);
  dispatch(cpu, i);
  if (cpu.attention & Attention.FAULT) cpu.eflags |= resume;
  leaveBlock(cpu, i);
  if (trapAfter && !cpu.shutdown && !cpu.stepSuppressed && !(cpu.interruptShadow & 2)) {
    noteDebug(cpu, Dr6.BS);
    cpu.pendingDebug = 1;
  }
  cpu.stepSuppressed = 0;
  takePendingDebug(cpu);
}

/** Data breakpoints and single steps trap after their instruction. */
function takePendingDebug(cpu: Exec): void {
  if (!cpu.pendingDebug) return;
  cpu.pendingDebug = 0;
  if (cpu.shutdown) return;
  deliverInterrupt(cpu, Vector.DB, InterruptKind.EXCEPTION, false, 0, cpu.rip);
  cpu.attention = 0;
}

/** The pending exception, at the IP in `cpu.rip`. */
function takeException(cpu: Exec): void {
  cpu.statExceptions++;
  deliverException(cpu);
  cpu.attention = 0;
}

/** After attention (or a single step) at record `i`: makes IP and the instruction count definite, delivers a fault. */
function leaveBlock(cpu: Exec, i: Insn): void {
  const attention = cpu.attention;
  cpu.attention = 0;
  cpu.insn = 0;
  if (attention & Attention.FAULT) {
    cpu.instructions += <u64>i.indexInBlock;
    cpu.rip = i.rip;
    takeException(cpu);
    return;
  }
  cpu.instructions += <u64>i.indexInBlock;
  if (!(attention & Attention.RESTART)) cpu.instructions++;
  if (!(attention & Attention.JUMPED) && cpu.linkSlot == IP_NOT_SET) cpu.rip = i.nextRip;
}

/**
 * Blocks, chained, until attention or the limit. Gives false when the next block would go past the limit.
 */
function runBlocks(cpu: Exec): bool {
  let address = lookUp(cpu);
  while (true) {
    if (address <= <u32>Outcome.LIMIT) {
      if (address == Outcome.LIMIT) return false;
      if (address == Outcome.FAULT) takeException(cpu);
      if (!mayGoOn(cpu)) return true;
      address = lookUp(cpu);
      continue;
    }
    const block = changetype<Block>(<usize>address);
    address = block.code ? runTranslated(cpu, block) : runDecoded(cpu, block);
  }
}

/**
 * Whether nothing has come up that runSlice looks at between instructions. An STI's or MOV SS's shadow is over then: no
 * interrupt waits that it holds off, and the next instruction runs before one can come.
 */
function mayGoOn(cpu: Exec): bool {
  if (cpu.exitRequest | cpu.shutdown | cpu.halted | cpu.nmiRequest) return false;
  if (cpu.interruptRequest && (cpu.eflags & Flag.IF || cpu.interruptShadow)) return false;
  if ((cpu.eflags & Flag.TF) != 0 || (cpu.dr7 & DR7_ENABLES) != 0) return false;
  if (<i64>(cpu.instructionLimit - cpu.instructions) < LONGEST_BLOCK) return false;
  if (cpu.jitQueued && cpu.instructions >= cpu.jitDue) return false;
  cpu.interruptShadow = 0;
  cpu.attention = 0;
  return true;
}

/** No block, decoded or translated, is longer (Block.count). */
const LONGEST_BLOCK: i64 = 1024;

/** Decoded blocks from `first` on; gives the address of a translated one where they lead to it, or an Outcome. */
// @ts-ignore: decorator
@inline
function runDecoded(cpu: Exec, first: Block): u32 {
  let block = first;
  while (true) {
    if (cpu.instructions + block.count > cpu.instructionLimit) return Outcome.LIMIT;
    const heat = block.heat - 1;
    block.heat = heat;
    if (!heat && becomeHot(cpu, block)) return lookUp(cpu);
    cpu.linkSlot = IP_NOT_SET;
    const end = <usize>block.end;
    let at = block.first;
    do {
      dispatchHot(cpu, changetype<Insn>(at));
      if (cpu.attention) {
        leaveBlock(cpu, changetype<Insn>(at));
        takePendingDebug(cpu);
        return Outcome.ATTENTION;
      }
      at += INSN_SIZE;
    } while (at < end);
    cpu.instructions += block.count;
    const next = follow(cpu, block);
    if (next <= <u32>Outcome.LIMIT || changetype<Block>(<usize>next).code) return next;
    block = changetype<Block>(<usize>next);
  }
}

/** The block to run after `block`: by its link, else by lookup, which then fills the link. */
// @ts-ignore: decorator
@inline
function follow(cpu: Exec, block: Block): u32 {
  const slot = cpu.linkSlot;
  if (slot) {
    const linked = load<u32>(<usize>slot);
    if (linked && changetype<Block>(<usize>linked).mode == cpu.mode) return linked;
    return lookUpAndLink(cpu, block, slot);
  }
  if (cpu.jitMode && changetype<Insn>(<usize>block.end - INSN_SIZE).op != Op.RET) noteTarget(<u32>block.ip, cpu.rip);
  return lookUp(cpu);
}

// @ts-ignore: decorator
@inline
function lookUp(cpu: Exec): u32 {
  const linear = codeLinear(cpu);
  const address = followJump(cpu, jumpOf(linear), linear);
  return address ? address : lookUpSlow(cpu);
}

function lookUpSlow(cpu: Exec): u32 {
  settle(cpu, cpu.jitLeft);
  // At an exact limit the next instruction is not fetched, so that its fault comes in the next run whatever the way here.
  if (cpu.exactLimit && cpu.instructions >= cpu.instructionLimit) return Outcome.LIMIT;
  const address = findOrBuildBlock(cpu);
  if (cpu.jitMode != JitMode.FORCED || !address) return address;
  return translateNow(cpu, changetype<Block>(<usize>address));
}

/**
 * Links between decoded blocks stay within a page: there the mapping that found the source holds for the target too.
 * None leads to translated code, so that its memory can be used again without a search for them.
 */
function lookUpAndLink(cpu: Exec, block: Block, slot: u32): u32 {
  const fromIp = block.ip;
  const cacheable = <u32>changetype<usize>(block) != <u32>SCRATCH;
  const target = lookUp(cpu);
  if (target <= <u32>Outcome.LIMIT || !cacheable || cpu.linkSlot != slot || (fromIp ^ cpu.rip) >> 12 != 0)
    return target;
  const to = changetype<Block>(<usize>target);
  // One that crosses into another page is looked up each time: that page may be mapped anew.
  if (target != <u32>SCRATCH && !to.code && to.secondPage == NO_PAGE) store<u32>(<usize>slot, target);
  return target;
}

/** Translated code from `first` on; gives the address of a decoded block where it leads to one, or an Outcome. */
function runTranslated(cpu: Exec, first: Block): u32 {
  const before = cpu.instructions;
  cpu.callDepth = 0;
  let block = first;
  // Not taken from the block each time: where links and the jump cache know it, the host need not wait for the block to call it.
  let callee = first.callee;
  let next: u32;
  let chained: u64 = 0;
  let others: u64 = 0;
  while (true) {
    if (cpu.jitLeft < block.count && !refuel(cpu, block.count)) {
      next = Outcome.LIMIT;
      break;
    }
    const entry = changetype<Entry>(changetype<usize>(block));
    const runs = entry.runs - 1;
    entry.runs = runs;
    if (!runs) {
      next = wantWider(cpu, entry);
      if (next <= <u32>Outcome.LIMIT) break;
      block = changetype<Block>(<usize>next);
      callee = block.callee;
      if (!callee) break;
      continue;
    }
    const exit = enter(callee);
    if (exit > <u32>ExitCode.RETURN) {
      const slot = changetype<LinkSlot>(<usize>exit);
      const linked = linkedEntry(cpu, slot);
      if (linked) {
        block = changetype<Block>(<usize>linked);
        callee = slot.callee;
        chained++;
        continue;
      }
      next = lookUpAndLinkEntry(cpu, exit);
    } else if (exit == ExitCode.INTERPRET && !cpu.attention) {
      next = interpretOne(cpu);
      if (next == Outcome.ATTENTION) break;
    } else {
      if (cpu.attention) {
        takeAttention(cpu);
        if (!mayGoOn(cpu)) {
          next = Outcome.ATTENTION;
          break;
        }
      } else if (exit == ExitCode.FUEL) countLoop(entry);
      else if (exit == ExitCode.INDIRECT) noteTarget(cpu.exitFrom, cpu.rip);
      const linear = codeLinear(cpu);
      const jump = jumpOf(linear);
      next = followJump(cpu, jump, linear);
      if (next) {
        others++;
        block = changetype<Block>(<usize>next);
        callee = jump.callee;
        if (!callee) break;
        continue;
      }
      next = lookUpSlow(cpu);
    }
    others++;
    if (next <= <u32>Outcome.LIMIT) break;
    block = changetype<Block>(<usize>next);
    callee = block.callee;
    if (!callee) break;
  }
  settle(cpu, cpu.jitLeft);
  cpu.jitGiven = 0;
  cpu.jitLeft = 0;
  cpu.statJitInstructions += cpu.instructions - before;
  cpu.statChained += chained;
  cpu.statDispatches += others + 1;
  return next;
}

/**
 * `entry`, which is at IP, has been used often: if that was in a short time, its decoded block goes into the queue. Gives the block to go
 * on with, or 0 for a fault.
 */
function wantWider(cpu: Exec, entry: Entry): u32 {
  settle(cpu, cpu.jitLeft);
  if (isWaiting(cpu, entry)) {
    urge(cpu);
    return lookUp(cpu);
  }
  const width = nextWidth(entry.translation);
  const isStale = entry.translation.isStale != 0;
  if (!isBusy(cpu, entry)) return <u32>changetype<usize>(entry);
  const address = findOrBuildDecoded(cpu);
  if (!address) return Outcome.FAULT;
  const block = changetype<Block>(<usize>address);
  if (mayWiden(cpu, block)) {
    askAgainSoon(entry);
    widen(cpu, block, width, isStale);
  }
  return lookUp(cpu);
}

/** Looks the next block up; if it is translated, the link leads there from now on. */
function lookUpAndLinkEntry(cpu: Exec, slot: u32): u32 {
  cpu.linkSlot = slot;
  const target = lookUp(cpu);
  if (target > <u32>Outcome.LIMIT && cpu.linkSlot == slot && changetype<Block>(<usize>target).code)
    changetype<LinkSlot>(<usize>slot).lead(target, epochOf(cpu, codeLinear(cpu), changetype<Block>(<usize>target)));
  return target;
}

/** After an instruction in translated code that wants attention; IP is definite. */
function takeAttention(cpu: Exec): void {
  settle(cpu, cpu.jitLeft);
  const attention = cpu.attention;
  cpu.attention = 0;
  cpu.insn = 0;
  if (attention & Attention.FAULT) takeException(cpu);
  takePendingDebug(cpu);
}

/** The instruction at IP, by its decoded form; gives the block to go on with, or an Outcome. */
function interpretOne(cpu: Exec): u32 {
  settle(cpu, cpu.jitLeft);
  cpu.jitGiven = 0;
  cpu.jitLeft = 0;
  const address = findOrBuildDecoded(cpu);
  if (!address) return Outcome.FAULT;
  const block = changetype<Block>(<usize>address);
  if (cpu.jitMode == JitMode.AUTO && noteMiss(cpu, <u32>block.ip)) formAnew(block.physical);
  const i = changetype<Insn>(block.first);
  const before = cpu.instructions;
  cpu.linkSlot = IP_NOT_SET;
  dispatch(cpu, i);
  const attention = cpu.attention;
  leaveBlock(cpu, i);
  // runTranslated counts all that was retired.
  cpu.statJitInstructions -= cpu.instructions - before;
  takePendingDebug(cpu);
  return attention && !mayGoOn(cpu) ? <u32>Outcome.ATTENTION : lookUp(cpu);
}

/** The decoded block at IP, or as many of its instructions as the limit lets through. */
function runToLimit(cpu: Exec): void {
  const address = findOrBuildDecoded(cpu);
  if (!address) {
    takeException(cpu);
    return;
  }
  const block = changetype<Block>(<usize>address);
  const left = cpu.instructionLimit - cpu.instructions;
  const whole = left >= <u64>block.count;
  const end = whole ? <usize>block.end : block.first + <usize>left * INSN_SIZE;
  cpu.linkSlot = IP_NOT_SET;
  let at = block.first;
  do {
    dispatch(cpu, changetype<Insn>(at));
    if (cpu.attention) {
      leaveBlock(cpu, changetype<Insn>(at));
      takePendingDebug(cpu);
      return;
    }
    at += INSN_SIZE;
  } while (at < end);
  if (whole) cpu.instructions += block.count;
  else leaveBlock(cpu, changetype<Insn>(at - INSN_SIZE));
}
