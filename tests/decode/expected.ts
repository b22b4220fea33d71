/** The format of expected.txt: sections `[bits]`, then lines of "hex text"; the text is objdump's (Intel syntax). */
import { readFileSync } from "node:fs";

/** Bytes between two samples in the image that objdump read, and samples in an image. */
export const STRIDE = 32;
export const CHUNK = 2048;

export interface Expectation {
  bits: 16 | 32 | 64;
  ip: number;
  bytes: Uint8Array;
  text: string;
}

export function readExpected(path: string): Expectation[] {
  const all: Expectation[] = [];
  let bits: Expectation["bits"] = 16;
  let n = 0;
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith("[")) {
      bits = Number(line.slice(1, -1)) as Expectation["bits"];
      n = 0;
      continue;
    }
    const space = line.indexOf(" ");
    const bytes = Uint8Array.from(Buffer.from(line.slice(0, space), "hex"));
    all.push({ bits, ip: (n++ % CHUNK) * STRIDE, bytes, text: line.slice(space + 1) });
  }
  return all;
}
