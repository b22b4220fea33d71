// From the nodes of a block to wasm. Ordered nodes are written where they stand; pure ones where they are used first, into a
// temporary if they are used again.
import { ENTRY_SHIFT, TLB_INDEX_MASK, ADDEND, PAGE_MASK, READ_TAG, WRITE_TAG } from "./probe";
import { Vcpu, XMM_OFFSET } from "../cpu/state";
import { MemoryMap } from "../shared/memoryMap";
import { Encoder } from "../wasm/encoder";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { Hint, hintBranch } from "./branchHints";
import { Clobbers, clobberedVariables } from "./coldNodes";
import { Helper } from "./helperNumber";
import { IrOp, NODE_SIZE, Node, Var, isDroppable, isOrdered, node } from "./ir";
import { VECTOR_SCRATCH } from "./layout";
import {
  LowerState,
  releaseTemporary,
  saveVariable,
  takeTemporary,
  variableLocal,
  variableNodeSlot,
} from "./lowerState";
import { callHelper, helperParameter } from "./module";
import { FAR, pageOffsetOf } from "./nearby";
import { operandType } from "./operandTypes";
import { addCount } from "./profile";
import { variableType } from "./values";
import { isStatusVariable, loadStatusVariable, storeStatusVariable, x87Locals } from "./x87Emit";
import { emitX87, isNarrow, x87OperandType } from "./x87Lower";
import { x87VariableAddress } from "./x87State";

/** Counts the uses of each node of [first, end), from the last to the first: what nobody uses counts for nothing. */
export function countUses(first: u32, end: u32): void {
  for (let id = end; id > first;) {
    id -= NODE_SIZE;
    const n = node(id);
    if (!n.uses && isDroppable(n)) continue;
    if (n.a) node(n.a).uses++;
    if (n.b) node(n.b).uses++;
    if (n.c) node(n.c).uses++;
    if (n.d) node(n.d).uses++;
    if (n.e) node(n.e).uses++;
  }
}

/** Writes the ordered nodes of [first, end). */
export function lowerNodes(b: BuildState, s: LowerState, first: u32, end: u32): void {
  for (let variable: u32 = 0; variable < <u32>Var.COUNT; variable++) store<u32>(variableNodeSlot(variable), 0);
  for (let id = first; id < end; id += NODE_SIZE) {
    const n = node(id);
    if (n.op == IrOp.GET) store<u32>(variableNodeSlot(<u32>n.imm), id);
    else if (isOrdered(n) && (n.uses || !isDroppable(n))) lowerOrdered(b, s, n);
  }
}

function lowerOrdered(b: BuildState, s: LowerState, n: Node): void {
  switch (<u32>n.op) {
    case IrOp.SET:
      lowerSet(b, s, n);
      return;
    case IrOp.LOAD:
      emitValue(b, s, n.a, ValueType.I32);
      s.code.memory(n.code, <u32>n.imm);
      settleResult(s, n);
      return;
    case IrOp.STORE:
      emitValue(b, s, n.a, ValueType.I32);
      emitValue(b, s, n.b, storedType(n.code));
      s.code.memory(n.code, <u32>n.imm);
      return;
    case IrOp.PROBE:
      lowerProbe(b, s, n);
      return;
    case IrOp.NEARBY:
      lowerNearby(b, s, n);
      return;
    case IrOp.BAIL_IF:
      s.code.i32Const(n.insn);
      s.code.local(Wasm.LOCAL_SET, s.bailLocal);
      emitValue(b, s, n.a, ValueType.I32);
      hintBranch(s.code.at, Hint.UNLIKELY);
      s.code.branch(Wasm.BR_IF, s.depth - s.bailLabel);
      return;
    case IrOp.CALL:
      lowerCall(b, s, n);
      return;
    case IrOp.COLD:
      lowerCold(b, s, n);
      return;
    case IrOp.CHOOSE_CALL:
      lowerChooseCall(b, s, n);
      return;
    case IrOp.X87:
      lowerX87(b, s, n);
      return;
    case IrOp.RESULT:
      return;
    default:
      lowerCarry(b, s, n);
  }
}

function storedType(code: u32): u32 {
  switch (code) {
    case Wasm.I64_STORE:
      return ValueType.I64;
    case Wasm.F32_STORE:
      return ValueType.F32;
    case Wasm.F64_STORE:
      return ValueType.F64;
    case Wasm.V128_STORE:
      return ValueType.V128;
    default:
      return ValueType.I32;
  }
}

/** The value on the stack becomes that of `n`. */
function settleResult(s: LowerState, n: Node): void {
  if (!n.uses) {
    s.code.op(Wasm.DROP);
    return;
  }
  n.local = <i32>takeTemporary(s, n.type);
  s.code.local(Wasm.LOCAL_SET, <u32>n.local);
}

