import { describe, expect, it } from "vitest";
import { fuzzRounds } from "../../tests/support/fuzz.ts";
import { writeBiosDataArea } from "./biosDataArea.ts";
import { E820Type, memoryMap, usableRamEnd } from "./directBoot.ts";
import { bootLinux, isLinuxImage } from "./linuxBoot.ts";
import { bootMultiboot, findMultibootHeader } from "./multiboot.ts";
import { VmError } from "./vmError.ts";

const MIB = 0x10_0000;

/** What the loaders write, and nothing of a CPU. */
function fakeEngine(ramMib: number) {
  const ram = new Uint8Array(ramMib * MIB);
  const engine = {
    sizeBytes: ram.length,
    write: (at: number, bytes: Uint8Array) => ram.set(bytes, at),
    setField: () => {},
    setField64: () => {},
    setSegment: () => {},
    stateChanged: () => {},
  };
  return { ram, engine: engine as unknown as Parameters<typeof bootLinux>[0] };
}

/** A bzImage of protocol 2.15 with one setup sector and `payload` bytes of kernel. */
function bzImage(payload: number): Uint8Array {
  const image = new Uint8Array(1024 + payload).fill(0x90, 1024);
  const view = new DataView(image.buffer);
  image[0x1f1] = 1;
  view.setUint32(0x1f4, payload / 16, true);
  view.setUint16(0x1fe, 0xaa55, true);
  image[0x201] = 0x66;
  view.setUint32(0x202, 0x5372_6448, true);
  view.setUint16(0x206, 0x20f, true);
  image[0x211] = 1;
  view.setUint32(0x22c, 0x7fff_ffff, true);
  view.setUint32(0x238, 2047, true);
  view.setUint32(0x260, payload, true);
  return image;
}

function multibootImage(flags: number, words: readonly number[]): Uint8Array {
  const image = new Uint8Array(4096);
  const view = new DataView(image.buffer);
  const header = [0x1bad_b002, flags, (0x1_0000_0000 - 0x1bad_b002 - flags) >>> 0, ...words];
  for (const [index, word] of header.entries()) view.setUint32(64 + index * 4, word, true);
  return image;
}

describe("memory map", () => {
  it("covers all of RAM but the video window, without overlap", () => {
    const ranges = memoryMap(64 * MIB);
    for (const [index, range] of ranges.entries()) {
      const next = ranges[index + 1];
      expect(range.length).toBeGreaterThan(0);
      if (next) expect(range.base + range.length).toBeLessThanOrEqual(next.base);
    }
    expect(ranges.at(-1)).toMatchObject({ base: usableRamEnd(64 * MIB), type: E820Type.ACPI });
  });
});

describe("bzImage", () => {
  it("goes to 1 MiB with its initrd at the top and its boot parameters filled in", () => {
    const { ram, engine } = fakeEngine(16);
    bootLinux(engine, bzImage(4096), Uint8Array.of(1, 2, 3), "console=ttyS0");
    expect(ram.subarray(MIB, MIB + 4096).every((byte) => byte === 0x90)).toBe(true);
    const params = new DataView(ram.buffer, 0x1_0000);
    const initrd = params.getUint32(0x218, true);
    expect(params.getUint32(0x21c, true)).toBe(3);
    expect(initrd % 0x1000).toBe(0);
    expect([...ram.subarray(initrd, initrd + 3)]).toEqual([1, 2, 3]);
    const line = params.getUint32(0x228, true);
    expect(new TextDecoder().decode(ram.subarray(line, line + 14))).toBe("console=ttyS0\0");
    expect(params.getUint8(0x1e8)).toBe(memoryMap(engine.sizeBytes).length);
  });

  it("says what is wrong with a truncated kernel, too little memory, or a long command line", () => {
    const { engine } = fakeEngine(4);
    expect(() => bootLinux(engine, bzImage(0x10000).subarray(0, 0x2000), undefined, "")).toThrow(/truncated/);
    expect(() => bootLinux(engine, bzImage(4 * MIB), undefined, "")).toThrow(/do not fit into 4 MiB/);
    expect(() => bootLinux(engine, bzImage(4096), undefined, "x".repeat(3000))).toThrow(/at most 2047/);
  });

  it("is told from other files", () => {
    expect(isLinuxImage(bzImage(16))).toBe(true);
    expect(isLinuxImage(new Uint8Array(4096))).toBe(false);
    expect(isLinuxImage(new Uint8Array(3))).toBe(false);
  });
});

