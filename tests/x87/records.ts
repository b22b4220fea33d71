// Records of generate.c (see there), and the form in which they are committed: a column for each byte, gzipped, in base64 lines.
import { gunzipSync, gzipSync } from "node:zlib";

const VALUES_BYTES = 256 * 10;
const OPERANDS_BYTES = 256 * 16;
const TABLES_BYTES = VALUES_BYTES + OPERANDS_BYTES;
const RECORD_BYTES = 216;

export interface X87Record {
  /** Low three bits of the escape byte D8 to DF. */
  esc: number;
  modrm: number;
  cw: number;
  sw: number;
  empty: number;
  flags: number;
  st: number[];
  operand: number;
  pointers: number;
  cwAfter: number;
  swAfter: number;
  twAfter: number;
  axAfter: number;
  flagsAfter: number;
  registers: Uint8Array;
  memory: Uint8Array;
}

export interface Recordings {
  values: Uint8Array;
  operands: Uint8Array;
  records: X87Record[];
}

export function parse(output: Uint8Array): Recordings {
  const view = new DataView(output.buffer, output.byteOffset, output.byteLength);
  const records: X87Record[] = [];
  for (let at = TABLES_BYTES; at < output.length; at += RECORD_BYTES) {
    records.push({
      esc: view.getUint8(at),
      modrm: view.getUint8(at + 1),
      cw: view.getUint16(at + 2, true),
      sw: view.getUint16(at + 4, true),
      empty: view.getUint8(at + 6),
      flags: view.getUint8(at + 7),
      st: [...output.subarray(at + 8, at + 16)],
      operand: view.getUint8(at + 16),
      pointers: view.getUint8(at + 17),
      cwAfter: view.getUint16(at + 18, true),
      swAfter: view.getUint16(at + 20, true),
      twAfter: view.getUint16(at + 22, true),
      axAfter: view.getUint16(at + 24, true),
      flagsAfter: view.getUint16(at + 26, true),
      registers: output.subarray(at + 28, at + 108),
      memory: output.subarray(at + 108, at + 216),
    });
  }
  return {
    values: output.subarray(0, VALUES_BYTES),
    operands: output.subarray(VALUES_BYTES, TABLES_BYTES),
    records,
  };
}

/** Registers (physical order) and memory before the instruction. */
export class Before {
  readonly registers = new Uint8Array(80);
  readonly memory = new Uint8Array(112);

  constructor(
    private readonly all: Recordings,
    private readonly record: X87Record,
  ) {
    const top = (record.sw >> 11) & 7;
    for (let n = 0; n < 8; n++) this.registers.set(this.register(n), 10 * ((top + n) & 7));
    for (let n = 0; n < 7; n++) {
      const at = 16 * ((record.operand + n) & 255);
      this.memory.set(all.operands.subarray(at, at + 16), 16 * n);
    }
  }

  /** ST(n). */
  register(n: number): Uint8Array {
    const at = 10 * (this.record.st[n] as number);
    return this.all.values.subarray(at, at + 10);
  }
}

/** Output of generate.c as text. */
export function pack(output: Uint8Array): string {
  const count = (output.length - TABLES_BYTES) / RECORD_BYTES;
  const columns = new Uint8Array(output.length);
  columns.set(output.subarray(0, TABLES_BYTES));
  for (let n = 0; n < count; n++) {
    for (let k = 0; k < RECORD_BYTES; k++)
      columns[TABLES_BYTES + k * count + n] = output[TABLES_BYTES + n * RECORD_BYTES + k] as number;
  }
  const text = gzipSync(columns, { level: 9 }).toString("base64");
  return `${(text.match(/.{1,160}/g) ?? []).join("\n")}\n`;
}

export function unpack(text: string): Recordings {
  const columns = gunzipSync(Buffer.from(text, "base64"));
  const count = (columns.length - TABLES_BYTES) / RECORD_BYTES;
  const output = new Uint8Array(columns.length);
  output.set(columns.subarray(0, TABLES_BYTES));
  for (let n = 0; n < count; n++) {
    for (let k = 0; k < RECORD_BYTES; k++)
      output[TABLES_BYTES + n * RECORD_BYTES + k] = columns[TABLES_BYTES + k * count + n] as number;
  }
  return parse(output);
}
