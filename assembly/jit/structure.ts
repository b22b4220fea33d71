// From the region's graph to structured control flow. Sets of blocks are bit masks (a region has at most 64 blocks).
//
// A scope is a set of blocks with the edges between them, without those back to the heads of the loops around it. Its strongly connected
// components, in topological order, are nested wasm blocks, so that an edge forward is a branch to the end of the wasm block
// before its target. A component that is a cycle becomes a wasm loop around a scope of its own. One with several ways in
// (irreducible, or return sites as entries) begins with a br_table on a local that says which block is meant.
import { Wasm, ValueType } from "../wasm/opcodes";
import { BUILD_STATE } from "./layout";
import { LowerState, TARGET_LOCAL } from "./lowerState";
import { region, regionBlock } from "./region";

const GRAPH: u32 = BUILD_STATE + 0x6000;
/** For each block: successors, predecessors (u64 each), label (u32), whether edges to it say where they go (u32). */
const ENTRY_SIZE: u32 = 32;
/** Scratch for components: reachability of one scope, u64 for each block. */
const REACH: u32 = GRAPH + 64 * ENTRY_SIZE;
/** Component masks of the scopes that are open, as a stack. */
const COMPONENTS: u32 = REACH + 64 * 8;


@unmanaged
class GraphNode {
  successors: u64;
  predecessors: u64;
  /** Absolute depth of the label that an edge to the block branches to. */
  label: u32;
  /** An edge to it has to set the target local: a dispatch lies on the way. */
  dispatched: u32;
  /** Label of the wasm block before its component, for the dispatch of its scope. */
  component: u32;
}

// @ts-ignore: decorator
@inline
function graph(index: u32): GraphNode {
  return changetype<GraphNode>(<usize>(GRAPH + index * ENTRY_SIZE));
}

// @ts-ignore: decorator
@inline
function bit(index: u32): u64 {
  return (<u64>1) << (<u64>index);
}

/** Reads the edges of the region. */
export function readGraph(): void {
  const count = region().blockCount;
  memory.fill(<usize>GRAPH, 0, <usize>(count * ENTRY_SIZE));
  for (let i: u32 = 0; i < count; i++) {
    const block = regionBlock(i);
    addEdge(i, block.taken);
    addEdge(i, block.next);
    for (let left = block.targets; left; left &= left - 1) addEdge(i, <i32>ctz(left));
  }
}

function addEdge(from: u32, to: i32): void {
  if (to < 0) return;
  graph(from).successors |= bit(<u32>to);
  graph(<u32>to).predecessors |= bit(from);
}

export function successorsOf(index: u32): u64 {
  return graph(index).successors;
}

export function predecessorsOf(index: u32): u64 {
  return graph(index).predecessors;
}

/** Absolute depth of the label for an edge to block `index`. */
export function edgeLabel(index: u32): u32 {
  return graph(index).label;
}

export function isDispatched(index: u32): bool {
  return graph(index).dispatched != 0;
}

/** Entries of the region. */
function entryMask(): u64 {
  let mask: u64 = 0;
  for (let i: u32 = 0; i < region().blockCount; i++) if (regionBlock(i).entry >= 0) mask |= bit(i);
  return mask;
}

/** Writes the whole region; `emit` writes one block with its ways out. */
export function emitRegion(s: LowerState, emit: (index: u32) => void): void {
  const count = region().blockCount;
  const all = count == 64 ? <u64>-1 : bit(count) - 1;
  const entries = entryMask();
  emitScope(s, all, 0, popcnt(entries) > 1 ? entries : 0, COMPONENTS, entries, emit);
}

/** Fills REACH for `scope`: which blocks can be reached from each by at least one edge that does not lead to a head. */
function findReach(scope: u64, heads: u64): void {
  for (let left = scope; left; left &= left - 1) {
    const i = <u32>ctz(left);
    store<u64>(<usize>(REACH + (i << 3)), graph(i).successors & scope & ~heads);
  }
  for (let through = scope; through; through &= through - 1) {
    const k = <u32>ctz(through);
    const further = load<u64>(<usize>(REACH + (k << 3)));
    for (let left = scope; left; left &= left - 1) {
      const at = <usize>(REACH + ((<u32>ctz(left)) << 3));
      const reached = load<u64>(at);
      if (reached & bit(k)) store<u64>(at, reached | further);
    }
  }
}

/** Puts the components of `scope` at `stack`, sources first; gives their number. */
function findComponents(scope: u64, heads: u64, stack: u32): u32 {
  findReach(scope, heads);
  let count: u32 = 0;
  let left = scope;
  while (left) {
    const component = nextComponent(left);
    store<u64>(<usize>(stack + (count << 4)), component);
    // Whether it is a cycle.
    const first = <u32>ctz(component);
    store<u64>(<usize>(stack + (count << 4) + 8), load<u64>(<usize>(REACH + (first << 3))) & bit(first));
    count++;
    left &= ~component;
  }
  return count;
}