function emitConstant(e: Encoder, value: i64, type: u32): void {
  if (type == ValueType.I64) e.i64Const(value);
  else e.i32Const(<i32>value);
}

/** Puts the value of node `id` on the stack, as `type` if it is a constant. One of its uses is done. */
export function emitValue(b: BuildState, s: LowerState, id: u32, type: u32): void {
  const n = node(id);
  const e = s.code;
  if (n.op == IrOp.CONST) {
    emitConstant(e, n.imm, type);
    return;
  }
  n.uses--;
  if (n.local >= 0) {
    e.local(Wasm.LOCAL_GET, <u32>n.local);
    if (!n.uses) releaseTemporary(<u32>n.local, n.type);
    return;
  }
  if (n.op == IrOp.GET) {
    e.local(Wasm.LOCAL_GET, variableLocal(b, s, <u32>n.imm));
    return;
  }
  emitPure(b, s, n);
  if (!n.uses) return;
  n.local = <i32>takeTemporary(s, n.type);
  e.local(Wasm.LOCAL_TEE, <u32>n.local);
}

function emitPure(b: BuildState, s: LowerState, n: Node): void {
  const e = s.code;
  switch (<u32>n.op) {
    case IrOp.UNARY:
      emitValue(b, s, n.a, operandType(n.code));
      e.op(n.code);
      return;
    case IrOp.BINARY: {
      const type = operandType(n.code);
      emitValue(b, s, n.a, type);
      emitValue(b, s, n.b, type);
      e.op(n.code);
      return;
    }
    case IrOp.SELECT:
      emitValue(b, s, n.a, n.type);
      emitValue(b, s, n.b, n.type);
      emitValue(b, s, n.c, ValueType.I32);
      e.op(Wasm.SELECT);
      return;
    default:
      emitVector(b, s, n);
  }
}

function emitVector(b: BuildState, s: LowerState, n: Node): void {
  const e = s.code;
  if (n.op == IrOp.V128_CONST) {
    e.op(Wasm.V128_CONST);
    for (let i: u32 = 0; i < 16; i++) e.byte((<u32>(n.imm >> ((<i64>(i & 7)) << 3))) & 0xff);
    return;
  }
  emitValue(b, s, n.a, n.op == IrOp.SHUFFLE ? <u32>ValueType.V128 : operandType(n.code));
  if (n.b) emitValue(b, s, n.b, <u32>n.flag ? <u32>n.flag : <u32>ValueType.V128);
  if (n.c) emitValue(b, s, n.c, ValueType.V128);
  if (n.op == IrOp.SHUFFLE) {
    e.op(Wasm.I8X16_SHUFFLE);
    for (let i: u32 = 0; i < 16; i++) e.byte(((<u32>(n.imm >> ((<i64>i) << 2))) & 15) | (((n.code >> i) & 1) << 4));
    return;
  }
  e.op(n.code);
  if (n.op == IrOp.LANE) e.byte(<u32>n.imm);
}

function lowerSet(b: BuildState, s: LowerState, n: Node): void {
  const variable = <u32>n.imm;
  emitValue(b, s, n.a, variableType(b, variable));
  saveVariable(b, s, variable);
  s.code.local(Wasm.LOCAL_SET, variableLocal(b, s, variable));
}

/** Evaluates node `id` into a local that stays as it is; its uses are not counted down. */
function settle(b: BuildState, s: LowerState, id: u32, type: u32): u32 {
  const n = node(id);
  if (n.local >= 0) return <u32>n.local;
  if (n.op == IrOp.GET) return variableLocal(b, s, <u32>n.imm);
  const local = takeTemporary(s, n.op == IrOp.CONST ? type : <u32>n.type);
  if (n.op == IrOp.CONST) emitConstant(s.code, n.imm, type);
  else emitPure(b, s, n);
  s.code.local(Wasm.LOCAL_SET, local);
  if (n.op != IrOp.CONST) n.local = <i32>local;
  return local;
}

/** One use of a node that `settle` has put into `local` is done. */
function unsettle(id: u32, local: u32, type: u32): void {
  const n = node(id);
  if (n.op == IrOp.CONST) {
    releaseTemporary(local, type);
    return;
  }
  n.uses--;
  if (!n.uses && n.local >= 0) releaseTemporary(local, n.type);
}

