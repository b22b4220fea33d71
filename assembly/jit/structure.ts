// From the region's graph to structured control flow.
//
// A scope is a set of blocks with the edges between them, without those back to the heads of the loops around it. Its strongly connected
// components, in topological order, are nested wasm blocks, so that an edge forward is a branch to the end of the wasm block
// before its target. A component that is a cycle becomes a wasm loop around a scope of its own. One with several ways in
// (irreducible, or return sites as entries) begins with a br_table on a local that says which block is meant.
import { Wasm, ValueType } from "../wasm/opcodes";
import {
  BlockSet,
  afterFirst,
  countOf,
  difference,
  firstBlocks,
  firstOf,
  has,
  intersection,
  isEmpty,
  lastOf,
  noBlocks,
  only,
  union,
} from "./blockSet";
import { BUILD_STATE } from "./layout";
import { LowerState, TARGET_LOCAL } from "./lowerState";
import { MAX_REGION_BLOCKS, region, regionBlock } from "./region";

const GRAPH: u32 = BUILD_STATE + 0x6000;
const GRAPH_NODE_SIZE: u32 = 48;
/** Scratch for components: reachability of one scope, a set for each block. */
const REACH: u32 = GRAPH + MAX_REGION_BLOCKS * GRAPH_NODE_SIZE;
/** Components of the scopes that are open, as a stack: at most two for each block. */
const COMPONENTS: u32 = REACH + MAX_REGION_BLOCKS * 16;


@unmanaged
class GraphNode {
  successors: BlockSet;
  predecessors: BlockSet;
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
  return changetype<GraphNode>(<usize>(GRAPH + index * GRAPH_NODE_SIZE));
}


@unmanaged
class Component {
  blocks: BlockSet;
  isCycle: u32;
}

const COMPONENT_SIZE: u32 = 32;

/** Number `index` of those at `stack`. */
// @ts-ignore: decorator
@inline
function component(stack: u32, index: u32): Component {
  return changetype<Component>(<usize>(stack + index * COMPONENT_SIZE));
}

/** Which blocks of the scope can be reached from block `index`. */
// @ts-ignore: decorator
@inline
function reached(index: u32): BlockSet {
  return v128.load(<usize>(REACH + (index << 4)));
}

// @ts-ignore: decorator
@inline
function setReached(index: u32, blocks: BlockSet): void {
  v128.store(<usize>(REACH + (index << 4)), blocks);
}

/** Reads the edges of the region. */
export function readGraph(): void {
  const count = region().blockCount;
  memory.fill(<usize>GRAPH, 0, <usize>(count * GRAPH_NODE_SIZE));
  for (let i: u32 = 0; i < count; i++) {
    const block = regionBlock(i);
    addEdge(i, block.taken);
    addEdge(i, block.next);
    for (let left = block.targets; !isEmpty(left); left = afterFirst(left)) addEdge(i, <i32>firstOf(left));
  }
}

function addEdge(from: u32, to: i32): void {
  if (to < 0) return;
  graph(from).successors = union(graph(from).successors, only(<u32>to));
  graph(<u32>to).predecessors = union(graph(<u32>to).predecessors, only(from));
}

export function successorsOf(index: u32): BlockSet {
  return graph(index).successors;
}

