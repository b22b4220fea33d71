/** Compares what the guest did with what the processor did, and says the difference so that one can act on it. */

import { initialImage, type MemoryRun, type Result } from "./caseFile.ts";
import { FX } from "./fpState.ts";
import { imageOffset } from "./layout.ts";
import type { TestCase } from "./testCase.ts";

const NAMES = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split(" ");
const FLAG_NAMES: readonly [number, string][] = [
  [1, "CF"],
  [4, "PF"],
  [0x10, "AF"],
  [0x40, "ZF"],
  [0x80, "SF"],
  [0x100, "TF"],
  [0x200, "IF"],
  [0x400, "DF"],
  [0x800, "OF"],
  [0x4000, "NT"],
  [0x10000, "RF"],
  [0x40000, "AC"],
  [0x200000, "ID"],
];

const hex = (bytes: Uint8Array) =>
  Buffer.from(bytes)
    .toString("hex")
    .replace(/(..)(?=.)/g, "$1 ");
const flagText = (flags: number) =>
  FLAG_NAMES.filter(([bit]) => flags & bit)
    .map(([, name]) => name)
    .join(" ") || "none";

/** Memory after a case, with what is not compared set to the processor's. */
function memoryAfter(test: TestCase, runs: readonly MemoryRun[]): Uint8Array {
  const image = initialImage(test).slice();
  for (const { address, bytes } of runs) image.set(bytes, imageOffset(address));
  for (const { address, length } of test.ignoredMemory)
    image.fill(0, imageOffset(address), imageOffset(address) + length);
  return image;
}

function memoryDifferences(test: TestCase, got: Result, expected: Result, say: (text: string) => void): void {
  const mine = memoryAfter(test, got.memory);
  const theirs = memoryAfter(test, expected.memory);
  if (Buffer.compare(mine, theirs) === 0) return;
  let first = 0;
  while (mine[first] === theirs[first]) first++;
  let last = mine.length - 1;
  while (mine[last] === theirs[last]) last--;
  const show = (runs: readonly MemoryRun[]) =>
    runs.map((run) => `${run.address.toString(16)}: ${hex(run.bytes.subarray(0, 32))}`).join("; ") || "nothing";
  say(
    `memory differs in image ${first.toString(16)}-${last.toString(16)}: wrote ${show(got.memory)}, expected ${show(expected.memory)}`,
  );
}

/** RCPPS and RSQRTPS: a relative error of at most 1.5 * 2^-12 (SDM vol. 2B); the host's own result has the same. */
function near(a: number, b: number): boolean {
  return Object.is(a, b) || (Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) <= Math.abs(b) * 3 * 2 ** -12;
}

function fxDifferences(test: TestCase, got: Uint8Array, expected: Uint8Array, say: (text: string) => void): void {
  const mine = new DataView(got.buffer, got.byteOffset, 512);
  const theirs = new DataView(expected.buffer, expected.byteOffset, 512);
  const word = (name: string, at: number, ignore = 0) => {
    const [a, b] = [mine.getUint16(at, true) & ~ignore, theirs.getUint16(at, true) & ~ignore];
    if (a !== b) say(`${name} ${a.toString(16)}, expected ${b.toString(16)}`);
  };
  word("FCW", FX.FCW);
  word("FSW", FX.FSW, test.undefinedStatus);
  if (mine.getUint8(FX.FTW) !== theirs.getUint8(FX.FTW))
    say(`tags ${mine.getUint8(FX.FTW).toString(16)}, expected ${theirs.getUint8(FX.FTW).toString(16)}`);
  word("MXCSR", FX.MXCSR);
  const show = (at: number, length: number, name: string) => {
    const [a, b] = [got.subarray(at, at + length), expected.subarray(at, at + length)];
    if (Buffer.compare(a, b) === 0) return;
    if (
      test.approximate &&
      [0, 4, 8, 12].every((i) => near(mine.getFloat32(at + i, true), theirs.getFloat32(at + i, true)))
    )
      return;
    const text = (bytes: Uint8Array) => Buffer.from(bytes).reverse().toString("hex");
    say(`${name} ${text(a)}, expected ${text(b)}`);
  };
  for (let i = 0; i < 8; i++) show(FX.ST + 16 * i, 10, `ST${i}`);
  for (let i = 0; i < (test.bits === 64 ? 16 : 8); i++) show(FX.XMM + 16 * i, 16, `XMM${i}`);
}

/** The initial state of what matters, for the report. */
function inputs(test: TestCase): string {
  const registers = NAMES.slice(0, test.bits === 64 ? 16 : 8).map(
    (name, i) => `${name}=${test.registers[i]!.toString(16)}`,
  );
  const memory = test.memory.map(({ address, bytes }) => `[${address.toString(16)}]=${hex(bytes.subarray(0, 16))}`);
  const fx: string[] = [];
  if (test.fx) {
    const view = new DataView(test.fx.buffer, test.fx.byteOffset, 512);
    const reversed = (at: number, length: number) =>
      Buffer.from(test.fx!.subarray(at, at + length))
        .reverse()
        .toString("hex");
    fx.push(
      `fcw=${view.getUint16(0, true).toString(16)} fsw=${view.getUint16(2, true).toString(16)} tags=${test.fx[4]!.toString(16)} mxcsr=${view.getUint32(24, true).toString(16)}`,
    );
    if (test.family === "x87") for (let i = 0; i < 8; i++) fx.push(`ST${i}=${reversed(FX.ST + 16 * i, 10)}`);
    else
      for (let i = 0; i < 8; i++)
        fx.push(`XMM${i}=${reversed(FX.XMM + 16 * i, 16)} MM${i}=${reversed(FX.ST + 16 * i, 8)}`);
  }
  return [...registers, `flags=${test.flags.toString(16)} (${flagText(test.flags)})`, ...memory, ...fx].join(" ");
}

/** Text of all differences, or undefined if there are none. */
export function difference(test: TestCase, got: Result, expected: Result): string | undefined {
  const lines: string[] = [];
  const say = (text: string) => lines.push(text);
  const end = (r: Result) =>
    `vector ${r.vector}${r.error ? ` error ${r.error.toString(16)}` : ""} at start + ${r.rip - BigInt(test.at)}${r.vector === 14 ? ` CR2 ${r.cr2.toString(16)}` : ""}`;
  if (end(got) !== end(expected)) say(`ends in ${end(got)}, expected ${end(expected)}`);
  for (let i = 0; i < (test.bits === 64 ? 16 : 8); i++)
    if (got.registers[i] !== expected.registers[i])
      say(`${NAMES[i]} ${got.registers[i]!.toString(16)}, expected ${expected.registers[i]!.toString(16)}`);
  const wrong = (got.flags ^ expected.flags) & ~test.undefinedFlags;
  if (wrong) say(`flags ${flagText(got.flags)}, expected ${flagText(expected.flags)}: wrong ${flagText(wrong)}`);
  memoryDifferences(test, got, expected, say);
  if (got.fx && expected.fx) fxDifferences(test, got.fx, expected.fx, say);
  return lines.length ? `${describeCase(test)}\n    ${lines.join("\n    ")}\n    from ${inputs(test)}` : undefined;
}

export function describeCase(test: TestCase): string {
  return `${test.bits}-bit ${test.family} "${test.name}": ${hex(test.code)}`;
}
