// Making IR nodes: conversions between I32 and I64, constant folding, and the simplifications that matter for x86 code.
// V8's optimiser does the rest; what is here keeps the wasm small and the baseline tier fast.
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { IrOp, NODE_SIZE, Var, canFold, fold, inverseComparison, isComparison, isConst, node, resultType } from "./ir";
import { NODES, NODES_SIZE } from "./layout";

/** Room that a single instruction never exceeds. */
const SLACK: u32 = 256 * NODE_SIZE;

/** A new node at the end of the list. */
export function newNode(b: BuildState, op: u32, type: u32, a: u32, x: u32, c: u32, imm: i64): u32 {
  const id = b.next;
  b.next = id + NODE_SIZE;
  if (b.next > NODES + NODES_SIZE - SLACK) b.full = true;
  const n = node(id);
  n.op = <u8>op;
  n.type = <u8>type;
  n.size = 64;
  n.flag = 0;
  n.code = 0;
  n.a = a;
  n.b = x;
  n.c = c;
  n.uses = 0;
  n.imm = imm;
  n.local = -1;
  n.insn = b.insnNumber;
  n.d = 0;
  n.e = 0;
  return id;
}

/** Bits of an I32 value that may be set, from the lowest; at most 32. */
export function widthOf(id: u32): u32 {
  const n = node(id);
  if (n.op == IrOp.CONST) return n.imm < 0 ? 64 : 64 - <u32>clz<u64>(<u64>n.imm);
  return min<u32>(n.size, n.type == ValueType.I32 ? 32 : 64);
}

// @ts-ignore: decorator
@inline
function typeOf(id: u32): u32 {
  return <u32>node(id).type;
}

/** A constant; it fits where either type is wanted. Its own type is I64 when it has more than 32 bits. */
export function constant(b: BuildState, value: u64): u32 {
  const id = newNode(b, IrOp.CONST, value >> 32 ? ValueType.I64 : ValueType.I32, 0, 0, 0, <i64>value);
  return id;
}

/** The value as an I32 node: its low 32 bits. */
export function as32(b: BuildState, id: u32): u32 {
  const n = node(id);
  if (n.type == ValueType.I32) return id;
  if (n.op == IrOp.CONST) return constant(b, (<u64>n.imm) & 0xffff_ffff);
  if (n.op == IrOp.UNARY && (n.code == Wasm.I64_EXTEND_I32_U || n.code == Wasm.I64_EXTEND_I32_S)) return n.a;
  if (n.op == IrOp.BINARY) {
    const narrow = narrowed(n.code);
    if (narrow) return binary(b, narrow, as32(b, n.a), as32(b, n.b));
  }
  return unary(b, Wasm.I32_WRAP_I64, ValueType.I32, id);
}

/** The I32 operation whose result is the low half of the I64 operation's, or 0. */
function narrowed(code: u32): u32 {
  switch (code) {
    case Wasm.I64_ADD:
      return Wasm.I32_ADD;
    case Wasm.I64_SUB:
      return Wasm.I32_SUB;
    case Wasm.I64_AND:
      return Wasm.I32_AND;
    case Wasm.I64_OR:
      return Wasm.I32_OR;
    case Wasm.I64_XOR:
      return Wasm.I32_XOR;
    default:
      return 0;
  }
}

/** The value as an I64 node. */
export function as64(b: BuildState, id: u32): u32 {
  const n = node(id);
  if (n.type == ValueType.I64) return id;
  if (n.op == IrOp.CONST) return id;
  const wide = unary(b, Wasm.I64_EXTEND_I32_U, ValueType.I64, id);
  node(wide).size = <u8>widthOf(id);
  return wide;
}

export function unary(b: BuildState, code: u32, type: u32, a: u32): u32 {
  const id = newNode(b, IrOp.UNARY, type, a, 0, 0, 0);
  const n = node(id);
  n.code = code;
  if (code == Wasm.I32_EQZ || code == Wasm.I64_EQZ) n.size = 1;
  else if (code == Wasm.I32_POPCNT || code == Wasm.I32_CLZ || code == Wasm.I32_CTZ) n.size = 6;
  else if (code == Wasm.I32_WRAP_I64) n.size = <u8>min<u32>(32, widthOf(a));
  else if (type == ValueType.I32) n.size = 32;
  return id;
}

/** Also of types that are no integers: the result type then is given. */
export function binaryOf(b: BuildState, code: u32, type: u32, x: u32, y: u32): u32 {
  const id = newNode(b, IrOp.BINARY, type, x, y, 0, 0);
  node(id).code = code;
  return id;
}

