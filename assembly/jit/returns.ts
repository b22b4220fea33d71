// Where the RETs of a region may go within it: to the return sites of the calls that lead to them.
import { Op } from "../decode/op";
import { Block } from "../interp/blocks";
import { BlockSet, afterFirst, countOf, difference, firstOf, isEmpty, noBlocks, only, union } from "./blockSet";
import { RegionBlock, region, regionBlock } from "./region";
import { lastInsn } from "./successors";

/** Return sites that a RET tries; the rest are looked up like any indirect jump. */
const MAX_SITES: u32 = 16;

// @ts-ignore: decorator
@inline
function lastOp(b: RegionBlock): u32 {
  return lastInsn(changetype<Block>(<usize>b.block)).op;
}

/** Region block at the IP after the call that ends `b`, or -1. */
export function returnSite(b: RegionBlock): i32 {
  const ip = lastInsn(changetype<Block>(<usize>b.block)).nextRip;
  for (let i: u32 = 0; i < region().blockCount; i++)
    if (changetype<Block>(<usize>regionBlock(i).block).ip == ip) return i;
  return -1;
}

/** Blocks from `first` on, over calls instead of into them. */
function functionBody(first: u32): BlockSet {
  let body = only(first);
  let open = body;
  while (!isEmpty(open)) {
    const b = regionBlock(firstOf(open));
    open = afterFirst(open);
    let further = noBlocks();
    if (lastOp(b) == Op.CALL || lastOp(b) == Op.CALL_INDIRECT) {
      const site = returnSite(b);
      if (site >= 0) further = only(<u32>site);
    } else {
      if (b.taken >= 0) further = only(<u32>b.taken);
      if (b.next >= 0) further = union(further, only(<u32>b.next));
      if (lastOp(b) == Op.JMP_INDIRECT) further = union(further, b.targets);
    }
    further = difference(further, body);
    body = union(body, further);
    open = union(open, further);
  }
  return body;
}

/** Region blocks that a call is known or expected to go to. */
function calleesOf(b: RegionBlock): BlockSet {
  const op = lastOp(b);
  if (op == Op.CALL_INDIRECT) return b.targets;
  return op == Op.CALL && b.taken >= 0 ? only(<u32>b.taken) : noBlocks();
}

/** Sets `targets` of all blocks that end with RET. */
export function findReturns(): void {
  for (let i: u32 = 0; i < region().blockCount; i++) {
    const call = regionBlock(i);
    const callees = calleesOf(call);
    const site = isEmpty(callees) ? -1 : returnSite(call);
    if (site < 0) continue;
    for (let left = callees; !isEmpty(left); left = afterFirst(left)) addReturns(firstOf(left), <u32>site);
  }
}

/** The RETs of the function at block `callee` may go to `site`. */
function addReturns(callee: u32, site: u32): void {
  for (let body = functionBody(callee); !isEmpty(body); body = afterFirst(body)) {
    const b = regionBlock(firstOf(body));
    if (lastOp(b) == Op.RET && countOf(b.targets) < MAX_SITES) b.targets = union(b.targets, only(site));
  }
}
