import { describe, expect, it } from "vitest";
import { type AccessSize, AddressOverlapError, type AddressSpace, type IoHandler } from "./addressSpace.ts";
import { MmioSpace } from "./mmioSpace.ts";
import { PortSpace } from "./portSpace.ts";

class Recorder implements IoHandler {
  readonly log: string[] = [];

  constructor(private readonly fill = 0x10) {}

  read(offset: number, size: AccessSize): number {
    this.log.push(`r${size}@${offset}`);
    let value = 0;
    for (let byte = size - 1; byte >= 0; byte--) value = value * 256 + ((this.fill + offset + byte) & 0xff);
    return value;
  }

  write(offset: number, value: number, size: AccessSize): void {
    this.log.push(`w${size}@${offset}=${value.toString(16)}`);
  }
}

type Space = AddressSpace & Pick<PortSpace, "read" | "write"> & { claims(): readonly { name: string }[] };

const SPACES: [string, () => Space, number][] = [
  ["PortSpace", () => new PortSpace(), 0x300],
  ["MmioSpace", () => new MmioSpace(), 0xfe_8000_0000],
];

describe.each(SPACES)("%s", (_name, create, base) => {
  it("reads all ones where nobody answers and swallows writes", () => {
    const space = create();
    expect([1, 2, 4].map((size) => space.read(base, size as AccessSize))).toEqual([0xff, 0xffff, 0xffffffff]);
    space.write(base, 1, 4);
  });

  it("splits an access wider than the handler takes, low byte first", () => {
    const space = create();
    const handler = new Recorder();
    space.claim(base, 8, handler, { name: "bytes" });
    expect(space.read(base, 4)).toBe(0x13121110);
    space.write(base + 2, 0xaabb, 2);
    expect(handler.log).toEqual(["r1@0", "r1@1", "r1@2", "r1@3", "w1@2=bb", "w1@3=aa"]);
  });

  it("hands whole aligned accesses over and splits unaligned ones", () => {
    const space = create();
    const handler = new Recorder(0xf0);
    space.claim(base, 8, handler, { name: "all", sizes: [1, 2, 4] });
    expect(space.read(base + 4, 4)).toBe(0xf7f6f5f4);
    expect(space.read(base + 2, 4)).toBe(0xf5f4f3f2);
    expect(space.read(base + 1, 2)).toBe(0xf2f1);
    expect(handler.log).toEqual(["r4@4", "r2@2", "r2@4", "r1@1", "r1@2"]);
  });

  it("widens an access narrower than the handler takes", () => {
    const space = create();
    const handler = new Recorder();
    space.claim(base, 8, handler, { name: "dwords", sizes: [4] });
    expect(space.read(base + 5, 1)).toBe(0x15);
    expect(space.read(base + 6, 2)).toBe(0x1716);
    space.write(base + 1, 0xee, 1);
    expect(handler.log).toEqual(["r4@4", "r4@4", "r4@0", "w4@0=1312ee10"]);
  });

  it("serves an access over two claims and over the edge of one", () => {
    const space = create();
    space.claim(base, 2, new Recorder(0x20), { name: "left", sizes: [1, 2, 4] });
    space.claim(base + 2, 2, new Recorder(0x40), { name: "right" });
    expect(space.read(base, 4)).toBe(0x41402120);
    expect(space.read(base + 3, 2)).toBe(0xff41);
    expect(space.read(base - 1, 2)).toBe(0x20ff);
  });

  it("refuses overlaps, naming both, until a claim is released", () => {
    const space = create();
    const first = space.claim(base, 8, new Recorder(), { name: "first" });
    const overlap = () => space.claim(base + 7, 4, new Recorder(), { name: "second" });
    expect(overlap).toThrow(AddressOverlapError);
    expect(overlap).toThrow(/second.*first/);
    space.read(base, 1);
    first.release();
    first.release();
    expect(space.read(base, 1)).toBe(0xff);
    overlap();
    expect(space.claims().map((range) => range.name)).toEqual(["second"]);
  });
});

describe("PortSpace", () => {
  it("survives a wide access at the last port", () => {
    const ports = new PortSpace();
    ports.claim(0xffff, 1, new Recorder(), { name: "last" });
    expect(ports.read(0xffff, 2)).toBe(0xff10);
    expect(ports.read(0xfffe, 4)).toBe(0xffff10ff);
    expect(() => ports.claim(0xffff, 2, new Recorder(), { name: "beyond" })).toThrow(RangeError);
  });
});

describe("MmioSpace", () => {
  it("finds each of many ranges", () => {
    const mmio = new MmioSpace();
    const bases = [0xfee00000, 0xfec00000, 0x80_0000_0000, 0xe0000000, 0xfed00000];
    const claims = bases.map((base, index) => mmio.claim(base, 0x1000, new Recorder(index), { name: `${index}` }));
    expect(bases.map((base) => mmio.read(base, 1))).toEqual([0, 1, 2, 3, 4]);
    expect(mmio.overlaps(0xe0000fff, 1)).toBe(true);
    expect(mmio.overlaps(0xe0001000, 0x1000)).toBe(false);
    claims[1].release();
    expect(mmio.read(0xfec00000, 1)).toBe(0xff);
  });
});
