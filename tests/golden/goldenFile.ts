/**
 * A golden file: a title, the mode, x86 code as bytes with its assembly beside it, and what the translator makes of it.
 *
 *     ; What the case shows.
 *     ; mode 64
 *
 *     x86
 *     1000  01 43 08                 add [rbx+8], eax
 *
 *     ir
 *     …
 *
 *     wasm
 *     …
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { GoldenText } from "./goldenText.ts";
import { MODES, type Mode } from "./guest.ts";

export interface GoldenFile {
  title: string;
  mode: Mode;
  /** Where the code lies: in low memory, so that addresses are short. With bit 4 set its state stays in memory (jit/regions.ts), of
   * code with bit 5 set each access looks for itself (jit/misses.ts). */
  start: number;
  code: Uint8Array;
  /** The assembly by address. */
  listing: ReadonlyMap<number, string>;
  /** Everything up to what is expected. */
  input: string;
  expected: string;
}

const LINE = /^([0-9a-f]{4}) {2}((?:[0-9a-f]{2} )+) *(\S.*)$/;

export function readGolden(path: string): GoldenFile {
  const text = readFileSync(path, "utf8");
  const [input = ""] = text.split(/^ir\n/m, 1);
  const [, title = ""] = /^; (.*)$/m.exec(input) ?? [];
  const mode = MODES.find((one) => input.includes(`\n; mode ${one}\n`));
  if (mode === undefined) throw new Error(`${path} does not say "; mode 16", 32 or 64`);
  return { title, mode, ...readCode(input, path), input, expected: text.slice(input.length) };
}

function readCode(input: string, path: string): Pick<GoldenFile, "start" | "code" | "listing"> {
  const bytes: number[] = [];
  let start = 0;
  const listing = new Map<number, string>();
  for (const line of input
    .split(/^x86\n/m)[1]
    ?.split("\n")
    .filter(Boolean) ?? []) {
    const [, address = "", hex = "", assembly = ""] = LINE.exec(line) ?? [];
    const at = Number.parseInt(address, 16);
    if (bytes.length === 0) start = at;
    if (at !== start + bytes.length) throw new Error(`${path}: "${line}" does not follow`);
    listing.set(at, assembly);
    bytes.push(
      ...hex
        .trim()
        .split(" ")
        .map((byte) => Number.parseInt(byte, 16)),
    );
  }
  return { start, code: Uint8Array.from(bytes), listing };
}

export function expectedText({ ir, wasm }: GoldenText): string {
  return `ir\n${ir}\nwasm\n${wasm}`;
}

export function writeGolden(path: string, { input }: GoldenFile, expected: string): void {
  writeFileSync(path, input + expected);
}
