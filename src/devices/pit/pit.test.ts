import { beforeEach, describe, expect, it } from "vitest";
import { nsForTicks } from "../../bus/frequency.ts";
import { IrqLine } from "../../bus/irqLine.ts";
import { PortSpace } from "../../bus/portSpace.ts";
import { FakeClock } from "../../bus/timerQueue.ts";
import { describeDevice } from "../conformance/describeDevice.ts";
import { Pit } from "./pit.ts";
import { PIT_HZ } from "./pitChannel.ts";

let ports: PortSpace;
let clock: FakeClock;
let pit: Pit;
let edges: number[];
let speaker: number[];

beforeEach(() => {
  ports = new PortSpace();
  clock = new FakeClock();
  edges = [];
  speaker = [];
  const irq0 = new IrqLine((asserted) => {
    if (asserted) edges.push(clock.nowNs());
  });
  pit = new Pit(ports, clock, irq0, {
    onSpeaker: ({ highNs, periodNs }) => speaker.push(highNs > 0 ? Math.round(1e9 / periodNs) : 0),
  });
});

const write = (port: number, ...values: number[]): void => {
  for (const value of values) ports.write(port, value, 1);
};
const read = (port: number): number => ports.read(port, 1);
const read16 = (port: number): number => read(port) | (read(port) << 8);
const ticks = (count: number): number => nsForTicks(count, PIT_HZ);
const out2 = (): boolean => (read(0x61) & 0x20) !== 0;

/** Programs channel 2 with its gate open. */
function program2(mode: number, count: number): void {
  write(0x61, 0x01);
  write(0x43, 0xb0 | (mode << 1));
  write(0x42, count & 0xff, count >>> 8);
}