describe("multiboot", () => {
  it("loads by the header's addresses, with modules and their command lines", () => {
    const { ram, engine } = fakeEngine(16);
    const image = multibootImage(0x1_0000, [0x20_0040, 0x20_0000, 0, 0, 0x20_0100]);
    bootMultiboot(engine, image, [{ data: Uint8Array.of(7), commandLine: "first" }], "line");
    expect([...ram.subarray(0x20_0000, 0x20_1000)]).toEqual([...image]);
    const info = new DataView(ram.buffer, 0x9000);
    expect(info.getUint32(20, true)).toBe(1);
    const module = new DataView(ram.buffer, info.getUint32(24, true));
    expect(ram[module.getUint32(0, true)]).toBe(7);
    expect(module.getUint32(4, true) - module.getUint32(0, true)).toBe(1);
    const line = module.getUint32(8, true);
    expect(new TextDecoder().decode(ram.subarray(line, line + 6))).toBe("first\0");
    const own = info.getUint32(16, true);
    expect(new TextDecoder().decode(ram.subarray(own, own + 11))).toBe("kernel line");
  });

  it("refuses what does not lie in the file or in RAM", () => {
    const { engine } = fakeEngine(4);
    const outside = multibootImage(0x1_0000, [0x20_0040, 0x20_0000, 0x40_0000, 0, 0x20_0100]);
    expect(() => bootMultiboot(engine, outside, [], "")).toThrow(/truncated/);
    const high = multibootImage(0x1_0000, [0x2000_0040, 0x2000_0000, 0, 0, 0x2000_0100]);
    expect(() => bootMultiboot(engine, high, [], "")).toThrow(/the guest has 4 MiB/);
    expect(() => bootMultiboot(engine, multibootImage(0, []), [], "")).toThrow(/neither ELF/);
  });

  it("finds its header only within the first 8 KiB and with a right checksum", () => {
    expect(findMultibootHeader(multibootImage(0, []))).toBe(64);
    const wrong = multibootImage(0, []);
    wrong[72]++;
    expect(findMultibootHeader(wrong)).toBeUndefined();
    expect(findMultibootHeader(new Uint8Array(2))).toBeUndefined();
  });
});

it("the BIOS data area tells where conventional memory ends", () => {
  const { ram, engine } = fakeEngine(4);
  writeBiosDataArea(engine);
  const area = new DataView(ram.buffer, 0x400);
  const extended = area.getUint16(0x0e, true) << 4;
  expect(area.getUint16(0x13, true) * 1024).toBe(extended);
  expect(extended + (ram[extended] as number) * 1024).toBe(0xa_0000);
  expect([area.getUint16(0, true), area.getUint16(2, true)]).toEqual([0x3f8, 0x2f8]);
});

describe("damaged kernels", () => {
  /** Two segments, the second longer in memory than in the file; and the header without addresses. */
  function elf(): Uint8Array {
    const image = multibootImage(0, []);
    const view = new DataView(image.buffer);
    for (const [at, word] of [
      [0, 0x464c_457f],
      [4, 1],
      [24, 0x20_0000],
      [28, 128],
    ])
      view.setUint32(at, word, true);
    view.setUint16(42, 32, true);
    view.setUint16(44, 2, true);
    const segments = [
      [1, 1024, 0, 0x20_0000, 1024, 1024],
      [1, 2048, 0, 0x30_0000, 1024, 0x1_0000],
    ];
    for (const [index, words] of segments.entries())
      for (const [place, word] of words.entries()) view.setUint32(128 + index * 32 + place * 4, word, true);
    return image;
  }

  const { engine } = fakeEngine(4);
  const load = (image: Uint8Array) => {
    if (isLinuxImage(image)) bootLinux(engine, image, Uint8Array.of(1, 2, 3), "quiet");
    else bootMultiboot(engine, image, [{ data: Uint8Array.of(7), commandLine: "module" }], "");
  };

  it.each([
    ["bzImage", bzImage(4096), [0x1f1, 0x264]],
    ["multiboot", multibootImage(0x1_0000, [0x20_0040, 0x20_0000, 0x20_0800, 0x21_0000, 0x20_0100]), [64, 96]],
    ["ELF", elf(), [0, 192]],
  ] as const)("(%s) are VmErrors, and nothing is written outside RAM", async (_name, intact, [from, to]) => {
    load(intact);
    let refused = 0;
    await fuzzRounds(600, (random) => {
      const cut = random.chance(2) ? random.below(intact.length) : from + random.below(to - from);
      const image = intact.slice(0, random.chance(5) ? cut : intact.length);
      for (let count = 1 + random.below(5); count > 0; count--)
        image[from + random.below(to - from)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.u32() & 0xff]);
      try {
        load(image);
      } catch (error) {
        refused++;
        if (!(error instanceof VmError)) throw error;
      }
    });
    if (process.env.FUZZ_SEED === undefined) expect(refused).toBeGreaterThan(100);
  });
});
