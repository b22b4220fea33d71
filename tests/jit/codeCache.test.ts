/** What the code cache does when it is full, when code changes, and when pages move; against the interpreter. */
import { describe, expect, it } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { Engine } from "../../src/core/engine.ts";
import type { JitOptions } from "../../src/core/jit.ts";
import { counter, dword, machine32, outcome, runToHalt } from "./machine32.ts";

const INTERP: JitOptions = { mode: "off" };
const FORCED: JitOptions = { mode: "forced" };
const EAGER: JitOptions = { mode: "auto", threshold: 2 };
const SMALL: JitOptions = { ...FORCED, cacheBytes: 0x10_0000 };
const TRANSLATING = [
  ["forced", FORCED],
  ["auto", EAGER],
] as const;

const ENTRY = 0x1000;
const HLT = 0xf4;
const RET = 0xc3;
const DEC_ECX = 0x49;
const INC_EAX = 0x40;
const movEcx = (value: number) => [0xb9, ...dword(value)];
const addEax = (value: number) => [0x05, ...dword(value)];
const callFrom = (at: number, target: number) => [0xe8, ...dword(target - at - 5)];
const jumpFrom = (at: number, target: number) => [0xe9, ...dword(target - at - 5)];
const jnzFrom = (at: number, target: number) => [0x0f, 0x85, ...dword(target - at - 6)];

/** A program put together piece by piece, each of which may want to know where it lies. */
function assemble(at: number, ...pieces: (number | readonly number[] | ((at: number) => number[]))[]): number[] {
  const bytes: number[] = [];
  for (const piece of pieces) {
    if (typeof piece === "number") bytes.push(piece);
    else bytes.push(...(typeof piece === "function" ? piece(at + bytes.length) : piece));
  }
  return bytes;
}

async function expectLikeInterpreter(options: JitOptions, code: Record<number, number[]>): Promise<Engine> {
  const [expected, engine] = [await machine32(INTERP, ENTRY, code), await machine32(options, ENTRY, code)];
  runToHalt(expected);
  runToHalt(engine);
  expect(outcome(engine)).toBe(outcome(expected));
  return engine;
}

/** `count` blocks in a row, 16 bytes apart, each adding to EAX and jumping to the next; twice, then HLT. */
function chain(first: number, count: number): Record<number, number[]> {
  const bytes = new Array<number>(count * 16).fill(0x90);
  for (let i = 0; i < count; i++) {
    const at = first + i * 16;
    bytes.splice(i * 16, 10, ...addEax(i * 77 + 1), ...jumpFrom(at + 5, at + 16));
  }
  bytes.push(DEC_ECX, ...jnzFrom(first + bytes.length + 1, first), HLT);
  return { [ENTRY]: assemble(ENTRY, movEcx(2), (at) => jumpFrom(at, first)), [first]: bytes };
}

it.each(TRANSLATING)("loops and calls run translated, chained, %s", async (_name, options) => {
  const leaf = 0x3000;
  const engine = await expectLikeInterpreter(options, {
    [ENTRY]: assemble(ENTRY, movEcx(5000), INC_EAX, (at) => jumpFrom(at, leaf)),
    [ENTRY + 0x100]: assemble(ENTRY + 0x100, DEC_ECX, (at) => jnzFrom(at, ENTRY + 5), HLT),
    [leaf]: assemble(leaf, addEax(7), (at) => jumpFrom(at, ENTRY + 0x100)),
  });
  expect(counter(engine, VcpuField.STAT_JIT_INSTRUCTIONS)).toBeGreaterThan(20_000);
});

describe("a full cache", () => {
  it("gives up the oldest translations, and links to them", async () => {
    const engine = await expectLikeInterpreter(SMALL, chain(0x10_0000, 40_000));
    expect(counter(engine, VcpuField.STAT_JIT_EVICTIONS)).toBeGreaterThan(0);
  }, 120_000);

  it("keeps translations when the decoded blocks are dropped", async () => {
    const hot = 0x2000;
    const code = chain(0x10_0000, 70_000);
    code[hot] = assemble(hot, movEcx(20_000), INC_EAX, DEC_ECX, (at) => jnzFrom(at, hot + 5), movEcx(3), RET);
    code[ENTRY] = assemble(
      ENTRY,
      (at) => callFrom(at, hot),
      movEcx(2),
      (at) => jumpFrom(at, 0x10_0000),
    );
    const engine = await expectLikeInterpreter({ mode: "auto", threshold: 100 }, code);
    expect(counter(engine, VcpuField.STAT_EVICTIONS)).toBeGreaterThan(0);
    const before = counter(engine, VcpuField.STAT_REGIONS);
    engine.write(ENTRY, new Uint8Array(assemble(ENTRY, (at) => callFrom(at, hot), HLT)));
    engine.setField64(VcpuField.RIP, BigInt(ENTRY));
    engine.setField(VcpuField.HALTED, 0);
    const translated = counter(engine, VcpuField.STAT_JIT_INSTRUCTIONS);
    runToHalt(engine);
    expect(counter(engine, VcpuField.STAT_REGIONS)).toBe(before);
    expect(counter(engine, VcpuField.STAT_JIT_INSTRUCTIONS) - translated).toBeGreaterThan(50_000);
  }, 120_000);
});