/** The inline TLB probe: see mmu/access.ts. A miss asks the engine, and leaves the region if that has no plain address. */
function lowerProbe(b: BuildState, s: LowerState, n: Node): void {
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
  e.i32Const(n.insn);
  e.local(Wasm.LOCAL_SET, s.bailLocal);
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
function lowerNearby(b: BuildState, s: LowerState, n: Node): void {
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
  e.i32Const(n.insn);
  e.local(Wasm.LOCAL_SET, s.bailLocal);
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

function lowerCall(b: BuildState, s: LowerState, n: Node): void {
  if (n.a) emitValue(b, s, n.a, helperParameter(n.code, 0));
  if (n.b) emitValue(b, s, n.b, helperParameter(n.code, 1));
  if (n.c) emitValue(b, s, n.c, helperParameter(n.code, 2));
  if (n.flag) s.code.i32Const(<i32>n.imm);
  callHelper(s.code, n.code);
  if (n.type != ValueType.EMPTY) settleResult(s, n);
}

/** The call stands under a condition: its operands are evaluated before, whether it is made or not. */
function lowerChooseCall(b: BuildState, s: LowerState, n: Node): void {
  const e = s.code;
  const isVector = n.type == ValueType.V128;
  const firstType: u32 = isVector ? ValueType.V128 : helperParameter(n.code, 0);
  const secondType: u32 = isVector ? ValueType.V128 : helperParameter(n.code, 1);
  const first = settle(b, s, n.b, firstType);
  const second = n.d ? settle(b, s, n.d, secondType) : 0;
  const result = takeTemporary(s, n.type);
  emitValue(b, s, n.a, n.type);
  e.local(Wasm.LOCAL_SET, result);
  emitValue(b, s, n.c, ValueType.I32);
  hintBranch(e.at, Hint.UNLIKELY);
  e.open(Wasm.IF, ValueType.EMPTY);
  if (n.e) {
    emitValue(b, s, n.e, ValueType.I32);
    e.open(Wasm.IF, ValueType.EMPTY);
  }
  if (isVector) callWithVectors(e, n, first, second);
  else {
    e.local(Wasm.LOCAL_GET, first);
    if (n.d) e.local(Wasm.LOCAL_GET, second);
    if (n.flag) e.i32Const(<i32>n.imm);
    callHelper(e, n.code);
  }
  e.local(Wasm.LOCAL_SET, result);
  if (n.e) e.end();
  e.end();
  unsettle(n.b, first, firstType);
  if (n.d) unsettle(n.d, second, secondType);
  if (n.uses) n.local = <i32>result;
  else releaseTemporary(result, n.type);
}

function callWithVectors(e: Encoder, n: Node, first: u32, second: u32): void {
  e.i32Const(0);
  e.local(Wasm.LOCAL_GET, first);
  e.memory(Wasm.V128_STORE, VECTOR_SCRATCH);
  e.i32Const(0);
  e.local(Wasm.LOCAL_GET, second);
  e.memory(Wasm.V128_STORE, VECTOR_SCRATCH + 16);
  e.i32Const(<i32>n.imm);
  callHelper(e, n.code);
  e.i32Const(0);
  e.memory(Wasm.V128_LOAD, VECTOR_SCRATCH);
}

/** An x87 operation with its results: the node's own and those of the RESULT nodes behind it. */
function lowerX87(b: BuildState, s: LowerState, n: Node): void {
  const l = x87Locals();
  const type = x87OperandType(n.code);
  l.a = settle(b, s, n.a, type);
  if (n.b) l.b = settle(b, s, n.b, ValueType.I64);
  if (n.c) l.aExponent = settle(b, s, n.c, ValueType.I32);
  if (n.d) l.bExponent = settle(b, s, n.d, ValueType.I32);
  l.mode = variableLocal(b, s, Var.X87_MODE);
  l.aNarrow = isNarrow(node(n.a));
  l.bNarrow = n.b != 0 && isNarrow(node(n.b));
  l.significand = takeTemporary(s, ValueType.I64);
  l.exponent = takeTemporary(s, ValueType.I32);
  l.rest = takeTemporary(s, ValueType.I64);
  l.up = takeTemporary(s, ValueType.I64);
  emitX87(s, n.code, l);
  unsettle(n.a, l.a, type);
  if (n.b) unsettle(n.b, l.b, ValueType.I64);
  if (n.c) unsettle(n.c, l.aExponent, ValueType.I32);
  if (n.d) unsettle(n.d, l.bExponent, ValueType.I32);
  const id = <u32>changetype<usize>(n);
  keepResult(n, l.significand);
  keepResult(node(id + NODE_SIZE), l.exponent);
  keepResult(node(id + 2 * NODE_SIZE), l.rest);
  keepResult(node(id + 3 * NODE_SIZE), l.up);
}

function keepResult(n: Node, local: u32): void {
  if (n.uses) n.local = <i32>local;
  else releaseTemporary(local, n.type);
}

/** CF of lazy flags of any kind: in place where INC or DEC kept it, else by the engine. */
function lowerCarry(b: BuildState, s: LowerState, n: Node): void {
  const e = s.code;
  const op = settle(b, s, n.a, ValueType.I32);
  const first = settle(b, s, n.b, ValueType.I64);
  const second = settle(b, s, n.c, ValueType.I64);
  e.local(Wasm.LOCAL_GET, op);
  e.i32Const(3);
  e.op(Wasm.I32_SHR_U);
  e.i32Const(3);
  e.op(Wasm.I32_EQ);
  e.open(Wasm.IF, ValueType.I32);
  e.local(Wasm.LOCAL_GET, second);
  e.op(Wasm.I32_WRAP_I64);
  e.op(Wasm.ELSE);
  e.local(Wasm.LOCAL_GET, op);
  e.local(Wasm.LOCAL_GET, first);
  e.local(Wasm.LOCAL_GET, second);
  callHelper(e, Helper.CARRY);
  e.end();
  unsettle(n.a, op, ValueType.I32);
  unsettle(n.b, first, ValueType.I64);
  unsettle(n.c, second, ValueType.I64);
  settleResult(s, n);
}

/** The engine executes a record: everything goes to memory, and what it may change comes back from there. */
function lowerCold(b: BuildState, s: LowerState, n: Node): void {
  const e = s.code;
  storeVariables(b, s);
  e.i32Const(<i32>n.imm);
  e.local(Wasm.LOCAL_GET, s.leftLocal);
  if (n.flag) {
    e.i32Const(<i32>n.flag);
    e.op(Wasm.I32_SUB);
  }
  callHelper(e, Helper.COLD);
  hintBranch(e.at, Hint.UNLIKELY);
  e.open(Wasm.IF, ValueType.EMPTY);
  addCount(s, <u32>n.flag);
  e.i32Const(0);
  e.op(Wasm.RETURN);
  e.end();
  loadVariables(b, s, clobberedVariables(n.code) & s.used, true);
  if (n.code & Clobbers.TLB) loadTlb(s);
}

export function loadTlb(s: LowerState): void {
  s.code.i32Const(0);
  s.code.memory(Wasm.I32_LOAD, MemoryMap.VCPU + <u32>offsetof<Vcpu>("tlb"));
  s.code.local(Wasm.LOCAL_SET, s.tlbLocal);
}

/** Where `variable` lies in the vCPU struct. */
function variableAddress(variable: u32): u32 {
  if (variable < 16) return MemoryMap.VCPU + (variable << 3);
  if (variable >= <u32>Var.XMM) return MemoryMap.VCPU + <u32>XMM_OFFSET + ((variable - Var.XMM) << 4);
  if (variable >= <u32>Var.X87_TOP) return x87VariableAddress(variable);
  if (variable == Var.FLAG_OP) return MemoryMap.VCPU + <u32>offsetof<Vcpu>("flagOp");
  if (variable == Var.FLAG_A) return MemoryMap.VCPU + <u32>offsetof<Vcpu>("flagA");
  return MemoryMap.VCPU + <u32>offsetof<Vcpu>("flagB");
}

/** All that the region changes, to memory. */
export function storeVariables(b: BuildState, s: LowerState): void {
  let left = s.changed;
  while (left) {
    const variable = <u32>ctz(left);
    left &= left - 1;
    if (isStatusVariable(variable)) {
      storeStatusVariable(s.code, variable, variableLocal(b, s, variable));
      continue;
    }
    const type = variableType(b, variable);
    s.code.i32Const(0);
    s.code.local(Wasm.LOCAL_GET, variableLocal(b, s, variable));
    const store: u32 =
      type == ValueType.I64 ? Wasm.I64_STORE : type == ValueType.I32 ? Wasm.I32_STORE : Wasm.V128_STORE;
    s.code.memory(store, variableAddress(variable));
  }
}

/** Variables in `mask` from memory; with `save`, values of them that are still wanted move to temporaries. */
export function loadVariables(b: BuildState, s: LowerState, mask: u64, save: bool): void {
  let left = mask;
  while (left) {
    const variable = <u32>ctz(left);
    left &= left - 1;
    const type = variableType(b, variable);
    if (save) saveVariable(b, s, variable);
    if (isStatusVariable(variable)) {
      loadStatusVariable(s.code, variable);
      s.code.local(Wasm.LOCAL_SET, variableLocal(b, s, variable));
      continue;
    }
    s.code.i32Const(0);
    const load: u32 = type == ValueType.I64 ? Wasm.I64_LOAD : type == ValueType.I32 ? Wasm.I32_LOAD : Wasm.V128_LOAD;
    s.code.memory(load, variableAddress(variable));
    s.code.local(Wasm.LOCAL_SET, variableLocal(b, s, variable));
  }
}
