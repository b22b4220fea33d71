import { beforeEach, describe, expect, it } from "vitest";
import { ConformanceEnv } from "../conformance/describeDevice.ts";
import { EchoDevice } from "./echoDevice.ts";
import { type SplitTestRing, TestDriver } from "./testDriver.ts";
import { Feature, featureSet, Status } from "./virtioRegisters.ts";

const PIRQ = "pirq3";
const [RING, DRIVER, DEVICE] = [0x1000, 0x3000, 0x4000];
const [NEXT, WRITE, INDIRECT] = [1, 2, 4];
const NO_EVENTS = featureSet(Feature.EventIdx);

for (const packed of [false, true]) {
  describe(`a ${packed ? "packed" : "split"} ring`, () => {
    let device: EchoDevice;
    let driver: TestDriver;
    let view: DataView;
    const text = (value: string) => new TextEncoder().encode(value);
    const isBroken = () => (driver.status & Status.NeedsReset) !== 0;
    const interrupts = () => driver.env.edges.filter((edge) => edge === `${PIRQ}+`).length;
    const acknowledge = () => driver.read(0x1000, 1);

    beforeEach(() => {
      device = new EchoDevice();
      driver = new TestDriver(device, packed);
      view = new DataView(driver.memory.bytes.buffer);
      driver.start(NO_EVENTS);
    });

    it("carries buffers of several pieces both ways", () => {
      for (const indirect of [false, true]) {
        const places = driver.submit([{ bytes: text("abc") }, { bytes: text("defg") }, { room: 2 }, { room: 10 }], {
          indirect,
        });
        expect(driver.used()[0].written).toBe(7);
        expect(new TextDecoder().decode(driver.bytesAt(places[2], 2))).toBe("ab");
        expect(new TextDecoder().decode(driver.bytesAt(places[3], 5))).toBe("cdefg");
      }
    });

    it("gives buffers back in the order in which they are done", () => {
      device.holding = true;
      for (const word of ["one", "two", "three"]) driver.submit([{ bytes: text(word) }, { room: 8 }]);
      expect(driver.used()).toEqual([]);
      const [first, second, third] = device.held;
      const ids = [third, first].map(({ id }) => id);
      device.echo(third);
      device.echo(first);
      expect(driver.used()).toEqual([
        { id: ids[0], written: 5 },
        { id: ids[1], written: 3 },
      ]);
      device.echo(second);
      expect(driver.used().length).toBe(1);
    });

    it("keeps where it is, and what the device holds, over a restore", () => {
      for (let turn = 0; turn < 5; turn++) driver.submit([{ bytes: text("x") }, { room: 1 }]);
      driver.used();
      device.holding = true;
      const [, room] = driver.submit([{ bytes: text("kept") }, { room: 4 }]);
      acknowledge();
      const saved = structuredClone(driver.card.save());
      const env = new ConformanceEnv();
      env.memory.bytes.set(driver.memory.bytes);
      const other = new EchoDevice();
      const card = new TestDriver(other, packed, env).card;
      card.restore(saved);
      expect(structuredClone(card.save())).toEqual(saved);
      other.echo(other.held[0]);
      expect(new TextDecoder().decode(env.memory.bytes.slice(room, room + 4))).toBe("kept");
      expect(env.edges.at(-1)).toBe(`${PIRQ}+`);
    });

    it("interrupts unless the driver asks it not to", () => {
      driver.submit([{ room: 1 }]);
      expect([interrupts(), acknowledge()]).toEqual([1, 1]);
      view.setUint16(DRIVER + (packed ? 2 : 0), 1, true);
      driver.submit([{ room: 1 }]);
      expect([interrupts(), acknowledge()]).toEqual([1, 0]);
    });

    it("interrupts at the event that the driver waits for", () => {
      driver.start();
      acknowledge();
      const before = interrupts();
      if (packed) {
        view.setUint16(DRIVER, 0x8000 | 2, true);
        view.setUint16(DRIVER + 2, 2, true);
      } else view.setUint16(DRIVER + 4 + 2 * 8, 2, true);
      const counts = [1, 2, 3, 4].map(() => {
        driver.submit([{ room: 1 }]);
        acknowledge();
        return interrupts() - before;
      });
      expect(counts).toEqual([0, 0, 1, 1]);
    });

    it("waits for an event in the next lap", () => {
      driver.start();
      acknowledge();
      const before = interrupts();
      if (packed) {
        view.setUint16(DRIVER, 1, true);
        view.setUint16(DRIVER + 2, 2, true);
      } else view.setUint16(DRIVER + 4 + 2 * 8, 9, true);
      const counts = Array.from({ length: 11 }, () => {
        driver.submit([{ room: 1 }]);
        acknowledge();
        return interrupts() - before;
      });
      expect(counts).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    });

    it("asks to be notified of the next buffer", () => {
      if (packed) return;
      driver.start();
      driver.submit([{ room: 1 }]);
      driver.submit([{ room: 1 }]);
      expect(view.getUint16(DEVICE + 4 + 8 * 8, true)).toBe(2);
    });

    it("breaks at an indirect table in an indirect table", () => {
      driver.ring().add([{ address: 0x50000, length: 16, flags: INDIRECT }], true);
      driver.notify(0);
      expect(isBroken()).toBe(true);
    });

    it("breaks at tables of odd lengths, tables out of place, and tables that were not negotiated", () => {
      const table = (length: number, flags = 0) => {
        driver.start(NO_EVENTS);
        driver.ring().add([{ address: 0x20000, length, flags: INDIRECT | flags }], false);
        driver.notify(0);
        return isBroken();
      };
      expect([table(0), table(15), table(0xffff_fff0), table(16, NEXT)]).toEqual([true, true, true, true]);
      driver.start(NO_EVENTS | featureSet(Feature.IndirectDesc));
      driver.submit([{ room: 1 }], { indirect: true });
      expect(isBroken()).toBe(true);
    });

    it("breaks at a readable piece behind a writable one", () => {
      driver.submit([{ room: 4 }, { bytes: text("late") }]);
      expect(isBroken()).toBe(true);
    });

    it("stands lengths and addresses beyond all memory", () => {
      driver.ring().add(
        [
          { address: 0x1_2345_6789_0000, length: 0xffff_ffff, flags: 0 },
          { address: 0xffff_ffff_ffff_f000, length: 0xffff_ffff, flags: WRITE },
        ],
        false,
      );
      driver.notify(0);
      expect(driver.used()).toEqual([{ id: 0, written: 4096 }]);
      expect(isBroken()).toBe(false);
    });

    it("does nothing more once it is broken, until the reset", () => {
      driver.submit([{ room: 4 }, { bytes: text("late") }]);
      expect(driver.env.edges.at(-1)).toBe(`${PIRQ}+`);
      device.lengths.length = 0;
      driver.submit([{ room: 4 }]);
      expect(device.lengths).toEqual([]);
      driver.start();
      driver.submit([{ room: 4 }]);
      expect(device.lengths).toEqual([[0, 4]]);
    });

    it("ignores notifications before the driver is ready, and of queues that are not there", () => {
      driver.negotiate();
      driver.setUpQueue(0, 8);
      driver.submit([{ room: 4 }]);
      driver.notify(1);
      driver.notify(700);
      expect(device.lengths).toEqual([]);
    });
  });
}

