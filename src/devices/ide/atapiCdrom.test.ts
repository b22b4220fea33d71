import { beforeEach, describe, expect, it } from "vitest";
import type { Disk } from "../../bus/disk.ts";
import { ConformanceEnv } from "../conformance/conformanceEnv.ts";
import { Command, Status } from "./ataRegisters.ts";
import { Packet } from "./packetCommands.ts";
import { enableIde, IdeDriver, newIde, pattern, SECONDARY, TestMedium } from "./testing.ts";

const SECTORS = 300;

let env: ConformanceEnv;
let medium: TestMedium;
let disk: Disk;
let driver: IdeDriver;

beforeEach(() => {
  env = new ConformanceEnv();
  medium = new TestMedium(pattern(SECTORS * 2048), true);
  const made = newIde(env, [{ index: 2, media: "cdrom" }], [medium]);
  disk = made.disks[0];
  enableIde(env);
  driver = new IdeDriver(env, SECONDARY);
  driver.out(6, 0);
  env.edges.length = 0;
});

const sectors = (first: number, count: number) => medium.bytes.slice(first * 2048, (first + count) * 2048);
/** The data of a packet command, as the drive hands it out by its byte counts. */
function dataOf(packet: readonly number[], byteLimit = 0xfffe): number[] {
  driver.packet(packet, 0, byteLimit);
  const data: number[] = [];
  for (;;) {
    driver.wait();
    if ((driver.in(7) & Status.DataRequest) === 0) return data;
    expect(driver.in(2)).toBe(2);
    const count = driver.in(4) | (driver.in(5) << 8);
    data.push(...driver.readData(count + (count & 1)).subarray(0, count));
  }
}
const senseOf = () => {
  const data = dataOf([Packet.RequestSense, 0, 0, 0, 18]);
  return [data[2], data[12], data[13]];
};
const failed = () => (driver.in(7) & Status.Error) !== 0;

