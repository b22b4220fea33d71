/**
 * x87 arithmetic and comparisons, translated and interpreted, on numbers that are near one another: every distance of exponents,
 * ties, carries, sums that cancel, zeros, and some that are not normal; from registers, doubles and singles.
 */
import { describe, expect, it } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import { Random } from "../support/random.ts";
import { dword, machine32, outcome, runToHalt } from "./machine32.ts";

const INIT = 0x800;
const CODE = 0x1000;
const DATA = 0x2_0000;
const RESULTS = 0x6_0000;
/** Two operands in; the result, the status word and what a double and a single of it are, out. */
const STRIDE = 32;
const PAIRS = 4096;

type Source = "register" | "double" | "single";

/** ST(0) = x, the operand y: of a register D8 C0 + 8 * reg, from memory DC or D8 with ModRM.reg. */
const OPERATIONS: Record<string, number> = { fadd: 0, fmul: 1, fcom: 2, fsub: 4, fsubr: 5, fdiv: 6 };

function significand(random: Random): bigint {
  const random64 = random.u64() | (1n << 63n);
  switch (random.below(6)) {
    case 0:
      return 1n << 63n;
    case 1:
      return (1n << 64n) - 1n - (random.below(2) ? 0n : BigInt(random.below(4)));
    case 2: // as a double
      return random64 & ~0x7ffn;
    case 3: // as a single
      return random64 & ~0xff_ffff_ffffn;
    case 4: // few ones at both ends
      return (1n << 63n) | BigInt(random.below(8));
    default:
      return random64;
  }
}

/** Sign and exponent, near `other`; now and then zero, denormal, near the ends, infinite. */
function exponent(random: Random, other: number): number {
  const sign = random.below(2) << 15;
  if (random.chance(12)) return sign | random.pick([0, 1, 2, 60, 70, 0x7ffd, 0x7ffe, 0x7fff]);
  return sign | (other + random.pick([0, 0, 1, -1, random.below(140) - 70, random.below(6) - 3]));
}

const f80 = (se: number, bits: bigint): number[] => [
  ...Array.from({ length: 8 }, (_, n) => Number((bits >> BigInt(8 * n)) & 0xffn)),
  se & 0xff,
  se >> 8,
];

function float(random: Random, source: Source): number[] {
  const bytes = new DataView(new ArrayBuffer(10));
  const value =
    (random.below(2) ? -1 : 1) * random.pick([0, 1, random.below(100), random.u32() / 2 ** 32, 2 ** -30, 1e20]);
  const fraction = random.chance(2) ? value : value * (1 + random.below(1 << 23) / (1 << 23));
  if (random.chance(30)) bytes.setBigUint64(0, random.u64(), true);
  else if (source === "double") bytes.setFloat64(0, fraction, true);
  else bytes.setFloat32(0, fraction, true);
  return [...new Uint8Array(bytes.buffer)];
}

function data(source: Source): Uint8Array {
  const random = new Random(source.length);
  const bytes = new Uint8Array(STRIDE * PAIRS);
  for (let at = 0; at < bytes.length; at += STRIDE) {
    const first = exponent(random, 0x3fff);
    const zero = random.chance(16);
    bytes.set(
      source === "single" ? float(random, source) : f80(first, zero && first < 1 ? 0n : significand(random)),
      at,
    );
    if (source === "register") {
      const isZero = random.chance(16);
      bytes.set(
        isZero ? f80(random.below(2) << 15, 0n) : f80(exponent(random, first & 0x7fff), significand(random)),
        at + 16,
      );
    } else bytes.set(float(random, source), at + 16);
  }
  return bytes;
}

function program(reg: number, source: Source): number[] {
  const load = source === "single" ? [0xd9, 0x06] : [0xdb, 0x2e]; // fld dword, fld tbyte [esi]
  const operate =
    source === "register"
      ? [0xdb, 0x6e, 16, 0xd9, 0xc9, 0xd8, 0xc1 | (reg << 3), 0xdd, 0xd9] // fld y; fxch; op st, st1; fstp st1
      : [source === "double" ? 0xdc : 0xd8, 0x46 | (reg << 3), 16];
  const body = [
    ...[0xdb, 0xe2], // fnclex
    ...load,
    ...operate,
    ...[0x9b, 0xdf, 0xe0, 0x89, 0x47, 12], // fwait; fnstsw ax; mov [edi + 12], eax
    ...[0xdd, 0x57, 16, 0xd9, 0x57, 24], // fst qword, fst dword
    ...[0xdb, 0x3f], // fstp tbyte [edi]
    ...[0x83, 0xc6, STRIDE, 0x83, 0xc7, STRIDE], // add esi, edi
    ...[0x81, 0xfe, ...dword(DATA + STRIDE * PAIRS)], // cmp esi
  ];
  const start = [0xbe, ...dword(DATA), 0xbf, ...dword(RESULTS), 0x31, 0xc0]; // esi, edi, eax = 0
  return [...start, ...body, 0x0f, 0x85, ...dword(-(body.length + 6)), 0xf4];
}

/** FNINIT is done before anything is translated: code that finds exceptions unmasked leaves the x87 to the engine. */
async function run(mode: "off" | "forced", code: number[], memory: Uint8Array): Promise<string[]> {
  const engine = await machine32({ mode }, INIT, { [INIT]: [0xdb, 0xe3, 0xf4], [CODE]: code, [DATA]: [...memory] });
  runToHalt(engine);
  engine.setField64(VcpuField.RIP, BigInt(CODE));
  engine.setField(VcpuField.HALTED, 0);
  engine.stateChanged();
  runToHalt(engine);
  const bytes = new Uint8Array(STRIDE * PAIRS);
  engine.read(RESULTS, bytes);
  const hex = (at: number, from: Uint8Array) => Buffer.from(from.subarray(at, at + STRIDE)).toString("hex");
  const lines = Array.from({ length: PAIRS }, (_, n) => `${hex(n * STRIDE, memory)} -> ${hex(n * STRIDE, bytes)}`);
  return [...lines, outcome(engine)];
}

describe.each(["register", "double", "single"] as const)("operand from %s", (source) => {
  it.each(Object.entries(OPERATIONS))("%s", async (_name, reg) => {
    const memory = data(source);
    const code = program(reg, source);
    const expected = await run("off", code, memory);
    const found = await run("forced", code, memory);
    expect(found.flatMap((line, n) => (line === expected[n] ? [] : [`${line}, not ${expected[n]}`]))).toEqual([]);
  });
});
