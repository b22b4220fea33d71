// A region to a function of the module under construction: nodes for all its blocks, then code.
import { ExitCode } from "../shared/jit";
import { MemoryMap } from "../shared/memoryMap";
import { Mode, Vcpu } from "../cpu/state";
import { INSN_SIZE, Insn } from "../decode/insn";
import { Block } from "../interp/blocks";
import { Encoder } from "../wasm/encoder";
import { ValueType, Wasm } from "../wasm/opcodes";
import { Build } from "./build";
import { afterFirst, firstOf, isEmpty } from "./blockSet";
import { beginFunctionHints } from "./branchHints";
import { emitCall, findCalls, mayKeepWaiting, noteSite } from "./callOut";
import { DYNAMIC, Terminator, flags } from "./buildState";
import { allocateData } from "./codeCache";
import { buildInsn } from "./dispatch";
import { assumeFlags, forgetFlags } from "./flagNodes";
import { flush } from "./flush";
import { node } from "./ir";
import { BUILD_STATE, FUNCTION_CODE, FUNCTION_CODE_SIZE, NODES } from "./layout";
import { countUses, loadTlb, lowerNodes } from "./lower";
import { LowerState, MAX_LOCALS, beginLocals, localType, lowerState } from "./lowerState";
import { loadVariables, placeVariables, storeVariables } from "./lowerVariables";
import { functionWritten, hasRoom, moduleEncoder } from "./module";
import { addCount, beginCount } from "./profile";
import { findReturns } from "./returns";
import { RegionBlock, UNKNOWN_DELTA, region, regionBlock } from "./region";
import { forgetSpans } from "./spans";
import { emitRegion, predecessorsOf, readGraph, successorsOf } from "./structure";
import { forgetVariables } from "./variables";
import { hasSingles, passX87 } from "./x87Region";
import { enterX87 } from "./x87State";
import { emitBranch, emitEdge, emitFuelCheck, emitIndirect, storeFuel } from "./waysOut";

/** For each instruction: its IP, and how many of its block come before it; 16 bytes. Then the block and the x87Delta of each entry. */
const RECOVERY_SIZE: u32 = 16;
const ALL_VARIABLES: u64 = <u64>-1;
const CODE_STATE: u32 = BUILD_STATE + 0x1080;

// @ts-ignore: decorator
@inline
function build(): Build {
  return changetype<Build>(<usize>BUILD_STATE);
}

/** Translates `region`; gives its function's number in the module, or -1 when it is too big. */
export function translate(): i32 {
  if (!hasRoom()) return -1;
  const instructions = countInstructions();
  const recovery = allocateData(instructions * RECOVERY_SIZE + region().blockCount);
  if (!recovery) return -1;
  findReturns();
  readGraph();
  findOrder();
  if (!buildBlocks()) return -1;
  fillRecovery(recovery, instructions);
  return writeFunction(recovery, recovery + instructions * RECOVERY_SIZE);
}

function countInstructions(): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < region().blockCount; i++) {
    const block = regionBlock(i);
    block.firstInsn = count;
    block.isLoopHead = false;
    block.visited = false;
    block.x87Delta = UNKNOWN_DELTA;
    block.order = -1;
    block.weight = 0;
    count += changetype<Block>(<usize>block.block).count;
  }
  return count;
}

// ---- order and weights ----

const ORDER: usize = <usize>BUILD_STATE + 0x1200;

/** Numbers the blocks in reverse postorder from the entries, and finds the heads of loops. */
function findOrder(): void {
  store<u32>(ORDER, region().blockCount);
  for (let i: u32 = 0; i < region().blockCount; i++) if (regionBlock(i).entry >= 0) visit(i);
}

/** Where a block stands while the search is below it. */
const OPEN: i32 = -2;

function visit(index: u32): void {
  const block = regionBlock(index);
  if (block.visited) {
    if (block.order == OPEN) block.isLoopHead = true;
    return;
  }
  block.visited = true;
  block.order = OPEN;
  if (block.next >= 0) visit(<u32>block.next);
  if (block.taken >= 0) visit(<u32>block.taken);
  for (let left = block.targets; !isEmpty(left); left = afterFirst(left)) visit(firstOf(left));
  const order = load<u32>(ORDER) - 1;
  store<u32>(ORDER, order);
  block.order = <i32>order;
  store<u8>(ORDER + 16 + <usize>order, <u8>index);
}