/** The component among `left` that no other of them leads to; of several the one that comes first in reverse postorder. */
function nextComponent(left: u64): u64 {
  let best: u64 = 0;
  let bestOrder = i32.MAX_VALUE;
  for (let rest = left; rest; rest &= rest - 1) {
    const i = <u32>ctz(rest);
    const reached = load<u64>(<usize>(REACH + (i << 3)));
    let component = bit(i);
    let isSource = true;
    for (let others = left & ~bit(i); others; others &= others - 1) {
      const j = <u32>ctz(others);
      if (!(load<u64>(<usize>(REACH + (j << 3))) & bit(i))) continue;
      if (reached & bit(j)) component |= bit(j);
      else {
        isSource = false;
        break;
      }
    }
    if (isSource && regionBlock(i).order < bestOrder) {
      best = component;
      bestOrder = regionBlock(i).order;
    }
  }
  return best;
}

/** Blocks of `component` that are entered from outside it: by an edge or from outside the region. */
function waysIn(component: u64, entries: u64): u64 {
  let mask = component & entries;
  for (let left = component; left; left &= left - 1) {
    const i = <u32>ctz(left);
    if (graph(i).predecessors & ~component) mask |= bit(i);
  }
  return mask;
}

/**
 * `dispatch`: blocks that the target local chooses among at the start of the scope, or 0 where it starts with its first component.
 */
function emitScope(
  s: LowerState,
  scope: u64,
  heads: u64,
  dispatch: u64,
  stack: u32,
  entries: u64,
  emit: (index: u32) => void,
): void {
  const count = findComponents(scope, heads, stack);
  const first: u32 = dispatch ? 0 : 1;
  for (let k = count; k > first;) {
    k--;
    s.code.open(Wasm.BLOCK, ValueType.EMPTY);
    s.depth++;
    labelComponent(s, load<u64>(<usize>(stack + (k << 4))), heads);
  }
  for (let k: u32 = 0; k < count; k++) {
    const component = load<u64>(<usize>(stack + (k << 4)));
    if (load<u64>(<usize>(stack + (k << 4) + 8))) markDispatched(waysIn(component, entries));
  }
  if (dispatch) emitDispatch(s, dispatch);
  for (let k: u32 = 0; k < count; k++) {
    if (k >= first) {
      s.code.end();
      s.depth--;
    }
    const component = load<u64>(<usize>(stack + (k << 4)));
    const isCycle = load<u64>(<usize>(stack + (k << 4) + 8)) != 0;
    if (isCycle) emitLoop(s, component, heads, stack + (count << 4), entries, emit);
    else emit(<u32>ctz(component));
  }
}

/** Edges to the blocks of a component branch to where it begins; those to heads of loops around keep going there. */
function labelComponent(s: LowerState, component: u64, heads: u64): void {
  for (let left = component; left; left &= left - 1) {
    const i = <u32>ctz(left);
    graph(i).component = s.depth;
    if (!(heads & bit(i))) graph(i).label = s.depth;
  }
}

function markDispatched(ways: u64): void {
  if (popcnt(ways) < 2) return;
  for (let left = ways; left; left &= left - 1) graph(<u32>ctz(left)).dispatched = 1;
}

function emitLoop(
  s: LowerState,
  component: u64,
  heads: u64,
  stack: u32,
  entries: u64,
  emit: (index: u32) => void,
): void {
  const ways = waysIn(component, entries);
  s.code.open(Wasm.LOOP, ValueType.EMPTY);
  s.depth++;
  for (let left = ways; left; left &= left - 1) graph(<u32>ctz(left)).label = s.depth;
  emitScope(s, component, heads | ways, popcnt(ways) > 1 ? ways : 0, stack, entries, emit);
  s.code.end();
  s.depth--;
}

/** br_table on the target local: to the component of each block in `mask`; others cannot come. */
function emitDispatch(s: LowerState, mask: u64): void {
  const e = s.code;
  const last: u32 = 63 - <u32>clz(mask);
  const fallback = <u32>ctz(mask);
  e.local(Wasm.LOCAL_GET, TARGET_LOCAL);
  e.byte(Wasm.BR_TABLE);
  e.unsigned(last + 1);
  for (let i: u32 = 0; i <= last; i++) e.unsigned(s.depth - graph(mask & bit(i) ? i : fallback).component);
  e.unsigned(s.depth - graph(fallback).component);
}
