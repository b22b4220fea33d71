/**
 * SSE arithmetic in loops, translated and interpreted: accumulators that live in XMM registers from block to block, comparisons that
 * branch, and numbers of every kind among plain ones, so that both the fast paths and the ways out of them are taken.
 */
import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/core/engine.ts";
import type { JitOptions } from "../../src/core/jit.ts";
import { le } from "../instructions/encoder.ts";
import { Random } from "../support/random.ts";
import { dword, machine32, outcome, runToHalt } from "./machine32.ts";

const ENTRY = 0x1000;
const MXCSR = 0x1_0000;
const IMAGE = 0x1_0100;
const DATA = 0x2_0000;
/** Bytes of data that one pass of the loop looks at. */
const STRIDE = 64;
const PASSES = 96;
const DATA_BYTES = STRIDE * PASSES;
const RESULTS = 0x4_0000;

const PS = undefined;
const PD = 0x66;
const SS = 0xf3;
const SD = 0xf2;

/** Opcode after 0F, and prefix; `imm`: an immediate byte follows. */
interface Operation {
  prefix: number | undefined;
  op: number;
  imm?: boolean;
}

const all = (op: number, ...prefixes: (number | undefined)[]): Operation[] =>
  prefixes.map((prefix) => ({ prefix, op, imm: op === 0xc2 || op === 0xc6 || op === 0x70 }));

const SCALAR: Operation[] = [
  ...[0x51, 0x58, 0x58, 0x59, 0x59, 0x5c, 0x5d, 0x5e, 0x5f, 0xc2].flatMap((op) => all(op, SS, SD, SD)),
  ...all(0x10, SS, SD),
  ...all(0x5a, SS, SD), // cvtss2sd, cvtsd2ss
  ...all(0x2a, SS, SD), // cvtsi2ss, cvtsi2sd
];
const PACKED: Operation[] = [
  ...[0x51, 0x58, 0x59, 0x5c, 0x5d, 0x5e, 0x5f, 0xc2, 0x14, 0x15, 0x54, 0x55, 0x56, 0x57, 0xc6, 0x28].flatMap((op) =>
    all(op, PS, PD),
  ),
  ...all(0x53, PS, SS), // rcpps, rcpss
  ...all(0x52, PS, SS), // rsqrtps, rsqrtss
  ...all(0x5a, PS, PD), // cvtps2pd, cvtpd2ps
  ...all(0x5b, PS, PD, SS), // cvtdq2ps, cvtps2dq, cvttps2dq
  ...all(0xe6, SS, SD, PD), // cvtdq2pd, cvtpd2dq, cvttpd2dq
  ...all(0x70, PD, SS, SD), // pshufd, pshufhw, pshuflw
  ...[0x61, 0x6a, 0x6c, 0xd4, 0xfe, 0xf4, 0xf6, 0xef, 0xd3, 0x76].flatMap((op) => all(op, PD)),
];

/** Bit patterns that are not plain numbers, as doubles and as pairs of singles. */
const SPECIAL: bigint[] = [
  0n,
  0x8000_0000_0000_0000n,
  1n, // denormal
  0x800f_ffff_ffff_ffffn,
  0x0010_0000_0000_0000n, // the smallest normal number
  0x0010_0000_0000_0001n,
  0x7fef_ffff_ffff_ffffn, // the greatest
  0x7ff0_0000_0000_0000n,
  0xfff0_0000_0000_0000n,
  0x7ff8_0000_0000_0123n, // quiet and signaling NaN
  0xfff0_0000_0000_0001n,
  0xffff_ffff_ffff_ffffn, // what comparisons give
  0x41e0_0000_0000_0000n, // 2^31
  0xc1e0_0000_0000_0000n,
  0x0080_0000_0040_0000n, // singles: the smallest normal one, a denormal
  0x7f80_0000_ff80_0000n,
  0x7fc0_0001_7f80_0001n,
  0x0000_0000_3f80_0000n,
];