/** Most instructions from the start of block `index` to where fuel is looked at again. */
function weightOf(index: u32): u32 {
  const block = regionBlock(index);
  if (block.weight) return block.weight;
  let longest: u32 = 0;
  for (let left = successorsOf(index); !isEmpty(left); left = afterFirst(left)) {
    const next = firstOf(left);
    if (!regionBlock(next).isLoopHead) longest = max<u32>(longest, weightOf(next));
  }
  block.weight = longest + changetype<Block>(<usize>block.block).count;
  return block.weight;
}

// ---- nodes ----

function buildBlocks(): bool {
  const b = build();
  b.next = NODES;
  b.full = false;
  b.mode = region().mode;
  b.wide = (b.mode & Mode.CODE_SIZE) == 3;
  b.used = 0;
  b.changed = 0;
  b.x87Singles = hasSingles();
  const count = region().blockCount;
  for (let k = load<u32>(ORDER); k < count; k++) {
    const index = <u32>load<u8>(ORDER + 16 + <usize>k);
    weightOf(index);
    buildBlock(b, index);
    if (b.full) return false;
  }
  for (let i: u32 = 0; i < count; i++) if (!regionBlock(i).visited) return false;
  return true;
}

function buildBlock(b: Build, index: u32): void {
  const entry = regionBlock(index);
  const block = changetype<Block>(<usize>entry.block);
  entry.firstNode = b.next;
  b.insnNumber = entry.firstInsn;
  forgetVariables(ALL_VARIABLES);
  b.pending = 0;
  b.sseChecked = false;
  b.x87Checked = false;
  if (entry.x87Delta == UNKNOWN_DELTA) entry.x87Delta = 0;
  enterX87(entry.x87Delta);
  forgetSpans();
  b.terminator = Terminator.NEXT;
  b.taken = 0;
  b.target = 0;
  forgetFlags(b);
  inheritFlags(b, index);
  for (let k: u32 = 0; k < block.count && !b.full; k++) {
    b.insnNumber = entry.firstInsn + k;
    b.atEnd = k + 1 == block.count;
    const insn = changetype<Insn>(block.first + <usize>k * INSN_SIZE);
    b.ip = <u32>insn.rip;
    buildInsn(b, insn);
  }
  const ending = b.terminator == Terminator.INDIRECT ? b.target : b.taken;
  flush(b);
  entry.terminator = b.terminator;
  entry.condition = ending;
  const f = flags();
  entry.flagKind = f.c ? DYNAMIC : f.kind;
  entry.flagBits = f.bits;
  entry.endNode = b.next;
  passX87(entry);
}

/** What all predecessors leave as lazy flags, if they agree and are known. */
function inheritFlags(b: Build, index: u32): void {
  const entry = regionBlock(index);
  if (entry.entry >= 0 || entry.isLoopHead) return;
  let kind: u32 = DYNAMIC;
  let bits: u32 = 0;
  for (let left = predecessorsOf(index); !isEmpty(left); left = afterFirst(left)) {
    const from = regionBlock(firstOf(left));
    if (from.order >= entry.order || from.flagKind == DYNAMIC) return;
    if (kind != DYNAMIC && (from.flagKind != kind || from.flagBits != bits)) return;
    kind = from.flagKind;
    bits = from.flagBits;
  }
  if (kind != DYNAMIC) assumeFlags(b, kind, bits);
}

// ---- code ----

function fillRecovery(recovery: u32, instructions: u32): void {
  let at = <usize>recovery;
  for (let i: u32 = 0; i < region().blockCount; i++) {
    const entry = regionBlock(i);
    const block = changetype<Block>(<usize>entry.block);
    store<u8>(<usize>(recovery + instructions * RECOVERY_SIZE + i), entry.x87Delta);
    for (let k: u32 = 0; k < block.count; k++) {
      const insn = changetype<Insn>(block.first + <usize>k * INSN_SIZE);
      store<u64>(at, insn.rip);
      store<u32>(at, k, 8);
      at += RECOVERY_SIZE;
    }
  }
}

/** Body, then what goes before it: locals and the loading of registers. */
function writeFunction(recovery: u32, deltaTable: u32): i32 {
  const b = build();
  const s = lowerState();
  s.code = changetype<Encoder>(<usize>CODE_STATE);
  s.code.at = FUNCTION_CODE;
  placeVariables(b, s);
  s.wide = b.wide;
  s.longMode = (b.mode & Mode.LONG) != 0;
  beginLocals(s);
  s.deltaTable = deltaTable;
  beginFunctionHints();
  findCalls(s);
  writePrologue(b, s);
  openLabels(s);
  for (let i: u32 = 0; i < region().blockCount; i++) countBlockUses(regionBlock(i));
  emitRegion(s, emitBlock);
  closeLabels(b, s, recovery);
  const length = s.code.at - FUNCTION_CODE;
  if (length > FUNCTION_CODE_SIZE || s.locals > MAX_LOCALS || !mayKeepWaiting(s)) return -1;
  return <i32>appendFunction(s, length);
}

