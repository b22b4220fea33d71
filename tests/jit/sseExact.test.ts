/**
 * Exact and inexact results of SSE arithmetic and conversions while PE in MXCSR is clear: translated code finds in place which they
 * are. Each operation starts from the same MXCSR; result and flags have to be the interpreter's.
 */
import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/core/engine.ts";
import type { JitOptions } from "../../src/core/jit.ts";
import { le } from "../instructions/encoder.ts";
import { Random } from "../support/random.ts";
import { dword, machine32, outcome, runToHalt } from "./machine32.ts";

const ENTRY = 0x1000;
const MXCSR = 0x1_0000;
const DATA = 0x2_0000;
const RESULTS = 0x6_0000;
/** Two vectors in, a vector and MXCSR out. */
const STRIDE = 32;
const PAIRS = 2048;

interface Operation {
  name: string;
  prefix?: number;
  op: number;
  double: boolean;
  /** To a general register. */
  general?: boolean;
}

const FORMATS = [
  { suffix: "ps", double: false },
  { suffix: "pd", prefix: 0x66, double: true },
  { suffix: "ss", prefix: 0xf3, double: false },
  { suffix: "sd", prefix: 0xf2, double: true },
];
const ARITHMETIC = { add: 0x58, mul: 0x59, sub: 0x5c, div: 0x5e, sqrt: 0x51 };

const OPERATIONS: Operation[] = [
  ...Object.entries(ARITHMETIC).flatMap(([name, op]) =>
    FORMATS.map(({ suffix, ...format }) => ({ name: name + suffix, op, ...format })),
  ),
  { name: "cvtsd2ss", prefix: 0xf2, op: 0x5a, double: true },
  { name: "cvtpd2ps", prefix: 0x66, op: 0x5a, double: true },
  { name: "cvtss2sd", prefix: 0xf3, op: 0x5a, double: false },
  { name: "cvtdq2ps", op: 0x5b, double: false },
  { name: "cvtps2dq", prefix: 0x66, op: 0x5b, double: false },
  { name: "cvttps2dq", prefix: 0xf3, op: 0x5b, double: false },
  { name: "cvtpd2dq", prefix: 0xf2, op: 0xe6, double: true },
  { name: "cvttpd2dq", prefix: 0x66, op: 0xe6, double: true },
  { name: "cvtsi2ss", prefix: 0xf3, op: 0x2a, double: false },
  { name: "cvtsd2si", prefix: 0xf2, op: 0x2d, double: true, general: true },
  { name: "cvttsd2si", prefix: 0xf2, op: 0x2c, double: true, general: true },
  { name: "cvtss2si", prefix: 0xf3, op: 0x2d, double: false, general: true },
  { name: "cvttss2si", prefix: 0xf3, op: 0x2c, double: false, general: true },
];

/** Numbers as bits, of one format. */
class Numbers {
  readonly fraction: number;
  readonly bias: number;

  constructor(
    private readonly random: Random,
    readonly double: boolean,
  ) {
    this.fraction = double ? 52 : 23;
    this.bias = double ? 1023 : 127;
  }

  value(bits: bigint): number {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, bits);
    return this.double ? view.getFloat64(0) : view.getFloat32(4);
  }

  bits(value: number): bigint {
    const view = new DataView(new ArrayBuffer(8));
    if (this.double) view.setFloat64(0, value);
    else view.setFloat32(4, value);
    return view.getBigUint64(0);
  }

  /** A significand of a few bits, of nearly all, or ones only; with an exponent near others or near the ends. */
  any(): bigint {
    const { random, fraction, bias } = this;
    const kind = random.below(16);
    const sign = BigInt(random.below(2)) << BigInt(this.double ? 63 : 31);
    if (kind === 0) return sign;
    if (kind === 1) return sign | (BigInt(random.below(2)) << BigInt(random.below(fraction)));
    if (kind === 2) return this.bits((random.below(2) ? -1 : 1) * random.below(1000));
    const most = 2 * bias + 1;
    const near = bias - 30 + random.below(60);
    const exponent = random.pick([near, near, bias, bias, random.below(most), random.below(4), most - random.below(4)]);
    const width = random.pick([1, 3, fraction >> 1, (fraction >> 1) + 1, fraction - 1, fraction, fraction]);
    let bits = 0n;
    for (let n = 0; n < width; n++) bits = (bits << 1n) | BigInt(kind === 3 ? 1 : random.below(2));
    return sign | (BigInt(exponent) << BigInt(fraction)) | (bits << BigInt(fraction - width));
  }

  /** Two that often give an exact result, or nearly one. */
  pair(): [bigint, bigint] {
    const x = this.any();
    const y = this.any();
    const step = this.random.pick([0n, 0n, 1n]);
    switch (this.random.below(6)) {
      case 0: // x is a multiple of y, or next to one
        return [this.bits(this.value(x) * this.value(y)) + step, y];
      case 1: // a square
        return [x, (this.bits(this.value(x) ** 2) + step) & 0x7fff_ffff_ffff_ffffn];
      case 2: // sums that cancel
        return [x, this.bits(-this.value(x)) + step];
      default:
        return [x, y];
    }
  }
}

