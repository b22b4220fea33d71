/**
 * When operations of the outside (disks) end, in guest time. Never inside the guest's access that began them: drivers expect a device
 * to be busy for a moment, and a device that ends one operation may begin the next.
 *
 * With a clock that follows the wall clock an operation ends as soon as it is done. With one that counts instructions it ends a
 * time later that depends on nothing but the operation, and guest time stands still if it is not done by then: so runs repeat.
 */
import type { Clock, Timer } from "./clock.ts";

/** `error` is what the operation was rejected with, if it failed. */
export type IoDone = (error?: Error) => void;

export interface IoSchedulerOptions {
  /** Operations end at instants of guest time that follow from the guest's actions alone. */
  exact?: boolean;
}

/** A fast SSD's latency, and its transfer rate: for exact clocks. */
const EXACT_LATENCY_NS = 50_000;
const EXACT_BYTES_PER_NS = 1;

class Operation {
  settled = false;
  error: Error | undefined;
  done: IoDone | undefined;

  constructor(
    readonly dueNs: number,
    done: IoDone,
  ) {
    this.done = done;
  }

  /** The device has lost interest (reset): the operation goes on, nobody hears of its end. */
  cancel(): void {
    this.done = undefined;
  }
}

export type IoOperation = Pick<Operation, "cancel">;

export class IoScheduler {
  /** In the order in which they began. */
  private readonly operations: Operation[] = [];
  private readonly timer: Timer;
  private readonly exact: boolean;
  private release: (() => void) | undefined;
  private stall: Promise<void> | undefined;

  constructor(
    private readonly clock: Clock,
    options: IoSchedulerOptions = {},
  ) {
    this.exact = options.exact ?? false;
    this.timer = clock.createTimer("io", () => this.deliver());
  }

  /** Begins an operation on `bytes` bytes; `done` is called later, at most once. */
  submit(start: () => Promise<void> | undefined, bytes: number, done: IoDone): IoOperation {
    const latencyNs = this.exact ? EXACT_LATENCY_NS + Math.ceil(bytes / EXACT_BYTES_PER_NS) : 0;
    const operation = new Operation(this.clock.nowNs() + latencyNs, done);
    this.operations.push(operation);
    let pending: Promise<void> | undefined;
    try {
      pending = start();
    } catch (error) {
      operation.error = asError(error);
    }
    if (pending) {
      pending.then(
        () => this.settle(operation),
        (error: unknown) => {
          operation.error = asError(error);
          this.settle(operation);
        },
      );
    } else operation.settled = true;
    this.rearm();
    return operation;
  }

  /** While it is defined guest time must stand still, for an operation that is due and not done; resolved when it is. */
  get stalled(): Promise<void> | undefined {
    return this.stall;
  }

  /** Operations that have not ended. */
  get pending(): number {
    return this.operations.length;
  }

  private settle(operation: Operation): void {
    operation.settled = true;
    this.rearm();
  }

  private deliver(): void {
    const now = this.clock.nowNs();
    const due = this.operations.filter((operation) => operation.dueNs <= now);
    for (const operation of due) {
      if (!operation.settled) continue;
      this.operations.splice(this.operations.indexOf(operation), 1);
      operation.done?.(operation.error);
    }
    this.rearm();
  }

  private rearm(): void {
    const { operations } = this;
    const late = this.exact && operations.some((entry) => !entry.settled && entry.dueNs <= this.clock.nowNs());
    this.setStalled(late);
    const candidates = this.exact ? operations : operations.filter((operation) => operation.settled);
    const next = Math.min(...candidates.map((operation) => operation.dueNs));
    if (late || next === Number.POSITIVE_INFINITY) this.timer.cancel();
    else this.timer.arm(next);
  }

  private setStalled(stalled: boolean): void {
    if (stalled) {
      this.stall ??= new Promise((resolve) => {
        this.release = resolve;
      });
      return;
    }
    this.stall = undefined;
    this.release?.();
    this.release = undefined;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
