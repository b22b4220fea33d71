// Pages whose code keeps changing: translating it again each time would cost more than it gains, so it is interpreted for
// a while, longer each time. Direct mapped by physical page; a page that loses its place starts afresh.
import { Vcpu } from "../cpu/state";
import { CHURN } from "./segments";

const PLACES: u32 = 1024;
/** Invalidations that are let pass before the first pause. */
const PATIENCE: u32 = 4;
/** Instructions of the first pause; each further one is twice as long, up to 2^MAX_DOUBLINGS times. */
const FIRST_PAUSE: u64 = 1_000_000;
const MAX_DOUBLINGS: u32 = 10;


@unmanaged
class Churn {
  page: u32;
  invalidations: u32;
  /** Instruction count at which it may be translated again. */
  until: u64;
}

// @ts-ignore: decorator
@inline
function placeOf(page: u32): Churn {
  return changetype<Churn>(CHURN + <usize>((page & (PLACES - 1)) << 4));
}

/** A write has hit translated code on `page`. */
export function noteInvalidation(cpu: Vcpu, page: u32): void {
  const place = placeOf(page);
  if (place.page != page) {
    place.page = page;
    place.invalidations = 0;
    place.until = 0;
  }
  place.invalidations++;
  if (place.invalidations < PATIENCE) return;
  place.until = cpu.instructions + (FIRST_PAUSE << (<u64>min(place.invalidations - PATIENCE, MAX_DOUBLINGS)));
}

/** Whether code on `page` is not to be translated for now. */
export function isChurning(cpu: Vcpu, page: u32): bool {
  const place = placeOf(page);
  return place.page == page && cpu.instructions < place.until;
}
