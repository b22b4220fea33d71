import { describe, expect, it } from "vitest";
import { Random } from "../../tests/support/random.ts";
import { type BlockBackend, StorageError } from "../bus/blockBackend.ts";
import { MemoryBackend } from "./memoryBackend.ts";
import { MemoryStore } from "./memoryStore.ts";
import { OverlayBackend } from "./overlay.ts";
import { HEADER_BYTES, layoutFor, MAP_OFFSET } from "./overlayLayout.ts";
import { DelayedBackend, PowerCutStore } from "./testing.ts";

const SECTOR = 512;
const SIZE = 5 * 0x1_0000 + 3 * SECTOR;

const baseBytes = new Random(1).bytes(SIZE);
const base = () => new MemoryBackend(baseBytes.slice(), { readOnly: true });

/** As `toEqual`, which takes seconds for as many bytes. */
function expectSame(found: Uint8Array, expected: Uint8Array): void {
  expect(Buffer.compare(found, expected), "bytes differ").toBe(0);
}

async function readAll(backend: BlockBackend): Promise<Uint8Array> {
  const bytes = new Uint8Array(backend.sizeBytes);
  await backend.read(0, bytes);
  return bytes;
}

/** A store that outlives its overlay, as a file does. */
class LastingStore extends MemoryStore {
  override readonly isVolatile = false as never;
  override close(): void {}
}

describe("an overlay", () => {
  it("reads the image beneath until it is written to, and leaves it alone", async () => {
    const image = base();
    const overlay = await OverlayBackend.open(image, new MemoryStore());
    expectSame(await readAll(overlay), baseBytes);
    await overlay.write(0x1_0000 - SECTOR, new Uint8Array(2 * SECTOR).fill(0xaa));
    const expected = baseBytes.slice();
    expected.fill(0xaa, 0x1_0000 - SECTOR, 0x1_0000 + SECTOR);
    expectSame(await readAll(overlay), expected);
    expectSame(image.bytes, baseBytes);
  });

  it.each([
    ["that answers at once", (image: BlockBackend) => image],
    ["that takes its time", (image: BlockBackend, random: Random) => new DelayedBackend(image, random)],
  ])("agrees with plain memory over an image %s", async (_name, wrap) => {
    const random = new Random(2);
    const store = new LastingStore();
    const model = baseBytes.slice();
    let overlay = await OverlayBackend.open(wrap(base(), random), store);
    for (let step = 0; step < 400; step++) {
      const offset = random.below(SIZE / SECTOR) * SECTOR;
      const length = Math.min(SIZE - offset, (1 + random.below(random.chance(4) ? 300 : 16)) * SECTOR);
      if (random.chance(2)) {
        const data = random.bytes(length);
        // Two at once, to neighbours in a cluster.
        const split = random.below(length / SECTOR + 1) * SECTOR;
        const parts = [
          overlay.write(offset, data.subarray(0, split)),
          overlay.write(offset + split, data.subarray(split)),
        ];
        await Promise.all(parts);
        model.set(data, offset);
      } else {
        const target = new Uint8Array(length);
        await overlay.read(offset, target);
        expectSame(target, model.subarray(offset, offset + length));
      }
      if (random.chance(20)) await overlay.flush();
      if (random.chance(40)) {
        await overlay.close();
        overlay = await OverlayBackend.open(wrap(base(), random), store);
      }
    }
    expectSame(await readAll(overlay), model);
  });

  it("gives discarded clusters back", async () => {
    const store = new LastingStore();
    const overlay = await OverlayBackend.open(base(), store);
    for (let round = 0; round < 20; round++) {
      await overlay.write(0, new Uint8Array(SIZE).fill(round));
      await overlay.flush();
      overlay.discard(0, SIZE);
      await overlay.flush();
    }
    expect((await readAll(overlay)).every((byte) => byte === 0)).toBe(true);
    expect(store.sizeBytes).toBeLessThan(3 * SIZE);
    const again = await OverlayBackend.open(base(), store);
    expect((await readAll(again)).every((byte) => byte === 0)).toBe(true);
  });

  it("refuses what is no overlay, or not the image's", async () => {
    const store = new LastingStore("o.tvo");
    await (await OverlayBackend.open(base(), store)).close();
    const changed = base();
    changed.bytes[100] ^= 1;
    await expect(OverlayBackend.open(changed, store)).rejects.toThrow("o.tvo belongs to another image");
    const longer = new MemoryBackend(new Uint8Array(SIZE + SECTOR));
    await expect(OverlayBackend.open(longer, store)).rejects.toThrow(/o.tvo belongs to an image of \d+ bytes/);
    store.write(20, Uint8Array.of(1));
    await expect(OverlayBackend.open(base(), store)).rejects.toThrow("o.tvo: the header of the overlay is damaged");
    store.write(0, Uint8Array.of(1));
    await expect(OverlayBackend.open(base(), store)).rejects.toThrow("o.tvo is no overlay");
  });

  it("never takes a file of zeros that is not its own for an empty overlay", async () => {
    const store = new LastingStore("disk.img");
    store.resize(1_000_000);
    await expect(OverlayBackend.open(base(), store)).rejects.toThrow("disk.img is no overlay");
  });

  it("survives its making being cut off at any point", async () => {
    for (const seed of Array(20).keys()) {
      const random = new Random(seed);
      const store = new PowerCutStore(random);
      store.cutAfter(1 + random.below(5));
      await OverlayBackend.open(base(), store).catch((error) => expect(error).toBeInstanceOf(StorageError));
      store.restore();
      expectSame(await readAll(await OverlayBackend.open(base(), store)), baseBytes);
    }
  });

  it("throws StorageErrors, and nothing else, for damaged stores", async () => {
    const intact = new LastingStore();
    const overlay = await OverlayBackend.open(base(), intact);
    await overlay.write(0, new Uint8Array(0x2_8000).fill(1));
    await overlay.close();
    const image = new Uint8Array(intact.sizeBytes);
    intact.read(0, image);
    const { clusterCount } = layoutFor(SIZE, 0, "");
    for (const seed of Array(300).keys()) {
      const random = new Random(seed);
      const store = new LastingStore();
      store.write(0, image);
      for (let count = 1 + random.below(4); count > 0; count--) {
        const at = random.chance(3) ? random.below(HEADER_BYTES / 8) : MAP_OFFSET + random.below(4 * clusterCount);
        store.write(at, random.bytes(1));
      }
      if (random.chance(4)) store.resize(random.below(image.length));
      try {
        await readAll(await OverlayBackend.open(base(), store));
      } catch (error) {
        expect(error).toBeInstanceOf(StorageError);
      }
    }
  });
});

