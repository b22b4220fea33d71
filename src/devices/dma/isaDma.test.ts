import { beforeEach, describe, expect, it } from "vitest";
import { PortSpace } from "../../bus/portSpace.ts";
import { describeDevice, FakeMemory } from "../conformance/describeDevice.ts";
import { IsaDma } from "./isaDma.ts";

let ports: PortSpace;
let memory: FakeMemory;
let dma: IsaDma;

beforeEach(() => {
  ports = new PortSpace();
  memory = new FakeMemory();
  dma = new IsaDma(ports, memory);
});

const write = (port: number, ...values: number[]): void => {
  for (const value of values) ports.write(port, value, 1);
};

/** Programs channel 2 as a floppy driver does. */
function programFloppy(mode: number, address: number, bytes: number): void {
  write(0x0a, 0x06);
  write(0x0c, 0);
  write(0x0b, mode | 2);
  write(0x04, address & 0xff, (address >>> 8) & 0xff);
  write(0x81, address >>> 16);
  write(0x05, (bytes - 1) & 0xff, (bytes - 1) >>> 8);
  write(0x0a, 0x02);
}

describe("IsaDma", () => {
  it("stores what a device reads, up to the terminal count", () => {
    programFloppy(0x44, 0x31000, 512);
    expect(dma.writeMemory(2, new Uint8Array(256).fill(1))).toBe(256);
    expect(dma.isTerminalCount(2)).toBe(false);
    write(0x0c, 0);
    expect([ports.read(0x05, 1), ports.read(0x05, 1)]).toEqual([0xff, 0x00]);
    expect(dma.writeMemory(2, new Uint8Array(512).fill(2))).toBe(256);
    expect([...memory.bytes.subarray(0x310ff, 0x31101)]).toEqual([1, 2]);
    expect([memory.bytes[0x311ff], memory.bytes[0x31200]]).toEqual([2, 0]);
    expect(dma.isTerminalCount(2)).toBe(true);
    expect(ports.read(0x08, 1)).toBe(0x04);
    expect(ports.read(0x08, 1)).toBe(0x00);
    expect(dma.writeMemory(2, new Uint8Array(1))).toBe(0);
  });

  it("fetches for a device and begins again with autoinitialise", () => {
    memory.bytes.set([1, 2, 3, 4], 0x2000);
    programFloppy(0x58, 0x2000, 4);
    const target = new Uint8Array(4);
    expect(dma.readMemory(2, target)).toBe(4);
    expect([...target]).toEqual([1, 2, 3, 4]);
    target.fill(0);
    expect(dma.readMemory(2, target)).toBe(4);
    expect(target[3]).toBe(4);
  });

  it("wraps within its 64 K page", () => {
    programFloppy(0x44, 0x1fffe, 4);
    dma.writeMemory(2, Uint8Array.of(1, 2, 3, 4));
    expect([memory.bytes[0x1ffff], memory.bytes[0x10000], memory.bytes[0x20000]]).toEqual([2, 3, 0]);
  });

  it("decrements", () => {
    programFloppy(0x64, 0x1003, 4);
    dma.writeMemory(2, Uint8Array.of(1, 2, 3, 4));
    expect([...memory.bytes.subarray(0x1000, 0x1004)]).toEqual([4, 3, 2, 1]);
  });

  it("moves words on channels 5 to 7", () => {
    write(0xd8, 0);
    write(0xd6, 0x45);
    write(0xc4, 0x00, 0x80);
    write(0x8b, 0x02);
    write(0xc6, 0x01, 0x00);
    write(0xd4, 0x01);
    expect(dma.writeMemory(5, Uint8Array.of(1, 2, 3, 4, 5, 6))).toBe(4);
    expect([...memory.bytes.subarray(0x30000, 0x30005)]).toEqual([1, 2, 3, 4, 0]);
  });

  it("refuses masked channels and the wrong direction, and verifies", () => {
    expect(dma.readMemory(2, new Uint8Array(4))).toBe(0);
    programFloppy(0x44, 0x1000, 4);
    expect(dma.readMemory(2, new Uint8Array(4))).toBe(0);
    programFloppy(0x40, 0x1000, 4);
    expect(dma.writeMemory(2, Uint8Array.of(9, 9, 9, 9))).toBe(4);
    expect(memory.bytes[0x1000]).toBe(0);
  });

  it("keeps page ports without a channel as latches", () => {
    write(0x84, 0x5a);
    expect(ports.read(0x84, 1)).toBe(0x5a);
  });
});

describeDevice(
  "IsaDma",
  (env) => new IsaDma(env.ports, env.memory),
  (device, env) => {
    env.ports.write(0x0b, 0x46, 1);
    env.ports.write(0x04, 0x12, 1);
    env.ports.write(0x81, 0x3, 1);
    env.ports.write(0x84, 0x3, 1);
    env.ports.write(0x0a, 0x02, 1);
    device.setRequest(2, true);
  },
);
