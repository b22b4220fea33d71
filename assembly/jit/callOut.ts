// Calls out of the region: its function waits for the one that is called (jit/nestedCalls.ts), and goes on at the return site, which
// is one of its entries, by beginning again: with a tail call of itself, because a loop around it all costs V8's code more.
import { vcpu } from "../cpu/state";
import { Block } from "../interp/blocks";
import { ExitCode, JitFeature, JitMode } from "../shared/jit";
import { ValueType, Wasm } from "../wasm/opcodes";
import { Helper } from "./helperNumber";
import { LowerState, TARGET_LOCAL, newLocal } from "./lowerState";
import { callHelper, functionNumber } from "./module";
import { NO_SITE, RegionBlock, region, regionBlock } from "./region";
import { returnSite } from "./returns";
import { isCall, lastInsn } from "./successors";
import { entryAt } from "./translations";

/** Locals of a function that waits, at most: 8 KB in a frame of V8's baseline code. */
const MOST_LOCALS: u32 = 500;

/** Finds the blocks that end with a call out of the region to come back to it. */
export function findCalls(s: LowerState): void {
  const isNested = mayWait();
  let hasCalls = false;
  for (let i: u32 = 0; i < region().blockCount; i++) {
    const b = regionBlock(i);
    b.site = isNested ? siteOf(b) : NO_SITE;
    if (b.site != NO_SITE) hasCalls = true;
  }
  s.hasCalls = hasCalls;
  s.site = NO_SITE;
  s.siteLocal = hasCalls && !s.leavesInPlace ? newLocal(s, ValueType.I32) : 0;
}

/**
 * In the caches, where wide regions run, waiting is slower than two transfers by the run loop. Without tail calls a function could not begin
 * again.
 */
function mayWait(): bool {
  const cpu = vcpu();
  if (!(cpu.jitFeatures & JitFeature.TAIL_CALLS)) return false;
  return !region().width || cpu.jitMode == JitMode.FORCED;
}

/** The block, an entry, at which a call out of the region comes back to it. */
function siteOf(b: RegionBlock): i8 {
  if (b.taken >= 0 || !isCall(lastInsn(changetype<Block>(<usize>b.block)))) return NO_SITE;
  const site = returnSite(b);
  return site >= 0 && regionBlock(<u32>site).entry >= 0 ? <i8>site : NO_SITE;
}

/** The next way out is by the call at the end of `b`: says where it comes back to. */
export function noteSite(s: LowerState, b: RegionBlock): void {
  if (b.site == NO_SITE) return;
  s.site = b.site;
  if (s.leavesInPlace) return;
  setSite(s);
  s.code.i32Const(entryOfSite(s));
  s.code.local(Wasm.LOCAL_SET, s.siteLocal);
}

/** The function begins again at the site, if it does. */
function setSite(s: LowerState): void {
  s.code.i32Const(s.site);
  s.code.local(Wasm.LOCAL_SET, TARGET_LOCAL);
}

function entryOfSite(s: LowerState): i32 {
  return <i32>changetype<usize>(entryAt(region().entries, <u32>regionBlock(<u32>s.site).entry));
}

/** At the end of the function, all being stored: makes the call if there is one, and begins again at the site when it comes back. */
export function emitCall(s: LowerState): void {
  if (!s.siteLocal || s.locals > MOST_LOCALS) return;
  const e = s.code;
  e.local(Wasm.LOCAL_GET, s.siteLocal);
  e.open(Wasm.IF, ValueType.EMPTY);
  e.local(Wasm.LOCAL_GET, s.exitLocal);
  e.local(Wasm.LOCAL_GET, s.siteLocal);
  callAndGoOn(s);
  e.end();
}

/** The same in place, by way out `code`; its exit code is on the stack then. */
export function emitCallInPlace(s: LowerState, code: u32): void {
  setSite(s);
  s.code.i32Const(<i32>code);
  s.code.i32Const(entryOfSite(s));
  callAndGoOn(s);
  s.code.local(Wasm.LOCAL_GET, s.exitLocal);
}

/** Calls with the exit code and the entry of the site that are on the stack. */
function callAndGoOn(s: LowerState): void {
  const e = s.code;
  callHelper(e, Helper.CALL);
  e.local(Wasm.LOCAL_TEE, s.exitLocal);
  e.i32Const(ExitCode.RETURNED);
  e.op(Wasm.I32_EQ);
  e.open(Wasm.IF, ValueType.EMPTY);
  e.local(Wasm.LOCAL_GET, TARGET_LOCAL);
  e.returnCall(functionNumber());
  e.end();
}

/** Whether the frame of the function, which is written, is small enough to wait: where it makes its calls in place it waits in any case. */
export function mayKeepWaiting(s: LowerState): bool {
  return !s.leavesInPlace || !s.hasCalls || s.locals <= MOST_LOCALS;
}
