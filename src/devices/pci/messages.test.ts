import { beforeEach, describe, expect, it } from "vitest";
import { IrqLine } from "../../bus/irqLine.ts";
import { MmioSpace } from "../../bus/mmioSpace.ts";
import { PortSpace } from "../../bus/portSpace.ts";
import { type ConformanceEnv, describeDevice } from "../conformance/describeDevice.ts";
import { PciBus } from "./pciBus.ts";
import { PciDevice, type PciSpaces } from "./pciDevice.ts";
import { PciReg } from "./pciRegisters.ts";

const VECTORS = 4;
const BAR_BASE = 0xfeb0_0000;
const PENDING = BAR_BASE + 0x800;
const MEMORY_AND_MASTER = 0x0006;
const MASTER = 0x0004;

class MessageCard extends PciDevice {
  readonly sent: [number, number][] = [];

  constructor(spaces: PciSpaces, kind: "msi" | "msix") {
    super("card", "card", 1, { vendorId: 1, deviceId: 2, classCode: 0x020000, interruptPin: 1 }, spaces);
    const send = (address: number, data: number) => this.sent.push([address, data]);
    if (kind === "msix") this.addMsixBar(1, VECTORS, send);
    else this.addMsi(VECTORS, send);
  }

  signal(vector: number): void {
    this.notifyVector(vector);
  }

  level(asserted: boolean): void {
    this.setIntx(asserted);
  }

  protected resetDevice(): void {}

  protected saveDevice(): unknown {
    return null;
  }

  protected parseDevice(state: unknown): () => void {
    if (state !== null) throw new Error("left over");
    return () => {};
  }
}

function capability(card: PciDevice): number {
  return card.readConfig(PciReg.CapabilityPointer, 1);
}

describe("MSI-X", () => {
  let mmio: MmioSpace;
  let card: MessageCard;
  let intx: IrqLine;

  const fillEntry = (vector: number, address: number, data: number, control: number): void => {
    const at = BAR_BASE + vector * 16;
    mmio.write(at, address % 2 ** 32, 4);
    mmio.write(at + 4, Math.floor(address / 2 ** 32), 4);
    mmio.write(at + 8, data, 4);
    mmio.write(at + 12, control, 4);
  };
  const control = (value: number): void => card.writeConfig(capability(card) + 2, value, 2);

  beforeEach(() => {
    mmio = new MmioSpace();
    card = new MessageCard({ ports: new PortSpace(), mmio }, "msix");
    intx = new IrqLine(() => {});
    card.connectIntx(intx);
    card.writeConfig(PciReg.Bar0 + 4, BAR_BASE, 4);
    card.writeConfig(PciReg.Command, MEMORY_AND_MASTER, 2);
  });

  it("says where its table is and how long", () => {
    const at = capability(card);
    expect(card.readConfig(at, 1)).toBe(0x11);
    expect(card.readConfig(at + 2, 2)).toBe(VECTORS - 1);
    expect([card.readConfig(at + 4, 4), card.readConfig(at + 8, 4)]).toEqual([1, 0x801]);
    control(0xffff);
    expect(card.readConfig(at + 2, 2)).toBe(0xc000 | (VECTORS - 1));
  });

  it("sends what the entry says", () => {
    fillEntry(2, 0x1_fee0_1004, 0x4055, 0);
    card.signal(2);
    expect(card.sent).toEqual([]);
    control(0x8000);
    card.signal(2);
    expect(card.sent).toEqual([[0x1_fee0_1004, 0x4055]]);
    card.signal(VECTORS);
    expect(card.sent.length).toBe(1);
  });

  it("keeps masked vectors pending until they are unmasked", () => {
    control(0x8000);
    card.signal(0);
    card.signal(1);
    expect([card.sent.length, mmio.read(PENDING, 4)]).toEqual([0, 3]);
    fillEntry(0, 0xfee0_0000, 0x30, 0);
    expect(card.sent).toEqual([[0xfee0_0000, 0x30]]);
    control(0xc000);
    fillEntry(1, 0xfee0_0000, 0x31, 0);
    card.signal(0);
    expect([card.sent.length, mmio.read(PENDING, 4)]).toEqual([1, 3]);
    control(0x8000);
    expect([card.sent.slice(1), mmio.read(PENDING, 4)]).toEqual([
      [
        [0xfee0_0000, 0x30],
        [0xfee0_0000, 0x31],
      ],
      0,
    ]);
  });

  it("does not let reserved bits be written, and ignores writes of pending bits", () => {
    fillEntry(3, 0xffff_ffff_ffff, 0xffff_ffff, 0xffff_fffe);
    expect(mmio.read(BAR_BASE + 48, 4)).toBe(0xffff_fffc);
    expect(mmio.read(BAR_BASE + 60, 4)).toBe(0);
    mmio.write(PENDING, 0xff, 4);
    expect(mmio.read(PENDING, 4)).toBe(0);
  });

  it("silences INTx while it is on", () => {
    card.level(true);
    expect(intx.level).toBe(true);
    control(0x8000);
    expect(intx.level).toBe(false);
    control(0);
    expect(intx.level).toBe(true);
  });

  it("sends nothing while the function is no bus master", () => {
    fillEntry(0, 0xfee0_0000, 0x30, 0);
    control(0x8000);
    card.writeConfig(PciReg.Command, 2, 2);
    card.signal(0);
    expect(card.sent).toEqual([]);
  });
});