describe("a store that fails", () => {
  /** A disk that has room for so much. */
  class SmallStore extends LastingStore {
    room = Number.POSITIVE_INFINITY;
    override write(offset: number, source: Uint8Array): void {
      if (offset + source.length > this.room) throw new StorageError("the disk is full");
      super.write(offset, source);
    }
  }

  it("keeps what was flushed, and goes on when there is room again", async () => {
    const store = new SmallStore();
    const overlay = await OverlayBackend.open(base(), store);
    const model = baseBytes.slice();
    const write = async (offset: number, data: Uint8Array) => {
      await overlay.write(offset, data);
      model.set(data, offset);
    };
    await write(0, new Uint8Array(0x1_0000).fill(1));
    await overlay.flush();
    store.room = store.sizeBytes;
    expect(() => overlay.write(0x1_0000, new Uint8Array(0x1_0000))).toThrow("the disk is full");
    expect(() => overlay.write(0x2_0000, new Uint8Array(SECTOR))).toThrow("the disk is full");
    // There is room for what has its place already.
    await write(SECTOR, new Uint8Array(SECTOR).fill(2));
    await overlay.flush();
    expectSame(await readAll(await OverlayBackend.open(base(), store)), model);
    store.room = Number.POSITIVE_INFINITY;
    await write(0x1_0000, new Uint8Array(0x2_0000).fill(3));
    await overlay.flush();
    expectSame(await readAll(await OverlayBackend.open(base(), store)), model);
  });

  it("has a flush fail as long as it fails", async () => {
    const store = new LastingStore();
    const overlay = await OverlayBackend.open(base(), store);
    await overlay.write(0, new Uint8Array(SECTOR).fill(1));
    const flush = store.flush.bind(store);
    store.flush = () => {
      throw new StorageError("its disk has failed");
    };
    for (let attempt = 0; attempt < 2; attempt++) expect(() => overlay.flush()).toThrow("its disk has failed");
    await expect(overlay.close()).rejects.toThrow("its disk has failed");
    store.flush = flush;
    expectSame(await readAll(await OverlayBackend.open(base(), store)), baseBytes);
  });

  it("over an image that fails, has the operation fail and no other", async () => {
    const image = base();
    const read = image.read.bind(image);
    const overlay = await OverlayBackend.open(new DelayedBackend(image, new Random(7)), new MemoryStore());
    image.read = () => {
      throw new StorageError("the network is gone");
    };
    const data = new Uint8Array(SECTOR).fill(5);
    const writes = [overlay.write(0, data), overlay.write(SECTOR, data), overlay.read(0, data.slice())];
    for (const result of await Promise.allSettled(writes)) expect(result).toMatchObject({ status: "rejected" });
    image.read = read;
    expectSame(await readAll(overlay), baseBytes);
    await Promise.all([overlay.write(0, data), overlay.write(SECTOR, data)]);
    const model = baseBytes.slice();
    model.fill(5, 0, 2 * SECTOR);
    expectSame(await readAll(overlay), model);
  });
});

