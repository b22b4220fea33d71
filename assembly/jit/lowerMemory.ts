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
import { FAR, pageOffsetOf } from "./nearby";

/** The inline TLB probe: see mmu/access.ts. A miss asks the engine, and leaves the region if that has no plain address. */
export function lowerProbe(b: BuildState, s: LowerState, n: Node): void {
  const e = s.code;
  const target = node(n.a);
  const type: u32 = target.op == IrOp.CONST ? (s.wide ? ValueType.I64 : ValueType.I32) : <u32>target.type;
  const linear = settle(b, s, n.a, type);
  const entry = takeTemporary(s, ValueType.I32);
  const host = takeTemporary(s, ValueType.I32);
  const isWide = type == ValueType.I64;

  e.local(Wasm.LOCAL_GET, linear);
  if (isWide) e.op(Wasm.I32_WRAP_I64);
  e.i32Const(ENTRY_SHIFT);
  e.op(Wasm.I32_SHR_U);
  e.i32Const(TLB_INDEX_MASK);
  e.op(Wasm.I32_AND);
  e.local(Wasm.LOCAL_GET, s.tlbLocal);
  e.op(Wasm.I32_ADD);
  e.local(Wasm.LOCAL_TEE, entry);
  emitTagCheck(s, linear, n, isWide);
  hintBranch(e.at, Hint.LIKELY);
  e.open(Wasm.IF, ValueType.EMPTY);
  s.depth++;
  e.local(Wasm.LOCAL_GET, linear);
  if (isWide) e.op(Wasm.I32_WRAP_I64);
  e.local(Wasm.LOCAL_GET, entry);
  e.memory(Wasm.I32_LOAD, <u32>ADDEND);
  e.op(Wasm.I32_ADD);
  e.local(Wasm.LOCAL_SET, host);
  e.op(Wasm.ELSE);
  noteInstruction(s, n);
  e.local(Wasm.LOCAL_GET, linear);
  if (!isWide) e.op(Wasm.I64_EXTEND_I32_U);
  askForHost(s, n, host);
  const offset = node(pageOffsetOf(<u32>changetype<usize>(n)));
  if (offset.uses) {
    e.i32Const(0);
    e.memory(Wasm.I32_LOAD, MemoryMap.VCPU + <u32>offsetof<Vcpu>("probeFar"));
    e.local(Wasm.LOCAL_SET, entry);
  }
  e.end();
  s.depth--;

  if (offset.uses) {
    // In the plain case `entry` still holds its address: only its sign counts.
    e.local(Wasm.LOCAL_GET, linear);
    if (isWide) e.op(Wasm.I32_WRAP_I64);
    e.i32Const(0xfff);
    e.op(Wasm.I32_AND);
    e.local(Wasm.LOCAL_GET, entry);
    e.i32Const(FAR);
    e.op(Wasm.I32_AND);
    e.op(Wasm.I32_OR);
    offset.local = <i32>entry;
    e.local(Wasm.LOCAL_SET, entry);
  } else releaseTemporary(entry, ValueType.I32);
  unsettle(n.a, linear, type);
  keepResult(n, host);
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
  hintBranch(e.at, Hint.UNLIKELY);
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
