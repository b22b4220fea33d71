// How long what is known of the mapping of code stays true.
//
// The jump cache, links between translations and the page checks of translations remember that a linear page led to some
// physical page. They keep the epoch in which that was so. Vcpu.mappingEpoch changes with every flush that can concern code,
// Vcpu.globalEpoch only with those that reach global pages; so the kernel's code stays known over a CR3 load.
// The pages that anything relies on (codeEpoch.ts) are noted by hash: INVLPG of any other page changes no epoch.
import { Vcpu } from "../cpu/state";
import { CODE_LINEAR } from "./tlb";

/** Bytes of each of the two sets of noted pages: of those that are not global, and of those that are. */
const SET_BYTES: usize = 1024;
const SET_MASK: u32 = 8191;

// @ts-ignore: decorator
@inline
function hashOf(linear: u64): u32 {
  const page = <u32>(linear >> 12);
  return (page ^ (page >> 13)) & SET_MASK;
}

// @ts-ignore: decorator
@inline
function setOf(isGlobal: bool): usize {
  return isGlobal ? CODE_LINEAR + SET_BYTES : CODE_LINEAR;
}

function isNoted(isGlobal: bool, linear: u64): bool {
  const hash = hashOf(linear);
  return ((<u32>load<u8>(setOf(isGlobal) + <usize>(hash >> 3))) & ((<u32>1) << (hash & 7))) != 0;
}

/** Something relies on the mapping of the page of `linear`. */
export function notePage(isGlobal: bool, linear: u64): void {
  const hash = hashOf(linear);
  const at = setOf(isGlobal) + <usize>(hash >> 3);
  store<u8>(at, <u8>((<u32>load<u8>(at)) | ((<u32>1) << (hash & 7))));
}

/** Whether what was true in `epoch` still is. */
// @ts-ignore: decorator
@inline
export function isCurrent(cpu: Vcpu, epoch: u32): bool {
  return epoch == cpu.mappingEpoch || epoch == cpu.globalEpoch;
}

/** Pages that are not global may be mapped differently from now on. */
export function endMappingEpoch(cpu: Vcpu): void {
  cpu.mappingEpoch = ++cpu.epochs;
  memory.fill(setOf(false), 0, SET_BYTES);
}

/** Any page may. */
export function endAllEpochs(cpu: Vcpu): void {
  cpu.globalEpoch = ++cpu.epochs;
  memory.fill(setOf(true), 0, SET_BYTES);
  endMappingEpoch(cpu);
}

/** The page of `linear` may: ends an epoch if anything relies on it. */
export function endEpochOf(cpu: Vcpu, linear: u64): void {
  if (isNoted(true, linear)) endAllEpochs(cpu);
  else if (isNoted(false, linear)) endMappingEpoch(cpu);
}
