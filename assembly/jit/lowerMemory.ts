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
import { pageOffsetOf } from "./nearby";
import { emitWindowCheck } from "./stackAccess";

/** An access by the window on the stack's page, or the inline TLB probe (mmu/access.ts). A miss asks the engine, and leaves the region if that has no plain address. */
export function lowerProbe(b: BuildState, s: LowerState, n: Node): void {
  const e = s.code;
  const target = node(n.a);
  const type: u32 = target.op == IrOp.CONST ? (s.wide ? ValueType.I64 : ValueType.I32) : <u32>target.type;
  const linear = settle(b, s, n.a, type);
  const host = takeTemporary(s, ValueType.I32);
  const isWide = type == ValueType.I64;
  const result = node(pageOffsetOf(<u32>changetype<usize>(n)));
  const offset = result.uses ? takeTemporary(s, ValueType.I32) : NO_LOCAL;
  const byWindow = n.imm != 0 && s.usesWindow;

  if (byWindow) beginWindowAccess(s, linear, isWide, host, offset);
  emitTlbProbe(s, n, linear, isWide, host, offset, !byWindow);
  if (byWindow) {
    e.end();
    s.depth--;
  }
  // Added here, and not in the cases, the sum is known to V8 to have no upper half.
  getLow(s, linear, isWide);
  e.local(Wasm.LOCAL_GET, host);
  e.op(Wasm.I32_ADD);
  e.local(Wasm.LOCAL_SET, host);
  if (offset != NO_LOCAL) result.local = <i32>offset;
  unsettle(n.a, linear, type);
  keepResult(n, host);
}

const NO_LOCAL: u32 = 0;

/** Leaves an "else" open for what the window will not do for. */
function beginWindowAccess(s: LowerState, linear: u32, isWide: bool, host: u32, offset: u32): void {
  const e = s.code;
  emitWindowCheck(s, linear, isWide);
  hintBranch(e.at, Hint.LIKELY);
  e.open(Wasm.IF, ValueType.EMPTY);
  s.depth++;
  e.local(Wasm.LOCAL_GET, s.windowAddend);
  e.local(Wasm.LOCAL_SET, host);
  if (offset != NO_LOCAL) setPageOffset(s, linear, isWide, offset);
  e.op(Wasm.ELSE);
}

/** To local `host` what is to be added to the address, to `offset` the address's page offset, and FAR where that says nothing of the rest of the page. */
function emitTlbProbe(s: LowerState, n: Node, linear: u32, isWide: bool, host: u32, offset: u32, isUsual: bool): void {
  const e = s.code;
  const entry = takeTemporary(s, ValueType.I32);
  getLow(s, linear, isWide);
  e.i32Const(ENTRY_SHIFT);
  e.op(Wasm.I32_SHR_U);
  e.i32Const(TLB_INDEX_MASK);
  e.op(Wasm.I32_AND);
  e.local(Wasm.LOCAL_GET, s.tlbLocal);
  e.op(Wasm.I32_ADD);
  e.local(Wasm.LOCAL_TEE, entry);
  emitTagCheck(s, linear, n, isWide);
  if (isUsual) hintBranch(e.at, Hint.LIKELY);
  e.open(Wasm.IF, ValueType.EMPTY);
  s.depth++;
  e.local(Wasm.LOCAL_GET, entry);
  e.memory(Wasm.I32_LOAD, <u32>ADDEND);
  e.local(Wasm.LOCAL_SET, host);
  if (offset != NO_LOCAL) setPageOffset(s, linear, isWide, offset);
  e.op(Wasm.ELSE);
  noteInstruction(s, n);
  e.local(Wasm.LOCAL_GET, linear);
  if (!isWide) e.op(Wasm.I64_EXTEND_I32_U);
  askForHost(s, n, host);
  e.local(Wasm.LOCAL_GET, host);
  getLow(s, linear, isWide);
  e.op(Wasm.I32_SUB);
  e.local(Wasm.LOCAL_SET, host);
  if (offset != NO_LOCAL) {
    setPageOffset(s, linear, isWide, offset);
    e.local(Wasm.LOCAL_GET, offset);
    e.i32Const(0);
    e.memory(Wasm.I32_LOAD, MemoryMap.VCPU + <u32>offsetof<Vcpu>("probeFar"));
    e.op(Wasm.I32_OR);
    e.local(Wasm.LOCAL_SET, offset);
  }
  e.end();
  s.depth--;
  releaseTemporary(entry, ValueType.I32);
}

function setPageOffset(s: LowerState, linear: u32, isWide: bool, offset: u32): void {
  getLow(s, linear, isWide);
  s.code.i32Const(0xfff);
  s.code.op(Wasm.I32_AND);
  s.code.local(Wasm.LOCAL_SET, offset);
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

/** The engine is asked for the host address of the access at the address on the stack (I64): to local `host`, or away. */
function askForHost(s: LowerState, n: Node, host: u32): void {
  const e = s.code;
  e.i32Const(<i32>((<u32>n.size) | ((<u32>n.flag) << 8)));
  callHelper(e, Helper.PROBE);
  e.local(Wasm.LOCAL_TEE, host);
  e.op(Wasm.I32_EQZ);
  e.branch(Wasm.BR_IF, s.depth - s.bailLabel);
}

/** An access near one that has been probed. The address of that has a local, or is a variable's: the slow case need not evaluate any. */
export function lowerNearby(b: BuildState, s: LowerState, n: Node): void {
  const e = s.code;
  const first = settle(b, s, n.a, ValueType.I32);
  const wide = node(n.c).type == ValueType.I64;
  const linear = settle(b, s, n.c, wide ? ValueType.I64 : ValueType.I32);
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
  noteInstruction(s, n);
  e.local(Wasm.LOCAL_GET, linear);
  if (wide) e.i64Const(n.imm);
  else e.i32Const(<i32>n.imm);
  e.op(wide ? Wasm.I64_ADD : Wasm.I32_ADD);
  if (!wide) e.op(Wasm.I64_EXTEND_I32_U);
  askForHost(s, n, host);
  e.end();
  s.depth--;
  unsettle(n.a, first, ValueType.I32);
  unsettle(n.c, linear, node(n.c).type);
  keepResult(n, host);
}

/** Compares the tag of the entry on the stack with the page of the access's last byte. */
function emitTagCheck(s: LowerState, linear: u32, n: Node, isWide: bool): void {
  const e = s.code;
  const tag = n.flag ? <u32>WRITE_TAG : <u32>READ_TAG;
  const last = <i64>n.size - 1;
  if (!isWide && !s.longMode) {
    e.memory(Wasm.I32_LOAD, tag);
    e.local(Wasm.LOCAL_GET, linear);
    if (last) {
      e.i32Const(<i32>last);
      e.op(Wasm.I32_ADD);
    }
    e.i32Const(-4096);
    e.op(Wasm.I32_AND);
    e.op(Wasm.I32_EQ);
    return;
  }
  e.memory(Wasm.I64_LOAD, tag);
  e.local(Wasm.LOCAL_GET, linear);
  if (!isWide) e.op(Wasm.I64_EXTEND_I32_U);
  if (last) {
    e.i64Const(last);
    e.op(Wasm.I64_ADD);
  }
  e.i64Const(<i64>PAGE_MASK);
  e.op(Wasm.I64_AND);
  e.op(Wasm.I64_EQ);
}
