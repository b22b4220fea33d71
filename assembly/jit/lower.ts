// From the nodes of a block to wasm. Ordered nodes are written where they stand; pure ones where they are used first (lowerValues.ts).
import { Vcpu } from "../cpu/state";
import { MemoryMap } from "../shared/memoryMap";
import { Encoder } from "../wasm/encoder";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { Hint, hintBranch } from "./branchHints";
import { Clobbers, clobberedVariables } from "./coldNodes";
import { Helper } from "./helperNumber";
import { IrOp, NODE_SIZE, Node, Var, distanceInSpan, isDroppable, isOrdered, node } from "./ir";
import { VECTOR_SCRATCH } from "./layout";
import { LowerState, releaseTemporary, takeTemporary, variableLocal, variableNodeSlot } from "./lowerState";
import { lowerNearby, lowerProbe, lowerSpan, noteInstruction } from "./lowerMemory";
import { emitValue, keepResult, settle, settleResult, unsettle } from "./lowerValues";
import { loadVariables, lowerGet, lowerSet, storeVariables } from "./lowerVariables";
import { callHelper, helperParameter } from "./module";
import { addCount } from "./profile";
import { x87Locals } from "./x87Emit";
import { emitX87, isNarrow, isSingle, mayBeDouble, x87OperandType } from "./x87Lower";

/** Counts the uses of each node of [first, end), from the last to the first: what nobody uses counts for nothing. */
export function countUses(first: u32, end: u32): void {
  for (let id = end; id > first;) {
    id -= NODE_SIZE;
    const n = node(id);
    if (!n.uses && isDroppable(n)) continue;
    if (n.op == IrOp.LOAD || n.op == IrOp.STORE) takeDistance(n);
    if (n.a) node(n.a).uses++;
    if (n.b) node(n.b).uses++;
    if (n.c) node(n.c).uses++;
    if (n.d) node(n.d).uses++;
    if (n.e) node(n.e).uses++;
  }
}

/** A load or store has the distance of its AT in itself. */
// @ts-ignore: decorator
@inline
function takeDistance(n: Node): void {
  const at = node(n.a);
  if (at.op != IrOp.AT) return;
  n.imm += distanceInSpan(at);
  n.a = at.a;
}

/** Writes the ordered nodes of [first, end). */
export function lowerNodes(b: BuildState, s: LowerState, first: u32, end: u32): void {
  for (let variable: u32 = 0; variable < <u32>Var.COUNT; variable++) store<u32>(variableNodeSlot(variable), 0);
  for (let id = first; id < end; id += NODE_SIZE) {
    const n = node(id);
    if (n.op == IrOp.GET) lowerGet(b, s, n);
    else if (isOrdered(n) && (n.uses || !isDroppable(n))) lowerOrdered(b, s, n);
  }
}

function lowerOrdered(b: BuildState, s: LowerState, n: Node): void {
  switch (<u32>n.op) {
    case IrOp.SET:
      lowerSet(b, s, n);
      return;
    case IrOp.SPAN:
      lowerSpan(b, s, n);
      return;
    case IrOp.PROBE:
      lowerProbe(b, s, n);
      return;
    case IrOp.NEARBY:
      lowerNearby(b, s, n);
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
    case IrOp.BAIL_IF:
      noteInstruction(s, n);
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
    case IrOp.TIME:
      pushLeft(s, n);
      callHelper(s.code, Helper.TIME);
      settleResult(s, n);
      return;
    case IrOp.TLB:
      loadTlb(s);
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
  const hasOperands = n.c != 0;
  l.singles = hasOperands && n.b != 0 && isSingle(node(n.a)) && isSingle(node(n.b));
  l.aDouble = b.x87Singles && hasOperands && mayBeDouble(node(n.a));
  l.bDouble = b.x87Singles && n.b != 0 && mayBeDouble(node(n.b));
  l.aNarrow = !b.x87Singles && isNarrow(node(n.a));
  l.bNarrow = !b.x87Singles && n.b != 0 && isNarrow(node(n.b));
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

/** The fuel before an instruction, the number `flag` in its block. */
function pushLeft(s: LowerState, n: Node): void {
  s.code.local(Wasm.LOCAL_GET, s.leftLocal);
  if (!n.flag) return;
  s.code.i32Const(<i32>n.flag);
  s.code.op(Wasm.I32_SUB);
}

/** The engine executes a record: everything goes to memory, and what it may change comes back from there. */
function lowerCold(b: BuildState, s: LowerState, n: Node): void {
  const e = s.code;
  storeVariables(b, s);
  e.i32Const(<i32>n.imm);
  pushLeft(s, n);
  callHelper(e, Helper.COLD);
  hintBranch(e.at, Hint.UNLIKELY);
  e.open(Wasm.IF, ValueType.EMPTY);
  addCount(s, <u32>n.flag);
  e.i32Const(0);
  e.op(Wasm.RETURN);
  e.end();
  s.deltaTable = 0;
  s.delta = n.size;
  loadVariables(b, s, clobberedVariables(n.code) & s.used, true);
  if (n.code & Clobbers.TLB) loadTlb(s);
}

export function loadTlb(s: LowerState): void {
  s.code.i32Const(0);
  s.code.memory(Wasm.I32_LOAD, MemoryMap.VCPU + <u32>offsetof<Vcpu>("tlb"));
  s.code.local(Wasm.LOCAL_SET, s.tlbLocal);
}
