import { expect, it } from "vitest";
import { Pace } from "./pace.ts";

const LIMITS = { shortestMs: 8, longestMs: 20, busyMs: 50 };

function waits(pace: Pace, count: number): number[] {
  return Array.from({ length: count }, () => {
    pace.advance();
    return pace.ms;
  });
}

it("doubles the wait up to the limit of a guest that rests, or that of one that does not", () => {
  let rests = 0;
  expect(waits(new Pace(LIMITS, () => ++rests), 3)).toEqual([16, 20, 20]);
  expect(waits(new Pace(LIMITS, () => 0), 4)).toEqual([16, 32, 50, 50]);
});

it("comes down when the guest has rested, and begins anew after a pause", () => {
  let rests = 0;
  const pace = new Pace(LIMITS, () => rests);
  expect(waits(pace, 4).at(-1)).toBe(50);
  rests++;
  expect(waits(pace, 2)).toEqual([20, 40]);
  expect(pace.isShortest).toBe(false);
  pace.reset();
  expect([pace.ms, pace.isShortest]).toEqual([8, true]);
});
