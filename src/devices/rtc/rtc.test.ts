import { beforeEach, describe, expect, it } from "vitest";
import { IrqLine } from "../../bus/irqLine.ts";
import { PortSpace } from "../../bus/portSpace.ts";
import { FakeClock } from "../../bus/timerQueue.ts";
import { describeDevice } from "../conformance/describeDevice.ts";
import { Rtc } from "./rtc.ts";

const MIB = 1 << 20;
const CONFIG = { memoryBytes: 256 * MIB, memoryAbove4GBytes: 1024 * MIB, bootOrder: ["cdrom", "disk"] as const };

let ports: PortSpace;
let clock: FakeClock;
let irq8: IrqLine;
let edges: number;
let nmi: boolean[];

beforeEach(() => {
  ports = new PortSpace();
  clock = new FakeClock(Date.UTC(2026, 10, 21, 23, 59, 57));
  edges = 0;
  nmi = [];
  irq8 = new IrqLine((asserted) => {
    if (asserted) edges++;
  });
  new Rtc(ports, clock, irq8, CONFIG, { onNmiMask: (masked) => nmi.push(masked) });
});

function read(index: number): number {
  ports.write(0x70, index, 1);
  return ports.read(0x71, 1);
}

function write(index: number, value: number): void {
  ports.write(0x70, index, 1);
  ports.write(0x71, value, 1);
}

const time = (): string => [0x32, 0x09, 0x08, 0x07, 0x06, 0x04, 0x02, 0x00].map((r) => read(r).toString(16)).join(" ");

describe("Rtc", () => {
  it("tells the time in BCD and carries over midnight", () => {
    expect(time()).toBe("20 26 11 21 7 23 59 57");
    clock.advance(3e9);
    expect(time()).toBe("20 26 11 22 1 0 0 0");
  });

  it("tells it in binary and 12 hours", () => {
    write(0x0b, 0x06);
    expect(read(0x02)).toBe(59);
    write(0x0b, 0x00);
    expect(read(0x04)).toBe(0x91);
    clock.advance(3e9);
    expect(read(0x04)).toBe(0x12);
  });

  it("is set while SET holds it, and goes on from there", () => {
    write(0x0b, 0x82);
    for (const [index, value] of [
      [0x32, 0x19],
      [9, 0x99],
      [8, 0x12],
      [7, 0x31],
      [4, 0x12],
      [2, 0x34],
      [0, 0x56],
    ]) {
      write(index, value);
    }
    clock.advance(10e9);
    expect(time()).toBe("19 99 12 31 6 12 34 56");
    write(0x0b, 0x02);
    clock.advance(499e6);
    expect(read(0)).toBe(0x56);
    clock.advance(2e6);
    expect(read(0)).toBe(0x57);
  });

  it("shows UIP just before the update", () => {
    expect(read(0x0a)).toBe(0x26);
    clock.advance(999_800_000);
    expect(read(0x0a)).toBe(0xa6);
    clock.advance(300_000);
    expect(read(0x0a)).toBe(0x26);
  });

  it("interrupts again where the next period ends while C is being read", () => {
    write(0x0a, 0x26);
    write(0x0b, 0x42);
    clock.advance(1_000_000);
    expect(edges).toBe(1);
    // The clock of a real host goes on between two looks of the chip.
    const nowNs = clock.nowNs.bind(clock);
    let looks = 0;
    clock.nowNs = () => nowNs() + (looks++ > 0 ? 1_000_000 : 0);
    read(0x0c);
    expect([irq8.level, edges]).toEqual([true, 2]);
  });

  it("gives periodic interrupts, each acknowledged by reading C", () => {
    write(0x0b, 0x42);
    clock.advance(1e6);
    expect(irq8.level).toBe(true);
    expect(read(0x0c)).toBe(0xc0);
    expect(irq8.level).toBe(false);
    edges = 0;
    for (let count = 0; count < 4096; count++) {
      clock.advance(1e9 / 4096);
      if (irq8.level) read(0x0c);
    }
    expect(Math.abs(edges - 1024)).toBeLessThanOrEqual(1);
    edges = 0;
    clock.advance(10e9);
    expect(edges).toBe(1);
  });

  it("sets the flags for those who poll", () => {
    read(0x0c);
    expect(read(0x0c)).toBe(0);
    clock.advance(1.1e9);
    expect(read(0x0c)).toBe(0x50);
    expect(edges).toBe(0);
  });

  it("interrupts at the end of an update", () => {
    write(0x0b, 0x12);
    clock.advance(999e6);
    expect(edges).toBe(0);
    clock.advance(1e6);
    expect(edges).toBe(1);
    expect(read(0x0c) & 0x90).toBe(0x90);
  });

  it("rings the alarm, with wildcards", () => {
    write(0x01, 0x05);
    write(0x03, 0x00);
    write(0x05, 0xff);
    write(0x0b, 0x22);
    clock.advance(7.9e9);
    expect(edges).toBe(0);
    clock.advance(0.2e9);
    expect(edges).toBe(1);
    expect(read(0x0c) & 0xa0).toBe(0xa0);
    clock.advance(3590e9);
    expect(edges).toBe(1);
    clock.advance(11e9);
    expect(edges).toBe(2);
  });

  it("never rings an alarm at no time of day", () => {
    write(0x01, 0x7f);
    write(0x0b, 0x22);
    clock.advance(1e14);
    expect(edges).toBe(0);
  });

  it("holds what SeaBIOS asks for", () => {
    const word = (index: number): number => read(index) | (read(index + 1) << 8);
    expect([word(0x15), word(0x17), word(0x30), word(0x34)]).toEqual([640, 0xffff, 0xffff, (240 * 1024) / 64]);
    expect(read(0x5b) | (read(0x5c) << 8) | (read(0x5d) << 16)).toBe(1024 * 16);
    expect([read(0x10), read(0x14), read(0x38), read(0x3d), read(0x5f), read(0x39)]).toEqual([0, 6, 0, 0x23, 0, 0x55]);
    expect(read(0x0d)).toBe(0x80);
    write(0x0f, 0x0a);
    expect(read(0x0f)).toBe(0x0a);
  });

  it("masks the NMI with bit 7 of port 70h", () => {
    ports.write(0x70, 0x8f, 1);
    ports.write(0x70, 0x0f, 1);
    expect(nmi).toEqual([true, false]);
  });
});

describeDevice(
  "Rtc",
  (env) => new Rtc(env.ports, env.clock, env.irq("irq8"), CONFIG),
  (_device, env) => {
    for (const [index, value] of [
      [0x0b, 0x72],
      [0x40, 0x55],
      [0x02, 0x17],
    ]) {
      env.ports.write(0x70, index, 1);
      env.ports.write(0x71, value, 1);
    }
    env.clock.advance(1_500_000_000);
  },
);
