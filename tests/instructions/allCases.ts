/** All instruction tests of one mode, family by family. */
import type { Bits } from "./encoder.ts";
import { arithmetic } from "./families/arithmetic.ts";
import { bits as bitInstructions, flags } from "./families/bits.ts";
import { faults } from "./families/faults.ts";
import { branches, moves } from "./families/moves.ts";
import { simdFloat, simdInteger } from "./families/simd.ts";
import { stack, stringInstructions } from "./families/stack.ts";
import { x87 } from "./families/x87.ts";
import { Family, type TestCase } from "./testCase.ts";

const FAMILIES: Record<string, (f: Family) => void> = {
  arithmetic,
  moves,
  branches,
  bits: bitInstructions,
  flags,
  stack,
  strings: stringInstructions,
  x87,
  simdInteger,
  simdFloat,
  faults,
};

export const FAMILY_NAMES = Object.keys(FAMILIES);

/** The cases of one family. They depend on nothing but its place in the list and the mode. */
export function familyCases(name: string, bits: Bits): TestCase[] {
  const f = new Family(name, bits, 0x1000_0000 * (FAMILY_NAMES.indexOf(name) + 1));
  FAMILIES[name]!(f);
  return f.cases;
}
