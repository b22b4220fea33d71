// Where the RETs of a region may go within it: to the return sites of the calls that lead to them.
import { Op } from "../decode/op";
import { Block } from "../interp/blocks";
import { RegionBlock, region, regionBlock } from "./region";
import { lastInsn } from "./successors";

/** Return sites that a RET tries; the rest are looked up like any indirect jump. */
const MAX_SITES: u64 = 16;

// @ts-ignore: decorator
@inline
function bit(index: u32): u64 {
  return (<u64>1) << (<u64>index);
}

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
function functionBody(first: u32): u64 {
  let body = bit(first);
  let open = body;
  while (open) {
    const b = regionBlock(<u32>ctz(open));
    open &= open - 1;
    let further: u64 = 0;
    if (lastOp(b) == Op.CALL || lastOp(b) == Op.CALL_INDIRECT) {
      const site = returnSite(b);
      if (site >= 0) further = bit(<u32>site);
    } else {
      if (b.taken >= 0) further |= bit(<u32>b.taken);
      if (b.next >= 0) further |= bit(<u32>b.next);
      if (lastOp(b) == Op.JMP_INDIRECT) further |= b.targets;
    }
    further &= ~body;
    body |= further;
    open |= further;
  }
  return body;
}

/** Region blocks that a call is known or expected to go to. */
function calleesOf(b: RegionBlock): u64 {
  const op = lastOp(b);
  if (op == Op.CALL_INDIRECT) return b.targets;
  return op == Op.CALL && b.taken >= 0 ? bit(<u32>b.taken) : 0;
}

/** Sets `targets` of all blocks that end with RET. */
export function findReturns(): void {
  for (let i: u32 = 0; i < region().blockCount; i++) {
    const call = regionBlock(i);
    const callees = calleesOf(call);
    const site = callees ? returnSite(call) : -1;
    if (site < 0) continue;
    for (let left = callees; left; left &= left - 1) addReturns(<u32>ctz(left), <u32>site);
  }
}

/** The RETs of the function at block `callee` may go to `site`. */
function addReturns(callee: u32, site: u32): void {
  for (let body = functionBody(callee); body; body &= body - 1) {
    const b = regionBlock(<u32>ctz(body));
    if (lastOp(b) == Op.RET && popcnt(b.targets) < MAX_SITES) b.targets |= bit(site);
  }
}