/** An integer operation on operands that have its type already (constants fit any). */
export function binary(b: BuildState, code: u32, x: u32, y: u32): u32 {
  const nx = node(x);
  const ny = node(y);
  const type = resultType(code);
  if (nx.op == IrOp.CONST && ny.op == IrOp.CONST && canFold(code)) {
    const folded = constant(b, fold(code, <u64>nx.imm, <u64>ny.imm));
    node(folded).type = <u8>type;
    return folded;
  }
  if (ny.op == IrOp.CONST) {
    const same = identity(b, code, x, <u64>ny.imm);
    if (same) return same;
    // Sums alone are known to be near to each other (nearby.ts), and fold.
    if (code == Wasm.I32_SUB) return binary(b, Wasm.I32_ADD, x, constant(b, <u64>(0 - <u32>ny.imm)));
    if (code == Wasm.I64_SUB) return binary(b, Wasm.I64_ADD, x, as64(b, constant(b, 0 - <u64>ny.imm)));
  }
  const id = binaryOf(b, code, type, x, y);
  node(id).size = <u8>resultWidth(code, x, y, type);
  return id;
}

/** x op k where that is x, or simpler; else 0. */
function identity(b: BuildState, code: u32, x: u32, k: u64): u32 {
  switch (code) {
    case Wasm.I32_ADD:
    case Wasm.I32_SUB:
    case Wasm.I32_OR:
    case Wasm.I32_XOR:
    case Wasm.I32_SHL:
    case Wasm.I32_SHR_U:
    case Wasm.I32_SHR_S:
    case Wasm.I64_ADD:
    case Wasm.I64_SUB:
    case Wasm.I64_OR:
    case Wasm.I64_XOR:
    case Wasm.I64_SHL:
    case Wasm.I64_SHR_U:
    case Wasm.I64_SHR_S:
      if (k == 0) return x;
      break;
    case Wasm.I32_AND:
    case Wasm.I64_AND: {
      const width = widthOf(x);
      if (width < 64 && (((<u64>1) << width) - 1) & ~k) break;
      if (width < 64) return x;
      break;
    }
  }
  // (x + k1) + k2
  if (code == Wasm.I64_ADD || code == Wasm.I32_ADD) {
    const n = node(x);
    if (n.op == IrOp.BINARY && n.code == code && isConst(n.b)) {
      const sum = <u64>node(n.b).imm + k;
      const k2 = constant(b, code == Wasm.I32_ADD ? sum & 0xffff_ffff : sum);
      node(k2).type = <u8>resultType(code);
      return binary(b, code, n.a, k2);
    }
  }
  return 0;
}

function resultWidth(code: u32, x: u32, y: u32, type: u32): u32 {
  const most: u32 = type == ValueType.I32 ? 32 : 64;
  if (isComparison(code)) return 1;
  switch (code) {
    case Wasm.I32_AND:
    case Wasm.I64_AND:
      return min<u32>(widthOf(x), widthOf(y));
    case Wasm.I32_OR:
    case Wasm.I32_XOR:
    case Wasm.I64_OR:
    case Wasm.I64_XOR:
      return min<u32>(most, max<u32>(widthOf(x), widthOf(y)));
    case Wasm.I32_SHR_U:
    case Wasm.I64_SHR_U:
      if (isConst(y)) {
        const count = (<u32>node(y).imm) & (most - 1);
        const width = min<u32>(most, widthOf(x));
        return width > count ? width - count : 1;
      }
      return widthOf(x);
    default:
      return most;
  }
}

/** Keeps the low `bits` (8, 16, 32) of an I32 value. */
export function lowBits(b: BuildState, id: u32, bits: u32): u32 {
  if (bits >= 32 || widthOf(id) <= bits) return id;
  return binary(b, Wasm.I32_AND, id, constant(b, ((<u64>1) << bits) - 1));
}

/** c ? x : y, of one type. */
export function choose(b: BuildState, c: u32, x: u32, y: u32): u32 {
  const nc = node(c);
  if (nc.op == IrOp.CONST) return nc.imm ? x : y;
  const wide = typeOf(x) == ValueType.I64 || typeOf(y) == ValueType.I64;
  const left = wide ? as64(b, x) : as32(b, x);
  const right = wide ? as64(b, y) : as32(b, y);
  const id = newNode(b, IrOp.SELECT, wide ? ValueType.I64 : ValueType.I32, left, right, c, 0);
  node(id).size = <u8>max<u32>(widthOf(left), widthOf(right));
  return id;
}

/** 1 if the boolean is 0, else 0. */
export function not1(b: BuildState, id: u32): u32 {
  const n = node(id);
  if (n.op == IrOp.CONST) return constant(b, n.imm ? 0 : 1);
  if (n.op == IrOp.BINARY) {
    const inverse = inverseComparison(n.code);
    if (inverse) {
      const same = binaryOf(b, inverse, ValueType.I32, n.a, n.b);
      node(same).size = 1;
      return same;
    }
  }
  return unary(b, Wasm.I32_EQZ, ValueType.I32, id);
}

