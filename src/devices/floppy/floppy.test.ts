import { beforeEach, describe, expect, it } from "vitest";
import type { Disk } from "../../bus/disk.ts";
import { ConformanceEnv, describeDevice } from "../conformance/describeDevice.ts";
import { Random } from "../conformance/fuzzTraffic.ts";
import { DriveType, formatBytes, formatOfSize, Rate } from "./floppyFormats.ts";
import type { IsaFloppy } from "./isaFloppy.ts";
import { FloppyDriver, newFloppy, pattern, TestMedium } from "./testing.ts";

const SECTORS = 18;
const SIZE = 80 * 2 * SECTORS * 512;
const IMAGE = pattern(SIZE);

let env: ConformanceEnv;
let medium: TestMedium;
let disk: Disk;
let floppy: IsaFloppy;
let driver: FloppyDriver;

beforeEach(() => {
  env = new ConformanceEnv();
  medium = new TestMedium(IMAGE.slice());
  const made = newFloppy(env, [medium]);
  floppy = made.floppy;
  disk = made.disks[0];
  driver = new FloppyDriver(env);
  driver.start();
  env.edges.length = 0;
});

/** Bytes of `count` sectors from a cylinder, head and sector on. */
function sectors(cylinder: number, head: number, sector: number, count: number): Uint8Array {
  const at = ((cylinder * 2 + head) * SECTORS + sector - 1) * 512;
  return medium.bytes.slice(at, at + count * 512);
}
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

describe("formats", () => {
  it.each([160, 180, 320, 360, 720, 800, 1200, 1440, 1600, 1680, 1722, 2880])("has one of %i KB", (kib) => {
    expect(formatBytes(formatOfSize(kib * 1024))).toBe(kib * 1024);
  });

  it("takes an odd size for the beginning of a common one", () => {
    expect(formatOfSize(1296384)).toMatchObject({ cylinders: 80, sectors: 18, driveType: DriveType.Inch3High });
    expect(formatOfSize(2 << 20).rate).toBe(Rate.Mbps1);
  });
});