function data(random: Random, specialOneIn: number): Uint8Array {
  const bytes = new Uint8Array(DATA_BYTES);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < DATA_BYTES; at += 8) {
    const sign = random.below(2) ? -1 : 1;
    const value = sign * (0.25 + random.below(1000) / 300);
    if (specialOneIn && random.chance(specialOneIn)) view.setBigUint64(at, random.pick(SPECIAL), true);
    else if (random.below(2)) view.setFloat64(at, value, true);
    else {
      view.setFloat32(at, value, true);
      view.setFloat32(at + 4, 1.5 - value, true);
    }
  }
  return bytes;
}

/** One operation on random registers, or on 16 bytes of what ESI points at. */
function operation(random: Random, { prefix, op, imm }: Operation): number[] {
  const reg = random.below(8) << 3;
  const operand = random.chance(3) ? [0x46 | reg, random.below(STRIDE / 16) << 4] : [0xc0 | reg | random.below(8)];
  return [
    ...(prefix === undefined ? [] : [prefix]),
    ...[0x0f, op, ...operand],
    ...(imm ? [random.below(op === 0xc2 ? 8 : 256)] : []),
  ];
}

/** COMISS, COMISD and their like, and a jump over an INC EAX, EBX, EDX or EBP. */
function branch(random: Random): number[] {
  const prefix = random.below(2) ? [0x66] : [];
  const compare = [...prefix, 0x0f, 0x2e + random.below(2), 0xc0 | random.below(64)];
  const jump = [0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x7a, 0x7b, 0x7c, 0x7f];
  const second = random.chance(3) ? [random.pick(jump), 0x01] : [];
  return [...compare, random.pick(jump), 1 + second.length, ...second, random.pick([0x40, 0x43, 0x42, 0x45])];
}

/** A conversion to EAX or EDX, a store, an x87 or MMX instruction: what mixes SSE with the rest. */
function mixed(random: Random): number[] {
  const register = random.below(8);
  return random.pick([
    [random.pick([SS, SD]), 0x0f, random.pick([0x2c, 0x2d]), 0xc0 | random.pick([0, 0x10]) | register],
    [0x66, 0x0f, 0x7e, 0xc0 | (register << 3)], // movd eax, xmm
    [0x66, 0x0f, 0x6e, 0xc0 | (register << 3) | 2], // movd xmm, edx
    [0x0f, 0x11, 0x47 | (register << 3), random.below(48)], // movups [edi + n], xmm
    [0xf2, 0x0f, 0x11, 0x47 | (register << 3), random.below(48)], // movsd [edi + n], xmm
    [0x66, 0x0f, 0x16, 0x46 | (register << 3), 8], // movhpd xmm, [esi + 8]
    [0x0f, 0x12, 0xc0 | (register << 3) | 1], // movhlps xmm, xmm1
    [0x66, 0x0f, 0xd7, 0xc0 | register], // pmovmskb eax, xmm
    [0xdd, 0x06, 0xdd, 0x1f], // fld qword [esi]; fstp qword [edi]
    [0x0f, 0x6f, 0x06, 0x0f, 0xfc, 0xc8, 0x0f, 0x77], // movq mm0, [esi]; paddb mm1, mm0; emms
    [0x83, 0xc3, 0x05, 0x0f, 0x94, 0xc1], // add ebx, 5; setz cl
  ]);
}

function program(random: Random, operations: readonly Operation[]): number[] {
  // Fresh numbers in half of the registers in each pass; what is wrong in others stays and spreads.
  const body = [0, 1, 2, 3].flatMap((n) => [0x66, 0x0f, 0x28, 0x46 | (n << 3), n * 16]); // movapd xmm, [esi + n]
  for (let n = 0; n < 24; n++) {
    const kind = random.below(12);
    if (kind < 2) body.push(...branch(random));
    else if (kind < 4) body.push(...mixed(random));
    else body.push(...operation(random, random.pick(operations)));
  }
  return loopOf(body);
}