/** Whether the value is 0. */
export function isZero(b: BuildState, id: u32): u32 {
  const n = node(id);
  if (n.op == IrOp.CONST) return constant(b, n.imm ? 0 : 1);
  if (n.type == ValueType.I32) return unary(b, Wasm.I32_EQZ, ValueType.I32, id);
  return unary(b, Wasm.I64_EQZ, ValueType.I32, id);
}

/** Compares two values as wide as the wider one needs. `code32` has its 64-bit twin 11 further on (Wasm.I32_EQ … I64_GE_U). */
export function compare(b: BuildState, code32: u32, x: u32, y: u32): u32 {
  if (typeOf(x) == ValueType.I64 || typeOf(y) == ValueType.I64)
    return binary(b, code32 + (Wasm.I64_EQ - Wasm.I32_EQ), as64(b, x), as64(b, y));
  return binary(b, code32, x, y);
}

/** An operation of Wasm.I32_ADD … I32_ROTR, or its 64-bit twin for `bits` 64; the result has `bits` bits. */
export function arithmetic(b: BuildState, code32: u32, bits: u32, x: u32, y: u32): u32 {
  if (bits == 64) return binary(b, code32 + (Wasm.I64_ADD - Wasm.I32_ADD), as64(b, x), as64(b, y));
  return lowBits(b, binary(b, code32, as32(b, x), as32(b, y)), bits);
}

/** Sign-extends a value of `from` bits (8, 16, 32) to `to` bits. */
export function extendSign(b: BuildState, id: u32, from: u32, to: u32): u32 {
  if (from == 64 || from == to) return id;
  if (to == 64) {
    if (from == 32) return unary(b, Wasm.I64_EXTEND_I32_S, ValueType.I64, as32(b, id));
    return unary(b, from == 8 ? Wasm.I64_EXTEND8_S : Wasm.I64_EXTEND16_S, ValueType.I64, as64(b, id));
  }
  if (from == 32) return as32(b, id);
  const wide = unary(b, from == 8 ? Wasm.I32_EXTEND8_S : Wasm.I32_EXTEND16_S, ValueType.I32, as32(b, id));
  return lowBits(b, wide, to);
}

/** Type of the local that holds `variable`. */
export function variableType(b: BuildState, variable: u32): u32 {
  if (variable < 16) return b.wide ? ValueType.I64 : ValueType.I32;
  if (variable == Var.FLAG_OP) return ValueType.I32;
  if (variable >= <u32>Var.X87_TOP && variable <= <u32>Var.X87_MODE) return ValueType.I32;
  if (variable >= <u32>Var.X87_SIGNIFICAND) return variable < <u32>Var.X87_EXPONENT ? ValueType.I64 : ValueType.I32;
  return variable < <u32>Var.XMM ? ValueType.I64 : ValueType.V128;
}

/** AND, OR, XOR by their 32-bit code, of operands of up to `bits` bits. */
export function bitwise(b: BuildState, code32: u32, bits: u32, x: u32, y: u32): u32 {
  if (bits < 64) return binary(b, code32, as32(b, x), as32(b, y));
  const wideX = typeOf(x) == ValueType.I64;
  const wideY = typeOf(y) == ValueType.I64;
  if (!wideX && !wideY) return binary(b, code32, x, y);
  // A value of 32 bits masks the other's upper half away.
  if (code32 == Wasm.I32_AND && wideX != wideY) return binary(b, code32, as32(b, x), as32(b, y));
  return binary(b, code32 + (Wasm.I64_ADD - Wasm.I32_ADD), as64(b, x), as64(b, y));
}

/** Rotates a byte or word one way by `there`, the rest the other way by `back`. */
export function rotateNarrow(b: BuildState, there: u32, back: u32, bits: u32, a: u32, count: u32): u32 {
  const left = binary(b, Wasm.I32_AND, as32(b, count), constant(b, bits - 1));
  const right = binary(b, Wasm.I32_SUB, constant(b, bits), left);
  return lowBits(b, binary(b, Wasm.I32_OR, binary(b, there, a, left), binary(b, back, a, right)), bits);
}

/** Bytes of a doubleword or quadword in reverse order. */
export function swapBytes(b: BuildState, a: u32, wide: bool): u32 {
  if (!wide) return swap32(b, as32(b, a));
  const whole = as64(b, a);
  const low = swap32(b, as32(b, whole));
  const high = swap32(b, as32(b, binary(b, Wasm.I64_SHR_U, whole, constant(b, 32))));
  return binary(b, Wasm.I64_OR, binary(b, Wasm.I64_SHL, as64(b, low), constant(b, 32)), as64(b, high));
}

function swap32(b: BuildState, a: u32): u32 {
  const odd = binary(b, Wasm.I32_AND, binary(b, Wasm.I32_ROTR, a, constant(b, 8)), constant(b, 0xff00_ff00));
  const even = binary(b, Wasm.I32_AND, binary(b, Wasm.I32_ROTL, a, constant(b, 8)), constant(b, 0x00ff_00ff));
  return binary(b, Wasm.I32_OR, odd, even);
}
