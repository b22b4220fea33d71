/** The machine's clocks: `host` follows the wall clock, `icount` counts instructions so that runs repeat bit for bit. */
import { TimerQueue } from "../bus/timerQueue.ts";

/** A clock that drives a machine. */
export abstract class MachineClock extends TimerQueue {
  /** Guest time stands still while the machine is paused. */
  abstract stop(): void;
  abstract start(): void;
  /** In HLT: goes straight to `deadlineNs` where time is virtual; says how long to sleep, in ms, where it is real. */
  abstract idleUntil(deadlineNs: number): number;
  /** Most instructions to run before a look at the timers, given an estimate of the speed; Infinity: no limit. */
  abstract instructionsUntil(deadlineNs: number, instructionsPerNs: number): number;
  /**
   * Time is virtual: slices have a fixed length and stop exactly where they should, so that nothing of a run depends on
   * how fast the host is.
   */
  abstract readonly exact: boolean;
}

const NS_PER_MS = 1e6;

export class HostClock extends MachineClock {
  readonly exact = false;
  readonly epochMs = Date.now();
  private offsetNs = 0;
  private startedAtMs: number | undefined;
  private last = 0;

  /**
   * A guest that polls the time may need much longer for an instruction than the estimate that its slice was cut by; it
   * must not see time go by in which its timers should have fired (Linux then finds its timer interrupt missing).
   */
  nowNs(): number {
    const now = this.readNs();
    if (now >= this.nextDeadlineNs()) this.onDue?.();
    return now;
  }

  protected override readNs(): number {
    if (this.startedAtMs === undefined) return this.last;
    const now = Math.floor(this.offsetNs + (performance.now() - this.startedAtMs) * NS_PER_MS);
    if (now > this.last) this.last = now;
    return this.last;
  }

  start(): void {
    this.startedAtMs ??= performance.now();
  }

  stop(): void {
    this.offsetNs = this.nowNs();
    this.startedAtMs = undefined;
  }

  idleUntil(deadlineNs: number): number {
    return Math.max(0, (deadlineNs - this.nowNs()) / NS_PER_MS);
  }

  instructionsUntil(deadlineNs: number, instructionsPerNs: number): number {
    return Math.max(1000, (deadlineNs - this.nowNs()) * instructionsPerNs);
  }
}

/** One instruction is one nanosecond; HLT skips to the next deadline. */
export class InstructionClock extends MachineClock {
  readonly exact = true;
  /** A fixed day, so that the RTC repeats too. */
  readonly epochMs = Date.UTC(2026, 0, 1);
  private skippedNs = 0;
  retired: () => number = () => 0;

  nowNs(): number {
    return this.retired() + this.skippedNs;
  }

  start(): void {} // instructions stop by themselves

  stop(): void {}

  idleUntil(deadlineNs: number): number {
    this.skippedNs += Math.max(0, deadlineNs - this.nowNs());
    return 0;
  }

  instructionsUntil(deadlineNs: number, _instructionsPerNs: number): number {
    return Math.max(1, deadlineNs - this.nowNs());
  }
}
