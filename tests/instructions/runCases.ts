/** Runs one family in one mode and engine mode against its expectations. */
import { readFileSync } from "node:fs";
import type { EngineMode } from "../support/engine.ts";
import { familyCases } from "./allCases.ts";
import { describeCase, difference } from "./compare.ts";
import type { Bits } from "./encoder.ts";
import { unpackExpected } from "./expected.ts";
import { Guest } from "./guest.ts";

export interface Outcome {
  cases: number;
  failures: string[];
}

/** After so many lost engines the rest of the family is not run. */
const MAX_RESTARTS = 100;

export async function runFamily(family: string, bits: Bits, mode: EngineMode): Promise<Outcome> {
  const cases = familyCases(family, bits);
  const expected = unpackExpected(
    readFileSync(new URL(`./expected/${family}-${bits}.txt`, import.meta.url), "latin1"),
    cases,
  );
  const guest = await Guest.create(mode, bits);
  const failures: string[] = [];
  let restarts = 0;
  for (const [n, test] of cases.entries()) {
    try {
      const text = difference(test, guest.run(test), expected[n]!);
      if (text) failures.push(text);
    } catch (error) {
      failures.push(`${describeCase(test)}\n    ${(error as Error).message}`);
      if (++restarts > MAX_RESTARTS) break;
      await guest.restart();
    }
  }
  return { cases: cases.length, failures };
}
