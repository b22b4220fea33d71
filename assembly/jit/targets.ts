// Where indirect jumps and calls have gone: for each source, the last MAX_TARGETS IPs. A prediction, for wide regions; sources that share a
// place forget each other. Old ones are forgotten: a program that is run again and again finds a library somewhere else each time.
import { TARGET_TABLE } from "./layout";

export const MAX_TARGETS: u32 = 15;
const PLACES: u32 = 512;
const PLACE_SIZE: u32 = 128;
/** When all are in use, one of so many jumps, less one, is looked at. */
const PASSED_MASK: u8 = 15;


@unmanaged
class Place {
  /** Low half of the source block's IP. */
  source: u32;
  count: u16;
  /** The one that is forgotten next, when all are in use. */
  oldest: u8;
  /** Jumps since all came into use, modulo 256. */
  passed: u8;
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
    place.oldest = 0;
  }
  const count = <u32>place.count;
  // A call that goes anywhere costs no more than this, most of the time.
  if (count == MAX_TARGETS && ++place.passed & PASSED_MASK) return;
  for (let i: u32 = 0; i < count; i++) if (load<u64>(slotOf(place, i)) == target) return;
  if (count < MAX_TARGETS) {
    store<u64>(slotOf(place, count), target);
    place.count = <u16>(count + 1);
    return;
  }
  const oldest = <u32>place.oldest;
  store<u64>(slotOf(place, oldest), target);
  place.oldest = <u8>((oldest + 1) % MAX_TARGETS);
}

/** How many targets of `source` are known. */
export function targetCount(source: u32): u32 {
  const place = placeOf(source);
  return place.source == source ? place.count : 0;
}

export function knownTarget(source: u32, index: u32): u64 {
  return load<u64>(slotOf(placeOf(source), index));
}