describe("a machine that loses power", () => {
  /** Sectors carry the number of the write that they are from. */
  const stamp = (data: Uint8Array, step: number) => {
    for (let at = 0; at < data.length; at += SECTOR) new DataView(data.buffer, data.byteOffset).setUint32(at, step);
    return data;
  };
  const stampsIn = (bytes: Uint8Array) => {
    const view = new DataView(bytes.buffer);
    return Uint32Array.from({ length: bytes.length / SECTOR }, (_, sector) => view.getUint32(sector * SECTOR));
  };
  /** The image beneath is all of write 1: what is lost reads as 0. */
  const FIRST = 1;
  const CLUSTERS = 64;
  const baseImage = stamp(new Uint8Array(CLUSTERS * 0x1_0000), FIRST);
  const image = () => new MemoryBackend(baseImage, { readOnly: true });

  it.each([...Array(40).keys()])("keeps everything that was flushed (seed %i)", async (seed) => {
    const random = new Random(seed);
    const store = new PowerCutStore(random);
    /** The least that each sector may hold: after a power cut, and after the next flush. */
    const flushed = new Uint32Array(baseImage.length / SECTOR).fill(FIRST);
    const least = flushed.slice();
    const latest = flushed.slice();
    let overlay = await OverlayBackend.open(image(), store);
    for (let life = 0, step = FIRST + 1; life < 6; life++) {
      store.cutAfter(5 + random.below(100));
      try {
        for (;;) {
          const first = random.below(latest.length);
          const count = Math.min(latest.length - first, 1 + random.below(random.chance(3) ? 400 : 8));
          if (random.chance(6)) {
            overlay.discard(first * SECTOR, count * SECTOR);
            // Old or zeros: both are right.
            flushed.fill(0, first, first + count);
            least.fill(0, first, first + count);
          } else {
            latest.fill(step, first, first + count);
            least.fill(step, first, first + count);
            await overlay.write(first * SECTOR, stamp(new Uint8Array(count * SECTOR), step++));
          }
          if (random.chance(5)) {
            await overlay.flush();
            flushed.set(least);
          }
        }
      } catch (error) {
        expect(error).toBeInstanceOf(StorageError);
      }
      store.restore();
      overlay = await OverlayBackend.open(image(), store);
      const found = stampsIn(await readAll(overlay));
      // What was written after the flush may be there or not, but nothing older, and nothing of another place.
      const wrong = [...found.keys()].filter((at) => found[at] < flushed[at] || found[at] > latest[at]);
      expect(wrong).toEqual([]);
      for (const bound of [flushed, least, latest]) bound.set(found);
    }
  });
});