describe("MSI", () => {
  let card: MessageCard;
  const write = (offset: number, value: number, size: 2 | 4 = 4): void =>
    card.writeConfig(capability(card) + offset, value, size);
  const read = (offset: number, size: 2 | 4 = 4): number => card.readConfig(capability(card) + offset, size);

  beforeEach(() => {
    card = new MessageCard({ ports: new PortSpace(), mmio: new MmioSpace() }, "msi");
    card.writeConfig(PciReg.Command, MASTER, 2);
    write(4, 0xfee0_0000);
    write(12, 0x4041);
  });

  it("has a 64-bit address, masks and as many vectors as were asked", () => {
    expect(read(2, 2)).toBe(0x0184);
    write(16, 0xffff_ffff);
    expect(read(16)).toBe(0xf);
  });

  it("tells vectors by the low bits of the data, as far as the guest enabled them", () => {
    write(2, 0x0001, 2);
    card.signal(3);
    write(2, 0x0021, 2);
    card.signal(3);
    write(2, 0x0071, 2);
    card.signal(2);
    expect(card.sent.map(([, data]) => data)).toEqual([0x4041, 0x4043, 0x4042]);
  });

  it("keeps masked vectors pending", () => {
    write(2, 0x0021, 2);
    write(16, 2);
    card.signal(1);
    expect([card.sent.length, read(20)]).toEqual([0, 2]);
    write(16, 0);
    expect([card.sent, read(20)]).toEqual([[[0xfee0_0000, 0x4041]], 0]);
  });
});

function plugged(env: ConformanceEnv, kind: "msi" | "msix"): MessageCard {
  const card = new MessageCard(env, kind);
  new PciBus(env.ports, (pirq) => env.irq(`pirq${pirq}`)).attach(card, 3);
  return card;
}

for (const kind of ["msi", "msix"] as const) {
  describeDevice(
    `PciDevice with ${kind}`,
    (env) => plugged(env, kind),
    (card, env) => {
      card.writeConfig(PciReg.Bar0 + 4, BAR_BASE, 4);
      card.writeConfig(PciReg.Command, MEMORY_AND_MASTER, 2);
      card.writeConfig(capability(card) + 2, kind === "msi" ? 1 : 0x8000, 2);
      env.mmio.write(BAR_BASE, 0xfee0_0000, 4);
      card.signal(1);
    },
  );
}
