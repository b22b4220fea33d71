// The 80-bit arithmetic against what an x87 did (expected.txt, made on a host CPU by fuzz.ts and generate.c): results, exception
// flags, C1 and condition codes bit for bit; transcendentals within one unit in the last place.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { check, type Harness, instantiate, OPS, RECORD_BYTES } from "./harness";
import { unpack } from "./records";

const records = unpack(readFileSync(new URL("./expected.txt", import.meta.url), "latin1"));

describe("softfloat", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await instantiate("test");
  }, 120_000);

  it.each(OPS.map((name, op) => ({ name, op })))("$name does what the processor did", ({ op }) => {
    const mine: Uint8Array[] = [];
    for (let at = 0; at < records.length; at += RECORD_BYTES) {
      if (records[at] === op) mine.push(records.subarray(at, at + RECORD_BYTES));
    }
    expect(mine.length).toBeGreaterThan(300);
    const failures = [...check(harness, Buffer.concat(mine))].map((failure) => failure.text);
    expect(failures.slice(0, 10)).toEqual([]);
  });
});
