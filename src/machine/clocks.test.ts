import { afterEach, describe, expect, it, vi } from "vitest";
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
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("cuts the slice of a guest that sees a timer's time go by", () => {
    let hostMs = 0;
    vi.spyOn(performance, "now").mockImplementation(() => hostMs);
    const clock = new HostClock();
    clock.start();
    const fired: number[] = [];
    clock.createTimer("tick", () => fired.push(clock.nowNs())).arm(4e6);
    const cut = vi.fn();
    clock.onDue = cut;
    hostMs = 3;
    clock.nowNs();
    expect(cut).not.toHaveBeenCalled();
    hostMs = 5;
    clock.nowNs();
    expect(cut).toHaveBeenCalled();
    clock.fireDue();
    expect(fired).toEqual([5e6]);
    cut.mockClear();
    clock.fireDue();
    clock.nowNs();
    expect(cut).not.toHaveBeenCalled();
  });
});
