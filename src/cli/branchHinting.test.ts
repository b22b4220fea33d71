import { expect, it } from "vitest";
import { needsFlag } from "./branchHinting.ts";

it.each([
  ["11.3.244.8-node.38", true],
  ["12.4.254.21-node.33", true],
  ["13.6.233.10-node.28", true],
  ["13.7.152.7", false],
  ["14.2.1", false],
  ["10.2.154", false],
])("V8 %s needs the flag: %s", (version, needed) => {
  expect(needsFlag(version)).toBe(needed);
});
