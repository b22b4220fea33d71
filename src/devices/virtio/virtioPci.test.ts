import { beforeEach, describe, expect, it } from "vitest";
import { ConformanceEnv, describeDevice } from "../conformance/describeDevice.ts";
import { PciReg } from "../pci/pciRegisters.ts";
import { EchoDevice } from "./echoDevice.ts";
import {
  CONFIG_AT,
  ISR_AT,
  LEGACY_BASE,
  MODERN_BASE,
  MSIX_BASE,
  mapBars,
  plugVirtio,
  TestDriver,
} from "./testDriver.ts";
import { VirtioConsole } from "./virtioConsole.ts";
import type { VirtioPci } from "./virtioPci.ts";
import { Common, Feature, featureSet, Legacy, NO_VECTOR, Status } from "./virtioRegisters.ts";
import { VirtioRng } from "./virtioRng.ts";

const VENDOR = 0x09;
const MSIX = 0x11;
const ALL_GOOD = Status.Acknowledge | Status.Driver | Status.FeaturesOk | Status.DriverOk;

function capabilities(card: VirtioPci): { at: number; id: number }[] {
  const found: { at: number; id: number }[] = [];
  for (let at = card.readConfig(PciReg.CapabilityPointer, 1); at !== 0; at = card.readConfig(at + 1, 1))
    found.push({ at, id: card.readConfig(at, 1) });
  return found;
}

