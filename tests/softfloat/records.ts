// The committed expectations: records of generate.c, stored column by column, gzipped, in base64 lines.
import { gunzipSync, gzipSync } from "node:zlib";
import { RECORD_BYTES } from "./harness";

// Byte ranges of a record that are stored as columns; the rest is zero.
const COLUMNS: readonly (readonly [number, number])[] = [
  [0, 1],
  [2, 4],
  [4, 6],
  [8, 18],
  [18, 28],
  [28, 38],
  [38, 48],
];

export function pack(records: Uint8Array): string {
  const count = records.length / RECORD_BYTES;
  const parts: Uint8Array[] = [];
  for (const [from, to] of COLUMNS) {
    for (let i = 0; i < count; i++) parts.push(records.subarray(i * RECORD_BYTES + from, i * RECORD_BYTES + to));
  }
  const text = gzipSync(Buffer.concat(parts), { level: 9 }).toString("base64");
  return `${(text.match(/.{1,160}/g) ?? []).join("\n")}\n`;
}

export function unpack(text: string): Uint8Array {
  const columns = gunzipSync(Buffer.from(text, "base64"));
  const width = COLUMNS.reduce((sum, [from, to]) => sum + to - from, 0);
  const count = columns.length / width;
  const records = new Uint8Array(count * RECORD_BYTES);
  let at = 0;
  for (const [from, to] of COLUMNS) {
    for (let i = 0; i < count; i++) {
      records.set(columns.subarray(at, at + to - from), i * RECORD_BYTES + from);
      at += to - from;
    }
  }
  return records;
}
