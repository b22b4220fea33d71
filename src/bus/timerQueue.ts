import type { Clock, Timer } from "./clock.ts";

class QueuedTimer implements Timer {
  deadlineNs: number | undefined;
  /** Order of arming, so that timers due at the same instant fire in the order they were armed: runs must repeat. */
  sequence = 0;

  constructor(
    readonly name: string,
    readonly callback: () => void,
    private readonly queue: TimerQueue,
  ) {}

  arm(deadlineNs: number): void {
    this.deadlineNs = deadlineNs;
    this.queue.armed(this);
  }

  cancel(): void {
    this.deadlineNs = undefined;
    this.queue.cancelled(this);
  }
}

/** The timer bookkeeping every {@link Clock} shares; a board has a dozen timers, so a scan beats a heap. */
export abstract class TimerQueue implements Clock {
  private readonly timers: QueuedTimer[] = [];
  private sequence = 0;
  private next = Number.POSITIVE_INFINITY;
  /** Called when the earliest deadline moves nearer or is seen to have passed, so that a running slice can be cut short. */
  onDue: (() => void) | undefined;

  abstract readonly epochMs: number;
  abstract nowNs(): number;

  /** The time, for the queue itself: nobody needs to be told what is due. */
  protected readNs(): number {
    return this.nowNs();
  }

  createTimer(name: string, callback: () => void): Timer {
    const timer = new QueuedTimer(name, callback, this);
    this.timers.push(timer);
    return timer;
  }

  /** The earliest armed deadline in ns, or Infinity. */
  nextDeadlineNs(): number {
    return this.next;
  }

  /** Fires every timer that is due, earliest first. */
  fireDue(): void {
    for (;;) {
      const now = this.readNs();
      if (this.next > now) return;
      const due = this.earliest();
      if (due?.deadlineNs === undefined || due.deadlineNs > now) return;
      due.deadlineNs = undefined;
      this.next = this.earliest()?.deadlineNs ?? Number.POSITIVE_INFINITY;
      due.callback();
    }
  }

  armed(timer: QueuedTimer): void {
    timer.sequence = ++this.sequence;
    const before = this.next;
    this.next = this.earliest()?.deadlineNs ?? Number.POSITIVE_INFINITY;
    if (this.next < before) this.onDue?.();
  }

  cancelled(_timer: QueuedTimer): void {
    this.next = this.earliest()?.deadlineNs ?? Number.POSITIVE_INFINITY;
  }

  private earliest(): QueuedTimer | undefined {
    let best: QueuedTimer | undefined;
    for (const timer of this.timers) {
      if (timer.deadlineNs === undefined) continue;
      if (best?.deadlineNs === undefined || timer.deadlineNs < best.deadlineNs) best = timer;
      else if (timer.deadlineNs === best.deadlineNs && timer.sequence < best.sequence) best = timer;
    }
    return best;
  }
}

/** Time that moves only when told to: for unit tests. */
export class FakeClock extends TimerQueue {
  readonly epochMs: number;
  private now = 0;

  constructor(epochMs = Date.UTC(2026, 0, 2, 3, 4, 5)) {
    super();
    this.epochMs = epochMs;
  }

  nowNs(): number {
    return this.now;
  }

  /** Moves time forward by `ns`, firing each timer at its own instant. */
  advance(ns: number): void {
    const end = this.now + ns;
    while (this.nextDeadlineNs() <= end) {
      this.now = Math.max(this.now, this.nextDeadlineNs());
      this.fireDue();
    }
    this.now = end;
  }
}
