// Pages whose code keeps changing: translating it again each time would cost more than it gains, so it is interpreted for
// a while, longer each time. And pages that have become data, with code of their former life. Direct mapped by physical page; a page that
// loses its place starts afresh.
import { Vcpu } from "../cpu/state";
import { CHURN } from "./segments";

const PLACES: u32 = 512;
/** Invalidations that are let pass before the first pause. */
const PATIENCE: u32 = 4;
/** Instructions of the first pause; each further one is twice as long, up to 2^MAX_DOUBLINGS times. */
const FIRST_PAUSE: u64 = 1_000_000;
const MAX_DOUBLINGS: u32 = 10;
/** Stores beside its code after which a page's code is taken for what is left of an earlier use; each time 8 times as many. */
const FIRST_STORES: u32 = 512;
const MOST_DROPS: u32 = 7;


@unmanaged
class Churn {
  page: u32;
  invalidations: u32;
  /** Instruction count at which it may be translated again. */
  until: u64;
  /** Stores beside its code since it was dropped last, and how often it was. */
  stores: u32;
  drops: u32;
  _pad: u64;
}

// @ts-ignore: decorator
@inline
function placeOf(page: u32): Churn {
  return changetype<Churn>(CHURN + <usize>((page & (PLACES - 1)) << 5));
}

function claimPlace(page: u32): Churn {
  const place = placeOf(page);
  if (place.page == page) return place;
  place.page = page;
  place.invalidations = 0;
  place.until = 0;
  place.stores = 0;
  place.drops = 0;
  return place;
}

/** A write has hit translated code on `page`. */
export function noteInvalidation(cpu: Vcpu, page: u32): void {
  const place = claimPlace(page);
  place.invalidations++;
  if (place.invalidations < PATIENCE) return;
  place.until = cpu.instructions + (FIRST_PAUSE << (<u64>min(place.invalidations - PATIENCE, MAX_DOUBLINGS)));
}

/** Whether code on `page` is not to be translated for now. */
export function isChurning(cpu: Vcpu, page: u32): bool {
  const place = placeOf(page);
  return place.page == page && cpu.instructions < place.until;
}

/**
 * A store beside the code of `page`. True when there have been so many that the code is to be dropped: stores to the page are slow as
 * long as it has some, and what is run still is soon made again.
 */
export function noteStore(page: u32): bool {
  const place = claimPlace(page);
  place.stores++;
  return place.stores > FIRST_STORES << (3 * min(place.drops, MOST_DROPS));
}

/** The code of `page` has been dropped for the stores beside it. */
export function noteDrop(page: u32): void {
  const place = claimPlace(page);
  place.stores = 0;
  place.drops++;
}
