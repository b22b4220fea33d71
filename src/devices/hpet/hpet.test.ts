import { beforeEach, describe, expect, it } from "vitest";
import { IrqLine } from "../../bus/irqLine.ts";
import { MmioSpace } from "../../bus/mmioSpace.ts";
import { FakeClock } from "../../bus/timerQueue.ts";
import { describeDevice } from "../conformance/describeDevice.ts";
import { HPET_BASE, Hpet } from "./hpet.ts";

let clock: FakeClock;
let mmio: MmioSpace;
let edges: string[];

const write = (offset: number, value: number): void => mmio.write(HPET_BASE + offset, value, 4);
const read = (offset: number): number => mmio.read(HPET_BASE + offset, 4);

beforeEach(() => {
  clock = new FakeClock();
  mmio = new MmioSpace();
  edges = [];
  const line = (name: string): IrqLine =>
    new IrqLine((asserted) => edges.push(`${name}${asserted ? "+" : "-"}@${clock.nowNs()}`));
  new Hpet({
    clock,
    mmio,
    gsi: (timer, gsi) => line(`t${timer} gsi${gsi}`),
    legacyIrq0: line("irq0"),
    legacyIrq8: line("irq8"),
    onLegacyRoute: (active) => edges.push(`legacy ${active}`),
  });
});

describe("Hpet", () => {
  it("describes itself", () => {
    expect([read(0), read(4)]).toEqual([0x8086a201, 10_000_000]);
    expect([read(0x100), read(0x104)]).toEqual([0x30, 0x00f00004]);
  });

  it("counts only while enabled, and can be set", () => {
    clock.advance(1000);
    expect(read(0xf0)).toBe(0);
    write(0x10, 1);
    clock.advance(1000);
    expect(read(0xf0)).toBe(100);
    write(0x10, 0);
    clock.advance(1000);
    expect(read(0xf0)).toBe(100);
    write(0xf0, 0xfffffff0);
    write(0xf4, 0x7);
    write(0x10, 1);
    clock.advance(200);
    expect([read(0xf0), read(0xf4)]).toEqual([4, 8]);
  });

  it("fires a one-shot in the legacy route", () => {
    write(0x10, 3);
    write(0x100, 0x4);
    write(0x108, 500);
    write(0x10c, 0);
    clock.advance(1e6);
    expect(edges).toEqual(["legacy true", "irq0+@5000", "irq0-@5000"]);
  });

  it("runs periodically as Linux programs it", () => {
    write(0x10, 3);
    write(0x100, 0x4 | 0x8 | 0x40 | 0x100);
    write(0x108, 5000);
    write(0x108, 1000);
    clock.advance(100_000);
    expect(edges.filter((edge) => edge.includes("+"))).toEqual([5, 6, 7, 8, 9, 10].map((n) => `irq0+@${n}0000`));
    expect(read(0x108)).toBe(11_000);
    expect(read(0x100) & 0x40).toBe(0);
  });

  it("wraps at 32 bits in 32-bit mode", () => {
    write(0xf0, 0xffffff00);
    write(0x120, 0x4 | 0x100);
    write(0x128, 0x100);
    write(0x10, 3);
    clock.advance(1e6);
    expect(edges).toEqual(["legacy true", "irq8+@5120", "irq8-@5120"]);
  });

  it("holds a level interrupt until its status is cleared", () => {
    write(0x140, 0x4 | 0x2 | (20 << 9));
    write(0x148, 10);
    write(0x14c, 0);
    write(0x10, 1);
    clock.advance(1000);
    expect(edges).toEqual(["t2 gsi20+@100"]);
    expect(read(0x20)).toBe(4);
    write(0x20, 4);
    expect(edges.length).toBe(2);
    expect(read(0x20)).toBe(0);
  });

  it("stands a tiny period and a route it cannot do", () => {
    write(0x10, 1);
    write(0x100, 0x4 | 0x8 | 0x40 | 0x100 | (7 << 9));
    write(0x108, 1);
    clock.advance(1e8);
    expect(edges).toEqual([]);
  });
});

describeDevice(
  "Hpet",
  (env) =>
    new Hpet({
      clock: env.clock,
      mmio: env.mmio,
      gsi: (timer, gsi) => env.irq(`timer${timer} gsi${gsi}`),
      legacyIrq0: env.irq("irq0"),
      legacyIrq8: env.irq("irq8"),
    }),
  (_device, env) => {
    const put = (offset: number, value: number): void => env.mmio.write(HPET_BASE + offset, value, 4);
    put(0x10, 1);
    put(0x100, 0x4 | 0x8 | 0x40 | 0x100 | (21 << 9));
    put(0x108, 40_001);
    put(0x140, 0x4 | 0x2 | (20 << 9));
    put(0x148, 10);
    put(0x14c, 0);
    env.clock.advance(1_234_567);
  },
);
