// The engine against the processor: every case of every family (expected/, made by generate.ts on a host CPU).
import { describe, expect, it } from "vitest";
import { ENGINE_MODES } from "../support/engine.ts";
import { FAMILY_NAMES } from "./allCases.ts";
import { runFamily } from "./runCases.ts";

/** How many differences a failing family prints. */
const SHOWN = 8;

describe.each(ENGINE_MODES)("%s", (mode) => {
  describe.each([64, 32] as const)("%i-bit", (bits) => {
    it.each(FAMILY_NAMES)("%s does what the processor does", async (family) => {
      const { cases, failures } = await runFamily(family, bits, mode);
      expect(cases).toBeGreaterThan(100);
      const more = failures.length > SHOWN ? [`… and ${failures.length - SHOWN} more of ${cases}`] : [];
      expect([...failures.slice(0, SHOWN), ...more].join("\n")).toBe("");
    });
  });
});
