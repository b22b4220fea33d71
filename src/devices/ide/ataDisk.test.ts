import { beforeEach, describe, expect, it } from "vitest";
import { ConformanceEnv } from "../conformance/conformanceEnv.ts";
import { Command, SECTOR_BYTES, Status } from "./ataRegisters.ts";
import { enableIde, IdeDriver, newIde, pattern, SECONDARY, TestMedium } from "./testing.ts";

const SECTORS = 5000;
const READY = Status.Ready | Status.SeekComplete;

let env: ConformanceEnv;
let medium: TestMedium;
let driver: IdeDriver;
let ide: ReturnType<typeof newIde>["ide"];

beforeEach(() => {
  env = new ConformanceEnv();
  medium = new TestMedium(pattern(SECTORS * SECTOR_BYTES));
  ({ ide } = newIde(env, [{ index: 0, media: "disk" }], [medium]));
  enableIde(env);
  driver = new IdeDriver(env);
  env.edges.length = 0;
});

const sectors = (first: number, count: number) =>
  medium.bytes.slice(first * SECTOR_BYTES, (first + count) * SECTOR_BYTES);
const word = (bytes: Uint8Array, index: number) => bytes[2 * index] | (bytes[2 * index + 1] << 8);
const text = (bytes: Uint8Array, first: number, words: number) =>
  Array.from({ length: 2 * words }, (_, at) => String.fromCharCode(bytes[(2 * first + at) ^ 1]))
    .join("")
    .trim();

describe("a cable", () => {
  it("shows a disk's signature after a reset, and nothing of device 1 but a status of 0", () => {
    driver.control(0x04);
    expect(driver.alternateStatus).toBe(Status.Busy);
    driver.control(0);
    expect([1, 2, 3, 4, 5, 6, 7].map((register) => driver.in(register))).toEqual([1, 1, 1, 0, 0, 0xa0, READY]);
    driver.out(6, 0x10);
    expect(driver.in(7)).toBe(0);
  });

  it("floats where there is no drive", () => {
    const empty = new IdeDriver(env, SECONDARY);
    empty.out(2, 0x55);
    expect([empty.in(2), empty.in(7), empty.alternateStatus]).toEqual([0x7f, 0x7f, 0x7f]);
  });

  it("is decoded as the timing and command registers say", () => {
    env.ports.write(0xcf8, 0x8000_0940, 4);
    env.ports.write(0xcfc, 0x8000_0000, 4);
    expect(driver.in(7)).toBe(0xff);
  });

  it("holds registers until the high order byte is asked for", () => {
    driver.out(2, 0x12, 0x34);
    driver.control(0x80);
    expect(driver.in(2)).toBe(0x12);
    driver.out(3, 0);
    expect(driver.in(2)).toBe(0x34);
  });

  it("answers a diagnostic from device 0", () => {
    driver.out(7, Command.ExecuteDiagnostic);
    expect([driver.in(1), driver.in(7)]).toEqual([1, READY]);
    expect(env.edges).toEqual(["irq14+", "irq14-"]);
  });
});

