import { beforeEach, describe, expect, it } from "vitest";
import { IrqLine } from "../../bus/irqLine.ts";
import { MmioSpace } from "../../bus/mmioSpace.ts";
import { PortSpace } from "../../bus/portSpace.ts";
import { nullable, text } from "../../bus/savedState.ts";
import { describeDevice } from "../conformance/describeDevice.ts";
import { PciBus } from "./pciBus.ts";
import { PciDevice, type PciSpaces } from "./pciDevice.ts";

class TestCard extends PciDevice {
  readonly moves: (number | undefined)[] = [];
  capability = 0;

  constructor(name: string, spaces: PciSpaces) {
    const identity = { vendorId: 0x1234, deviceId: 0x5678, classCode: 0x020000, interruptPin: 1 };
    super(name, "test-card", 1, identity, spaces);
    const handler = { read: (offset: number) => offset, write: () => {} };
    this.addBar(0, { kind: "io", sizeBytes: 32, handler });
    this.addBar(1, { kind: "memory", sizeBytes: 0x1000, handler });
    this.addBar(2, {
      kind: "memory64",
      sizeBytes: 0x10000,
      prefetchable: true,
      onVisible: ([part]) => this.moves.push(part?.base),
    });
    this.addRom(Uint8Array.of(0x55, 0xaa, 0x01));
    this.capability = this.addCapability(0x05, 10);
    this.addCapability(0x11, 12);
  }

  interrupt(asserted: boolean): void {
    this.setIntx(asserted);
  }

  protected resetDevice(): void {}

  protected saveDevice(): unknown {
    return null;
  }

  protected parseDevice(state: unknown): () => void {
    nullable(text)(state, "device");
    return () => {};
  }
}

let ports: PortSpace;
let mmio: MmioSpace;
let pirqs: IrqLine[];
let card: TestCard;

function config(slot: number, offset: number): number {
  ports.write(0xcf8, (0x80000000 | (slot << 11) | (offset & 0xfc)) >>> 0, 4);
  return 0xcfc + (offset & 3);
}
const read = (offset: number, size: 1 | 2 | 4 = 4, slot = 3): number => ports.read(config(slot, offset), size);
const write = (offset: number, value: number, size: 1 | 2 | 4 = 4, slot = 3): void =>
  ports.write(config(slot, offset), value, size);

beforeEach(() => {
  ports = new PortSpace();
  mmio = new MmioSpace();
  pirqs = [];
  const bus = new PciBus(ports, (pirq) => {
    pirqs[pirq] ??= new IrqLine(() => {});
    return pirqs[pirq];
  });
  card = new TestCard("card", { ports, mmio });
  bus.attach(card, 3);
  expect(() => bus.attach(card, 3)).toThrow(/card at 3.0/);
});

