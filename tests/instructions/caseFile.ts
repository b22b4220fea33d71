/** What generate.ts and host.c exchange, and the results as the tests hold them. */

import { Random } from "../support/random.ts";
import { IMAGE_SIZE, imageOffset } from "./layout.ts";
import type { TestCase } from "./testCase.ts";

/** What memory holds before a case's own contents. */
export const BACKGROUND = new Random(0x7ab1e).bytes(IMAGE_SIZE);

/** The memory image a case starts with. */
export function initialImage(test: TestCase, into = new Uint8Array(IMAGE_SIZE)): Uint8Array {
  into.set(BACKGROUND);
  for (const { address, bytes } of test.memory) into.set(bytes, imageOffset(address));
  return into;
}

export interface MemoryRun {
  address: number;
  bytes: Uint8Array;
}

/** The end of a case: every case ends in an exception, #GP at its HLT if all went well. */
export interface Result {
  vector: number;
  error: number;
  /** Linear address of the last page fault; counts only when vector is #PF. */
  cr2: bigint;
  rip: bigint;
  flags: number;
  registers: BigUint64Array;
  /** Bytes that differ from the initial image. */
  memory: MemoryRun[];
  fx?: Uint8Array;
}

const HEADER_SIZE = 144;
const RESULT_SIZE = 168;

/** The input of host.c: u32 count, background, cases. */
export function packCases(cases: readonly TestCase[]): Buffer {
  const parts: Uint8Array[] = [];
  const count = Buffer.alloc(4);
  count.writeUInt32LE(cases.length);
  parts.push(count, BACKGROUND);
  for (const test of cases) {
    const header = Buffer.alloc(HEADER_SIZE);
    header.writeUInt32LE(test.at, 0);
    header.writeUInt32LE(test.flags, 4);
    header.writeUInt16LE(test.memory.length, 8);
    header.writeUInt8(test.code.length, 10);
    header.writeUInt8(test.fx ? 1 : 0, 11);
    for (let i = 0; i < 16; i++) header.writeBigUInt64LE(test.registers[i]!, 16 + 8 * i);
    parts.push(header);
    if (test.fx) parts.push(test.fx);
    parts.push(test.code);
    for (const { address, bytes } of test.memory) {
      const head = Buffer.alloc(6);
      head.writeUInt32LE(imageOffset(address), 0);
      head.writeUInt16LE(bytes.length, 4);
      parts.push(head, bytes);
    }
  }
  return Buffer.concat(parts);
}

/** The output of host.c. */
export function unpackResults(data: Buffer, count: number): Result[] {
  const results: Result[] = [];
  let at = 0;
  for (let n = 0; n < count; n++) {
    const registers = new BigUint64Array(16);
    for (let i = 0; i < 16; i++) registers[i] = data.readBigUInt64LE(at + 8 * i);
    const result: Result = {
      registers,
      rip: data.readBigUInt64LE(at + 128),
      flags: data.readUInt32LE(at + 136),
      cr2: data.readBigUInt64LE(at + 144),
      vector: data.readUInt32LE(at + 152),
      error: data.readUInt32LE(at + 156),
      memory: [],
    };
    const runs = data.readUInt32LE(at + 160);
    const hasFx = data.readUInt32LE(at + 164);
    at += RESULT_SIZE;
    if (hasFx) {
      result.fx = Uint8Array.from(data.subarray(at, at + 512));
      at += 512;
    }
    for (let run = 0; run < runs; run++) {
      const length = data.readUInt32LE(at + 4);
      result.memory.push({
        address: data.readUInt32LE(at),
        bytes: Uint8Array.from(data.subarray(at + 8, at + 8 + length)),
      });
      at += 8 + length;
    }
    results.push(result);
  }
  if (at !== data.length) throw new Error(`host.c wrote ${data.length} bytes, ${at} were expected`);
  return results;
}