describe("82077AA", () => {
  it("interrupts after a reset, once for four drives", () => {
    driver.out(2, 0x08);
    expect(driver.status).toBe(0);
    driver.out(2, 0x0c);
    driver.wait();
    expect(env.edges).toEqual(["irq6+"]);
    expect([0, 1, 2, 3].map(() => driver.command(0x08)[0])).toEqual([0xc0, 0xc1, 0xc2, 0xc3]);
    expect(env.edges).toEqual(["irq6+", "irq6-"]);
    expect(driver.command(0x08)).toEqual([0x80]);
  });

  it("resets by the data rate select register, and with polling off too", () => {
    driver.command(0x13, 0, 0x1a, 0);
    driver.out(4, 0x80);
    driver.wait();
    expect(driver.command(0x08)).toEqual([0xc0, 0]);
  });

  it("says who it is", () => {
    expect(driver.command(0x10)).toEqual([0x90]);
    expect(driver.command(0x18)).toEqual([0x80]);
    expect(driver.command(0x94)).toEqual([0x10]);
    driver.command(0x12, 0x84);
    driver.command(0x13, 0, 0x57, 9);
    expect(driver.command(0x0e)).toEqual([0, 0, 0, 0, 0xdf, 0x02, 0, 0x84, 0x57, 9]);
    expect(driver.command(0x14)).toEqual([0]);
  });

  it("seeks, recalibrates, and says so", () => {
    driver.send(0x0f, 0, 33);
    expect(driver.status).toBe(0x81);
    driver.wait();
    expect(env.edges).toEqual(["irq6+"]);
    expect(driver.command(0x08)).toEqual([0x20, 33]);
    driver.send(0x8f, 0, 3);
    driver.wait();
    expect(driver.command(0x08)).toEqual([0x20, 30]);
    expect(driver.command(0x04, 0x04)).toEqual([0x2c]);
    driver.send(0x07, 0);
    driver.wait();
    expect(driver.command(0x08)).toEqual([0x20, 0]);
    expect(driver.command(0x04, 0x00)).toEqual([0x38]);
    driver.send(0x07, 2);
    driver.wait();
    expect(driver.command(0x08)).toEqual([0x72, 0]);
  });

  it("reads sectors by DMA up to terminal count", () => {
    driver.seek(5);
    env.edges.length = 0;
    driver.dma(3 * 512, true);
    expect(driver.command(0xe6, 4, 5, 1, 7, 2, 18, 0x1b, 0xff)).toEqual([0x04, 0, 0, 5, 1, 10, 2]);
    expect(same(driver.buffer(3 * 512), sectors(5, 1, 7, 3))).toBe(true);
    expect(env.edges).toEqual(["irq6+", "irq6-"]);
  });

  it("reads on on the other head with the multi-track bit", () => {
    driver.dma(4 * 512, true);
    expect(driver.command(0xe6, 0, 0, 0, 17, 2, 18, 0x1b, 0xff)).toEqual([0, 0, 0, 0, 1, 3, 2]);
    expect(same(driver.buffer(4 * 512), sectors(0, 0, 17, 4))).toBe(true);
  });

  it("tells the end of the cylinder, and what follows it", () => {
    driver.dma(2 * 512, true);
    expect(driver.command(0xe6, 4, 0, 1, 17, 2, 18, 0x1b, 0xff)).toEqual([0x04, 0, 0, 1, 0, 1, 2]);
    driver.dma(2 * 512, true);
    expect(driver.command(0x66, 0, 0, 0, 1, 2, 2, 0x1b, 0xff)).toEqual([0x00, 0, 0, 1, 0, 1, 2]);
    driver.dma(4 * 512, true);
    expect(driver.command(0x66, 0, 0, 0, 1, 2, 2, 0x1b, 0xff)).toEqual([0x40, 0x80, 0, 1, 0, 1, 2]);
  });

  it("writes by DMA", () => {
    const data = pattern(2 * 512).reverse();
    driver.seek(79);
    driver.fill(data);
    driver.dma(2 * 512, false);
    expect(driver.command(0xc5, 4, 79, 1, 17, 2, 18, 0x1b, 0xff)[1]).toBe(0);
    expect(same(sectors(79, 1, 17, 2), data)).toBe(true);
  });

  it("moves data through the FIFO without DMA", () => {
    driver.command(0x03, 0xdf, 0x03);
    driver.send(0x46, 0, 0, 0, 3, 2, 4, 0x1b, 0xff);
    driver.wait();
    expect(driver.status).toBe(0xf0);
    const data = Uint8Array.from({ length: 1024 }, () => driver.in(5));
    expect(same(data, sectors(0, 0, 3, 2))).toBe(true);
    expect(driver.result()).toEqual([0x40, 0x80, 0, 1, 0, 1, 2]);
    driver.send(0x45, 0, 0, 0, 1, 2, 1, 0x1b, 0xff);
    expect(driver.status).toBe(0xb0);
    for (let at = 0; at < 512; at++) driver.out(5, at & 0xff);
    driver.wait();
    expect(driver.result()[1]).toBe(0x80);
    expect(medium.bytes[511]).toBe(0xff);
  });

  it("formats a track", () => {
    driver.seek(2);
    driver.fill(Uint8Array.from({ length: 18 * 4 }, (_, at) => [2, 0, (at >> 2) + 1, 2][at & 3]));
    driver.dma(18 * 4, false);
    expect(driver.command(0x4d, 0, 2, 18, 0x54, 0xf6).slice(0, 3)).toEqual([0, 0, 0]);
    expect(sectors(2, 0, 1, 18).every((byte) => byte === 0xf6)).toBe(true);
    expect(sectors(2, 1, 1, 1)[0]).toBe(IMAGE[(2 * 2 + 1) * 18 * 512]);
  });

  it("reads a track, an address, and verifies", () => {
    driver.dma(18 * 512, true);
    expect(driver.command(0x42, 0, 0, 0, 9, 2, 18, 0x1b, 0xff)[1]).toBe(0);
    expect(same(driver.buffer(18 * 512), sectors(0, 0, 1, 18))).toBe(true);
    expect(driver.command(0x4a, 4)).toEqual([0x04, 0, 0, 0, 1, 1, 2]);
    expect(driver.command(0xd6, 0x80, 0, 0, 1, 2, 18, 0x1b, 4)).toEqual([0, 0, 0, 0, 0, 5, 2]);
  });

  it("says what is wrong", () => {
    const read = (cylinder: number, sector: number, sizeCode = 2) =>
      driver.command(0x66, 0, cylinder, 0, sector, sizeCode, 18, 0x1b, 0xff).slice(0, 3);
    driver.dma(512, true);
    expect(read(0, 19)).toEqual([0x40, 0x04, 0]);
    expect(read(7, 1)).toEqual([0x40, 0x04, 0x10]);
    expect(read(0, 1, 3)).toEqual([0x40, 0x04, 0]);
    medium.fails = true;
    expect(read(0, 1)).toEqual([0x40, 0x20, 0x20]);
    driver.out(7, Rate.Kbps250);
    expect(read(0, 1)).toEqual([0x40, 0x01, 0]);
    disk.change(new TestMedium(IMAGE.slice(), true));
    driver.out(7, Rate.Kbps500);
    expect(driver.command(0x45, 0, 0, 0, 1, 2, 18, 0x1b, 0xff).slice(0, 3)).toEqual([0x40, 0x02, 0]);
    expect(driver.command(0x04, 0)).toEqual([0x78]);
  });

  it("says that the DMA channel is closed", () => {
    env.ports.write(0x0a, 0x06, 1);
    expect(driver.command(0x66, 0, 0, 0, 1, 2, 18, 0x1b, 0xff).slice(0, 3)).toEqual([0x40, 0x10, 0]);
  });

  it("seeks by itself where it is configured to", () => {
    driver.command(0x13, 0, 0x57, 0);
    driver.dma(512, true);
    expect(driver.command(0x66, 0, 40, 0, 1, 2, 18, 0x1b, 0xff)[0]).toBe(0);
    expect(same(driver.buffer(512), sectors(40, 0, 1, 1))).toBe(true);
  });

  it("drives the change line until the head moves with a disk in", () => {
    expect(driver.in(7)).toBe(0x80);
    driver.seek(1);
    expect(driver.in(7)).toBe(0);
    disk.change(undefined);
    driver.seek(0);
    expect(driver.in(7)).toBe(0x80);
    disk.change(new TestMedium(new Uint8Array(720 * 1024)));
    expect(driver.in(7)).toBe(0x80);
    driver.seek(1);
    expect(driver.in(7)).toBe(0);
    driver.out(7, Rate.Kbps250);
    driver.dma(512, true);
    expect(driver.command(0x66, 0, 1, 0, 9, 2, 9, 0x1b, 0xff)[1]).toBe(0);
  });

  it("takes up a read that was under way when it was saved", async () => {
    medium.held = true;
    driver.dma(512, true);
    driver.send(0x66, 0, 0, 0, 2, 2, 18, 0x1b, 0xff);
    driver.wait();
    expect(driver.status).toBe(0x10);
    const saved = structuredClone(floppy.save());
    medium.held = false;
    floppy.restore(saved);
    expect(floppy.save()).toEqual(saved);
    driver.wait();
    medium.release();
    expect(driver.result()).toEqual([0, 0, 0, 0, 0, 3, 2]);
    expect(same(driver.buffer(512), sectors(0, 0, 2, 1))).toBe(true);
  });
});

