// The intermediate form: nodes of 48 bytes in the order in which they were made, one list for each block of the region.
//
// A pure node is evaluated where it is used first; one that is ordered (isOrdered) where it stands in the list. Values live
// within their block; from block to block they go through variables (guest registers and flags), which become wasm locals.
// A value of 32 bits or less is an I32 node, zero-extended.
import { Wasm, ValueType } from "../wasm/opcodes";

export const enum IrOp {
  /** imm. */
  CONST,
  /** The variable imm as it is when the block starts or was last reloaded. */
  GET,
  /** wasm instruction `code` on a. */
  UNARY,
  /** wasm instruction `code` on a and b. */
  BINARY,
  /** c ? a : b. */
  SELECT,
  /** SIMD instruction `code` on a (and b if not 0) with lane byte imm. */
  LANE,
  /** SIMD shuffle of bytes of a and b: byte k is number (nibble k of imm), of b where bit k of `code` is set. */
  SHUFFLE,
  /** Constant v128: imm in both halves. */
  V128_CONST,
  /** SIMD bitselect: (a & c) | (b & ~c). */
  BITSELECT,
  /** Host address of the access at the address of SPAN a, plus imm. */
  AT,

  // ---- ordered from here on ----
  ORDERED,
  /** Variable imm = a. */
  SET = ORDERED,
  /** wasm load `code` at a + imm. */
  LOAD,
  /** wasm store `code` of b at a + imm. */
  STORE,
  /**
   * Host address of linear address a + imm, where all from there to a + `code` lies on one page that the TLB has; `flag`: to be written. Else leaves
   * the region. The accesses are AT nodes.
   */
  SPAN,
  /**
   * Host address of `size` bytes at linear address a; `flag`: to be written. Asks the engine where the TLB has none, and leaves the region where that
   * has none. A RESULT node follows: the page offset of a, or FAR (spans.ts).
   */
  PROBE,
  /** The same for the address of PROBE a (its RESULT b, its address c) + imm: where both are on one page, without asking the TLB. */
  NEARBY,
  /** Leaves the region at this instruction, for the interpreter, if a. */
  BAIL_IF,
  /** Helper `code` (module.ts) on a, b, c (those that are not 0), then imm (as i32) if `flag`. */
  CALL,
  /** Executes the Insn record at imm by jitCold; variables in `clobbers` are read again from memory. */
  COLD,
  /** The time-stamp counter, the number `flag` in its block. */
  TIME,
  /** The TLB in use is another one from here on. */
  TLB,
  /** CF (0 or 1) of the lazy flags a (op), b, c. */
  CARRY,
  /**
   * a, but where c, and e (if not 0): helper `code` on b, d (if not 0), then imm (as i32) if `flag`. Vectors go by way of
   * VECTOR_SCRATCH. e is evaluated only where c: nodes that it shares with others must be evaluated before (sseExact.ts).
   */
  CHOOSE_CALL,
  /** x87 operation `code` (x87Lower.ts) on a, b, c, d: the significand; three RESULT nodes follow. */
  X87,
  /** A further result of the PROBE or X87 node before. Of X87: sign and exponent; what has been rounded off; 1 if it was rounded up. */
  RESULT,
}

/** Guest state that a region keeps in locals. */
export const enum Var {
  /** 0 … 15: general registers. */
  FLAG_OP = 16,
  FLAG_A,
  FLAG_B,
  /** Vcpu.fpuTop. */
  X87_TOP,
  /** The register that is slot 0 (x87State.ts); Vcpu.fpuEmpty, a bit for each slot. */
  X87_BASE,
  X87_EMPTY,
  /** The pointers to the last x87 instruction. */
  X87_OPCODE,
  X87_CS,
  X87_DS,
  /** What the control word and others allow: never stored (x87Ready.ts). */
  X87_MODE,
  X87_IP,
  X87_DP,
  /** C1 (0 or 1), and not 0 if PE has been raised since it was last brought to the status word. */
  X87_UP,
  X87_INEXACT,
  XMM = 32,
  /** The x87 registers by slot: significand; sign, exponent and NOT_NORMAL. */
  X87_SIGNIFICAND = 48,
  X87_EXPONENT = 56,
  COUNT = 64,
}


@unmanaged
export class Node {
  op: u8;
  /** ValueType of the result; EMPTY for none. */
  type: u8;
  /** PROBE, NEARBY: bytes. I32 values: bits that may be set, from the lowest. */
  size: u8;
  flag: u8;
  /** wasm opcode or helper number. */
  code: u32;
  a: u32;
  b: u32;
  c: u32;
  /** Uses not yet emitted. */
  uses: u32;
  imm: i64;
  /** The local that holds the value, or -1. */
  local: i32;
  /** Number of its instruction in the region (for those that may leave). */
  insn: u32;
  d: u32;
  e: u32;
}

export const NODE_SIZE: u32 = 48;

// @ts-ignore: decorator
@inline
export function node(id: u32): Node {
  return changetype<Node>(<usize>id);
}

// @ts-ignore: decorator
@inline
export function isOrdered(n: Node): bool {
  return <u32>n.op >= <u32>IrOp.ORDERED;
}

// @ts-ignore: decorator
@inline
export function isConst(id: u32): bool {
  return node(id).op == IrOp.CONST;
}