describe("AtaDisk", () => {
  it("identifies itself", () => {
    driver.command28(Command.Identify);
    const identity = driver.readData(512);
    expect([word(identity, 1), word(identity, 3), word(identity, 6)]).toEqual([4, 16, 63]);
    expect(text(identity, 27, 20)).toBe("Tabvisor disk");
    expect(text(identity, 10, 10)).toBe("TV-ide0");
    expect(word(identity, 60)).toBe(SECTORS);
    expect(word(identity, 100)).toBe(SECTORS);
    expect(word(identity, 88) & 0xff).toBe(0x3f);
    expect(driver.in(7)).toBe(READY);
  });

  it("reads sectors with an interrupt each, the last read without one", () => {
    driver.command28(Command.ReadSectors, 7, 2);
    expect(env.edges).toEqual(["irq14+"]);
    expect(driver.in(7)).toBe(READY | Status.DataRequest);
    expect(driver.readData(512)).toEqual(sectors(7, 1));
    expect(env.edges).toEqual(["irq14+", "irq14-", "irq14+"]);
    driver.in(7);
    expect(driver.readData(512, 4)).toEqual(sectors(8, 1));
    expect(env.edges.length).toBe(4);
    expect(driver.alternateStatus).toBe(READY);
  });

  it("keeps its interrupt to itself while nIEN is set", () => {
    driver.control(0x02);
    driver.command28(Command.ReadSectors, 0, 1);
    expect(env.edges).toEqual([]);
    driver.control(0);
    expect(env.edges).toEqual(["irq14+"]);
  });

  it("reads by cylinder, head and sector, as the parameters are set", () => {
    driver.out(2, 17);
    driver.out(6, 0xa0 | 3); // 4 heads of 17 sectors
    driver.out(7, Command.InitializeParameters);
    driver.out(6, 0xa0 | 2);
    driver.out(2, 1);
    driver.out(3, 5);
    driver.out(4, 10, 0);
    driver.out(4, 10);
    driver.out(5, 0);
    driver.out(7, Command.ReadSectors);
    driver.wait();
    expect(driver.readData(512)).toEqual(sectors((10 * 4 + 2) * 17 + 4, 1));
  });

  it("writes sectors: the first without an interrupt", () => {
    const data = pattern(1024).reverse();
    driver.command28(Command.WriteSectors, 3, 2);
    expect(env.edges).toEqual([]);
    driver.writeData(data.subarray(0, 512));
    expect(env.edges).toEqual(["irq14+"]);
    expect(driver.in(7) & Status.DataRequest).toBe(Status.DataRequest);
    driver.writeData(data.subarray(512), 4);
    expect(driver.in(7)).toBe(READY);
    expect(sectors(3, 2)).toEqual(data);
  });

  it("gives and takes in one piece what it asks for at a time, by words", () => {
    expect(driver.readBlock(512)).toHaveLength(0);
    driver.command28(Command.ReadSectors, 7, 2);
    expect(driver.readBlock(512, 1)).toHaveLength(0);
    expect(driver.readBlock(101)).toEqual(sectors(7, 1).subarray(0, 100));
    expect(driver.readBlock(4096, 4)).toEqual(sectors(7, 1).subarray(100));
    expect(env.edges).toEqual(["irq14+"]);
    driver.in(7);
    expect(driver.writeBlock(pattern(512))).toBe(0);
    expect(driver.readBlock(512)).toEqual(sectors(8, 1));
    expect(driver.in(7)).toBe(READY);
    const data = pattern(512).reverse();
    driver.command28(Command.WriteSectors, 3, 1);
    expect(driver.readBlock(512)).toHaveLength(0);
    expect(driver.writeBlock(data.subarray(0, 202))).toBe(202);
    expect(driver.writeBlock(Uint8Array.of(...data.subarray(202), 1, 2, 3, 4))).toBe(310);
    driver.wait();
    expect(driver.in(7)).toBe(READY);
    expect(sectors(3, 1)).toEqual(data);
  });

  it("moves blocks of several sectors", () => {
    driver.command28(Command.SetMultiple, 0, 4);
    driver.in(7);
    env.edges.length = 0;
    driver.command48(Command.ReadMultipleExt, 100, 6);
    expect(driver.readData(6 * 512)).toEqual(sectors(100, 6));
    expect(env.edges.filter((edge) => edge === "irq14+").length).toBe(1);
    driver.in(7);
    driver.command28(Command.SetMultiple, 0, 3);
    expect(driver.in(7) & Status.Error).toBe(Status.Error);
  });

  it("reads by DMA into scattered memory", () => {
    driver.command48(Command.ReadDmaExt, 9, 4);
    driver.startDma(
      0x1000,
      [
        [0x2000, 1024],
        [0x4002, 1022],
        [0x8000, 2],
      ],
      true,
    );
    const { bytes } = env.memory;
    const read = [
      ...bytes.subarray(0x2000, 0x2400),
      ...bytes.subarray(0x4002, 0x4400),
      ...bytes.subarray(0x8000, 0x8002),
    ];
    expect(Uint8Array.from(read)).toEqual(sectors(9, 4));
    expect(env.edges).toEqual(["irq14+"]);
    expect(driver.dmaStatus).toBe(0x04);
    expect(driver.in(7)).toBe(READY);
  });

  it("writes by DMA, started before or after the command", () => {
    env.memory.bytes.set(pattern(1024).reverse(), 0x3000);
    driver.startDma(0x1000, [[0x3000, 512]], false);
    driver.command28(Command.WriteDma, 1, 1);
    driver.stopDma();
    driver.command48(Command.WriteDmaFuaExt, 0, 1);
    driver.startDma(0x1000, [[0x3200, 512]], false);
    expect(sectors(1, 1)).toEqual(env.memory.bytes.slice(0x3000, 0x3200));
    expect(sectors(0, 1)).toEqual(env.memory.bytes.slice(0x3200, 0x3400));
  });

  it("moves 64 KiB for a count of 0, and more than a piece of the buffer", () => {
    env.memory.bytes.fill(0);
    driver.command48(Command.ReadDmaExt, 0, 256);
    driver.startDma(
      0x1000,
      [
        [0x2_0000, 0],
        [0x3_0000, 0],
      ],
      true,
    );
    expect(env.memory.bytes.slice(0x2_0000, 0x4_0000)).toEqual(sectors(0, 256));
  });

  it("waits where a table is too short, and says that it is active where it is too long", () => {
    driver.command48(Command.ReadDmaExt, 0, 2);
    driver.startDma(0x1000, [[0x2000, 512]], true);
    expect([driver.dmaStatus, env.edges]).toEqual([0, []]);
    driver.control(4);
    driver.control(0);
    driver.command48(Command.ReadDmaExt, 0, 1);
    driver.startDma(0x1000, [[0x2000, 1024]], true);
    expect(driver.dmaStatus).toBe(0x05);
  });

  it("ends a table outside RAM with an error", () => {
    driver.command48(Command.ReadDmaExt, 0, 1);
    env.ports.write(driver.place.busMaster + 4, 0xffff_fff0, 4);
    env.ports.write(driver.place.busMaster, 0x09, 1);
    driver.wait();
    expect(driver.dmaStatus).toBe(0x02);
  });

  it("refuses what lies beyond its end", () => {
    driver.command28(Command.ReadSectors, SECTORS - 1, 2);
    expect([driver.in(7) & Status.Error, driver.in(1)]).toEqual([1, 0x10]);
    driver.command48(Command.ReadDmaExt, 2 ** 40, 1);
    expect(driver.in(1)).toBe(0x10);
  });

  it("tells where a medium fails", () => {
    medium.fails = true;
    driver.command28(Command.ReadSectors, 77, 4);
    expect([driver.in(7) & Status.Error, driver.in(1), driver.in(3)]).toEqual([1, 0x40, 77]);
  });

  it("flushes, at a write's end too where the cache is off", () => {
    driver.command28(Command.FlushCache);
    expect([medium.flushes, driver.in(7)]).toEqual([1, READY]);
    driver.out(1, 0x82);
    driver.command28(Command.SetFeatures);
    driver.command28(Command.WriteSectors, 0, 1);
    driver.writeData(new Uint8Array(512));
    expect([medium.flushes, driver.in(7)]).toEqual([2, READY]);
  });

  it("trims", () => {
    const view = new DataView(env.memory.bytes.buffer);
    view.setUint32(0x2000, 8, true);
    view.setUint16(0x2006, 8, true);
    view.setUint32(0x2008, 16, true);
    view.setUint16(0x200e, 4, true);
    driver.out(1, 1);
    driver.command48(Command.DataSetManagement, 0, 1);
    driver.startDma(0x1000, [[0x2000, 512]], false);
    expect(medium.discarded).toEqual([[8 * 512, 12 * 512]]);
    expect(driver.in(7)).toBe(READY);
  });

  it("answers SMART, power and size questions", () => {
    driver.out(1, 0xd8);
    driver.command28(Command.Smart, 0xc24f00);
    expect(driver.in(7)).toBe(READY);
    driver.out(1, 0xda);
    driver.command28(Command.Smart, 0xc24f00);
    expect([driver.in(4), driver.in(5)]).toEqual([0x4f, 0xc2]);
    driver.command28(Command.CheckPowerMode);
    expect(driver.in(2)).toBe(0xff);
    driver.command28(Command.ReadNativeMax);
    expect(driver.in(3) | (driver.in(4) << 8)).toBe(SECTORS - 1);
    driver.command28(Command.Nop);
    expect([driver.in(7) & Status.Error, driver.in(1)]).toEqual([1, 4]);
  });

  it("is busy while the medium works, takes nothing meanwhile, and forgets it at a reset", async () => {
    medium.held = true;
    driver.command28(Command.ReadSectors, 5, 1);
    driver.out(2, 0x77);
    driver.out(7, Command.Identify);
    expect([driver.alternateStatus & Status.Busy, driver.in(2)]).toEqual([Status.Busy, 1]);
    driver.control(4);
    driver.control(0);
    medium.release();
    await new Promise((resolve) => setImmediate(resolve));
    driver.wait();
    expect([driver.alternateStatus, env.edges]).toEqual([READY, []]);
  });

  it.each(["read", "write", "flush"] as const)("takes up a %s that was under way when it was saved", async (kind) => {
    medium.held = true;
    if (kind === "read") driver.command28(Command.ReadSectors, 5, 1);
    else if (kind === "flush") driver.command28(Command.FlushCache);
    else {
      driver.command28(Command.WriteSectors, 5, 1);
      driver.writeData(new Uint8Array(512).fill(0x5a));
    }
    const saved = structuredClone(ide.save());
    const other = { env: new ConformanceEnv(), medium: new TestMedium(medium.bytes.slice()) };
    const second = newIde(other.env, [{ index: 0, media: "disk" }], [other.medium]);
    second.ide.restore(saved);
    expect(second.ide.save()).toEqual(saved);
    const otherDriver = new IdeDriver(other.env);
    otherDriver.wait();
    expect(other.env.edges).toEqual(["irq14+"]);
    if (kind === "read") expect(otherDriver.readData(512)).toEqual(sectors(5, 1));
    else if (kind === "write") expect(other.medium.bytes[5 * 512]).toBe(0x5a);
    else expect(other.medium.flushes).toBe(1);
  });
});
