/** The machine's clocks: `host` follows the wall clock, `icount` counts instructions so that runs repeat bit for bit. */
import { TimerQueue } from "../bus/timerQueue.ts";

/** A clock that drives a machine. */
export abstract class MachineClock extends TimerQueue {
  /** Guest time stands still while the machine is paused. */
  abstract stop(): void;
  abstract start(): void;
  /** In HLT: goes straight to `deadlineNs` where time is virtual; says how long to sleep, in ms, where it is real. Infinity: no timer is armed. */
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

/**
 * Time of a running guest between two looks at the clock, at most. What is more the guest did not have: the host ran something else. Were
 * it given all at once, ticks of its timers would be lost (Linux then finds its timer interrupt missing); it is made up for later.
 */
const MAX_STEP_NS = 5e6;
/** Part by which time runs faster while there is something to make up for. */
const CATCH_UP = 1 / 8;

export class HostClock extends MachineClock {
  readonly exact = false;
  readonly epochMs = Date.now();
  private now = 0;
  /** Guests read the time with each system call, and in Node the global `performance` is a slow getter. */
  private readonly hostMs = performance.now.bind(performance);
  /** Time does not stand still. */
  private isRunning = false;
  /** Host time of the last look, ms. */
  private lookedAtMs = 0;
  /** How far guest time is behind. */
  private behindNs = 0;
  /** The guest sleeps: any time may go by until the next look. */
  private isIdle = false;

  /**
   * A guest that polls the time may need much longer for an instruction than the estimate that its slice was cut by; it
   * must not see time go by in which its timers should have fired.
   */
  nowNs(): number {
    const now = this.readNs();
    if (now >= this.nextDeadlineNs()) this.onDue?.();
    return now;
  }

  protected override readNs(): number {
    if (!this.isRunning) return Math.floor(this.now);
    const hostMs = this.hostMs();
    const step = Math.max(0, (hostMs - this.lookedAtMs) * NS_PER_MS);
    this.lookedAtMs = hostMs;
    if (this.isIdle) this.now += step;
    else this.advance(step);
    this.isIdle = false;
    return Math.floor(this.now);
  }

  start(): void {
    if (this.isRunning) return;
    this.lookedAtMs = this.hostMs();
    this.isRunning = true;
  }

  stop(): void {
    this.readNs();
    this.isRunning = false;
  }

  /** A sleeping guest can have the time that it is behind at once: none of its timers is due before `deadlineNs`. */
  idleUntil(deadlineNs: number): number {
    const now = this.nowNs();
    const made = Math.min(this.behindNs, Math.max(0, deadlineNs - now));
    this.behindNs -= made;
    this.now += made;
    const sleepMs = Math.max(0, (deadlineNs - now - made) / NS_PER_MS);
    this.isIdle = sleepMs > 0;
    return sleepMs;
  }

  instructionsUntil(deadlineNs: number, instructionsPerNs: number): number {
    return Math.max(1000, (deadlineNs - this.nowNs()) * instructionsPerNs);
  }

  private advance(step: number): void {
    if (step > MAX_STEP_NS) {
      this.behindNs += step - MAX_STEP_NS;
      this.now += MAX_STEP_NS;
      return;
    }
    const more = Math.min(this.behindNs, step * CATCH_UP);
    this.behindNs -= more;
    this.now += step + more;
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
    if (deadlineNs === Number.POSITIVE_INFINITY) return deadlineNs;
    this.skippedNs += Math.max(0, deadlineNs - this.nowNs());
    return 0;
  }

  instructionsUntil(deadlineNs: number, _instructionsPerNs: number): number {
    return Math.max(1, deadlineNs - this.nowNs());
  }
}
