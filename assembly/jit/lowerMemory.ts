// Probes of guest memory: from a linear address to a host address, in place where that is plain.
import { ADDEND, ENTRY_SHIFT, PAGE_MASK, READ_TAG, TLB_INDEX_MASK, WRITE_TAG } from "./probe";
import { Vcpu } from "../cpu/state";
import { MemoryMap } from "../shared/memoryMap";
import { ValueType, Wasm } from "../wasm/opcodes";
import { Hint, hintBranch } from "./branchHints";
import { BuildState } from "./buildState";
import { Helper } from "./helperNumber";
import { IrOp, Node, node } from "./ir";
import { LowerState, releaseTemporary, takeTemporary } from "./lowerState";
import { emitValue, keepResult, settle, unsettle } from "./lowerValues";
import { callHelper } from "./module";
import { FAR, pageOffsetOf } from "./spans";

/** The inline TLB probe (mmu/access.ts) for all accesses of the span. A miss leaves the region. */
export function lowerSpan(b: BuildState, s: LowerState, n: Node): void {
  const type = addressType(s, n);
  const isWide = type == ValueType.I64;
  const address = settle(b, s, n.a, type);
  const linear = n.imm ? plus(s, address, isWide, n.imm) : address;
  const host = takeTemporary(s, ValueType.I32);
  noteInstruction(s, n);
  emitTags(s, n, linear, isWide, <i64>n.code - n.imm, host);
  s.code.op(isWide || s.longMode ? Wasm.I64_NE : Wasm.I32_NE);
  hintBranch(s.code.at, Hint.UNLIKELY);
  s.code.branch(Wasm.BR_IF, s.depth - s.bailLabel);
  hostOfEntry(s, linear, isWide, host);
  if (n.imm) releaseTemporary(linear, type);
  unsettle(n.a, address, type);
  keepResult(n, host);
}

/** The same for one access. A miss asks the engine, and leaves the region if that has no plain address. */
export function lowerProbe(b: BuildState, s: LowerState, n: Node): void {
  const type = addressType(s, n);
  const linear = settle(b, s, n.a, type);
  const host = takeTemporary(s, ValueType.I32);
  const result = node(pageOffsetOf(<u32>changetype<usize>(n)));
  const offset = result.uses ? takeTemporary(s, ValueType.I32) : NO_LOCAL;
  emitProbe(s, n, linear, type == ValueType.I64, host, offset);
  if (offset != NO_LOCAL) result.local = <i32>offset;
  unsettle(n.a, linear, type);
  keepResult(n, host);
}

/** Access `n` at the address in local `linear`: the host's goes to local `host`, and to `offset`, if there is one, where on its page that is. */
function emitProbe(s: LowerState, n: Node, linear: u32, isWide: bool, host: u32, offset: u32): void {
  const e = s.code;
  emitTags(s, n, linear, isWide, n.size, host);
  e.op(isWide || s.longMode ? Wasm.I64_EQ : Wasm.I32_EQ);
  hintBranch(e.at, Hint.LIKELY);
  e.open(Wasm.IF, ValueType.EMPTY);
  s.depth++;
  hostOfEntry(s, linear, isWide, host);
  if (offset != NO_LOCAL) setPageOffset(s, linear, isWide, offset);
  e.op(Wasm.ELSE);
  noteInstruction(s, n);
  e.local(Wasm.LOCAL_GET, linear);
  if (!isWide) e.op(Wasm.I64_EXTEND_I32_U);
  askForHost(s, n, host);
  if (offset != NO_LOCAL) {
    e.i32Const(<i32>FAR);
    e.local(Wasm.LOCAL_SET, offset);
  }
  e.end();
  s.depth--;
}

const NO_LOCAL: u32 = 0;

// @ts-ignore: decorator
@inline
function addressType(s: LowerState, n: Node): u32 {
  const address = node(n.a);
  return address.op != IrOp.CONST ? <u32>address.type : s.wide ? ValueType.I64 : ValueType.I32;
}

function setPageOffset(s: LowerState, linear: u32, isWide: bool, offset: u32): void {
  getLow(s, linear, isWide);
  s.code.i32Const(0xfff);
  s.code.op(Wasm.I32_AND);
  s.code.local(Wasm.LOCAL_SET, offset);
}

/** The engine is asked for the host address of the access at the address on the stack (I64): to local `host`, or away. */
function askForHost(s: LowerState, n: Node, host: u32): void {
  const e = s.code;
  e.i32Const(<i32>((<u32>n.size) | ((<u32>n.flag) << 8)));
  callHelper(e, Helper.PROBE);
  e.local(Wasm.LOCAL_TEE, host);
  e.op(Wasm.I32_EQZ);
  e.branch(Wasm.BR_IF, s.depth - s.bailLabel);
}

