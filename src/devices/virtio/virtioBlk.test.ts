import { beforeEach, describe, expect, it } from "vitest";
import { Disk } from "../../bus/disk.ts";
import { IoScheduler } from "../../bus/ioScheduler.ts";
import { MemoryBackend } from "../../storage/memoryBackend.ts";
import { FallibleMemory } from "../../storage/testing.ts";
import { ConformanceEnv, describeDevice } from "../conformance/describeDevice.ts";
import { CONFIG_AT, mapBars, NOTIFY_AT, plugVirtio, TestDriver } from "./testDriver.ts";
import { BlkFeature, VirtioBlk } from "./virtioBlk.ts";
import { Common, Feature, featureSet, Status } from "./virtioRegisters.ts";

const SECTORS = 2048;
const [IN, OUT, FLUSH, GET_ID, DISCARD, WRITE_ZEROES] = [0, 1, 4, 8, 11, 13];
const [OK, IO_ERROR, UNSUPPORTED] = [0, 1, 2];

function header(type: number, sector = 0): { bytes: Uint8Array } {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint32(0, type, true);
  view.setBigUint64(8, BigInt(sector), true);
  return { bytes: new Uint8Array(view.buffer) };
}

function range(sector: number, sectors: number, flags = 0): { bytes: Uint8Array } {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, BigInt(sector), true);
  view.setUint32(8, sectors, true);
  view.setUint32(12, flags, true);
  return { bytes: new Uint8Array(view.buffer) };
}

