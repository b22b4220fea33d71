// Random programs: the interpreter and translated code must agree on registers, flags, memory, instruction counts and traps.
// `npm run fuzz` (fuzz.ts) goes on with other seeds; a failure names its seed and prints the smallest program that fails.
import { describe, expect, it } from "vitest";
import { run } from "./campaign.ts";
import type { Backend } from "./pair.ts";

/** Programs for each backend, from a seed on: those with forced translation take five times as long. */
const CAMPAIGNS: readonly (readonly [Backend, count: number, seed: number])[] = [
  ["jit", 300, 10_001],
  ["plain", 60, 20_001],
  ["small", 120, 30_001],
  ["auto", 1500, 40_001],
];
/** A failure takes a while to be shrunk, and a busy machine several times as long as a quiet one. */
const TIMEOUT_MS = 600_000;

describe.each(CAMPAIGNS)("%s against the interpreter", (backend, count, seed) => {
  it(
    `agrees on ${count} programs`,
    async () => {
      const goOn = (programs: number) => programs < count;
      const totals = await run({ backend, seed, goOn, maxFailures: 1 });
      expect(totals.failures.join("\n\n")).toBe("");
      expect(totals.programs).toBe(count);
      expect(totals.modules).toBeGreaterThan(count);
    },
    TIMEOUT_MS,
  );
});
