// Accesses that leave their region again and again because the TLB does not have their page, or because a span of them (spans.ts) lies on
// two. Leaving costs some hundred times what an access costs, but keeps the usual way short; where it is usual itself, the region is formed
// anew, and asks the engine there.
import { Vcpu } from "../cpu/state";
import { JitMode } from "../shared/jit";
import { MISS_TABLE, MISS_TABLE_SIZE } from "./layout";

/** An instruction's misses are looked at by so many. */
const OFTEN: u32 = 1_000;
/** Instructions between two of them, at most, for the region to be worth making anew. */
const MOST_BETWEEN: u32 = 5_000;
/** Bit of the IP that chooses in JitMode.FORCED, so that tests have both ways. */
const FORCED_CHOICE: u32 = 32;


@unmanaged
class Place {
  /** Instructions retired by the VM when its misses began to be counted, the low half. */
  since: u32;
  count: u16;
  isOften: u16;
}

const PLACES: u32 = MISS_TABLE_SIZE / 8;

/** Instructions that share a place count together. */
// @ts-ignore: decorator
@inline
function placeOf(ip: u32): Place {
  return changetype<Place>(<usize>(MISS_TABLE + (((ip ^ (ip >> 12)) & (PLACES - 1)) << 3)));
}

/** The instruction at `ip` (low half) has left its region. True: that was once too often. */
export function noteMiss(cpu: Vcpu, ip: u32): bool {
  const place = placeOf(ip);
  if (place.isOften) return false;
  const now = <u32>cpu.instructions;
  if (!place.count) place.since = now;
  if (++place.count < OFTEN) return false;
  place.count = 0;
  const often = now - place.since <= OFTEN * MOST_BETWEEN;
  place.isOften = often ? 1 : 0;
  return often;
}

/** Whether the instruction at `ip` (low half) had better not leave its region. */
export function missesOften(cpu: Vcpu, ip: u32): bool {
  return cpu.jitMode == JitMode.FORCED ? (ip & FORCED_CHOICE) != 0 : placeOf(ip).isOften != 0;
}