/** An access near one that has been probed: on the same page, or it looks for itself. */
export function lowerNearby(b: BuildState, s: LowerState, n: Node): void {
  const e = s.code;
  const first = settle(b, s, n.a, ValueType.I32);
  const type: u32 = node(n.c).type == ValueType.I64 ? ValueType.I64 : ValueType.I32;
  const linear = settle(b, s, n.c, type);
  const host = takeTemporary(s, ValueType.I32);
  emitValue(b, s, n.b, ValueType.I32);
  if (n.imm) {
    e.i32Const(<i32>n.imm);
    e.op(Wasm.I32_ADD);
  }
  e.i32Const(0x1000 - <i32>n.size);
  e.op(Wasm.I32_LE_U);
  hintBranch(e.at, Hint.LIKELY);
  e.open(Wasm.IF, ValueType.EMPTY);
  s.depth++;
  e.local(Wasm.LOCAL_GET, first);
  if (n.imm) {
    e.i32Const(<i32>n.imm);
    e.op(Wasm.I32_ADD);
  }
  e.local(Wasm.LOCAL_SET, host);
  e.op(Wasm.ELSE);
  const at = plus(s, linear, type == ValueType.I64, n.imm);
  emitProbe(s, n, at, type == ValueType.I64, host, NO_LOCAL);
  releaseTemporary(at, type);
  e.end();
  s.depth--;
  unsettle(n.a, first, ValueType.I32);
  unsettle(n.c, linear, type);
  keepResult(n, host);
}

/** To be compared: the tag of the entry for the address's page, and the page of the last of `length` bytes. The entry's address to local `entry`. */
function emitTags(s: LowerState, n: Node, linear: u32, isWide: bool, length: i64, entry: u32): void {
  emitEntryAddress(s, linear, isWide);
  s.code.local(Wasm.LOCAL_TEE, entry);
  const tag = n.flag ? <u32>WRITE_TAG : <u32>READ_TAG;
  if (isWide || s.longMode) emitWideTags(s, tag, linear, isWide, length - 1);
  else emitNarrowTags(s, tag, linear, <i32>length - 1);
}

/** The host address from the TLB's entry, whose address is in local `host`. */
function hostOfEntry(s: LowerState, linear: u32, isWide: bool, host: u32): void {
  const e = s.code;
  e.local(Wasm.LOCAL_GET, host);
  e.memory(Wasm.I32_LOAD, <u32>ADDEND);
  getLow(s, linear, isWide);
  e.op(Wasm.I32_ADD);
  e.local(Wasm.LOCAL_SET, host);
}

/** The lower 32 bits of a local with a linear address. */
function getLow(s: LowerState, linear: u32, isWide: bool): void {
  s.code.local(Wasm.LOCAL_GET, linear);
  if (isWide) s.code.op(Wasm.I32_WRAP_I64);
}

/** The instruction at which the function leaves if it does so next by bailLabel. */
export function noteInstruction(s: LowerState, n: Node): void {
  s.code.i32Const(n.insn);
  s.code.local(Wasm.LOCAL_SET, s.bailLocal);
}

/** Where the entry of the TLB is that the page of an address would have. */
function emitEntryAddress(s: LowerState, linear: u32, isWide: bool): void {
  const e = s.code;
  getLow(s, linear, isWide);
  e.i32Const(ENTRY_SHIFT);
  e.op(Wasm.I32_SHR_U);
  e.i32Const(TLB_INDEX_MASK);
  e.op(Wasm.I32_AND);
  e.local(Wasm.LOCAL_GET, s.tlbLocal);
  e.op(Wasm.I32_ADD);
}

function emitNarrowTags(s: LowerState, tag: u32, linear: u32, last: i32): void {
  const e = s.code;
  e.memory(Wasm.I32_LOAD, tag);
  e.local(Wasm.LOCAL_GET, linear);
  if (last) {
    e.i32Const(last);
    e.op(Wasm.I32_ADD);
  }
  e.i32Const(-4096);
  e.op(Wasm.I32_AND);
}

function emitWideTags(s: LowerState, tag: u32, linear: u32, isWide: bool, last: i64): void {
  const e = s.code;
  e.memory(Wasm.I64_LOAD, tag);
  e.local(Wasm.LOCAL_GET, linear);
  if (!isWide) e.op(Wasm.I64_EXTEND_I32_U);
  if (last) {
    e.i64Const(last);
    e.op(Wasm.I64_ADD);
  }
  e.i64Const(<i64>PAGE_MASK);
  e.op(Wasm.I64_AND);
}

/** A new local with the address `distance` bytes after that in local `linear`. */
function plus(s: LowerState, linear: u32, isWide: bool, distance: i64): u32 {
  const type: u32 = isWide ? ValueType.I64 : ValueType.I32;
  const e = s.code;
  const start = takeTemporary(s, type);
  e.local(Wasm.LOCAL_GET, linear);
  if (isWide) e.i64Const(distance);
  else e.i32Const(<i32>distance);
  e.op(isWide ? Wasm.I64_ADD : Wasm.I32_ADD);
  e.local(Wasm.LOCAL_SET, start);
  return start;
}
