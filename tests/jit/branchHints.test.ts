/** The branch hints of a translated module stand at its branches. */
import { expect, it } from "vitest";
import { translate } from "../golden/guest.ts";

const IF = 0x04;
const BR_IF = 0x0d;
const CODE_SECTION = 10;

/** mov rax, [rsi]; add rax, [rsi + 8]; push rax; loop back; ret */
const CODE = Uint8Array.of(0x48, 0x8b, 0x06, 0x48, 0x03, 0x46, 0x08, 0x50, 0xe2, 0xf6, 0xc3);

class Reader {
  constructor(
    readonly bytes: Uint8Array,
    public at = 0,
  ) {}

  byte(): number {
    return this.bytes[this.at++] ?? Number.NaN;
  }

  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (!(byte & 0x80)) return value;
    }
  }

  take(length: number): Uint8Array {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

function sectionsOf(wasm: Uint8Array) {
  const reader = new Reader(wasm, 8);
  const sections: { id: number; name: string; body: Reader }[] = [];
  while (reader.at < wasm.length) {
    const id = reader.byte();
    const body = new Reader(reader.take(reader.unsigned()));
    sections.push({ id, name: id === 0 ? new TextDecoder().decode(body.take(body.unsigned())) : "", body });
  }
  return sections;
}

/** Where code in JitMode.FORCED asks the engine when the TLB misses (jit/misses.ts), which is the one unlikely part of an if. */
const ADDRESS = 0x1020;

const list = <T>(reader: Reader, read: () => T) => Array.from({ length: reader.unsigned() }, read);

it("each hint of a function is for an if or br_if, likely or not", async () => {
  const sections = sectionsOf((await translate(64, ADDRESS, CODE)).wasm);
  const hints = sections.find(({ name }) => name === "metadata.code.branch_hint")?.body as Reader;
  const code = sections.find(({ id }) => id === CODE_SECTION)?.body as Reader;
  expect(sections.indexOf(sections.find(({ id }) => id === CODE_SECTION) as never)).toBe(sections.length - 1);

  const bodies = list(code, () => code.take(code.unsigned()));
  const functions = list(hints, () => ({
    index: hints.unsigned(),
    hints: list(hints, () => ({ offset: hints.unsigned(), size: hints.byte(), likely: hints.byte() })),
  }));
  expect(hints.at).toBe(hints.bytes.length);
  const found = functions.flatMap(({ index, hints }) =>
    hints.map(({ offset, size, likely }) => ({ opcode: bodies[index]?.[offset], size, likely })),
  );
  expect(found.filter(({ opcode }) => opcode !== IF && opcode !== BR_IF)).toEqual([]);
  expect(found.every(({ size }) => size === 1)).toBe(true);
  expect(new Set(found.map(({ likely }) => likely))).toEqual(new Set([0, 1]));
});