describe("a modern virtio function", () => {
  let device: EchoDevice;
  let driver: TestDriver;

  beforeEach(() => {
    device = new EchoDevice();
    driver = new TestDriver(device, false);
  });

  it("has the ids of its type and a structure of each kind", () => {
    const { card } = driver;
    expect([card.readConfig(0, 4), card.readConfig(PciReg.Revision, 1)]).toEqual([0x106a1af4, 1]);
    const found = capabilities(card)
      .filter(({ id }) => id === VENDOR)
      .map(({ at }) => [3, 4].map((offset) => card.readConfig(at + offset, 1)).concat(card.readConfig(at + 8, 4)));
    expect(found.reverse()).toEqual([
      [1, 4, 0],
      [3, 4, 0x1000],
      [4, 4, 0x2000],
      [2, 4, 0x3000],
      [5, 0, 0],
    ]);
    expect(capabilities(card).some(({ id }) => id === MSIX)).toBe(true);
  });

  it("accepts offered features only, and none without VERSION_1", () => {
    const accept = (low: number, high: number): boolean => {
      driver.write(Common.DeviceStatus, 0, 1);
      driver.write(Common.DriverFeatureSelect, 0, 4);
      driver.write(Common.DriverFeature, low, 4);
      driver.write(Common.DriverFeatureSelect, 1, 4);
      driver.write(Common.DriverFeature, high, 4);
      driver.write(Common.DeviceStatus, Status.Acknowledge | Status.Driver | Status.FeaturesOk, 1);
      return (driver.status & Status.FeaturesOk) !== 0;
    };
    expect([accept(0b1, 1), accept(0b10, 1), accept(0b1, 0), accept(0, 0b101)]).toEqual([true, false, false, false]);
    driver.write(Common.DeviceFeatureSelect, 7, 4);
    expect(driver.read(Common.DeviceFeature, 4)).toBe(0);
  });

  it("shows and takes configuration of all widths", () => {
    const { mmio } = driver.env;
    expect([mmio.read(CONFIG_AT, 4), mmio.read(CONFIG_AT + 4, 4)]).toEqual([0x04030201, 5]);
    mmio.write(CONFIG_AT + 1, 0xbbaa, 2);
    expect([...device.config]).toEqual([1, 0xaa, 0xbb, 4, 5]);
  });

  it("keeps a queue's registers from being changed once it is enabled", () => {
    driver.start();
    driver.write(Common.QueueSelect, 0, 2);
    driver.write(Common.QueueSize, 4, 2);
    driver.write(Common.QueueDesc, 0, 4);
    driver.write(Common.QueueEnable, 0, 2);
    expect([Common.QueueSize, Common.QueueEnable].map((register) => driver.read(register, 2))).toEqual([8, 1]);
    expect(driver.read(Common.QueueDesc, 4)).toBe(0x1000);
    driver.write(Common.QueueSelect, 9, 2);
    expect([driver.read(Common.QueueSize, 2), driver.read(Common.NumQueues, 2)]).toEqual([0, 2]);
  });

  it("takes sizes that are powers of two up to the largest", () => {
    const sizes = [0, 3, 64, 128, 0x8000].map((size) => {
      driver.write(Common.QueueSize, size, 2);
      return driver.read(Common.QueueSize, 2);
    });
    expect(sizes).toEqual([64, 64, 64, 64, 64]);
  });

  it("interrupts by MSI-X where that is on, with the vectors that the driver gave", () => {
    const { card, env, messages } = driver;
    const control = capabilities(card).find(({ id }) => id === MSIX)?.at ?? 0;
    card.writeConfig(control + 2, 0x8000, 2);
    for (let vector = 0; vector < 3; vector++) {
      env.mmio.write(MSIX_BASE + vector * 16 + 8, 0x40 + vector, 4);
      env.mmio.write(MSIX_BASE + vector * 16 + 12, 0, 4);
    }
    driver.start(featureSet(Feature.EventIdx));
    driver.submit([{ room: 1 }]);
    expect(messages).toEqual([]);
    driver.write(Common.QueueSelect, 0, 2);
    driver.write(Common.QueueMsixVector, 2, 2);
    driver.write(Common.ConfigMsixVector, 1, 2);
    driver.submit([{ room: 1 }]);
    device.changeConfig();
    expect(messages).toEqual([0x42, 0x41]);
    driver.write(Common.QueueMsixVector, 3, 2);
    expect(driver.read(Common.QueueMsixVector, 2)).toBe(NO_VECTOR);
    expect(env.edges).toEqual([]);
  });

  it("lowers INTx when the ISR is read", () => {
    driver.start();
    driver.submit([{ room: 1 }]);
    device.changeConfig();
    const { mmio } = driver.env;
    expect([mmio.read(ISR_AT, 1), mmio.read(ISR_AT, 1)]).toEqual([3, 0]);
    expect(driver.env.edges).toEqual(["pirq3+", "pirq3-"]);
  });

  it("does not look at queues while it may not master the bus", () => {
    driver.start();
    driver.card.writeConfig(PciReg.Command, 3, 2);
    driver.submit([{ room: 1 }]);
    expect(device.lengths).toEqual([]);
  });

  it("shows its BAR through configuration space", () => {
    const { card } = driver;
    const window = capabilities(card).find(({ at, id }) => id === VENDOR && card.readConfig(at + 3, 1) === 5)?.at ?? 0;
    card.writeConfig(PciReg.Command, 0, 2);
    card.writeConfig(window + 4, 4, 1);
    card.writeConfig(window + 8, 0x2001, 4);
    card.writeConfig(window + 12, 1, 4);
    expect(card.readConfig(window + 16, 1)).toBe(2);
    card.writeConfig(window + 16, 0x99, 1);
    expect(device.config[1]).toBe(0x99);
    card.writeConfig(window + 8, 0xffff_fffe, 4);
    card.writeConfig(window + 12, 4, 4);
    expect(() => card.readConfig(window + 16, 4)).not.toThrow();
  });
});

