/** Instructions, translated for hosts that lack a feature: the families that such a feature has to do with. */
import { describe, expect, it } from "vitest";
import { runFamily } from "../instructions/runCases.ts";
import { FALLBACK_MODES } from "../support/engine.ts";

const FAMILIES = [
  ["simdInteger", 64],
  ["simdFloat", 64],
  ["branches", 64],
  ["strings", 64],
  ["stack", 32],
  ["flags", 32],
] as const;

describe.each(FALLBACK_MODES)("%s", (mode) => {
  it.each(FAMILIES)("%s, %i-bit, does what the processor does", async (family, bits) => {
    const { cases, failures } = await runFamily(family, bits, mode);
    expect(cases).toBeGreaterThan(100);
    expect(failures).toEqual([]);
  });
});
