// The system instructions of a kernel's entry and exit, and CMPXCHG8B and 16B: interpreted and translated they leave the same and
// fault in the same way.
import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/core/engine.ts";
import type { EngineMode } from "../support/engine.ts";
import { emptyHost } from "../support/engine.ts";
import { dword, runToHalt } from "./machine32.ts";
import { machine64, outcome64, USER_PAGE } from "./machine64.ts";

const ROUNDS = 3;
const DATA = 0x9000;
const FSGSBASE = 0x1_0000n;
const SMAP = 0x20_0000n;

const qword = (value: bigint) => [...dword(Number(value & 0xffff_ffffn)), ...dword(Number(value >> 32n))];
const setRax = (value: bigint) => [0x48, 0xb8, ...qword(value)];
const addGsToRsi = [0x65, 0x48, 0x03, 0x34, 0x25, ...dword(0)]; // add rsi, gs:[0]

/** `body` ROUNDS times, with live registers and flags around it. */
function program(body: number[]): number[] {
  const round = [0x83, 0xc7, 0x7f, ...body, 0x49, 0x11, 0xf8, 0x49, 0xff, 0xcf]; // add edi, 127 ... adc r8, rdi; dec r15
  return [0x41, 0xbf, ...dword(ROUNDS), ...round, 0x0f, 0x85, ...dword(-(round.length + 6)), 0xf4];
}

async function run(mode: EngineMode, body: number[], cr4 = 0n): Promise<string> {
  let now = 0;
  const host = emptyHost({
    nowNs: () => {
      now += 0x1_8000_0001;
      return now;
    },
  });
  const engine = await machine64(mode, program(body), cr4, host);
  for (let k = 0; k < 8; k++)
    engine.write(DATA + 8 * k, Uint8Array.from(qword(0x1111_2222_3333_4444n * BigInt(k + 1))));
  runToHalt(engine);
  return outcome64(engine);
}

async function expectSame(body: number[], cr4 = 0n): Promise<void> {
  expect(await run("jit", body, cr4)).toBe(await run("interp", body, cr4));
}

describe("bases of FS and GS", () => {
  const writeGs = [0xf3, 0x48, 0x0f, 0xae, 0xd8]; // wrgsbase rax
  const read = [0xf3, 0x0f, 0xae, 0xc3, 0xf3, 0x48, 0x0f, 0xae, 0xc9]; // rdfsbase ebx; rdgsbase rcx

  it("are written and read, and SWAPGS exchanges that of GS", () =>
    expectSame(
      [
        ...setRax(BigInt(DATA)),
        ...writeGs,
        ...addGsToRsi,
        ...[0x0f, 0x01, 0xf8], // swapgs
        ...setRax(BigInt(DATA + 8)),
        ...writeGs,
        ...addGsToRsi,
        ...[0x0f, 0x01, 0xf8],
        ...addGsToRsi,
        ...setRax(0x7fff_ffff_f000n),
        ...[0xf3, 0x48, 0x0f, 0xae, 0xd0, 0xf3, 0x0f, 0xae, 0xd0], // wrfsbase rax, wrfsbase eax
        ...read,
      ],
      FSGSBASE,
    ));

  it("have to be canonical", () => expectSame([...setRax(0x8000_0000_0000n), ...writeGs], FSGSBASE));
  it("are not accessible without CR4.FSGSBASE", () => expectSame(read));
});

it("control registers are read, CR8 too", () =>
  expectSame([
    ...[0x0f, 0x20, 0xc0, 0x48, 0x01, 0xc6], // mov rax, cr0; add rsi, rax
    ...[0x0f, 0x20, 0xd0, 0x48, 0x01, 0xc6],
    ...[0x0f, 0x20, 0xd8, 0x48, 0x01, 0xc6],
    ...[0x0f, 0x20, 0xe0, 0x48, 0x01, 0xc6],
    ...[0x44, 0x0f, 0x20, 0xc3, 0x48, 0x01, 0xde], // mov rbx, cr8; add rsi, rbx
  ]));

it("a control register that does not exist is not read", () => expectSame([0x0f, 0x20, 0xc8]));

describe("STAC and CLAC", () => {
  const [stac, clac] = [
    [0x0f, 0x01, 0xcb],
    [0x0f, 0x01, 0xca],
  ] as const;
  const add = [0x01, 0x3c, 0x25, ...dword(USER_PAGE)]; // add [USER_PAGE], edi
  const flags = [0x9c, 0x5b]; // pushfq; pop rbx

  it("open and close the user's pages", () =>
    expectSame([...stac, ...add, ...clac, ...flags, ...stac, ...flags], SMAP));
  it("closed, an access near one before faults", () => expectSame([...stac, ...add, ...clac, ...add], SMAP));
  it("change AC alone without SMAP", () => expectSame([...clac, ...add, ...flags, ...stac, ...add, ...flags]));
});