/** Whether ordered nodes of this kind may be left out when nobody uses their value. */
// @ts-ignore: decorator
@inline
export function isDroppable(n: Node): bool {
  return <u32>n.op < <u32>IrOp.ORDERED || n.op == IrOp.LOAD || n.op == IrOp.CARRY;
}

/** From the first byte of AT `at`'s SPAN to the access. */
// @ts-ignore: decorator
@inline
export function distanceInSpan(at: Node): i64 {
  return at.imm - node(at.a).imm;
}

/** The opposite of a comparison, or 0. */
export function inverseComparison(code: u32): u32 {
  switch (code) {
    case Wasm.I32_EQ:
      return Wasm.I32_NE;
    case Wasm.I32_NE:
      return Wasm.I32_EQ;
    case Wasm.I32_LT_S:
      return Wasm.I32_GE_S;
    case Wasm.I32_LT_U:
      return Wasm.I32_GE_U;
    case Wasm.I32_GT_S:
      return Wasm.I32_LE_S;
    case Wasm.I32_GT_U:
      return Wasm.I32_LE_U;
    case Wasm.I32_LE_S:
      return Wasm.I32_GT_S;
    case Wasm.I32_LE_U:
      return Wasm.I32_GT_U;
    case Wasm.I32_GE_S:
      return Wasm.I32_LT_S;
    case Wasm.I32_GE_U:
      return Wasm.I32_LT_U;
    case Wasm.I64_EQ:
      return Wasm.I64_NE;
    case Wasm.I64_NE:
      return Wasm.I64_EQ;
    case Wasm.I64_LT_S:
      return Wasm.I64_GE_S;
    case Wasm.I64_LT_U:
      return Wasm.I64_GE_U;
    case Wasm.I64_GT_S:
      return Wasm.I64_LE_S;
    case Wasm.I64_GT_U:
      return Wasm.I64_LE_U;
    case Wasm.I64_LE_S:
      return Wasm.I64_GT_S;
    case Wasm.I64_LE_U:
      return Wasm.I64_GT_U;
    case Wasm.I64_GE_S:
      return Wasm.I64_LT_S;
    case Wasm.I64_GE_U:
      return Wasm.I64_LT_U;
    default:
      return 0;
  }
}

/** Whether `fold` knows the operation. */
// @ts-ignore: decorator
@inline
export function canFold(code: u32): bool {
  switch (code) {
    case Wasm.I32_ADD:
    case Wasm.I32_SUB:
    case Wasm.I32_MUL:
    case Wasm.I32_AND:
    case Wasm.I32_OR:
    case Wasm.I32_XOR:
    case Wasm.I32_SHL:
    case Wasm.I32_SHR_U:
    case Wasm.I32_EQ:
    case Wasm.I32_NE:
    case Wasm.I32_LT_U:
    case Wasm.I64_ADD:
    case Wasm.I64_SUB:
    case Wasm.I64_MUL:
    case Wasm.I64_AND:
    case Wasm.I64_OR:
    case Wasm.I64_XOR:
    case Wasm.I64_SHL:
    case Wasm.I64_SHR_U:
    case Wasm.I64_EQ:
    case Wasm.I64_NE:
    case Wasm.I64_LT_U:
      return true;
    default:
      return false;
  }
}

/** The value of a folded operation (see canFold). */
export function fold(code: u32, a: u64, b: u64): u64 {
  switch (code) {
    case Wasm.I32_ADD:
      return <u64>(<u32>a + <u32>b);
    case Wasm.I32_SUB:
      return <u64>(<u32>a - <u32>b);
    case Wasm.I32_MUL:
      return <u64>(<u32>a * <u32>b);
    case Wasm.I32_AND:
    case Wasm.I64_AND:
      return a & b;
    case Wasm.I32_OR:
    case Wasm.I64_OR:
      return a | b;
    case Wasm.I32_XOR:
    case Wasm.I64_XOR:
      return a ^ b;
    case Wasm.I32_SHL:
      return <u64>((<u32>a) << ((<u32>b) & 31));
    case Wasm.I32_SHR_U:
      return <u64>((<u32>a) >> ((<u32>b) & 31));
    case Wasm.I32_EQ:
    case Wasm.I64_EQ:
      return <u64>(a == b);
    case Wasm.I32_NE:
    case Wasm.I64_NE:
      return <u64>(a != b);
    case Wasm.I32_LT_U:
    case Wasm.I64_LT_U:
      return <u64>(a < b);
    case Wasm.I64_ADD:
      return a + b;
    case Wasm.I64_SUB:
      return a - b;
    case Wasm.I64_MUL:
      return a * b;
    case Wasm.I64_SHL:
      return a << (b & 63);
    default:
      return a >> (b & 63);
  }
}

/** Whether `code` gives an I32 from I64 operands: comparisons. */
// @ts-ignore: decorator
@inline
export function isComparison(code: u32): bool {
  return code >= <u32>Wasm.I32_EQZ && code <= <u32>Wasm.F64_GE;
}

export function resultType(code: u32): u32 {
  if (isComparison(code)) return ValueType.I32;
  if (code >= <u32>Wasm.I32_CLZ && code <= <u32>Wasm.I32_ROTR) return ValueType.I32;
  return ValueType.I64;
}
