import { describe, expect, it } from "vitest";
import { geometricMean, median, medianOfKnown, table, timeText } from "./figures.ts";

describe("figures", () => {
  it("takes the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(() => median([])).toThrow(RangeError);
    expect(medianOfKnown([undefined, 3, 1, undefined, 2])).toBe(2);
    expect(medianOfKnown([undefined])).toBeUndefined();
  });

  it("means ratios so that a double and a half cancel out", () => {
    expect(geometricMean([2, 0.5])).toBeCloseTo(1);
    expect(geometricMean([8, 2])).toBeCloseTo(4);
    expect(geometricMean([])).toBeUndefined();
  });

  it.each([
    [12.345, "12.3 s"],
    [0.999, "999 ms"],
    [0.00123, "1.23 ms"],
    [4.56e-5, "45.6 µs"],
    [7e-9, "7.00 ns"],
    [0, "0.00 ns"],
  ])("writes %d s as %s", (seconds, text) => {
    expect(timeText(seconds)).toBe(text);
  });

  it("lines columns up", () => {
    expect(
      table([
        ["a", "b"],
        ["long", "1"],
        ["x", "222"],
      ]),
    ).toEqual(["a       b", "long    1", "x     222"]);
  });
});
