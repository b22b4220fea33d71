import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HostClock, InstructionClock } from "./clocks.ts";

describe("instruction clock", () => {
  it("counts an instruction as a nanosecond and skips idle time", () => {
    const clock = new InstructionClock();
    let retired = 0;
    clock.retired = () => retired;
    const fired: number[] = [];
    clock.createTimer("t", () => fired.push(clock.nowNs())).arm(1000);
    retired = 400;
    clock.fireDue();
    expect(fired).toEqual([]);
    expect(clock.instructionsUntil(clock.nextDeadlineNs(), 1)).toBe(600);
    expect(clock.idleUntil(clock.nextDeadlineNs())).toBe(0);
    clock.fireDue();
    expect(fired).toEqual([1000]);
    expect(clock.nowNs()).toBe(1000);
  });
});

describe("host clock", () => {
  let hostMs = 0;

  beforeEach(() => {
    hostMs = 1000;
    vi.spyOn(performance, "now").mockImplementation(() => hostMs);
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  function started(): HostClock {
    const clock = new HostClock();
    clock.start();
    return clock;
  }

  /** The guest runs for `ms`, and looks at the clock each 2 ms. */
  function run(clock: HostClock, ms: number): number {
    for (let left = ms; left > 0; left -= 2) {
      hostMs += 2;
      clock.nowNs();
    }
    return clock.nowNs();
  }

  it("cuts the slice of a guest that sees a timer's time go by", () => {
    const clock = started();
    const fired: number[] = [];
    clock.createTimer("tick", () => fired.push(clock.nowNs())).arm(4e6);
    const cut = vi.fn();
    clock.onDue = cut;
    hostMs += 3;
    clock.nowNs();
    expect(cut).not.toHaveBeenCalled();
    hostMs += 2;
    clock.nowNs();
    expect(cut).toHaveBeenCalled();
    clock.fireDue();
    expect(fired).toEqual([5e6]);
    cut.mockClear();
    clock.fireDue();
    clock.nowNs();
    expect(cut).not.toHaveBeenCalled();
  });

  it("gives a guest that runs no more than 5 ms at once, and the rest little by little", () => {
    const clock = started();
    hostMs += 85;
    expect(clock.nowNs()).toBe(5e6);
    expect(run(clock, 80)).toBe(95e6);
    expect(run(clock, 2000)).toBe(2165e6);
  });

  it("gives a guest that sleeps the rest at once, but no more than up to its next timer", () => {
    const clock = started();
    hostMs += 105;
    clock.nowNs();
    expect(clock.idleUntil(25e6)).toBe(0);
    expect(clock.nowNs()).toBe(25e6);
    expect(clock.idleUntil(135e6)).toBe(30);
    hostMs += 90;
    expect(clock.nowNs()).toBe(195e6);
    expect(clock.idleUntil(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    hostMs += 1000;
    expect(clock.nowNs()).toBe(1195e6);
  });

  it("stands still while the machine is paused", () => {
    const clock = started();
    hostMs += 4;
    clock.stop();
    hostMs += 1000;
    clock.start();
    hostMs += 3;
    expect(clock.nowNs()).toBe(7e6);
  });
});
