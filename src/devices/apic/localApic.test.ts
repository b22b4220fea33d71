import { beforeEach, describe, expect, it } from "vitest";
import { MmioSpace } from "../../bus/mmioSpace.ts";
import { FakeClock } from "../../bus/timerQueue.ts";
import { describeDevice } from "../conformance/describeDevice.ts";
import { DeliveryMode } from "./apicMessage.ts";
import { LocalApic } from "./localApic.ts";

const BASE = 0xfee00000;
let clock: FakeClock;
let mmio: MmioSpace;
let apic: LocalApic;
let intr: boolean;
let events: string[];

const write = (offset: number, value: number): void => mmio.write(BASE + offset, value, 4);
const read = (offset: number): number => mmio.read(BASE + offset, 4);

beforeEach(() => {
  clock = new FakeClock();
  mmio = new MmioSpace();
  intr = false;
  events = [];
  apic = new LocalApic({
    clock,
    mmio,
    setIntr: (asserted) => {
      intr = asserted;
    },
    acknowledgePic: () => 0x77,
    onNmi: () => events.push("nmi"),
    onInit: () => events.push("init"),
    onStartup: (vector) => events.push(`startup ${vector.toString(16)}`),
    onEoi: (vector) => events.push(`eoi ${vector.toString(16)}`),
  });
});

const enable = (): void => write(0xf0, 0x1ff);

