import { describe, expect, it } from "vitest";
import { InstructionClock } from "./clocks.ts";

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
