/**
 * The committed results, as differences from each case's inputs: a byte stream, gzipped, in base64 lines. A first line holds a hash of
 * the inputs; generated cases that no longer match it want a new run of generate.ts.
 *
 *   u8 vector, zigzag (rip - start), [varint error], [u64 cr2 for #PF], varint (flags ^ flags before), u16 mask of changed registers,
 *   u64 each, varint runs, {varint address, varint length, bytes}, [x87 and SSE state: a mask of changed 8-byte words, the words]
 */
import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { packCases, type Result } from "./caseFile.ts";
import { DATA } from "./layout.ts";
import type { TestCase } from "./testCase.ts";

/** FXSAVE image up to the last XMM register, in 8-byte words. */
const FX_WORDS = 52;
const PAGE_FAULT = 14;

class Writer {
  private readonly buffer: number[] = [];
  u8(value: number): void {
    this.buffer.push(value & 0xff);
  }
  varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.u8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.u8(rest);
  }
  bytes(bytes: Uint8Array): void {
    for (const byte of bytes) this.buffer.push(byte);
  }
  u64(value: bigint): void {
    for (let i = 0n; i < 64n; i += 8n) this.u8(Number((value >> i) & 0xffn));
  }
  done(): Buffer {
    return Buffer.from(this.buffer);
  }
}

class Reader {
  private at = 0;
  constructor(private readonly data: Buffer) {}
  u8(): number {
    return this.data[this.at++]!;
  }
  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }
  bytes(length: number): Uint8Array {
    this.at += length;
    return this.data.subarray(this.at - length, this.at);
  }
  u64(): bigint {
    this.at += 8;
    return this.data.readBigUInt64LE(this.at - 8);
  }
  get finished(): boolean {
    return this.at === this.data.length;
  }
}

const zigzag = (value: number) => (value < 0 ? -value * 2 - 1 : value * 2);
const unzigzag = (value: number) => (value % 2 ? -(value + 1) / 2 : value / 2);
const words = (fx: Uint8Array) => new DataView(fx.buffer, fx.byteOffset, fx.byteLength);

function write(w: Writer, test: TestCase, result: Result): void {
  w.u8(result.vector);
  w.varint(zigzag(Number(BigInt.asIntN(64, result.rip - BigInt(test.at)))));
  w.varint(result.error);
  if (result.vector === PAGE_FAULT) w.u64(result.cr2);
  w.varint((result.flags ^ test.flags) >>> 0);
  const changed = [...result.registers.keys()].filter((i) => result.registers[i] !== test.registers[i]);
  const mask = changed.reduce((sum, i) => sum | (1 << i), 0);
  w.u8(mask);
  w.u8(mask >> 8);
  for (const i of changed) w.u64(result.registers[i]!);
  w.varint(result.memory.length);
  for (const run of result.memory) {
    w.varint(run.address - DATA);
    w.varint(run.bytes.length);
    w.bytes(run.bytes);
  }
  if (!test.fx || !result.fx) return;
  const before = words(test.fx);
  const after = words(result.fx);
  const different = [...Array(FX_WORDS).keys()].filter(
    (i) => before.getBigUint64(i * 8, true) !== after.getBigUint64(i * 8, true),
  );
  w.varint(different.length);
  for (const i of different) {
    w.u8(i);
    w.u64(after.getBigUint64(i * 8, true));
  }
}

function read(r: Reader, test: TestCase): Result {
  const vector = r.u8();
  const rip = BigInt.asUintN(test.bits, BigInt(test.at) + BigInt(unzigzag(r.varint())));
  const error = r.varint();
  const cr2 = vector === PAGE_FAULT ? r.u64() : 0n;
  const flags = (r.varint() ^ test.flags) >>> 0;
  const mask = r.u8() | (r.u8() << 8);
  const registers = test.registers.slice();
  for (let i = 0; i < 16; i++) if ((mask >> i) & 1) registers[i] = r.u64();
  const result: Result = { vector, rip, error, cr2, flags, registers, memory: [] };
  for (let runs = r.varint(); runs > 0; runs--) {
    const address = r.varint() + DATA;
    result.memory.push({ address, bytes: r.bytes(r.varint()) });
  }
  if (test.fx) {
    result.fx = test.fx.slice();
    for (let count = r.varint(); count > 0; count--) {
      const word = r.u8();
      words(result.fx).setBigUint64(word * 8, r.u64(), true);
    }
  }
  return result;
}

function inputHash(cases: readonly TestCase[]): string {
  return createHash("sha256").update(packCases(cases)).digest("hex").slice(0, 32);
}

export function packExpected(cases: readonly TestCase[], results: readonly Result[]): string {
  const w = new Writer();
  for (const [n, test] of cases.entries()) write(w, test, results[n]!);
  const text = gzipSync(w.done(), { level: 9 }).toString("base64");
  return `${inputHash(cases)} ${cases.length}\n${(text.match(/.{1,160}/g) ?? []).join("\n")}\n`;
}

export function unpackExpected(text: string, cases: readonly TestCase[]): Result[] {
  const newline = text.indexOf("\n");
  if (text.slice(0, newline) !== `${inputHash(cases)} ${cases.length}`)
    throw new Error(
      "the generated cases are not those the expectations were made for: run tests/instructions/generate.ts",
    );
  const r = new Reader(gunzipSync(Buffer.from(text.slice(newline + 1), "base64")));
  const results = cases.map((test) => read(r, test));
  if (!r.finished) throw new Error("the expectations hold more than the cases");
  return results;
}
