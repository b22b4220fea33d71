// Accesses of a block that lie a constant distance from an earlier one: fields of a structure, the stack. Where both are on one page,
// which a comparison of the page offset tells, the earlier one's translation and rights hold for this one too.
import { Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { IrOp, NODE_SIZE, isOrdered, node } from "./ir";
import { BUILD_STATE } from "./layout";

/** Accesses of a block that are remembered, the latest ones. */
const MOST: u32 = 16;
const TABLE: usize = <usize>BUILD_STATE + 0xa00;
/** Vcpu.probeFar, and above a page offset: no distance makes it one within the page. */
export const FAR: u32 = 0x8000_0000;
/** Levels of an address's expression that are compared. */
const DEPTH: u32 = 3;


@unmanaged
class Probed {
  /** The address less its constant part, and that. */
  base: u32;
  _pad: u32;
  offset: i64;
  /** The PROBE node. */
  probe: u32;
  write: bool;
}

// @ts-ignore: decorator
@inline
function probed(index: u32): Probed {
  return changetype<Probed>(TABLE + 8 + <usize>index * 32);
}

/** At the start of a block, and where the TLB may change. */
export function forgetProbes(): void {
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
export function baseOf(linear: u32): u32 {
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

/** An earlier PROBE whose page and rights may do for `linear` (node of an address that is no constant), or 0. */
export function findNearby(linear: u32, write: bool): u32 {
  const base = baseOf(linear);
  for (let i = load<u32>(TABLE); i--;) {
    const p = probed(i);
    if (write && !p.write) continue;
    const distance = displacementOf(linear) - p.offset;
    if (distance > -0x1000 && distance < 0x1000 && isSame(base, p.base, DEPTH)) return p.probe;
  }
  return 0;
}

/** How far `linear` lies from the address of `probe`, which findNearby gave for it. */
export function distanceTo(linear: u32, probe: u32): i64 {
  return displacementOf(linear) - displacementOf(node(probe).a);
}

export function rememberProbe(probe: u32, write: bool): void {
  const linear = node(probe).a;
  let count = load<u32>(TABLE);
  if (count == MOST) {
    memory.copy(<usize>changetype<usize>(probed(0)), <usize>changetype<usize>(probed(1)), <usize>((MOST - 1) * 32));
    count--;
  }
  const p = probed(count);
  p.base = baseOf(linear);
  p.offset = displacementOf(linear);
  p.probe = probe;
  p.write = write;
  store<u32>(TABLE, count + 1);
}

/** The RESULT node of a PROBE: the page offset of its address; with FAR, where nothing can be said of the rest of the page. */
// @ts-ignore: decorator
@inline
export function pageOffsetOf(probe: u32): u32 {
  return probe + NODE_SIZE;
}
