// Where a block of a region goes on: to another block of it, or out by IP and exit code.
import { ExitCode } from "../shared/jit";
import { MemoryMap } from "../shared/memoryMap";
import { Vcpu } from "../cpu/state";
import { Insn } from "../decode/insn";
import { Op } from "../decode/op";
import { Block } from "../interp/blocks";
import { Encoder } from "../wasm/encoder";
import { ValueType, Wasm } from "../wasm/opcodes";
import { Build } from "./build";
import { Hint, hintBranch } from "./branchHints";
import { BlockSet, afterFirst, firstOf, isEmpty } from "./blockSet";
import { emitCallInPlace, noteSite } from "./callOut";
import { IrOp, node } from "./ir";
import { BUILD_STATE } from "./layout";
import { emitValue } from "./lowerValues";
import { LowerState, TARGET_LOCAL, releaseTemporary, takeTemporary } from "./lowerState";
import { addCount } from "./profile";
import { NO_SITE, RegionBlock, region, regionBlock } from "./region";
import { edgeLabel, isDispatched } from "./structure";
import { lastInsn } from "./successors";

function storeRip(s: LowerState, rip: i64): void {
  s.code.i32Const(0);
  s.code.i64Const(rip);
  s.code.memory(Wasm.I64_STORE, MemoryMap.VCPU + <u32>offsetof<Vcpu>("rip"));
}

function leave(s: LowerState, code: u32): void {
  if (s.leavesInPlace) {
    leaveInPlace(s, code);
    return;
  }
  s.code.i32Const(<i32>code);
  s.code.local(Wasm.LOCAL_SET, s.exitLocal);
  s.code.branch(Wasm.BR, s.depth - s.exitLabel);
}

/**
 * V8 optimizes a function sooner the more of its code lies before the ways out that are taken: all that, it thinks, has run. So those that have
 * little to do are not at its end.
 */
function leaveInPlace(s: LowerState, code: u32): void {
  addCount(s, 0);
  storeFuel(s);
  if (s.site == NO_SITE) s.code.i32Const(<i32>code);
  else emitCallInPlace(s, code);
  s.site = NO_SITE;
  s.code.op(Wasm.RETURN);
}

export function storeFuel(s: LowerState): void {
  s.code.i32Const(0);
  s.code.local(Wasm.LOCAL_GET, s.leftLocal);
  s.code.memory(Wasm.I32_STORE, MemoryMap.VCPU + <u32>offsetof<Vcpu>("jitLeft"));
}

export function emitFuelCheck(s: LowerState, entry: RegionBlock, block: Block): void {
  s.code.local(Wasm.LOCAL_GET, s.leftLocal);
  s.code.i32Const(<i32>entry.weight);
  s.code.op(Wasm.I32_LT_S);
  hintBranch(s.code.at, Hint.UNLIKELY);
  s.code.open(Wasm.IF, ValueType.EMPTY);
  s.depth++;
  storeRip(s, <i64>block.ip);
  leave(s, ExitCode.FUEL);
  s.code.end();
  s.depth--;
}

/** To region block `to`, or out of the region to IP `rip` by `link`. */
export function emitEdge(s: LowerState, to: i32, link: u32, rip: i64): void {
  if (to < 0) {
    storeRip(s, rip);
    // Without a link: what follows a cold instruction, or an edge that was cut (x87Region.ts).
    leave(s, link ? link : ExitCode.RETURN);
    return;
  }
  if (isDispatched(<u32>to)) {
    s.code.i32Const(to);
    s.code.local(Wasm.LOCAL_SET, TARGET_LOCAL);
  }
  s.code.branch(Wasm.BR, s.depth - edgeLabel(<u32>to));
}

export function emitBranch(b: Build, s: LowerState, entry: RegionBlock, last: Insn): void {
  emitValue(b, s, entry.condition, ValueType.I32);
  emitConditionalEdge(s, entry.taken, entry.takenLink, last.imm);
  emitEdge(s, entry.next, entry.nextLink, last.nextRip);
}