describe("a transitional virtio function", () => {
  let output: string;
  let console: VirtioConsole;
  let env: ConformanceEnv;
  let card: VirtioPci;
  const read = (offset: number, size: 1 | 2 | 4): number => env.ports.read(LEGACY_BASE + offset, size);
  const write = (offset: number, value: number, size: 1 | 2 | 4): void =>
    env.ports.write(LEGACY_BASE + offset, value, size);

  beforeEach(() => {
    output = "";
    env = new ConformanceEnv();
    console = new VirtioConsole({ write: (byte) => (output += String.fromCharCode(byte)) });
    card = plugVirtio(env, console);
    mapBars(card);
  });

  it("has the old ids", () => {
    expect([card.readConfig(0, 4), card.readConfig(PciReg.Revision, 1)]).toEqual([0x10031af4, 0]);
    expect(card.readConfig(PciReg.SubsystemId, 2)).toBe(3);
  });

  it("serves a driver that knows no version 1", () => {
    write(Legacy.DeviceStatus, Status.Acknowledge | Status.Driver, 1);
    expect(read(Legacy.DeviceFeatures, 4)).toBe(
      Number(featureSet(0, 2, Feature.NotifyOnEmpty, Feature.AnyLayout, Feature.IndirectDesc, Feature.EventIdx)),
    );
    write(Legacy.DriverFeatures, 1, 4);
    write(Legacy.QueueSelect, 1, 2);
    expect(read(Legacy.QueueSize, 2)).toBe(64);
    write(Legacy.QueueAddress, 0x10, 4);
    write(Legacy.DeviceStatus, Status.Acknowledge | Status.Driver | Status.DriverOk, 1);
    const view = new DataView(env.memory.bytes.buffer);
    env.memory.bytes.set(new TextEncoder().encode("hello"), 0x8000);
    view.setUint32(0x10000, 0x8000, true);
    view.setUint32(0x10008, 5, true);
    view.setUint16(0x10000 + 64 * 16 + 2, 1, true);
    write(Legacy.QueueNotify, 1, 2);
    expect(output).toBe("hello");
    expect(view.getUint16(0x11000 + 2, true)).toBe(1);
    expect([read(Legacy.IsrStatus, 1), read(Legacy.IsrStatus, 1)]).toEqual([1, 0]);
    write(Legacy.QueueAddress, 0, 4);
    expect(read(Legacy.QueueAddress, 4)).toBe(0);
  });

  it("shows the configuration behind the registers, further up while MSI-X is on", () => {
    expect([read(0x14, 2), read(0x16, 2)]).toEqual([80, 25]);
    const msix = capabilities(card).find(({ id }) => id === MSIX)?.at ?? 0;
    card.writeConfig(msix + 2, 0x8000, 2);
    expect([read(0x14, 2), read(0x18, 2)]).toEqual([NO_VECTOR, 80]);
  });
});

describe("virtio-console", () => {
  it("delivers what was typed when there are buffers, and tells of another size", () => {
    let output = "";
    const device = new VirtioConsole({ write: (byte) => (output += String.fromCharCode(byte)) });
    const env = new ConformanceEnv();
    const driver = new TestDriver(device, false, env);
    device.receive([0x61, 0x62, 0x63]);
    driver.start();
    const [first] = driver.submit([{ room: 2 }]);
    const [second] = driver.submit([{ room: 8 }]);
    const [third] = driver.submit([{ room: 8 }]);
    device.receive([0x64]);
    expect([driver.bytesAt(first, 2), driver.bytesAt(second, 1), driver.bytesAt(third, 1)].join()).toBe("97,98,99,100");
    driver.submit([{ bytes: new Uint8Array(10000).fill(0x2e) }], { queue: 1 });
    expect(output).toBe(".".repeat(10000));
    device.resize(132, 43);
    expect(env.mmio.read(CONFIG_AT, 4)).toBe((43 << 16) | 132);
    env.mmio.write(CONFIG_AT + 8, 0x21, 4);
    expect(output.at(10000)).toBe("!");
  });
});

describe("virtio-rng", () => {
  it("fills buffers, but not without end", () => {
    const device = new VirtioRng({ fill: (target) => void target.fill(7), save: () => [], restore: () => {} });
    const driver = new TestDriver(device, false);
    driver.start();
    const [room] = driver.submit([{ room: 100 }]);
    driver.ring().add([{ address: 0x80000, length: 0xffff_ffff, flags: 2 }], false);
    driver.notify(0);
    expect(driver.bytesAt(room, 100).every((byte) => byte === 7)).toBe(true);
    expect(driver.used().map(({ written }) => written)).toEqual([100, 0x10000]);
  });
});

const nothing = { write: () => {} };
const start = (card: VirtioPci, env: ConformanceEnv): void => {
  mapBars(card);
  env.mmio.write(MODERN_BASE + Common.QueueSelect, 1, 2);
  env.mmio.write(MODERN_BASE + Common.DeviceStatus, ALL_GOOD, 1);
};

describeDevice("VirtioPci", (env) => plugVirtio(env, new EchoDevice(), { packed: true }), start);
describeDevice("VirtioConsole", (env) => plugVirtio(env, new VirtioConsole(nothing)), start);
describeDevice(
  "VirtioRng",
  (env) => plugVirtio(env, new VirtioRng({ fill: () => {}, save: () => [], restore: () => {} })),
  start,
);