describe("a split ring", () => {
  let driver: TestDriver;
  let view: DataView;
  const isBroken = () => (driver.status & Status.NeedsReset) !== 0;
  const chainAt = (index: number, flags: number, next: number) => {
    view.setUint32(RING + index * 16 + 8, 1, true);
    view.setUint16(RING + index * 16 + 12, flags, true);
    view.setUint16(RING + index * 16 + 14, next, true);
  };
  const offer = (head: number) => {
    (driver.ring() as SplitTestRing).makeAvailable(head);
    driver.notify(0);
  };

  beforeEach(() => {
    driver = new TestDriver(new EchoDevice(), false);
    view = new DataView(driver.memory.bytes.buffer);
    driver.start();
  });

  it("breaks at loops", () => {
    chainAt(0, NEXT, 1);
    chainAt(1, NEXT, 0);
    offer(0);
    expect(isBroken()).toBe(true);
  });

  it("breaks at descriptors that are not in the table", () => {
    chainAt(0, NEXT, 8);
    offer(0);
    expect(isBroken()).toBe(true);
    driver.start();
    offer(8);
    expect(isBroken()).toBe(true);
  });

  it("breaks at an available index that jumps", () => {
    view.setUint16(DRIVER + 2, 9, true);
    driver.notify(0);
    expect(isBroken()).toBe(true);
  });

  it("breaks at loops in an indirect table", () => {
    driver.ring().add(
      [
        { address: 0x50000, length: 4, flags: WRITE },
        { address: 0x50000, length: 4, flags: WRITE },
      ],
      true,
    );
    view.setUint16(0x20000 + 16 + 12, WRITE | NEXT, true);
    view.setUint16(0x20000 + 16 + 14, 0, true);
    driver.notify(0);
    expect(isBroken()).toBe(true);
  });
});

describe("a packed ring", () => {
  it("breaks at a chain that goes on round the whole ring", () => {
    const driver = new TestDriver(new EchoDevice(), true);
    driver.start();
    driver.ring().add(
      Array.from({ length: 8 }, () => ({ address: 0x50000, length: 1, flags: WRITE | NEXT })),
      false,
    );
    driver.notify(0);
    expect(driver.status & Status.NeedsReset).not.toBe(0);
  });
});
