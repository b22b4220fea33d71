import { describe, expect, it } from "vitest";
import { IoScheduler } from "./ioScheduler.ts";
import { FakeClock } from "./timerQueue.ts";

/** An operation that is done when told. */
function slow() {
  let finish: () => void = () => {};
  let fail: (error: Error) => void = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  return { start: () => promise, finish, fail };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("IoScheduler", () => {
  it("ends a quick operation at the next look at the timers, not within the call", () => {
    const clock = new FakeClock();
    const scheduler = new IoScheduler(clock);
    const ended: string[] = [];
    scheduler.submit(
      () => undefined,
      512,
      () => ended.push("a"),
    );
    expect(ended).toEqual([]);
    clock.fireDue();
    expect(ended).toEqual(["a"]);
    expect(scheduler.pending).toBe(0);
  });

  it("ends a slow one once it is settled, others before it", async () => {
    const clock = new FakeClock();
    const scheduler = new IoScheduler(clock);
    const ended: string[] = [];
    const first = slow();
    scheduler.submit(first.start, 512, () => ended.push("slow"));
    scheduler.submit(
      () => undefined,
      512,
      () => ended.push("quick"),
    );
    clock.fireDue();
    expect(ended).toEqual(["quick"]);
    first.finish();
    await turn();
    clock.fireDue();
    expect(ended).toEqual(["quick", "slow"]);
  });

  it("hands failures on, thrown or rejected", async () => {
    const clock = new FakeClock();
    const scheduler = new IoScheduler(clock);
    const errors: (string | undefined)[] = [];
    const rejected = slow();
    const note = (error?: Error) => errors.push(error?.message);
    scheduler.submit(
      () => {
        throw new Error("thrown");
      },
      0,
      note,
    );
    scheduler.submit(rejected.start, 0, note);
    rejected.fail(new Error("rejected"));
    await turn();
    clock.fireDue();
    expect(errors).toEqual(["thrown", "rejected"]);
  });

  it("tells nobody of an operation that was cancelled", () => {
    const clock = new FakeClock();
    const scheduler = new IoScheduler(clock);
    const operation = scheduler.submit(
      () => undefined,
      0,
      () => expect.unreachable(),
    );
    operation.cancel();
    clock.fireDue();
    expect(scheduler.pending).toBe(0);
  });

  it("lets an operation begin the next", () => {
    const clock = new FakeClock();
    const scheduler = new IoScheduler(clock);
    let rounds = 0;
    const again = () => {
      if (++rounds < 3) scheduler.submit(() => undefined, 0, again);
    };
    scheduler.submit(() => undefined, 0, again);
    clock.fireDue();
    expect(rounds).toBe(3);
  });

  it("under an exact clock ends at an instant that follows from the operation, and holds guest time until it is done", async () => {
    const clock = new FakeClock();
    const scheduler = new IoScheduler(clock, { exact: true });
    const ended: number[] = [];
    const operation = slow();
    scheduler.submit(
      () => undefined,
      1000,
      () => ended.push(clock.nowNs()),
    );
    scheduler.submit(operation.start, 3000, () => ended.push(clock.nowNs()));
    clock.advance(52_000);
    expect(ended).toEqual([51_000]);
    expect(scheduler.stalled).toBeUndefined();
    clock.advance(1_000);
    expect(scheduler.stalled).toBeDefined();
    operation.finish();
    await turn();
    expect(scheduler.stalled).toBeUndefined();
    clock.fireDue();
    expect(ended).toEqual([51_000, 53_000]);
  });
});
