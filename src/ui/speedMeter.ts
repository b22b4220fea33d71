/** How fast a guest runs now, from its count of instructions: millions a second over the last second or so. */
const WINDOW_MS = 1500;
/** Counts nearer than this in time add nothing. */
const LEAST_MS = 200;

export class SpeedMeter {
  private readonly samples: { count: number; atMs: number }[] = [];

  /** Notes a count and returns the speed in MIPS. A count that went down (a reset) begins anew. */
  note(count: number, nowMs: number): number {
    const last = this.samples.at(-1);
    if (last !== undefined && count < last.count) this.samples.length = 0;
    if (last === undefined || nowMs - last.atMs >= LEAST_MS) this.samples.push({ count, atMs: nowMs });
    while (this.samples.length > 2 && nowMs - this.samples[1].atMs > WINDOW_MS) this.samples.shift();
    const first = this.samples[0];
    const elapsedMs = nowMs - (first?.atMs ?? nowMs);
    return elapsedMs > 0 ? (count - first.count) / elapsedMs / 1000 : 0;
  }
}