describe("LocalApic", () => {
  it("passes the PIC through LINT0 after reset, and not once that is masked", () => {
    expect(read(0x350)).toBe(0x700);
    apic.lint0.raise();
    expect(intr).toBe(true);
    expect(apic.acknowledge()).toBe(0x77);
    enable();
    write(0x350, 0x10700);
    expect(intr).toBe(false);
    expect(apic.acknowledge()).toBe(-1);
    write(0x350, 0x700);
    expect(intr).toBe(true);
  });

  it("is out of the way when hardware-disabled", () => {
    write(0x350, 0x10000);
    apic.setBase(BASE);
    apic.lint0.raise();
    expect(intr).toBe(true);
    expect(apic.acknowledge()).toBe(0x77);
    expect(read(0x20)).toBe(0xffffffff);
    expect(apic.acceptInterrupt(0x40, "edge")).toBe(false);
    apic.lint1.raise();
    expect(events).toEqual(["nmi"]);
  });

  it("moves its page with the base MSR", () => {
    apic.setBase(0xfed80000 + 0x800);
    expect(mmio.read(0xfed80030, 4)).toBe(0x00050014);
    expect(read(0x30)).toBe(0xffffffff);
    expect(apic.getBase()).toBe(0xfed80900);
  });

  it("takes nothing until it is enabled in SVR", () => {
    expect(apic.acceptInterrupt(0x40, "edge")).toBe(false);
    enable();
    expect(apic.acceptInterrupt(0x40, "edge")).toBe(true);
    expect(intr).toBe(true);
  });

  it("delivers by priority class and EOI", () => {
    enable();
    apic.acceptInterrupt(0x41, "edge");
    apic.acceptInterrupt(0x63, "edge");
    expect(read(0x220)).toBe(0x2);
    expect(apic.highestPending).toBe(0x63);
    expect(apic.acknowledge()).toBe(0x63);
    expect(intr).toBe(false);
    expect(read(0x130)).toBe(1 << 3);
    expect(read(0xa0)).toBe(0x60);
    apic.acceptInterrupt(0x62, "edge");
    expect(intr).toBe(false);
    apic.acceptInterrupt(0x70, "level");
    expect(apic.acknowledge()).toBe(0x70);
    write(0xb0, 0);
    expect(events).toEqual(["eoi 70"]);
    write(0xb0, 0);
    expect(apic.acknowledge()).toBe(0x62);
    write(0xb0, 0);
    expect(apic.acknowledge()).toBe(0x41);
  });

  it("holds back vectors at or below TPR, also through CR8", () => {
    enable();
    apic.cr8 = 4;
    expect(read(0x80)).toBe(0x40);
    apic.acceptInterrupt(0x4f, "edge");
    expect(intr).toBe(false);
    apic.cr8 = 3;
    expect(intr).toBe(true);
    write(0x80, 0x50);
    expect(apic.cr8).toBe(5);
    expect(intr).toBe(false);
  });

  it("runs a one-shot timer", () => {
    enable();
    write(0x3e0, 0x3); // divide by 16
    write(0x320, 0x31);
    write(0x380, 1000);
    clock.advance(8000);
    expect(read(0x390)).toBe(500);
    clock.advance(7999);
    expect(intr).toBe(false);
    clock.advance(1);
    expect(apic.acknowledge()).toBe(0x31);
    expect(read(0x390)).toBe(0);
    clock.advance(1e9);
    write(0xb0, 0);
    expect(intr).toBe(false);
  });

  it("runs a periodic timer without drift and skips what a pause missed", () => {
    enable();
    write(0x3e0, 0xb); // divide by 1
    write(0x320, 0x20031);
    write(0x380, 1_000_000);
    let fired = 0;
    for (let count = 0; count < 40; count++) {
      clock.advance(250_000);
      if (apic.highestPending >= 0) {
        apic.acknowledge();
        write(0xb0, 0);
        fired++;
      }
    }
    expect(fired).toBe(10);
    expect(read(0x390)).toBe(1_000_000);
    clock.advance(300_000);
    expect(read(0x390)).toBe(700_000);
  });

  it("keeps the count over a change of the divider", () => {
    enable();
    write(0x3e0, 0xb);
    write(0x380, 1000);
    clock.advance(400);
    write(0x3e0, 0x0); // divide by 2
    expect(read(0x390)).toBe(600);
    clock.advance(400);
    expect(read(0x390)).toBe(400);
  });

  it("counts down masked without an interrupt", () => {
    enable();
    write(0x320, 0x10031);
    write(0x380, 100);
    clock.advance(1000);
    expect(intr).toBe(false);
    expect(read(0x380)).toBe(100);
  });

  it("sends itself interrupts through the ICR and accepts INIT and STARTUP", () => {
    enable();
    write(0x300, 0x40000 | 0x55);
    expect(apic.acknowledge()).toBe(0x55);
    write(0xb0, 0);
    write(0x310, 0);
    write(0x300, 0x56);
    expect(apic.acknowledge()).toBe(0x56);
    write(0x310, 0x01000000);
    write(0x300, 0x57);
    expect(intr).toBe(false);
    write(0x300, 0xc4500); // INIT to all but self
    write(0x300, 0xc4608);
    write(0x310, 0);
    write(0x300, 0x4500);
    write(0x300, 0x4608);
    write(0x300, 0x8500); // level de-assert
    write(0x300, 0x400);
    expect(events).toEqual(["init", "startup 8", "nmi"]);
    expect(read(0x300)).toBe(0x400);
  });

  it("matches logical destinations, flat and cluster", () => {
    enable();
    const message = { vector: 0x60, deliveryMode: DeliveryMode.Fixed, logical: true, level: false };
    write(0xd0, 0x02000000);
    expect(apic.deliver({ ...message, destination: 0x03 })).toBe(true);
    expect(apic.deliver({ ...message, destination: 0x04 })).toBe(false);
    write(0xe0, 0x0fffffff);
    write(0xd0, 0x21000000);
    expect(apic.deliver({ ...message, destination: 0x23 })).toBe(true);
    expect(apic.deliver({ ...message, destination: 0x11 })).toBe(false);
    expect(apic.deliver({ ...message, destination: 0x00, logical: false })).toBe(true);
    expect(apic.deliver({ ...message, destination: 0xff, logical: false })).toBe(true);
  });

  it("reports errors through ESR after a write and through the error LVT", () => {
    enable();
    write(0x370, 0xfe);
    write(0x300, 0x40005);
    expect(read(0x280)).toBe(0);
    expect(apic.acknowledge()).toBe(0xfe);
    write(0x280, 0);
    expect(read(0x280)).toBe(0x20);
    write(0x280, 0);
    expect(read(0x280)).toBe(0);
  });

  it("masks all LVT entries while software-disabled", () => {
    enable();
    write(0x360, 0x400);
    write(0xf0, 0xff);
    expect(read(0x360)).toBe(0x10400);
    write(0x360, 0x400);
    expect(read(0x360)).toBe(0x10400);
    enable();
    write(0x360, 0x400);
    apic.lint1.pulse();
    expect(events).toEqual(["nmi"]);
  });

  it("raises LINT0 as a fixed level interrupt until the line falls", () => {
    enable();
    write(0x350, 0x8045);
    apic.lint0.raise();
    expect(apic.acknowledge()).toBe(0x45);
    expect(read(0x350)).toBe(0xc045);
    write(0xb0, 0);
    expect(apic.acknowledge()).toBe(0x45);
    apic.lint0.lower();
    write(0xb0, 0);
    expect(intr).toBe(false);
    expect(read(0x350)).toBe(0x8045);
  });
});

describeDevice(
  "LocalApic",
  (env) => {
    const output = env.irq("intr");
    return new LocalApic({
      clock: env.clock,
      mmio: env.mmio,
      setIntr: (asserted) => output.set(asserted),
      acknowledgePic: () => 0x30,
    });
  },
  (device, env) => {
    const put = (offset: number, value: number): void => env.mmio.write(BASE + offset, value, 4);
    put(0xf0, 0x1ff);
    put(0x320, 0x20040);
    put(0x3e0, 0xb);
    put(0x380, 700_001);
    env.clock.advance(1_000_000);
    device.acknowledge();
    device.acceptInterrupt(0x90, "level");
    device.lint1.raise();
    device.setBase(0xfee10000 + 0x800);
  },
);
