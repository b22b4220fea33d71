// Random programs: the interpreter and translated code must agree on registers, flags, memory, instruction counts and traps.
// `npm run fuzz` (fuzz.ts) goes on with other seeds; a failure names its seed.
import { describe, expect, it } from "vitest";
import { run } from "./campaign.ts";
import { KNOWN_DEFECTS } from "./knownDefects.ts";
import type { Backend } from "./pair.ts";

/** Programs for each backend: those with forced translation take longest. */
const PROGRAMS: readonly (readonly [Backend, number])[] = [
  ["plain", 150],
  ["small", 150],
  ["auto", 1200],
];

describe.each(PROGRAMS)("%s against the interpreter", (backend, count) => {
  it(`agrees on ${count} programs`, async () => {
    const totals = await run({
      backend,
      seed: 1,
      goOn: (programs) => programs < count,
      maxFailures: 1,
      without: KNOWN_DEFECTS,
    });
    expect(totals.failures.join("\n\n")).toBe("");
    expect(totals.programs).toBe(count);
    expect(totals.modules).toBeGreaterThan(count);
  });
});
