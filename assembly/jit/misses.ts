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
const WINDOW: u32 = OFTEN * MOST_BETWEEN;
/** Bit of the IP that chooses in JitMode.FORCED, so that tests have both ways. */
const FORCED_CHOICE: u32 = 32;


@unmanaged
class Place {
  /** The instruction that it is for, low half of its IP. */
  ip: u32;
  /** Instructions retired by the VM when its misses began to be counted, the low half. */
  since: u32;
  count: u32;
  isOften: u32;
}

const PLACES: u32 = MISS_TABLE_SIZE / <u32>offsetof<Place>();

// @ts-ignore: decorator
@inline
function placeOf(ip: u32): Place {
  return changetype<Place>(<usize>(MISS_TABLE + ((ip ^ (ip >> 12)) & (PLACES - 1)) * <u32>offsetof<Place>()));
}

/** The instruction at `ip` (low half) has left its region. True: that was once too often. */
export function noteMiss(cpu: Vcpu, ip: u32): bool {
  const place = placeOf(ip);
  const now = <u32>cpu.instructions;
  if (place.ip != ip) {
    // Who came first keeps the place for a while: two that took it from each other would never be found out.
    if (place.count && now - place.since <= WINDOW) return false;
    place.ip = ip;
    place.count = 0;
    place.isOften = 0;
  }
  if (place.isOften) return false;
  if (!place.count) place.since = now;
  if (++place.count < OFTEN) return false;
  const often = now - place.since <= WINDOW;
  if (often) place.isOften = 1;
  else place.count = 0;
  return often;
}

/** Whether the instruction at `ip` (low half) had better not leave its region. */
export function missesOften(cpu: Vcpu, ip: u32): bool {
  if (cpu.jitMode == JitMode.FORCED) return (ip & FORCED_CHOICE) != 0;
  const place = placeOf(ip);
  return place.ip == ip && place.isOften != 0;
}