describe("Pit", () => {
  it("gives IRQ0 edges at the rate without drift", () => {
    write(0x43, 0x34);
    write(0x40, 11932 & 0xff, 11932 >>> 8);
    edges.length = 0;
    clock.advance(10e9);
    expect(edges.length).toBe(Math.floor((10 * PIT_HZ) / 11932));
    expect(edges[edges.length - 1]).toBe(ticks(edges.length * 11932));
  });

  it("counts a count of zero as 65536", () => {
    write(0x43, 0x36);
    write(0x40, 0, 0);
    edges.length = 0;
    clock.advance(1e9);
    expect(edges.length).toBe(18);
  });

  it("does not storm after a host pause, and keeps its phase", () => {
    class Jumping extends FakeClock {
      jump = 0;
      override nowNs(): number {
        return super.nowNs() + this.jump;
      }
    }
    const jumping = new Jumping();
    let fired = 0;
    const jumpingPorts = new PortSpace();
    new Pit(
      jumpingPorts,
      jumping,
      new IrqLine((asserted) => {
        if (asserted) fired++;
      }),
    );
    for (const [port, value] of [
      [0x43, 0x34],
      [0x40, 0xa9],
      [0x40, 0x04],
    ])
      jumpingPorts.write(port, value, 1);
    fired = 0;
    jumping.jump = 60e9;
    jumping.fireDue();
    expect(fired).toBe(1);
    expect(jumping.nextDeadlineNs()).toBeGreaterThan(60e9);
    expect(jumping.nextDeadlineNs()).toBeLessThan(60.001e9);
  });

  it("raises once in mode 0 (interrupt on terminal count)", () => {
    write(0x43, 0x30);
    write(0x40, 100, 0);
    clock.advance(ticks(99));
    expect(edges).toEqual([]);
    clock.advance(1e9);
    expect(edges).toEqual([ticks(100)]);
  });

  it("strobes once in mode 4, as Linux uses it for one-shots", () => {
    write(0x43, 0x38);
    edges.length = 0;
    write(0x40, 100, 0);
    clock.advance(1e9);
    expect(edges).toEqual([ticks(101)]);
    write(0x40, 200, 0);
    clock.advance(1e9);
    expect(edges.length).toBe(2);
  });

  it("counts channel 2 in mode 0 while the gate is open", () => {
    program2(0, 1000);
    expect(out2()).toBe(false);
    clock.advance(ticks(400));
    expect(read16(0x42)).toBe(600);
    write(0x61, 0x00);
    clock.advance(ticks(5000));
    expect(read16(0x42)).toBe(600);
    write(0x61, 0x01);
    clock.advance(ticks(601));
    expect(out2()).toBe(true);
  });

  it("runs a one-shot in mode 1 from the rising gate", () => {
    write(0x61, 0x00);
    write(0x43, 0xb2);
    write(0x42, 100, 0);
    clock.advance(ticks(500));
    expect(out2()).toBe(true);
    write(0x61, 0x01);
    expect(out2()).toBe(false);
    write(0x61, 0x00);
    clock.advance(ticks(101));
    expect(out2()).toBe(true);
  });

  it("divides by N in mode 2, low for one tick", () => {
    program2(2, 10);
    const levels = Array.from({ length: 20 }, (_unused, index) => {
      clock.advance(ticks(index + 1) - clock.nowNs());
      return out2();
    });
    expect(levels.flatMap((level, index) => (level ? [] : [index + 1]))).toEqual([9, 19]);
  });

  it("makes a square wave in mode 3 and counts by two", () => {
    program2(3, 10);
    expect([out2(), read16(0x42)]).toEqual([true, 10]);
    clock.advance(ticks(3));
    expect(read16(0x42)).toBe(4);
    clock.advance(ticks(6) - clock.nowNs());
    expect([out2(), read16(0x42)]).toEqual([false, 8]);
  });

  it("strobes in mode 5 after the gate rises", () => {
    write(0x61, 0x00);
    write(0x43, 0xba);
    write(0x42, 10, 0);
    write(0x61, 0x01);
    clock.advance(ticks(10));
    expect(out2()).toBe(false);
    clock.advance(ticks(11) - clock.nowNs());
    expect(out2()).toBe(true);
  });

  it("takes a new count in mode 2 at the end of the cycle", () => {
    program2(2, 1000);
    clock.advance(ticks(2500));
    write(0x42, 2000 & 0xff, 2000 >>> 8);
    // Half a tick on, clear of its edge.
    clock.advance(ticks(100) + 400);
    expect(read16(0x42)).toBe(400);
    clock.advance(ticks(401));
    expect(read16(0x42)).toBeGreaterThan(1990);
  });

  it("counts in BCD", () => {
    write(0x61, 0x01);
    write(0x43, 0xb1);
    write(0x42, 0x34, 0x12);
    clock.advance(ticks(35));
    expect(read16(0x42)).toBe(0x1199);
  });

  it("latches counts, and count and status by read-back", () => {
    program2(0, 1000);
    write(0x43, 0x80);
    clock.advance(ticks(100));
    write(0x43, 0x80);
    expect(read16(0x42)).toBe(1000);
    expect(read16(0x42)).toBe(900);
    write(0x43, 0xc8);
    clock.advance(ticks(50));
    expect(read(0x42)).toBe(0x30);
    expect(read16(0x42)).toBe(900);
    write(0x43, 0xe8);
    clock.advance(ticks(1000));
    write(0x43, 0xe8);
    expect(read(0x42)).toBe(0x30);
    write(0x43, 0xb6);
    write(0x43, 0xe8);
    expect(read(0x42)).toBe(0xf6);
  });

  it("reads and writes single bytes", () => {
    write(0x61, 0x01);
    write(0x43, 0x90);
    write(0x42, 0x50);
    expect(read(0x42)).toBe(0x50);
    write(0x43, 0xa0);
    write(0x42, 0x02);
    clock.advance(ticks(1));
    expect(read(0x42)).toBe(0x01);
  });

  it("toggles the refresh bit about every 15 us", () => {
    let changes = 0;
    let last = read(0x61) & 0x10;
    for (let count = 0; count < 1500; count++) {
      clock.advance(1000);
      const bit = read(0x61) & 0x10;
      if (bit !== last) changes++;
      last = bit;
    }
    expect(changes).toBeGreaterThan(97);
    expect(changes).toBeLessThan(101);
  });

  it("tells the speaker its tone", () => {
    program2(3, 1193);
    write(0x61, 0x03);
    write(0x61, 0x01);
    expect(speaker).toEqual([1000, 0]);
  });

  it("leaves IRQ0 to the HPET when suppressed", () => {
    write(0x43, 0x34);
    write(0x40, 0, 0x10);
    edges.length = 0;
    pit.setIrqSuppressed(true);
    clock.advance(1e8);
    expect(edges).toEqual([]);
    pit.setIrqSuppressed(false);
    clock.advance(1e8);
    expect(edges.length).toBeGreaterThan(20);
  });
});

describeDevice(
  "Pit",
  (env) => new Pit(env.ports, env.clock, env.irq("irq0")),
  (_device, env) => {
    for (const [port, value] of [
      [0x43, 0x34],
      [0x40, 0x00],
      [0x40, 0x03],
      [0x61, 0x03],
      [0x43, 0xb6],
      [0x42, 0x10],
    ]) {
      env.ports.write(port, value, 1);
      env.clock.advance(100_001);
    }
  },
);