/** emitEdge if the value on the stack is not 0. */
function emitConditionalEdge(s: LowerState, to: i32, link: u32, rip: i64): void {
  if (to >= 0 && !isDispatched(<u32>to)) {
    s.code.branch(Wasm.BR_IF, s.depth - edgeLabel(<u32>to));
    return;
  }
  s.code.open(Wasm.IF, ValueType.EMPTY);
  s.depth++;
  emitEdge(s, to, link, rip);
  s.code.end();
  s.depth--;
}

const TARGETS: usize = <usize>BUILD_STATE + 0x1300;
/** Targets that are compared one after the other. */
const LINEAR_TARGETS: u32 = 3;

// @ts-ignore: decorator
@inline
function sortedTarget(index: u32): u32 {
  return <u32>load<u8>(TARGETS + <usize>index);
}

function targetIp(index: u32): u64 {
  return changetype<Block>(<usize>regionBlock(index).block).ip;
}

/** Puts the blocks of `targets` at TARGETS, by IP; gives their number. */
function sortTargets(targets: BlockSet): u32 {
  let count: u32 = 0;
  for (let left = targets; !isEmpty(left); left = afterFirst(left)) {
    const index = firstOf(left);
    let at = count++;
    for (; at && targetIp(sortedTarget(at - 1)) > targetIp(index); at--)
      store<u8>(TARGETS + <usize>at, <u8>sortedTarget(at - 1));
    store<u8>(TARGETS + <usize>at, <u8>index);
  }
  return count;
}

/** Branches to that of the sorted blocks [first, end) whose IP is in local `target`, if it is one of them. */
function emitSearch(s: LowerState, target: u32, type: u32, first: u32, end: u32): void {
  const e = s.code;
  const wide = type == ValueType.I64;
  if (end - first > LINEAR_TARGETS) {
    const middle = (first + end) >> 1;
    emitComparison(e, target, wide, wide ? Wasm.I64_LT_U : Wasm.I32_LT_U, targetIp(sortedTarget(middle)));
    e.open(Wasm.IF, ValueType.EMPTY);
    s.depth++;
    emitSearch(s, target, type, first, middle);
    e.op(Wasm.ELSE);
    emitSearch(s, target, type, middle, end);
    e.end();
    s.depth--;
    return;
  }
  for (let i = first; i < end; i++) {
    const index = sortedTarget(i);
    emitComparison(e, target, wide, wide ? Wasm.I64_EQ : Wasm.I32_EQ, targetIp(index));
    emitConditionalEdge(s, <i32>index, 0, 0);
  }
}

function emitComparison(e: Encoder, local: u32, wide: bool, code: u32, value: u64): void {
  e.local(Wasm.LOCAL_GET, local);
  if (wide) e.i64Const(<i64>value);
  else e.i32Const(<i32>value);
  e.op(code);
}

/** To one of the blocks in the region that are expected, or to wherever. */
export function emitIndirect(b: Build, s: LowerState, entry: RegionBlock): void {
  const e = s.code;
  const id = entry.condition;
  const type: u32 = node(id).op == IrOp.CONST ? ValueType.I64 : <u32>node(id).type;
  const target = takeTemporary(s, type);
  emitValue(b, s, id, type);
  e.local(Wasm.LOCAL_SET, target);
  const count = sortTargets(entry.targets);
  emitSearch(s, target, type, 0, count);
  e.i32Const(0);
  e.local(Wasm.LOCAL_GET, target);
  if (type == ValueType.I32) e.op(Wasm.I64_EXTEND_I32_U);
  e.memory(Wasm.I64_STORE, MemoryMap.VCPU + <u32>offsetof<Vcpu>("rip"));
  releaseTemporary(target, type);
  if (lastInsn(changetype<Block>(<usize>entry.block)).op == Op.RET) {
    leave(s, ExitCode.RETURN);
    return;
  }
  e.i32Const(0);
  e.i32Const(<i32>changetype<Block>(<usize>entry.block).ip);
  e.memory(Wasm.I32_STORE, MemoryMap.VCPU + <u32>offsetof<Vcpu>("exitFrom"));
  noteSite(s, entry);
  leave(s, ExitCode.INDIRECT);
}