for (const packed of [false, true]) {
  describe(`virtio-blk, ${packed ? "packed" : "split"} ring`, () => {
    let backend: FallibleMemory;
    let disk: Disk;
    let driver: TestDriver;

    const create = (readOnly = false): void => {
      const env = new ConformanceEnv();
      backend = FallibleMemory.ofSectors(SECTORS, readOnly);
      disk = new Disk("disk0", new IoScheduler(env.clock), backend);
      driver = new TestDriver(new VirtioBlk({ disk }), packed, env);
      driver.start();
    };
    /** Ends what the disk has under way. */
    const settle = (): void => driver.env.clock.advance(1_000_000);
    /** Submits, waits, and gives the status byte. */
    const request = (pieces: Parameters<TestDriver["submit"]>[0], indirect = false) => {
      const places = driver.submit([...pieces, { room: 1 }], { indirect });
      settle();
      const [used] = driver.used();
      return { places, status: driver.memory.bytes[places.at(-1) as number], written: used?.written };
    };

    beforeEach(() => create());

    it("reads into scattered memory, direct and by indirect tables", () => {
      for (const indirect of [false, true]) {
        const { places, status, written } = request([header(IN, 5), { room: 512 }, { room: 1024 }], indirect);
        expect([status, written]).toEqual([OK, 1537]);
        expect(driver.bytesAt(places[1], 512)).toEqual(backend.bytes.slice(5 * 512, 6 * 512));
        expect(driver.bytesAt(places[2], 1024)).toEqual(backend.bytes.slice(6 * 512, 8 * 512));
      }
    });

    it("goes round the ring many times", () => {
      for (let turn = 0; turn < 40; turn++) {
        const { places, status } = request([header(IN, turn), { room: 512 }]);
        expect([status, driver.memory.bytes[places[1]]]).toEqual([OK, backend.bytes[turn * 512]]);
      }
    });

    it("writes, and flushes when it is told to", () => {
      const data = new Uint8Array(1024).fill(0xa5);
      expect(request([header(OUT, 9), { bytes: data }]).status).toBe(OK);
      expect(backend.bytes.slice(9 * 512, 11 * 512)).toEqual(data);
      expect(backend.flushes).toBe(0);
      expect(request([header(FLUSH)]).status).toBe(OK);
      expect(backend.flushes).toBe(1);
    });

    it("is write-through for a driver that cannot flush", () => {
      driver.start(featureSet(BlkFeature.Flush));
      expect(request([header(OUT, 0), { bytes: new Uint8Array(512) }]).status).toBe(OK);
      expect(backend.flushes).toBe(1);
    });

    it("discards and clears ranges", () => {
      expect(request([header(WRITE_ZEROES), range(8, 4), range(16, 1, 1)]).status).toBe(OK);
      expect(backend.bytes.slice(8 * 512, 12 * 512).every((byte) => byte === 0)).toBe(true);
      expect(backend.bytes.slice(12 * 512, 16 * 512).some((byte) => byte !== 0)).toBe(true);
      expect(request([header(DISCARD), range(32, 8)]).status).toBe(OK);
      expect(request([header(DISCARD), range(32, 8, 1)]).status).toBe(UNSUPPORTED);
      expect(request([header(DISCARD), range(SECTORS - 1, 2)]).status).toBe(IO_ERROR);
      expect(request([header(WRITE_ZEROES), { bytes: new Uint8Array(15) }]).status).toBe(IO_ERROR);
    });

    it("says its name", () => {
      const { places, status, written } = request([header(GET_ID), { room: 20 }]);
      expect([status, written]).toEqual([OK, 21]);
      expect(new TextDecoder().decode(driver.bytesAt(places[1], 6))).toBe("disk0\0");
    });

    it("refuses what lies beyond the disk, is no whole sector, or is unknown", () => {
      expect(request([header(IN, SECTORS), { room: 512 }]).status).toBe(IO_ERROR);
      expect(request([header(IN, 2 ** 53 - 1), { room: 512 }]).status).toBe(IO_ERROR);
      expect(request([header(OUT, SECTORS - 1), { bytes: new Uint8Array(1024) }]).status).toBe(IO_ERROR);
      expect(request([header(IN), { room: 100 }]).status).toBe(IO_ERROR);
      expect(request([header(0x77)]).status).toBe(UNSUPPORTED);
    });

    it("hands failures of the medium to the guest and to the user", () => {
      const failures: string[] = [];
      disk.onFailure = (error) => failures.push(error.message);
      backend.broken = true;
      expect(request([header(IN), { room: 512 }]).status).toBe(IO_ERROR);
      expect(failures).toEqual(["the medium is gone"]);
    });

    it("does not write to a read-only medium", () => {
      create(true);
      driver.write(Common.DeviceFeatureSelect, 0, 4);
      const features = driver.read(Common.DeviceFeature, 4);
      expect(features & (1 << BlkFeature.ReadOnly)).not.toBe(0);
      expect(features & (1 << BlkFeature.Discard)).toBe(0);
      expect(request([header(OUT), { bytes: new Uint8Array(512) }]).status).toBe(IO_ERROR);
      expect(request([header(WRITE_ZEROES), range(0, 1)]).status).toBe(IO_ERROR);
    });

    it("needs a reset after a request without header or status", () => {
      driver.submit([{ bytes: new Uint8Array(8) }, { room: 1 }]);
      expect(driver.status & Status.NeedsReset).not.toBe(0);
      driver.start();
      expect(driver.status & Status.NeedsReset).toBe(0);
      expect(request([header(IN), { room: 512 }]).status).toBe(OK);
      driver.submit([header(IN)]);
      expect(driver.status & Status.NeedsReset).not.toBe(0);
    });

    it("tells the driver of another medium", () => {
      const generation = driver.read(Common.ConfigGeneration, 1);
      disk.change(new MemoryBackend(new Uint8Array(512 * 7)));
      expect(driver.env.mmio.read(CONFIG_AT, 4)).toBe(7);
      expect(driver.read(Common.ConfigGeneration, 1)).not.toBe(generation);
      expect(driver.env.irq("pirq3").level).toBe(true);
    });

    it("forgets what was under way when it is reset", () => {
      const [, data] = driver.submit([header(IN), { room: 512 }, { room: 1 }]);
      driver.start();
      settle();
      expect(driver.used()).toEqual([]);
      expect(driver.bytesAt(data, 512).every((byte) => byte === 0)).toBe(true);
    });

    it("begins again after a restore what was under way when it was saved", () => {
      const [, data, status] = driver.submit([header(IN, 3), { room: 512 }, { room: 1 }]);
      driver.memory.bytes[status] = 0xff;
      const saved = structuredClone(driver.card.save());
      const env = new ConformanceEnv();
      env.memory.bytes.set(driver.memory.bytes);
      const other = new TestDriver(
        new VirtioBlk({ disk: new Disk("disk0", new IoScheduler(env.clock), FallibleMemory.ofSectors(SECTORS)) }),
        packed,
        env,
      );
      other.card.restore(saved);
      env.clock.advance(1_000_000);
      expect(env.memory.bytes[status]).toBe(OK);
      expect(env.memory.bytes.slice(data, data + 512)).toEqual(backend.bytes.slice(3 * 512, 4 * 512));
      expect(env.irq("pirq3").level).toBe(true);
    });

    it("offers what it was told to", () => {
      driver.write(Common.DeviceFeatureSelect, 1, 4);
      const expected = packed ? featureSet(Feature.Version1, Feature.RingPacked) : featureSet(Feature.Version1);
      expect(driver.read(Common.DeviceFeature, 4)).toBe(Number(expected >> 32n));
    });
  });
}

describeDevice(
  "VirtioBlk",
  (env) => {
    const disk = new Disk("disk0", new IoScheduler(env.clock), FallibleMemory.ofSectors(SECTORS));
    return plugVirtio(env, new VirtioBlk({ disk }));
  },
  (card, env) => {
    mapBars(card);
    env.mmio.write(NOTIFY_AT - 0x3000 + Common.DeviceStatus, Status.Acknowledge, 1);
  },
);
