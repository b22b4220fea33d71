import { beforeEach, describe, expect, it } from "vitest";
import { PortSpace } from "../../bus/portSpace.ts";
import { describeDevice } from "../conformance/describeDevice.ts";
import { PicPair } from "./picPair.ts";

let ports: PortSpace;
let pic: PicPair;
let intr: boolean;
let rises: number;

function initialise(icw4 = 0x01): void {
  for (const [port, value] of [
    [0x20, 0x11],
    [0x21, 0x30],
    [0x21, 0x04],
    [0x21, icw4],
    [0xa0, 0x11],
    [0xa1, 0x38],
    [0xa1, 0x02],
    [0xa1, icw4],
    [0x21, 0x00],
    [0xa1, 0x00],
  ]) {
    ports.write(port, value, 1);
  }
}

beforeEach(() => {
  ports = new PortSpace();
  intr = false;
  rises = 0;
  pic = new PicPair(ports, (asserted) => {
    intr = asserted;
    if (asserted) rises++;
  });
  initialise();
});

const eoi = (): void => ports.write(0x20, 0x20, 1);
const eoiSlave = (): void => ports.write(0xa0, 0x20, 1);
const readIsr = (port: number): number => {
  ports.write(port, 0x0b, 1);
  return ports.read(port, 1);
};
const readIrr = (port: number): number => {
  ports.write(port, 0x0a, 1);
  return ports.read(port, 1);
};

describe("PicPair", () => {
  it("delivers an edge once and holds lower levels until EOI", () => {
    pic.irqLine(1).raise();
    expect(intr).toBe(true);
    expect(pic.acknowledge()).toBe(0x31);
    expect(intr).toBe(false);
    pic.irqLine(4).pulse();
    expect(intr).toBe(false);
    pic.irqLine(0).pulse();
    expect(pic.acknowledge()).toBe(0x30);
    expect(readIsr(0x20)).toBe(0x03);
    eoi();
    expect(intr).toBe(false);
    eoi();
    expect(pic.acknowledge()).toBe(0x34);
    eoi();
    // The line of IRQ1 is still high: no new edge.
    expect(intr).toBe(false);
  });

  it("cascades the slave and gives one edge per slave interrupt", () => {
    pic.irqLine(12).pulse();
    pic.irqLine(14).pulse();
    expect(pic.acknowledge()).toBe(0x3c);
    expect([readIsr(0x20), readIsr(0xa0)]).toEqual([0x04, 0x10]);
    eoiSlave();
    expect(intr).toBe(false);
    eoi();
    expect(intr).toBe(true);
    expect(pic.acknowledge()).toBe(0x3e);
  });

  it("repeats a level-triggered interrupt while the line is high", () => {
    ports.write(0x4d1, 0xff, 1);
    ports.write(0x4d0, 0xff, 1);
    expect([ports.read(0x4d0, 1), ports.read(0x4d1, 1)]).toEqual([0xf8, 0xde]);
    const line = pic.irqLine(11);
    line.raise();
    expect(pic.acknowledge()).toBe(0x3b);
    eoiSlave();
    eoi();
    expect(pic.acknowledge()).toBe(0x3b);
    line.lower();
    eoiSlave();
    eoi();
    expect(intr).toBe(false);
  });

  it("answers with spurious IRQ7 or IRQ15 when the request went away", () => {
    ports.write(0x4d0, 0x20, 1);
    pic.irqLine(5).raise();
    pic.irqLine(5).lower();
    expect(pic.acknowledge()).toBe(0x37);
    expect(readIsr(0x20)).toBe(0);
    pic.irqLine(9).raise();
    ports.write(0xa1, 0xff, 1);
    // The slave's INT fell, but the master has latched the edge.
    expect(pic.acknowledge()).toBe(0x3f);
    expect([readIsr(0x20), readIsr(0xa0)]).toEqual([0x04, 0]);
  });

  it("masks, and keeps a masked edge pending", () => {
    ports.write(0x21, 0x10, 1);
    expect(ports.read(0x21, 1)).toBe(0x10);
    pic.irqLine(4).pulse();
    expect(intr).toBe(false);
    expect(readIrr(0x20)).toBe(0x10);
    ports.write(0x21, 0, 1);
    expect(pic.acknowledge()).toBe(0x34);
  });

  it("rotates priorities", () => {
    ports.write(0x20, 0xc0 | 4, 1); // IR4 lowest, IR5 highest
    pic.irqLine(0).pulse();
    pic.irqLine(6).pulse();
    expect(pic.acknowledge()).toBe(0x36);
    ports.write(0x20, 0xa0, 1); // rotate on non-specific EOI: IR6 lowest
    expect(pic.acknowledge()).toBe(0x30);
    ports.write(0x20, 0x60, 1); // specific EOI of IR0
    expect(readIsr(0x20)).toBe(0);
  });

  it("lets lower levels through in special mask mode", () => {
    pic.irqLine(3).pulse();
    pic.acknowledge();
    ports.write(0x21, 0x08, 1);
    ports.write(0x20, 0x68, 1);
    pic.irqLine(6).pulse();
    expect(pic.acknowledge()).toBe(0x36);
  });

  it("leaves ISR alone with automatic EOI", () => {
    initialise(0x03);
    pic.irqLine(3).pulse();
    pic.acknowledge();
    expect(readIsr(0x20)).toBe(0);
  });

  it("acknowledges by poll", () => {
    ports.write(0x20, 0x0c, 1);
    expect(ports.read(0x20, 1)).toBe(0);
    pic.irqLine(6).pulse();
    ports.write(0x20, 0x0c, 1);
    expect(ports.read(0x20, 1)).toBe(0x86);
    expect(readIsr(0x20)).toBe(0x40);
    expect(intr).toBe(false);
  });

  it("forgets latched edges at ICW1", () => {
    pic.irqLine(4).raise();
    initialise();
    expect(intr).toBe(false);
    pic.irqLine(4).lower();
    pic.irqLine(4).raise();
    expect(rises).toBe(2);
    expect(pic.acknowledge()).toBe(0x34);
  });
});

describeDevice(
  "PicPair",
  (env) => {
    const output = env.irq("intr");
    return new PicPair(env.ports, (asserted) => output.set(asserted));
  },
  (device, env) => {
    for (const value of [0x11, 0x40, 0x04, 0x01]) env.ports.write(value === 0x11 ? 0x20 : 0x21, value, 1);
    device.irqLine(3).raise();
    device.irqLine(10).raise();
    device.acknowledge();
  },
);