/** Vectors of pairs: the first operands of a pair of vectors, then the second. */
function data(double: boolean): Uint8Array {
  const random = new Random(double ? 11 : 12);
  const numbers = new Numbers(random, double);
  const bytes = new Uint8Array(STRIDE * PAIRS);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += STRIDE) {
    // All lanes plain in half of the vectors, so that one bad lane does not hide the others.
    const isPlain = random.below(2) === 0;
    for (let lane = 0; lane < 16; lane += double ? 8 : 4) {
      let [x, y] = numbers.pair();
      if (isPlain) [x, y] = [numbers.bits(random.below(4096) - 2048), numbers.bits((random.below(64) - 32) / 8)];
      if (double) {
        view.setBigUint64(at + lane, x, true);
        view.setBigUint64(at + 16 + lane, y, true);
      } else {
        view.setUint32(at + lane, Number(x & 0xffff_ffffn), true);
        view.setUint32(at + 16 + lane, Number(y & 0xffff_ffffn), true);
      }
    }
  }
  return bytes;
}

function program({ prefix, op, general }: Operation): number[] {
  const operation = [...(prefix === undefined ? [] : [prefix]), 0x0f, op];
  const body = [
    ...[0x0f, 0xae, 0x15, ...dword(MXCSR)], // ldmxcsr
    ...[0x0f, 0x28, 0x06], // movaps xmm0, [esi]
    ...[0x0f, 0x28, 0x4e, 16], // movaps xmm1, [esi + 16]
    ...operation,
    general ? 0xc1 : op === 0x2a ? 0x06 : 0xc1, // eax or xmm0, xmm1; xmm0, [esi]
    ...(general ? [0x66, 0x0f, 0x6e, 0xc0] : []), // movd xmm0, eax
    ...[0x0f, 0x29, 0x07], // movaps [edi], xmm0
    ...[0x0f, 0xae, 0x5f, 16], // stmxcsr [edi + 16]
    ...[0x83, 0xc6, STRIDE, 0x83, 0xc7, STRIDE], // add esi, edi
    ...[0x81, 0xfe, ...dword(DATA + STRIDE * PAIRS)], // cmp esi
  ];
  return [
    ...[0x0f, 0x20, 0xe0, 0x0d, ...dword(0x600), 0x0f, 0x22, 0xe0], // cr4 |= OSFXSR | OSXMMEXCPT
    ...[0xbe, ...dword(DATA), 0xbf, ...dword(RESULTS)],
    ...body,
    ...[0x0f, 0x85, ...dword(-(body.length + 6))],
    0xf4,
  ];
}

async function run(options: JitOptions, operation: Operation, memory: Uint8Array, mxcsr: number): Promise<string[]> {
  const pieces = { [ENTRY]: program(operation), [MXCSR]: le(mxcsr, 4), [DATA]: [...memory] };
  const engine: Engine = await machine32(options, ENTRY, pieces);
  runToHalt(engine);
  const bytes = new Uint8Array(STRIDE * PAIRS);
  engine.read(RESULTS, bytes);
  const hex = (at: number, from: Uint8Array) => Buffer.from(from.subarray(at, at + STRIDE)).toString("hex");
  const lines = Array.from({ length: PAIRS }, (_, n) => `${hex(n * STRIDE, memory)} -> ${hex(n * STRIDE, bytes)}`);
  return [...lines, outcome(engine)];
}

describe.each([
  ["as after reset", 0x1f80],
  ["DAZ and FTZ", 0x9fc0],
  ["rounding down", 0x3f80],
  ["with PE set", 0x1fa0],
])("MXCSR %s", (_name, mxcsr) => {
  it.each(OPERATIONS)("$name", async (operation) => {
    const memory = data(operation.double);
    const expected = await run({ mode: "off" }, operation, memory, mxcsr);
    const found = await run({ mode: "forced" }, operation, memory, mxcsr);
    const wrong = found.flatMap((line, n) => (line === expected[n] ? [] : [`${line}, not ${expected[n]}`]));
    expect(wrong).toEqual([]);
    if (mxcsr !== 0x1f80) return;
    // Both kinds of results are among them.
    const flags = expected.slice(0, PAIRS).map((line) => Number.parseInt(line.slice(-32, -30), 16) & 0x3f);
    expect(flags).toContain(0);
    if (operation.op !== 0x5a || operation.double) expect(flags).toContain(0x20);
  });
});
