import { describe, expect, it } from "vitest";
import { growth, measureProgram } from "./measure.ts";

/** A machine that takes `perRound` seconds a round, and the first time some more. */
function machine(perRound: number, extra: number) {
  const asked: number[] = [];
  const run = async (rounds: number) => {
    const seconds = rounds * perRound + (asked.length === 0 ? extra : 0);
    asked.push(rounds);
    return { seconds, guestSeconds: seconds / 2, checksum: "1" };
  };
  return { asked, run };
}

describe("growth", () => {
  it.each([
    [2, 1],
    [3, 1],
    [1.99, 2],
    [0.6, 4],
    [0.01, 64],
    [0, 64],
  ])("from %d s is by %d", (seconds, factor) => expect(growth(seconds)).toBe(factor));
});

describe("a program's measurement", () => {
  it("has the first rounds of all as its warm-up, and then grows until they take long enough", async () => {
    const { asked, run } = machine(0.001, 0.4);
    const timing = await measureProgram(run, 100);
    expect(asked).toEqual([100, 400, 3200]);
    expect(timing.warm.perRound).toBeCloseTo(0.005);
    expect(timing.steady).toMatchObject({ rounds: 3200 });
    expect(timing.steady.perRound).toBeCloseTo(0.001);
    expect(timing.steady.guestPerRound).toBeCloseTo(0.0005);
  });

  it("repeats rounds that are slow enough at once", async () => {
    const { asked, run } = machine(1, 5);
    expect((await measureProgram(run, 2)).steady).toMatchObject({ rounds: 2, perRound: 1 });
    expect(asked).toEqual([2, 2]);
  });

  it("distrusts answers that change", async () => {
    let checksum = 0;
    const run = async () => ({ seconds: 1, guestSeconds: 1, checksum: String(checksum++) });
    await expect(measureProgram(run, 1)).rejects.toThrow("checksums 0 and 1");
  });
});