describe("AtapiCdrom", () => {
  it("shows its signature where hosts look for disks", () => {
    driver.control(4);
    driver.control(0);
    expect([driver.in(4), driver.in(5), driver.in(7)]).toEqual([0x14, 0xeb, 0]);
    driver.out(7, Command.Identify);
    expect([driver.in(7) & Status.Error, driver.in(4), driver.in(5)]).toEqual([1, 0x14, 0xeb]);
    driver.out(7, Command.IdentifyPacket);
    expect(driver.readData(512)[0]).toBe(0xc0);
  });

  it("takes a packet and answers with an interrupt for each phase", () => {
    driver.packet([Packet.Inquiry, 0, 0, 0, 36]);
    expect([driver.in(2), driver.in(4), driver.in(5)]).toEqual([2, 36, 0]);
    expect(env.edges).toEqual(["irq15+"]);
    driver.in(7);
    driver.readData(36);
    expect([driver.in(2), driver.in(7)]).toEqual([3, Status.Ready]);
    expect(env.edges.filter((edge) => edge === "irq15+").length).toBe(2);
  });

  it("reads sectors through the data register by the byte count limit", () => {
    const limit = 4096;
    expect(Uint8Array.from(dataOf([Packet.Read10, 0, 0, 0, 0, 10, 0, 0, 5], limit))).toEqual(sectors(10, 5));
    expect(Uint8Array.from(dataOf([Packet.Read12, 0, 0, 0, 0, 10, 0, 0, 0, 40], 0x7ff))).toEqual(sectors(10, 40));
  });

  it("reads sectors by DMA", () => {
    driver.packet([Packet.Read10, 0, 0, 0, 0, 3, 0, 0, 2], 1);
    driver.startDma(0x1000, [[0x8000, 4096]], true);
    expect(env.memory.bytes.slice(0x8000, 0x9000)).toEqual(sectors(3, 2));
    expect([driver.in(2), driver.in(7), driver.dmaStatus]).toEqual([3, Status.Ready, 4]);
  });

  it("reads raw sectors", () => {
    const raw = dataOf([Packet.ReadCd, 0, 0, 0, 0, 16, 0, 0, 2, 0xf8]);
    expect(raw.length).toBe(2 * 2352);
    expect(raw.slice(12, 16)).toEqual([0x00, 0x02, 0x16, 1]);
    expect(Uint8Array.from(raw.slice(2352 + 16, 2352 + 16 + 2048))).toEqual(sectors(17, 1));
    expect(dataOf([Packet.ReadCdMsf, 0, 0, 0, 2, 16, 0, 2, 17, 0x10]).length).toBe(2048);
  });

  it("tells capacity and tables of contents", () => {
    expect(dataOf([Packet.ReadCapacity])).toEqual([0, 0, 1, 43, 0, 0, 8, 0]);
    const toc = dataOf([Packet.ReadToc, 0, 0, 0, 0, 0, 0, 0, 100]);
    expect(toc).toEqual([0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xaa, 0, 0, 0, 1, 44]);
    expect(dataOf([Packet.ReadToc, 2, 0, 0, 0, 0, 0xaa, 0, 100]).slice(4)).toEqual([0, 0x14, 0xaa, 0, 0, 0, 6, 0]);
    expect(dataOf([Packet.ReadToc, 0, 1, 0, 0, 0, 0, 0, 100]).length).toBe(12);
    expect(dataOf([Packet.ReadToc, 2, 2, 0, 0, 0, 0, 0, 100]).length).toBe(4 + 4 * 11);
    expect(dataOf([Packet.ReadToc, 0, 0, 0, 0, 0, 0, 0, 4])).toEqual([0, 18, 1, 1]);
    expect(dataOf([Packet.ReadToc, 0, 5, 0, 0, 0, 0, 0, 4])).toEqual([]);
    expect(senseOf()).toEqual([5, 0x24, 0]);
  });

  it("tells of itself", () => {
    const configuration = dataOf([Packet.GetConfiguration, 0, 0, 0, 0, 0, 0, 1, 0]);
    expect(configuration.slice(6, 8)).toEqual([0, 8]);
    expect(configuration.length).toBe(4 + ((configuration[2] << 8) | configuration[3]));
    expect(dataOf([Packet.ModeSense10, 0, 0x2a, 0, 0, 0, 0, 0, 100]).slice(8, 10)).toEqual([0x2a, 20]);
    expect(dataOf([Packet.ModeSense6, 0, 0x3f, 0, 200]).length).toBe(4 + 8 + 8 + 12 + 22);
    expect(dataOf([Packet.MechanismStatus, 0, 0, 0, 0, 0, 0, 0, 0, 8]).length).toBe(8);
    expect(dataOf([Packet.ReadDiscInformation, 0, 0, 0, 0, 0, 0, 0, 34]).length).toBe(34);
    expect(dataOf([Packet.ReadSubChannel, 2, 0x40, 1, 0, 0, 0, 0, 16]).slice(0, 4)).toEqual([0, 0x15, 0, 12]);
    driver.packet([Packet.ModeSense10, 0, 0xc1]);
    expect(failed()).toBe(true);
  });

  it("takes mode parameters and keeps none", () => {
    driver.packet([Packet.ModeSelect10, 0, 0, 0, 0, 0, 0, 0, 16]);
    expect([driver.in(2), driver.in(4)]).toEqual([0, 16]);
    driver.writeData(new Uint8Array(16));
    expect(driver.in(7)).toBe(Status.Ready);
  });

  it("says what is wrong with a command", () => {
    driver.packet([0xff]);
    expect([failed(), driver.in(1)]).toEqual([true, 0x50]);
    expect(senseOf()).toEqual([5, 0x20, 0]);
    expect(senseOf()).toEqual([0, 0, 0]);
    driver.packet([Packet.Read10, 0, 0, 0, 1, 44, 0, 0, 1]);
    expect(senseOf()).toEqual([5, 0x21, 0]);
    medium.fails = true;
    driver.packet([Packet.Read10, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(senseOf()).toEqual([3, 0x11, 0]);
  });

  it("ejects and loads, unless the tray is locked", () => {
    driver.packet([Packet.PreventAllowRemoval, 0, 0, 0, 1]);
    driver.packet([Packet.StartStopUnit, 0, 0, 0, 2]);
    expect(senseOf()).toEqual([5, 0x53, 2]);
    driver.packet([Packet.PreventAllowRemoval, 0, 0, 0, 0]);
    driver.packet([Packet.StartStopUnit, 0, 0, 0, 2]);
    driver.packet([Packet.TestUnitReady]);
    expect(senseOf()).toEqual([2, 0x3a, 2]);
    driver.packet([Packet.StartStopUnit, 0, 0, 0, 3]);
    driver.packet([Packet.TestUnitReady]);
    expect(senseOf()).toEqual([6, 0x28, 0]);
    driver.packet([Packet.TestUnitReady]);
    expect(driver.in(7)).toBe(Status.Ready);
  });

  it("tells of another disc: by an event, a unit attention, and the size", () => {
    disk.change(undefined);
    driver.packet([Packet.TestUnitReady]);
    expect(senseOf()).toEqual([2, 0x3a, 1]);
    expect(dataOf([Packet.GetEventStatus, 1, 0, 0, 0x10, 0, 0, 0, 8])).toEqual([0, 6, 4, 0x10, 3, 0, 0, 0]);
    disk.change(new TestMedium(new Uint8Array(40 * 2048), true));
    expect(dataOf([Packet.GetEventStatus, 1, 0, 0, 0x10, 0, 0, 0, 8])).toEqual([0, 6, 4, 0x10, 2, 2, 0, 0]);
    expect(dataOf([Packet.ReadCapacity])).toEqual([]);
    expect(senseOf()).toEqual([6, 0x28, 0]);
    expect(dataOf([Packet.ReadCapacity]).slice(0, 4)).toEqual([0, 0, 0, 39]);
  });

  it("ends a read with an error when the disc is taken out", async () => {
    medium.held = true;
    driver.packet([Packet.Read10, 0, 0, 0, 0, 0, 0, 0, 1]);
    disk.change(undefined);
    medium.release();
    await new Promise((resolve) => setImmediate(resolve));
    driver.wait();
    expect(failed()).toBe(true);
    expect(senseOf()).toEqual([2, 0x3a, 1]);
  });

  it("is reset by DEVICE RESET, busy or not", () => {
    medium.held = true;
    driver.packet([Packet.Read10, 0, 0, 0, 0, 0, 0, 0, 1]);
    driver.out(7, Command.DeviceReset);
    expect([driver.in(4), driver.in(5), driver.in(7)]).toEqual([0x14, 0xeb, 0]);
  });
});
