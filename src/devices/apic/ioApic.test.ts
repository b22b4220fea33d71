import { beforeEach, describe, expect, it } from "vitest";
import { IrqLine } from "../../bus/irqLine.ts";
import { MmioSpace } from "../../bus/mmioSpace.ts";
import { describeDevice } from "../conformance/describeDevice.ts";
import { type ApicMessage, messageOfMsi } from "./apicMessage.ts";
import { IOAPIC_BASE, IoApic } from "./ioApic.ts";
import { IrqRouter } from "./irqRouter.ts";

let mmio: MmioSpace;
let ioApic: IoApic;
let sent: ApicMessage[];
let accepting: boolean;

function write(index: number, value: number): void {
  mmio.write(IOAPIC_BASE, index, 4);
  mmio.write(IOAPIC_BASE + 0x10, value, 4);
}

function read(index: number): number {
  mmio.write(IOAPIC_BASE, index, 4);
  return mmio.read(IOAPIC_BASE + 0x10, 4);
}

beforeEach(() => {
  mmio = new MmioSpace();
  sent = [];
  accepting = true;
  ioApic = new IoApic(mmio, {
    deliver: (message) => {
      sent.push(message);
      return accepting;
    },
  });
});

describe("IoApic", () => {
  it("identifies itself", () => {
    write(0, 0x05000000);
    expect([read(0), read(1), read(2)]).toEqual([0x05000000, 0x00170020, 0x05000000]);
    expect(read(0x10)).toBe(0x10000);
  });

  it("sends an edge once and loses it while masked", () => {
    const line = ioApic.irqLine(4);
    line.pulse();
    write(0x19, 0x03000000);
    write(0x18, 0x0834);
    expect(sent).toEqual([]);
    line.raise();
    expect(sent).toEqual([{ vector: 0x34, deliveryMode: 0, destination: 3, logical: true, level: false }]);
    write(0x18, 0x0834);
    expect(sent.length).toBe(1);
  });

  it("repeats a level interrupt after EOI while the line is high", () => {
    write(0x10 + 22, 0x8040);
    const line = ioApic.irqLine(11);
    line.raise();
    expect(read(0x10 + 22)).toBe(0xc040);
    expect(sent.length).toBe(1);
    ioApic.endOfInterrupt(0x41);
    expect(sent.length).toBe(1);
    ioApic.endOfInterrupt(0x40);
    expect(sent.length).toBe(2);
    line.lower();
    mmio.write(IOAPIC_BASE + 0x40, 0x40, 4);
    expect(sent.length).toBe(2);
    expect(read(0x10 + 22)).toBe(0x8040);
  });

  it("serves a level line when it is unmasked, and clears remote IRR by a turn to edge", () => {
    write(0x10 + 22, 0x18040);
    ioApic.irqLine(11).raise();
    expect(sent.length).toBe(0);
    write(0x10 + 22, 0x8040);
    expect(sent.length).toBe(1);
    write(0x10 + 22, 0x10040);
    expect(read(0x10 + 22)).toBe(0x10040);
  });

  it("keeps remote IRR clear when nobody accepts", () => {
    accepting = false;
    write(0x10 + 22, 0x8040);
    ioApic.irqLine(11).raise();
    expect(read(0x10 + 22)).toBe(0x8040);
  });
});

describe("IrqRouter", () => {
  it("drives both controllers and shares wires", () => {
    const pic = Array.from({ length: 16 }, () => new IrqLine(() => {}));
    const pins = Array.from({ length: 24 }, () => new IrqLine(() => {}));
    const targets = [10, 11, -1, -1];
    const router = new IrqRouter({
      pic: { irqLine: (irq) => pic[irq] },
      ioApic: { irqLine: (pin) => pins[pin] },
      pirqTarget: (pirq) => targets[pirq],
    });
    const asserted = (lines: IrqLine[]): number[] => lines.flatMap((line, index) => (line.level ? [index] : []));
    const timer = router.isaIrq(0);
    timer.raise();
    expect([asserted(pic), asserted(pins)]).toEqual([[0], [2]]);
    timer.lower();
    const disk = router.pirq(0);
    const net = router.pirq(0);
    const isa = router.isaIrq(10);
    disk.raise();
    net.raise();
    expect([asserted(pic), asserted(pins)]).toEqual([[10], [10, 16]]);
    disk.lower();
    expect(asserted(pic)).toEqual([10]);
    targets[0] = 5;
    router.rerouted();
    expect([asserted(pic), asserted(pins)]).toEqual([[5], [5, 16]]);
    isa.raise();
    net.lower();
    expect([asserted(pic), asserted(pins)]).toEqual([[10], [10]]);
    router.gsi(20).raise();
    expect(asserted(pins)).toEqual([10, 20]);
  });
});

describe("messageOfMsi", () => {
  it("decodes address and data", () => {
    expect(messageOfMsi(0xfee0300c, 0x4041)).toEqual({
      vector: 0x41,
      deliveryMode: 0,
      destination: 3,
      logical: true,
      level: false,
    });
  });
});

describeDevice(
  "IoApic",
  (env) => {
    const line = env.irq("sent");
    return new IoApic(env.mmio, {
      deliver: () => {
        line.pulse();
        return true;
      },
    });
  },
  (device, env) => {
    env.mmio.write(IOAPIC_BASE, 0x20, 4);
    env.mmio.write(IOAPIC_BASE + 0x10, 0x8050, 4);
    device.irqLine(8).raise();
    device.irqLine(3).raise();
  },
);
