/** Every encoding of expected.txt: length, operation and operands as objdump reads them. */
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { type Expectation, readExpected } from "./expected.js";
import { DecoderHarness } from "./harness.js";
import { agrees, conditionOf } from "./mnemonics.js";
import { operands, readLine } from "./print.js";

const LOCKABLE = /^(add|or|adc|sbb|and|sub|xor|inc|dec|neg|not|xchg|xadd|cmpxchg(8b|16b)?|bts|btr|btc)$/;
const path = process.env.DECODE_EXPECTED ?? fileURLToPath(new URL("expected.txt", import.meta.url));
const expectations = readExpected(path);
let decoder: DecoderHarness;

beforeAll(async () => {
  decoder = await DecoderHarness.create();
});

interface Outcome {
  problem?: string;
  operandsCompared: boolean;
}

/** What is wrong with the record for one expectation. */
function check({ bits, bytes, ip, text }: Expectation): Outcome {
  const i = decoder.decode(bits, bytes, { ip });
  const none = { operandsCompared: false };
  if (i.result !== bytes.length) return { problem: `length ${i.result}, not ${bytes.length}`, ...none };
  const line = readLine(bits, text, i);
  if (line.lock && !(LOCKABLE.test(line.mnemonic) && /^\w* ?(\w\w:)?\[/.test(line.operands)))
    return i.name === "UD" ? none : { problem: "LOCK is illegal here", ...none };
  const agreed = agrees(line.mnemonic, line.operands, i);
  if (agreed === undefined)
    return i.op >= 448 || i.name === "UD" ? none : { problem: `${line.mnemonic} is ${i.name}`, ...none };
  if (!agreed) return { problem: `${line.mnemonic} is ${i.name}`, ...none };
  const condition = conditionOf(line.mnemonic);
  if (condition >= 0 && condition !== i.regField) return { problem: `condition ${i.regField}`, ...none };
  const printed = operands(bits, i);
  if (printed === undefined || line.operands === "") return none;
  const same = printed === line.operands;
  return { ...(same ? {} : { problem: `${printed}, not ${line.operands}` }), operandsCompared: true };
}

describe("objdump's reading", () => {
  for (const bits of [16, 32, 64] as const)
    it(`agrees in ${bits}-bit code`, () => {
      const lines = expectations.filter((expectation) => expectation.bits === bits);
      const problems: string[] = [];
      let compared = 0;
      for (const expectation of lines) {
        const { problem, operandsCompared } = check(expectation);
        if (operandsCompared) compared++;
        if (problem) problems.push(`${Buffer.from(expectation.bytes).toString("hex")} ${expectation.text}: ${problem}`);
      }
      expect(problems).toEqual([]);
      expect(lines.length).toBeGreaterThan(1500);
      expect(compared).toBeGreaterThan(lines.length / 3);
    });

  it("asks for more bytes until it has them all", () => {
    for (const { bits, bytes, ip } of expectations)
      for (let available = 0; available < bytes.length; available++)
        expect(decoder.decode(bits, bytes, { ip, available }).result).toBe(0);
  });

  it("reads no byte after the instruction", () => {
    for (const { bits, bytes, ip } of expectations) {
      const one = decoder.decode(bits, bytes, { ip, filler: 0 });
      expect(decoder.decode(bits, bytes, { ip, filler: 0xff, available: bytes.length })).toEqual(one);
    }
  });
});
