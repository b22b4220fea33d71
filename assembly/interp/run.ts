// The run loop: blocks until something wants attention, then exceptions, traps, interrupts and exits between instructions.
// No loop here outlives a slice: V8 never replaces a running wasm loop by its optimised form (docs/performance.md).
import { ExitReason } from "../shared/exitReason";
import { acknowledgeInterrupt } from "../host/imports";
import { Attention, Flag } from "../cpu/state";
import { Vector, raise } from "../cpu/exceptions";
import { INSN_SIZE, Insn } from "../decode/insn";
import { InterruptKind, deliverException, deliverInterrupt } from "../isa/system/deliver";
import { Dr6 } from "../cpu/registerBits";
import { checkCodeBreakpoints, noteDebug } from "../isa/system/debug";
import { Block, findInJumpCache, SCRATCH_BLOCK as SCRATCH } from "./blocks";
import { buildUncached, codeLinear, findOrBuildBlock } from "./blockBuilder";
import { IP_NOT_SET } from "./cold";
import { dispatch, dispatchHot } from "./dispatch";
import { Exec } from "./exec";

/** DR7: any of L0-G3. */
const DR7_ENABLES: u64 = 0xff;

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
    if (needsSingleStep(cpu)) singleStep(cpu);
    else if (!runBlocks(cpu)) {
      if (!cpu.exactLimit) return ExitReason.LIMIT;
      singleStep(cpu);
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
    if (!address) {
      takeException(cpu);
      return true;
    }
    const block = changetype<Block>(<usize>address);
    if (cpu.instructions + block.count > cpu.instructionLimit) return false;
    cpu.linkSlot = IP_NOT_SET;
    const end = <usize>block.end;
    let at = block.first;
    do {
      dispatchHot(cpu, changetype<Insn>(at));
      if (cpu.attention) {
        leaveBlock(cpu, changetype<Insn>(at));
        takePendingDebug(cpu);
        return true;
      }
      at += INSN_SIZE;
    } while (at < end);
    cpu.instructions += block.count;
    address = follow(cpu, block);
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
  return lookUp(cpu);
}

// @ts-ignore: decorator
@inline
function lookUp(cpu: Exec): u32 {
  const address = findInJumpCache(cpu, codeLinear(cpu));
  return address ? address : findOrBuildBlock(cpu);
}

/** Links stay within a page: there the mapping that found the source holds for the target too. */
function lookUpAndLink(cpu: Exec, block: Block, slot: u32): u32 {
  const fromIp = block.ip;
  const cacheable = <u32>changetype<usize>(block) != <u32>SCRATCH;
  const target = lookUp(cpu);
  if (target && cacheable && cpu.linkSlot == slot && (fromIp ^ cpu.rip) >> 12 == 0) {
    if (target != <u32>SCRATCH) store<u32>(<usize>slot, target);
  }
  return target;
}