describe("PciBus", () => {
  it("finds functions and reads all ones elsewhere", () => {
    expect(read(0)).toBe(0x56781234);
    expect(read(2, 2)).toBe(0x5678);
    expect(read(0x0a, 2)).toBe(0x0200);
    expect(read(0, 4, 4)).toBe(0xffffffff);
    ports.write(0xcf8, 0x80011800, 4);
    expect(ports.read(0xcfc, 4)).toBe(0xffffffff);
    ports.write(0xcf8, 0x1800, 4);
    expect(ports.read(0xcfc, 4)).toBe(0xffffffff);
    expect(ports.read(0xcf8, 4)).toBe(0x1800);
    ports.write(0xcf8, 0x80, 1);
    expect(ports.read(0xcf8, 4)).toBe(0x1800);
  });

  it("sizes BARs with all ones", () => {
    for (const offset of [0x10, 0x14, 0x18, 0x1c, 0x20, 0x30]) write(offset, 0xffffffff);
    expect([0x10, 0x14, 0x18, 0x1c, 0x20, 0x30].map((offset) => read(offset))).toEqual([
      0xffffffe1, 0xfffff000, 0xffff000c, 0xffffffff, 0, 0xfffff801,
    ]);
    write(4, 7, 2);
    expect(ports.claims().length).toBe(1);
    expect(mmio.claims().length).toBe(0);
  });

  it("moves ranges with BARs and command bits", () => {
    write(0x10, 0xc000);
    write(0x14, 0xfeb00000);
    expect(ports.read(0xc004, 1)).toBe(0xff);
    write(4, 1, 2);
    expect(ports.read(0xc004, 1)).toBe(4);
    write(4, 3, 2);
    expect(mmio.read(0xfeb00008, 1)).toBe(8);
    write(0x14, 0xfeb10000);
    expect(mmio.read(0xfeb00008, 1)).toBe(0xff);
    expect(mmio.read(0xfeb10008, 1)).toBe(8);
    write(0x18, 0);
    write(0x1c, 1);
    expect(card.moves).toEqual([0x100000000]);
    write(4, 0, 2);
    expect(card.moves).toEqual([0x100000000, undefined]);
    expect(mmio.claims().length).toBe(0);
  });

  it("lies over the board's ports and beneath its memory, and leaves both as they were", () => {
    const board = { read: () => 0x77, write: () => {} };
    ports.claim(0x3f8, 8, board, { name: "uart" });
    mmio.claim(0xfec00000, 0x20, board, { name: "apic" });
    write(4, 3, 2);
    write(0x10, 0x3e0);
    write(0x14, 0xfec00000);
    expect(ports.read(0x3f9, 1)).toBe(0x19);
    expect([0, 0x1f, 0x20].map((offset) => mmio.read(0xfec00000 + offset, 1))).toEqual([0x77, 0x77, 0x20]);
    expect(mmio.read(0xfec0001e, 4)).toBe(0x00207777);
    write(0x10, 0xc000);
    write(0x14, 0xfeb00000);
    expect(ports.read(0x3f9, 1)).toBe(0x77);
    expect(mmio.read(0xfec00020, 1)).toBe(0xff);
  });

  it("cannot take the configuration ports away", () => {
    write(4, 1, 2);
    write(0x10, 0xce0);
    expect(ports.read(0xce1, 1)).toBe(1);
    expect(read(0)).toBe(0x56781234);
    write(0x10, 0xffe0);
    expect(ports.read(0xffff, 1)).toBe(0x1f);
  });

  it("shows the ROM", () => {
    write(4, 2, 2);
    write(0x30, 0xfeb80001);
    expect(mmio.read(0xfeb80000, 4)).toBe(0xff01aa55);
    write(0x30, 0xfeb80000);
    expect(mmio.read(0xfeb80000, 4)).toBe(0xffffffff);
  });

  it("swizzles and gates INTx", () => {
    card.interrupt(true);
    expect(pirqs[2].level).toBe(true);
    expect(read(6, 2) & 8).toBe(8);
    write(4, 0x400, 2);
    expect(pirqs[2].level).toBe(false);
    write(4, 0, 2);
    expect(pirqs[2].level).toBe(true);
    card.interrupt(false);
    expect(pirqs[2].level).toBe(false);
  });

  it("chains capabilities", () => {
    const first = read(0x34, 1);
    expect(read(first, 1)).toBe(0x11);
    expect(read(first + 1, 1)).toBe(card.capability);
    expect(read(card.capability + 1, 1)).toBe(0);
    expect(read(6, 2) & 0x10).toBe(0x10);
  });
});

describeDevice(
  "PciBus",
  (env) => new PciBus(env.ports, (pirq) => env.irq(`pirq${pirq}`)),
  (_device, env) => env.ports.write(0xcf8, 0x80001234, 4),
);

describeDevice(
  "PciDevice",
  (env) => {
    const bus = new PciBus(env.ports, (pirq) => env.irq(`pirq${pirq}`));
    const device = new TestCard("card", env);
    bus.attach(device, 3);
    return device;
  },
  (device, env) => {
    for (const [offset, value] of [
      [0x10, 0xc000],
      [0x14, 0xfeb00000],
      [0x04, 0x3],
      [0x3c, 0x0b],
    ]) {
      env.ports.write(0xcf8, (0x80001800 | offset) >>> 0, 4);
      env.ports.write(0xcfc, value, 4);
    }
    device.interrupt(true);
  },
);
