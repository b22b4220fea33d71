// Putting values of nodes on wasm's stack, or into locals. A pure node is written where it is used first, into a temporary if it is used
// again; an ordered one has its local already.
import { Encoder } from "../wasm/encoder";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { IrOp, Node, distanceInSpan, node } from "./ir";
import { LowerState, releaseTemporary, takeTemporary, variableLocal } from "./lowerState";
import { operandType } from "./operandTypes";

/** The value on the stack becomes that of `n`. */
export function settleResult(s: LowerState, n: Node): void {
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
    case IrOp.AT:
      emitValue(b, s, n.a, ValueType.I32);
      if (!distanceInSpan(n)) return;
      e.i32Const(<i32>distanceInSpan(n));
      e.op(Wasm.I32_ADD);
      return;
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

/** Evaluates node `id` into a local that stays as it is; its uses are not counted down. */
export function settle(b: BuildState, s: LowerState, id: u32, type: u32): u32 {
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
export function unsettle(id: u32, local: u32, type: u32): void {
  const n = node(id);
  if (n.op == IrOp.CONST) {
    releaseTemporary(local, type);
    return;
  }
  n.uses--;
  if (!n.uses && n.local >= 0) releaseTemporary(local, n.type);
}

/** The result of `n` is in temporary `local`. */
export function keepResult(n: Node, local: u32): void {
  if (n.uses) n.local = <i32>local;
  else releaseTemporary(local, n.type);
}