function loopOf(body: readonly number[]): number[] {
  const start = [
    ...[0x0f, 0x20, 0xe0, 0x0d, ...dword(0x600), 0x0f, 0x22, 0xe0], // cr4 |= OSFXSR | OSXMMEXCPT
    ...[0xdb, 0xe3], // fninit
    ...[0x0f, 0xae, 0x15, ...dword(MXCSR)], // ldmxcsr
    ...[0xbe, ...dword(DATA), 0xbf, ...dword(RESULTS), 0xb9, ...dword(PASSES)], // esi, edi, ecx
  ];
  const next = [0x83, 0xc6, STRIDE, 0x83, 0xc7, STRIDE, 0x81, 0xfe, ...dword(DATA + DATA_BYTES)]; // add esi, edi; cmp esi
  const length = body.length + next.length + 6;
  const loop = [...body, ...next, 0x0f, 0x85, ...dword(-length)];
  return [...start, ...loop, 0x0f, 0xae, 0x05, ...dword(IMAGE), 0xf4]; // fxsave, hlt
}

function hex(engine: Engine, address: number, length: number): string {
  const bytes = new Uint8Array(length);
  engine.read(address, bytes);
  return Buffer.from(bytes).toString("hex").replace(/.{32}/g, "$&\n");
}

async function run(options: JitOptions, code: number[], memory: Uint8Array, mxcsr: number): Promise<string> {
  const pieces = { [ENTRY]: code, [MXCSR]: le(mxcsr, 4), [DATA]: [...memory] };
  const engine: Engine = await machine32(options, ENTRY, pieces);
  runToHalt(engine);
  return `${outcome(engine)}\n${hex(engine, IMAGE, 512)}\n${hex(engine, RESULTS, DATA_BYTES + STRIDE)}`;
}

const DEFAULT = 0x1f80;
const MODES: readonly [name: string, mxcsr: number][] = [
  ["as after reset", DEFAULT],
  ["with PE set", 0x1fa0],
  ["all flags set", 0x1fbf],
  ["DAZ and FTZ", 0x9fc0],
  ["rounding up", 0x5fa0],
  ["rounding to zero", 0x7fa0],
];

describe.each(MODES)("MXCSR %s", (_name, mxcsr) => {
  it.each([
    ["scalar, plain numbers", SCALAR, 0],
    ["scalar, some special", SCALAR, 30],
    ["scalar, many special", SCALAR, 3],
    ["packed, plain numbers", PACKED, 0],
    ["packed, some special", PACKED, 40],
    ["all, many special", [...SCALAR, ...PACKED], 4],
  ] as const)("%s", async (_kind, operations, specialOneIn) => {
    for (let seed = 1; seed <= 6; seed++) {
      const random = new Random(seed * 7919 + mxcsr);
      const code = program(random, operations);
      const memory = data(random, specialOneIn);
      const expected = await run({ mode: "off" }, code, memory, mxcsr);
      for (const options of [{ mode: "forced" }, { mode: "auto", threshold: 2 }] as const)
        expect(await run(options, code, memory, mxcsr), `seed ${seed}, ${options.mode}`).toBe(expected);
    }
  });
});

it.each([
  ["sqrtpd", 0x51],
  ["addpd", 0x58],
  ["mulpd", 0x59],
  ["divpd", 0x5e],
])("%s of the NaNs that a comparison gives, compared", async (_name, op) => {
  const code = loopOf([
    ...[0x66, 0x0f, 0x76, 0xc0], // pcmpeqd xmm0, xmm0
    ...[0x66, 0x0f, op, 0xc0],
    ...[0x66, 0x0f, 0xc2, 0xc1, 5], // cmpnltpd xmm0, xmm1
    ...[0x66, 0x0f, 0x29, 0x07], // movapd [edi], xmm0
  ]);
  const expected = await run({ mode: "off" }, code, new Uint8Array(DATA_BYTES), DEFAULT);
  for (const options of [{ mode: "forced" }, { mode: "auto", threshold: 2 }] as const)
    expect(await run(options, code, new Uint8Array(DATA_BYTES), DEFAULT), options.mode).toBe(expected);
});