describe.each(TRANSLATING)("code that changes, %s", (_name, options) => {
  it("by the host, between two slices", async () => {
    const code = { [ENTRY]: assemble(ENTRY, addEax(1), (at) => jumpFrom(at, ENTRY)) };
    const engine = await machine32(options, ENTRY, code);
    engine.run(2000, true);
    engine.write(ENTRY + 1, new Uint8Array(dword(0x1_0000)));
    engine.run(2000, true);
    expect(engine.field64(VcpuField.REGISTERS)).toBe(1000n + 1000n * 0x1_0000n);
    expect(counter(engine, VcpuField.STAT_JIT_INVALIDATIONS)).toBeGreaterThan(0);
  });

  it("by itself, in the block that runs", async () => {
    // L: inc dword [patch + 1]; patch: add eax, 0; dec ecx; jnz L
    const patch = ENTRY + 5 + 6;
    const increment = [0xff, 0x05, ...dword(patch + 1)];
    await expectLikeInterpreter(options, {
      [ENTRY]: assemble(ENTRY, movEcx(300), increment, addEax(0), DEC_ECX, (at) => jnzFrom(at, ENTRY + 5), HLT),
    });
  });

  it("beside data that is written all the time", async () => {
    // L: add [data], ecx; add eax, [data]; dec ecx; jnz L; data lies in the next bytes
    const loop = ENTRY + 5;
    const data = ENTRY + 0x20;
    const pieces = [[0x01, 0x0d, ...dword(data)], [0x03, 0x05, ...dword(data)], DEC_ECX] as const;
    const engine = await expectLikeInterpreter(options, {
      [ENTRY]: assemble(ENTRY, movEcx(300), ...pieces, (at) => jnzFrom(at, loop), HLT),
    });
    expect(counter(engine, VcpuField.STAT_JIT_INVALIDATIONS)).toBe(0);
  });
});

describe.each(TRANSLATING)("pages, %s", (_name, options) => {
  it("an instruction across two of them", async () => {
    const loop = 0x2ffc;
    await expectLikeInterpreter(options, {
      [ENTRY]: assemble(ENTRY, movEcx(500), (at) => jumpFrom(at, loop)),
      [loop]: assemble(loop, INC_EAX, INC_EAX, addEax(0x1234), DEC_ECX, (at) => jnzFrom(at, loop), HLT),
    });
  });

  it("the second of a region is another one in another address space", async () => {
    const [first, second, other] = [0x5ff0, 0x6000, 0x7000];
    const directories = [0x20_0000, 0x20_1000];
    const tables = [0x20_2000, 0x20_3000];
    const code: Record<number, number[]> = {
      [first]: assemble(first, addEax(1), (at) => jumpFrom(at, second)),
      [second]: assemble(second, addEax(0x100), RET),
      [other]: assemble(other, addEax(0x1_0000), RET),
    };
    for (const space of [0, 1]) {
      code[directories[space] as number] = dword((tables[space] as number) | 3);
      const pages = Array.from({ length: 1024 }, (_, page) => (space && page === 6 ? 7 : page));
      code[tables[space] as number] = pages.flatMap((page) => dword((page << 12) | 3));
    }
    const loadCr3 = (value: number) => [0xbb, ...dword(value), 0x0f, 0x22, 0xdb];
    const enablePaging = [0x0f, 0x20, 0xc3, 0x0f, 0xba, 0xeb, 31, 0x0f, 0x22, 0xc3];
    const start = [...movEcx(200), ...loadCr3(directories[0] as number), ...enablePaging];
    const loop = ENTRY + start.length;
    code[ENTRY] = assemble(
      ENTRY,
      start,
      loadCr3(directories[1] as number),
      (at) => callFrom(at, first),
      (at) => callFrom(at, first),
      loadCr3(directories[0] as number),
      (at) => callFrom(at, first),
      DEC_ECX,
      (at) => jnzFrom(at, loop),
      HLT,
    );
    const engine = await expectLikeInterpreter(options, code);
    expect(engine.field64(VcpuField.REGISTERS)).toBe(BigInt(200 * (3 + 0x100 + 2 * 0x1_0000)));
  });
});

describe.each(TRANSLATING)("an exact limit, %s", (_name, options) => {
  it("stops where the interpreter stops", async () => {
    const leaf = 0x3000;
    const code = {
      [ENTRY]: assemble(
        ENTRY,
        movEcx(400),
        addEax(3),
        (at) => callFrom(at, leaf),
        DEC_ECX,
        (at) => jnzFrom(at, ENTRY + 5),
        HLT,
      ),
      [leaf]: assemble(leaf, [0x31, 0xc2], [0xd1, 0xc2], INC_EAX, RET),
    };
    const [expected, engine] = [await machine32(INTERP, ENTRY, code), await machine32(options, ENTRY, code)];
    let length = 1;
    while (expected.run(length, true) === 0) {
      engine.run(length, true);
      expect(outcome(engine)).toBe(outcome(expected));
      length = (length * 7 + 3) % 41;
    }
    expect(counter(engine, VcpuField.STAT_JIT_INSTRUCTIONS)).toBeGreaterThan(0);
  });
});
