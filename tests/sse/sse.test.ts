// MMX, SSE and SSE2 against what a host CPU did (expected.txt, made by fuzz.ts and host.c): registers, memory, MXCSR with
// all rounding modes, DAZ, FTZ and unmasked exceptions, EFLAGS, the x87 tags.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EXPECTED_ROUNDS, EXPECTED_SEED } from "./expected";
import { compare, instantiate, runAll, unpack } from "./harness";
import { makeInputs, RECORD_BYTES } from "./inputs";

describe("SSE", () => {
  const engine = instantiate("test");
  const inputs = makeInputs(EXPECTED_SEED, EXPECTED_ROUNDS);
  const expected = unpack(inputs, readFileSync(new URL("./expected.txt", import.meta.url), "latin1"));
  const results = runAll(engine, inputs);

  it("does what the processor did", () => {
    expect(inputs.length / RECORD_BYTES).toBeGreaterThan(10_000);
    expect([...compare(inputs, expected, results)].slice(0, 10)).toEqual([]);
  });

  it("approximates reciprocals within 1.5 * 2^-12 of the processor's", () => {
    let checked = 0;
    for (let at = 0; at < inputs.length; at += RECORD_BYTES) {
      const opcode = inputs[inputs.indexOf(0x0f, at + 1) + 1] as number;
      if ((opcode !== 0x52 && opcode !== 0x53) || expected[at + 88]) continue;
      const want = new Float32Array(expected.buffer, at, 4);
      const got = new Float32Array(results.buffer, at, 4);
      for (let lane = 0; lane < 4; lane++) {
        const w = want[lane] as number;
        const g = got[lane] as number;
        if (Number.isFinite(w) && w !== 0) expect(Math.abs(g / w - 1)).toBeLessThan(2 * 1.5 * 2 ** -12);
        else expect(g).toBe(w);
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(100);
  });
});