describeDevice(
  "IsaFloppy",
  (env) => newFloppy(env, [new TestMedium(IMAGE.slice()), undefined]).floppy,
  (_device, env) => {
    const driver = new FloppyDriver(env);
    driver.start();
    driver.seek(12);
    driver.command(0x03, 0xdf, 0x03);
    driver.send(0x07, 1);
    driver.send(0x66, 0, 12, 0, 2, 2, 18, 0x1b, 0xff);
  },
);

const SEEDS = process.env.FUZZ_SEED ? [Number(process.env.FUZZ_SEED)] : [1, 2, 3, 4, 5, 6, 7, 8];
/** First bytes of commands, with all that may follow them. */
const OPCODES = [
  0x66, 0xe6, 0x45, 0xc5, 0x42, 0x4d, 0x4a, 0x07, 0x0f, 0x8f, 0xcf, 0x08, 0x13, 0x03, 0x56, 0x0c, 0x94, 0x0e,
];

describe("82077AA under hostile traffic", () => {
  it.each(SEEDS)("stands seed %i", (seed) => {
    const random = new Random(seed);
    const small = () => (random.below(4) === 0 ? random.below(256) : random.below(20));
    for (let count = 0; count < 1500; count++) {
      const act = random.below(8);
      if (act === 0) driver.out(random.below(8), random.below(256));
      else if (act === 1) driver.dma(1 + random.below(20_000), random.below(2) === 0);
      else if (act === 2)
        disk.change(random.below(2) ? new TestMedium(new Uint8Array(random.below(6) * 368_640)) : undefined);
      else if (act === 3) driver.start(random.below(4));
      else if (act === 4) floppy.restore(structuredClone(floppy.save()));
      else {
        driver.command(OPCODES[random.below(OPCODES.length)], ...Array.from({ length: 8 }, small));
        for (let byte = 0; byte < 600; byte++) random.below(2) ? driver.in(5) : driver.out(5, 0);
      }
    }
    floppy.reset();
    driver.wait();
    expect(driver.in(2)).toBe(0);
  });
});
