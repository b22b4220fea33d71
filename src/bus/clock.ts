/**
 * The one source of time for every device and the TSC (docs/architecture.md, "Time").
 * All times are nanoseconds of guest time as a JS number (exact to 2^53 ns = 104 days).
 */
export interface Clock {
  /** Guest time now, in nanoseconds since power-on. Never goes back. */
  nowNs(): number;
  /** Creates a one-shot timer, not yet armed; `name` is for traces. */
  createTimer(name: string, callback: () => void): Timer;
  /** Wall-clock time of day at power-on, milliseconds since the Unix epoch (for the RTC). */
  readonly epochMs: number;
}

/** A one-shot timer on a {@link Clock}. */
export interface Timer {
  /** Arms (or re-arms) the timer for the absolute guest time `deadlineNs`; one in the past fires at the next poll. */
  arm(deadlineNs: number): void;
  cancel(): void;
  /** The armed deadline in ns, or undefined. */
  readonly deadlineNs: number | undefined;
}
