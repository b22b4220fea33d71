/**
 * How long to wait between two pieces of what goes on without a pause: from one to the next twice as long, up to a limit. A guest that never
 * rests is not watched closely, and what it costs to show more of it is time that the guest does not get: the limit is higher then.
 */
export interface PaceLimits {
  readonly shortestMs: number;
  readonly longestMs: number;
  /** The longest while the guest does not rest. */
  readonly busyMs: number;
}

export class Pace {
  /** The present wait, in ms; the shortest after a pause. */
  ms: number;
  private rests: number;

  /** @param countRests How often the guest has had nothing to do so far. */
  constructor(
    private readonly limits: PaceLimits,
    private readonly countRests: () => number,
  ) {
    this.ms = limits.shortestMs;
    this.rests = countRests();
  }

  /** One more piece follows: the wait gets longer. */
  advance(): void {
    const rests = this.countRests();
    const limit = rests === this.rests ? this.limits.busyMs : this.limits.longestMs;
    this.rests = rests;
    this.ms = Math.min(2 * this.ms, limit);
  }

  /** There was a pause, or somebody waits for what comes. */
  reset(): void {
    this.ms = this.limits.shortestMs;
  }

  get isShortest(): boolean {
    return this.ms === this.limits.shortestMs;
  }
}
