// Like fuzz.test.ts, all code translated before it runs; a file of its own, so that both run at a time.
import { expect, it } from "vitest";
import { run } from "./campaign.ts";
import { KNOWN_DEFECTS } from "./knownDefects.ts";

const PROGRAMS = 800;

it(`forced translation agrees with the interpreter on ${PROGRAMS} programs`, async () => {
  const totals = await run({
    backend: "jit",
    seed: 10_001,
    goOn: (programs) => programs < PROGRAMS,
    maxFailures: 1,
    without: KNOWN_DEFECTS,
  });
  expect(totals.failures.join("\n\n")).toBe("");
  expect(totals.programs).toBe(PROGRAMS);
  expect(totals.modules).toBeGreaterThan(5 * PROGRAMS);
});
