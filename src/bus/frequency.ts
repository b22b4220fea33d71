const NS_PER_SECOND = 1_000_000_000;

/**
 * Whole ticks of a `hz` oscillator in `elapsedNs`. Exact for hz up to 9 MHz over the whole range of the clock: whole seconds
 * and the rest are converted apart, so that no product passes 2^53.
 */
export function ticksInNs(elapsedNs: number, hz: number): number {
  const seconds = Math.floor(elapsedNs / NS_PER_SECOND);
  return seconds * hz + Math.floor(((elapsedNs - seconds * NS_PER_SECOND) * hz) / NS_PER_SECOND);
}

/** The least whole number of ns in which `ticks` have passed: `ticksInNs(nsForTicks(n)) === n`. */
export function nsForTicks(ticks: number, hz: number): number {
  const seconds = Math.floor(ticks / hz);
  return seconds * NS_PER_SECOND + Math.ceil(((ticks - seconds * hz) * NS_PER_SECOND) / hz);
}