function countBlockUses(block: RegionBlock): void {
  if (block.condition) node(block.condition).uses++;
  countUses(block.firstNode, block.endNode);
}

function writePrologue(b: Build, s: LowerState): void {
  const e = s.code;
  e.i32Const(0);
  e.memory(Wasm.I32_LOAD, MemoryMap.VCPU + <u32>offsetof<Vcpu>("jitLeft"));
  e.local(Wasm.LOCAL_SET, s.leftLocal);
  beginCount(s);
  loadTlb(s);
  loadVariables(b, s, s.used, false);
}

function openLabels(s: LowerState): void {
  s.code.open(Wasm.BLOCK, ValueType.EMPTY);
  s.depth++;
  s.exitLabel = s.depth;
  s.code.open(Wasm.BLOCK, ValueType.EMPTY);
  s.depth++;
  s.bailLabel = s.depth;
}

/** Where instructions that leave the region end up: IP and fuel by their number; then the way out of all. */
function closeLabels(b: Build, s: LowerState, recovery: u32): void {
  const e = s.code;
  e.end();
  e.i32Const(0);
  e.local(Wasm.LOCAL_GET, s.bailLocal);
  e.i32Const(4);
  e.op(Wasm.I32_SHL);
  e.local(Wasm.LOCAL_TEE, s.bailLocal);
  e.memory(Wasm.I64_LOAD, recovery);
  e.memory(Wasm.I64_STORE, MemoryMap.VCPU + <u32>offsetof<Vcpu>("rip"));
  e.local(Wasm.LOCAL_GET, s.leftLocal);
  e.local(Wasm.LOCAL_GET, s.bailLocal);
  e.memory(Wasm.I32_LOAD, recovery + 8);
  e.op(Wasm.I32_SUB);
  e.local(Wasm.LOCAL_SET, s.leftLocal);
  e.i32Const(ExitCode.INTERPRET);
  e.local(Wasm.LOCAL_SET, s.exitLocal);
  e.end();
  storeVariables(b, s);
  addCount(s, 0);
  storeFuel(s);
  emitCall(s);
  e.local(Wasm.LOCAL_GET, s.exitLocal);
  e.end();
}

/** Copies the body into the module behind its length and locals. */
function appendFunction(s: LowerState, length: u32): u32 {
  const e = moduleEncoder();
  const size = e.reserve();
  const body = e.at;
  e.unsigned(localRuns(s, null));
  localRuns(s, e);
  const start = FUNCTION_CODE - (e.at - body);
  memory.copy(<usize>e.at, <usize>FUNCTION_CODE, <usize>length);
  e.at += length;
  e.patch(size, e.at - size - 5);
  return functionWritten(start);
}

/** Runs of locals of one type; written to `e` if there is one. */
function localRuns(s: LowerState, encoder: Encoder | null): u32 {
  let runs: u32 = 0;
  for (let i: u32 = 1; i < s.locals;) {
    const type = localType(i);
    let count: u32 = 1;
    while (i + count < s.locals && localType(i + count) == type) count++;
    if (encoder) {
      encoder.unsigned(count);
      encoder.byte(type);
    }
    runs++;
    i += count;
  }
  return runs;
}

/** One block: fuel at the head of a loop, its nodes, its ways out. */
function emitBlock(index: u32): void {
  const b = build();
  const s = lowerState();
  const entry = regionBlock(index);
  const block = changetype<Block>(<usize>entry.block);
  if (entry.isLoopHead) emitFuelCheck(s, entry, block);
  lowerNodes(b, s, entry.firstNode, entry.endNode);
  s.code.local(Wasm.LOCAL_GET, s.leftLocal);
  s.code.i32Const(<i32>block.count);
  s.code.op(Wasm.I32_SUB);
  s.code.local(Wasm.LOCAL_SET, s.leftLocal);
  const last = changetype<Insn>(block.first + <usize>(block.count - 1) * INSN_SIZE);
  switch (entry.terminator) {
    case Terminator.JUMP:
      if (entry.takenLink) noteSite(s, entry);
      emitEdge(s, entry.taken, entry.takenLink, last.imm);
      return;
    case Terminator.BRANCH:
      emitBranch(b, s, entry, last);
      return;
    case Terminator.INDIRECT:
      emitIndirect(b, s, entry);
      return;
    default:
      emitEdge(s, entry.next, entry.nextLink, last.nextRip);
  }
}
