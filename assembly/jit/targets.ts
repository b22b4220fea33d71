// Where indirect jumps and calls have gone: for each source, up to MAX_TARGETS IPs. A prediction, for wide regions; sources that share a
// place forget each other.
import { TARGET_TABLE } from "./layout";

export const MAX_TARGETS: u32 = 15;
const PLACES: u32 = 512;
const PLACE_SIZE: u32 = 128;


@unmanaged
class Place {
  /** Low half of the source block's IP. */
  source: u32;
  count: u32;
}

// @ts-ignore: decorator
@inline
function placeOf(source: u32): Place {
  return changetype<Place>(<usize>(TARGET_TABLE + ((source ^ (source >> 9)) & (PLACES - 1)) * PLACE_SIZE));
}

// @ts-ignore: decorator
@inline
function slotOf(place: Place, index: u32): usize {
  return changetype<usize>(place) + 8 + ((<usize>index) << 3);
}

/** The block at `source` (low half of its IP) has gone to `target`. */
export function noteTarget(source: u32, target: u64): void {
  const place = placeOf(source);
  if (place.source != source) {
    place.source = source;
    place.count = 0;
  }
  const count = place.count;
  for (let i: u32 = 0; i < count; i++) if (load<u64>(slotOf(place, i)) == target) return;
  if (count == MAX_TARGETS) return;
  store<u64>(slotOf(place, count), target);
  place.count = count + 1;
}

/** How many targets of `source` are known. */
export function targetCount(source: u32): u32 {
  const place = placeOf(source);
  return place.source == source ? place.count : 0;
}

export function knownTarget(source: u32, index: u32): u64 {
  return load<u64>(slotOf(placeOf(source), index));
}