it.each([
  ["RDTSC", [0x0f, 0x31]],
  ["RDTSCP", [0x0f, 0x01, 0xf9]],
])("%s", (_, time) => expectSame([...time, 0x48, 0x01, 0xc6, 0x48, 0x01, 0xd6, 0x48, 0x01, 0xce, ...time]));

it("RDTSC sees the instruction count of its place", async () => {
  const seen: Record<string, number[]> = {};
  for (const mode of ["interp", "jit"] as const) {
    const counts: number[] = [];
    seen[mode] = counts;
    let engine: Engine | undefined;
    const host = emptyHost({
      nowNs: () => {
        if (engine) counts.push(engine.instructionsRetired());
        return 1;
      },
    });
    engine = await machine64(mode, program([0x90, 0x0f, 0x31, 0x90, 0x90, 0x0f, 0x31]), 0n, host);
    runToHalt(engine);
  }
  expect(seen.jit).toEqual(seen.interp);
  expect(seen.jit).toHaveLength(2 * ROUNDS);
});

it("a slice that the clock cuts short ends before or after RDTSC, not later", async () => {
  let reads = 0;
  const host = emptyHost({
    nowNs: () => {
      if (++reads === 2) engine.requestExit();
      return reads;
    },
  });
  const engine = await machine64("jit", [0xb9, ...dword(1000), 0x0f, 0x31, 0xff, 0xc9, 0x75, 0xfa, 0xf4], 0n, host);
  engine.run(100_000, false);
  expect(engine.instructionsRetired()).toBeLessThan(10);
  runToHalt(engine);
  expect(engine.instructionsRetired()).toBe(3002);
});

describe("CMPXCHG8B and CMPXCHG16B", () => {
  const at = dword(DATA);
  const operands = {
    CMPXCHG8B: [0xf0, 0x0f, 0xc7, 0x0c, 0x25, ...at],
    CMPXCHG16B: [0xf0, 0x48, 0x0f, 0xc7, 0x0c, 0x25, ...at],
  };
  const loads = {
    equal: [0x48, 0x8b, 0x04, 0x25, ...at, 0x48, 0x8b, 0x14, 0x25, ...dword(DATA + 8)], // mov rax, [DATA]; mov rdx, [DATA + 8]
    "equal halves": [0x8b, 0x04, 0x25, ...at, 0x8b, 0x14, 0x25, ...dword(DATA + 4)],
    unequal: [0x48, 0xff, 0xc0], // inc rax
  };
  const others = [0x48, 0x8d, 0x5f, 0x05, 0x48, 0x8d, 0x4f, 0x09]; // lea rbx, [rdi + 5]; lea rcx, [rdi + 9]
  const before = {
    add: [0x01, 0xff],
    inc: [0xff, 0xc6],
    carry: [0xf9],
    logic: [0x85, 0xff],
    sub: [0x39, 0xf7],
    rotation: [0xc1, 0xc7, 3],
    shift: [0xd3, 0xe7],
    sahf: [0x9e],
  };
  const after = {
    image: [0x9c, 0x5d, 0x48, 0x01, 0xee], // pushfq; pop rbp; add rsi, rbp
    zero: [0x0f, 0x94, 0xc3, 0x74, 0x02, 0x01, 0xc6], // setz bl; jz over add esi, eax
    increment: [0xff, 0xc6, 0x9c, 0x5d],
    above: [0x0f, 0x97, 0xc3, 0x0f, 0x9e, 0xc7, 0x0f, 0x98, 0xc1], // seta bl; setle bh; sets cl
    carry: [0xf9, 0x9c, 0x5d],
    rotation: [0xc1, 0xc6, 2, 0x9c, 0x5d],
  };
  for (const [name, instruction] of Object.entries(operands))
    for (const [kind, load] of Object.entries(loads))
      it(`${name}, ${kind}`, async () => {
        for (const flags of Object.values(before))
          for (const use of Object.values(after))
            await expectSame([...load, ...others, ...flags, ...instruction, ...use]);
      });

  it("a 16-byte operand has to be aligned", () => expectSame([0x48, 0x0f, 0xc7, 0x0c, 0x25, ...dword(DATA + 8)]));
  it("an operand that is not there", () => expectSame([0x0f, 0xc7, 0x0c, 0x25, ...dword(0x50_0000)]));
});
