// Accesses of a block that lie a constant distance from each other: fields of a structure, the stack. The first of them looks whether all are
// on one page that the TLB has (SPAN); then nothing can keep the others from it, and they cost no more than a load or a store. Where that is
// missed too often (misses.ts) each looks for itself: the first asks the TLB (PROBE), the others whether they are on its page (NEARBY).
import { Wasm } from "../wasm/opcodes";
import { IrOp, NODE_SIZE, Node, isOrdered, node } from "./ir";
import { BUILD_STATE } from "./layout";

/** Spans and probes of a block that are remembered, the latest ones. */
const MOST: u32 = 16;
const TABLE: usize = <usize>BUILD_STATE + 0xa00;
/** Levels of an address's expression that are compared. */
const DEPTH: u32 = 3;
/** Bytes that a span has at most: the more, the more often they are not on one page. */
const WIDEST: i64 = 256;
/** For a page offset, where nothing is known of the page: no distance makes it one within the page. */
export const FAR: u32 = 0x8000_0000;


@unmanaged
class Known {
  /** The first access's address less its constant part, and that. */
  base: u32;
  /** The SPAN or PROBE node. */
  first: u32;
  offset: i64;
}

// @ts-ignore: decorator
@inline
function known(index: u32): Known {
  return changetype<Known>(TABLE + 8 + <usize>index * offsetof<Known>());
}

/** At the start of a block, and where the TLB may change. */
export function forgetSpans(): void {
  store<u32>(TABLE, 0);
}

// @ts-ignore: decorator
@inline
function isDisplaced(linear: u32): bool {
  const n = node(linear);
  return n.op == IrOp.BINARY && (n.code == Wasm.I64_ADD || n.code == Wasm.I32_ADD) && node(n.b).op == IrOp.CONST;
}

// @ts-ignore: decorator
@inline
function baseOf(linear: u32): u32 {
  return isDisplaced(linear) ? node(linear).a : linear;
}

/** The constant part of an address, sign-extended. */
// @ts-ignore: decorator
@inline
function displacementOf(linear: u32): i64 {
  if (!isDisplaced(linear)) return 0;
  const n = node(linear);
  const value = node(n.b).imm;
  return n.code == Wasm.I32_ADD ? <i64>(<i32>value) : value;
}

/** Whether two nodes certainly have the same value. */
function isSame(x: u32, y: u32, depth: u32): bool {
  if (x == y) return true;
  if (!x || !y || !depth) return false;
  const a = node(x);
  const b = node(y);
  if (a.op != b.op || a.code != b.code || a.imm != b.imm || a.type != b.type || isOrdered(a)) return false;
  switch (<u32>a.op) {
    case IrOp.CONST:
      return true;
    case IrOp.UNARY:
      return isSame(a.a, b.a, depth - 1);
    case IrOp.BINARY:
      return isSame(a.a, b.a, depth - 1) && isSame(a.b, b.b, depth - 1);
    default:
      return false;
  }
}

/**
 * An earlier SPAN of the block that from now on covers the access of `size` bytes at `linear` too (node of an address that is no constant), or a PROBE
 * whose page and rights may do for it; 0: there is none.
 */
export function findFirst(linear: u32, size: u32, write: bool): u32 {
  const base = baseOf(linear);
  for (let i = load<u32>(TABLE); i--;) {
    const k = known(i);
    const distance = displacementOf(linear) - k.offset;
    if (distance <= -0x1000 || distance >= 0x1000 || !isSame(base, k.base, DEPTH)) continue;
    const first = node(k.first);
    if (first.op == IrOp.SPAN ? extend(first, distance, size, write) : !write || first.flag) return k.first;
  }
  return 0;
}

function extend(span: Node, distance: i64, size: u32, write: bool): bool {
  const low = min<i64>(span.imm, distance);
  const high = max<i64>(<i64>span.code, distance + size);
  if (high - low > WIDEST) return false;
  span.imm = low;
  span.code = <u32>high;
  // The block writes there in any case, so that it may ask for that at once.
  if (write) span.flag = 1;
  return true;
}

/** Whether there is a PROBE with the same base in the block: what is missed often at one access of a group is at the others. */
export function isProbed(linear: u32): bool {
  const base = baseOf(linear);
  for (let i = load<u32>(TABLE); i--;) {
    const k = known(i);
    if (node(k.first).op == IrOp.PROBE && isSame(base, k.base, DEPTH)) return true;
  }
  return false;
}

/** How far `linear` lies from the address of `first`, which findFirst gave for it. */
export function distanceTo(linear: u32, first: u32): i64 {
  return displacementOf(linear) - displacementOf(node(first).a);
}

export function remember(first: u32): void {
  const linear = node(first).a;
  let count = load<u32>(TABLE);
  if (count == MOST) {
    memory.copy(changetype<usize>(known(0)), changetype<usize>(known(1)), (MOST - 1) * offsetof<Known>());
    count--;
  }
  const k = known(count);
  k.base = baseOf(linear);
  k.first = first;
  k.offset = displacementOf(linear);
  store<u32>(TABLE, count + 1);
}

/** The RESULT node of a PROBE: the page offset of its address; with FAR, where nothing can be said of the rest of the page. */
// @ts-ignore: decorator
@inline
export function pageOffsetOf(probe: u32): u32 {
  return probe + NODE_SIZE;
}