export function predecessorsOf(index: u32): BlockSet {
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
function entryBlocks(): BlockSet {
  let entries = noBlocks();
  for (let i: u32 = 0; i < region().blockCount; i++) if (regionBlock(i).entry >= 0) entries = union(entries, only(i));
  return entries;
}

/** Writes the whole region; `emit` writes one block with its ways out. */
export function emitRegion(s: LowerState, emit: (index: u32) => void): void {
  const all = firstBlocks(region().blockCount);
  const entries = entryBlocks();
  emitScope(s, all, noBlocks(), severalOf(entries), COMPONENTS, entries, emit);
}

/** The set, if it has more than one block: then where control goes has to be chosen. */
function severalOf(set: BlockSet): BlockSet {
  return countOf(set) > 1 ? set : noBlocks();
}

/** Fills REACH for `scope`: which blocks can be reached from each by at least one edge that does not lead to a head. */
function findReach(scope: BlockSet, heads: BlockSet): void {
  for (let left = scope; !isEmpty(left); left = afterFirst(left)) {
    const i = firstOf(left);
    setReached(i, difference(intersection(graph(i).successors, scope), heads));
  }
  for (let through = scope; !isEmpty(through); through = afterFirst(through)) {
    const k = firstOf(through);
    const further = reached(k);
    for (let left = scope; !isEmpty(left); left = afterFirst(left)) {
      const i = firstOf(left);
      if (has(reached(i), k)) setReached(i, union(reached(i), further));
    }
  }
}

/** Puts the components of `scope` at `stack`, sources first; gives their number. */
function findComponents(scope: BlockSet, heads: BlockSet, stack: u32): u32 {
  findReach(scope, heads);
  let count: u32 = 0;
  let left = scope;
  while (!isEmpty(left)) {
    const c = component(stack, count++);
    const blocks = nextComponent(left);
    c.blocks = blocks;
    c.isCycle = <u32>has(reached(firstOf(blocks)), firstOf(blocks));
    left = difference(left, blocks);
  }
  return count;
}

/** The component among `left` that no other of them leads to; of several the one that comes first in reverse postorder. */
function nextComponent(left: BlockSet): BlockSet {
  let best = noBlocks();
  let bestOrder = i32.MAX_VALUE;
  for (let rest = left; !isEmpty(rest); rest = afterFirst(rest)) {
    const i = firstOf(rest);
    const further = reached(i);
    let blocks = only(i);
    let isSource = true;
    for (let others = difference(left, blocks); !isEmpty(others); others = afterFirst(others)) {
      const j = firstOf(others);
      if (!has(reached(j), i)) continue;
      if (has(further, j)) blocks = union(blocks, only(j));
      else {
        isSource = false;
        break;
      }
    }
    if (isSource && regionBlock(i).order < bestOrder) {
      best = blocks;
      bestOrder = regionBlock(i).order;
    }
  }
  return best;
}

/** Blocks of the component `blocks` that are entered from outside it: by an edge or from outside the region. */
function waysIn(blocks: BlockSet, entries: BlockSet): BlockSet {
  let ways = intersection(blocks, entries);
  for (let left = blocks; !isEmpty(left); left = afterFirst(left)) {
    const i = firstOf(left);
    if (!isEmpty(difference(graph(i).predecessors, blocks))) ways = union(ways, only(i));
  }
  return ways;
}

/**
 * `dispatch`: blocks that the target local chooses among at the start of the scope; none where it starts with its first component.
 */
function emitScope(
  s: LowerState,
  scope: BlockSet,
  heads: BlockSet,
  dispatch: BlockSet,
  stack: u32,
  entries: BlockSet,
  emit: (index: u32) => void,
): void {
  const count = findComponents(scope, heads, stack);
  const first: u32 = isEmpty(dispatch) ? 1 : 0;
  for (let k = count; k > first;) {
    k--;
    s.code.open(Wasm.BLOCK, ValueType.EMPTY);
    s.depth++;
    labelComponent(s, component(stack, k).blocks, heads);
  }
  for (let k: u32 = 0; k < count; k++) {
    const c = component(stack, k);
    if (c.isCycle) markDispatched(waysIn(c.blocks, entries));
  }
  if (!isEmpty(dispatch)) emitDispatch(s, dispatch);
  for (let k: u32 = 0; k < count; k++) {
    if (k >= first) {
      s.code.end();
      s.depth--;
    }
    const c = component(stack, k);
    if (c.isCycle) emitLoop(s, c.blocks, heads, stack + count * COMPONENT_SIZE, entries, emit);
    else emit(firstOf(c.blocks));
  }
}

/** Edges to the blocks of a component branch to where it begins; those to heads of loops around keep going there. */
function labelComponent(s: LowerState, blocks: BlockSet, heads: BlockSet): void {
  for (let left = blocks; !isEmpty(left); left = afterFirst(left)) {
    const i = firstOf(left);
    graph(i).component = s.depth;
    if (!has(heads, i)) graph(i).label = s.depth;
  }
}

function markDispatched(ways: BlockSet): void {
  for (let left = severalOf(ways); !isEmpty(left); left = afterFirst(left)) graph(firstOf(left)).dispatched = 1;
}

function emitLoop(
  s: LowerState,
  blocks: BlockSet,
  heads: BlockSet,
  stack: u32,
  entries: BlockSet,
  emit: (index: u32) => void,
): void {
  const ways = waysIn(blocks, entries);
  s.code.open(Wasm.LOOP, ValueType.EMPTY);
  s.depth++;
  for (let left = ways; !isEmpty(left); left = afterFirst(left)) graph(firstOf(left)).label = s.depth;
  emitScope(s, blocks, union(heads, ways), severalOf(ways), stack, entries, emit);
  s.code.end();
  s.depth--;
}

/** br_table on the target local: to the component of each block in `blocks`; others cannot come. */
function emitDispatch(s: LowerState, blocks: BlockSet): void {
  const e = s.code;
  const last = lastOf(blocks);
  const fallback = firstOf(blocks);
  e.local(Wasm.LOCAL_GET, TARGET_LOCAL);
  e.byte(Wasm.BR_TABLE);
  e.unsigned(last + 1);
  for (let i: u32 = 0; i <= last; i++) e.unsigned(s.depth - graph(has(blocks, i) ? i : fallback).component);
  e.unsigned(s.depth - graph(fallback).component);
}
