import { describe, expect, it } from "vitest";
import { Random } from "../../tests/support/random.ts";
import { BlobFile } from "./blobFile.ts";
import { ChunkCache } from "./chunkCache.ts";

const CHUNK = 1024;
const content = new Random(4).bytes(100 * CHUNK + 300);

function cache(over: { cacheBytes?: number; readAheadBytes?: number } = {}) {
  const fetched: [first: number, count: number][] = [];
  let isBroken = false;
  const chunks = new ChunkCache({
    sizeBytes: content.length,
    chunkBytes: CHUNK,
    cacheBytes: 30 * CHUNK,
    requestBytes: 8 * CHUNK,
    readAheadBytes: 0,
    ...over,
    fetch: async (offset, length) => {
      fetched.push([offset / CHUNK, Math.ceil(length / CHUNK)]);
      if (isBroken) throw new Error("broken");
      return content.slice(offset, offset + length);
    },
  });
  const read = async (offset: number, length: number) => {
    const target = new Uint8Array(length);
    await chunks.read(offset, target);
    return target;
  };
  const setBroken = (value: boolean) => {
    isBroken = value;
  };
  return { chunks, fetched, read, setBroken };
}

describe("a cache of chunks", () => {
  it("fetches the chunks that are read, and each once", async () => {
    const { chunks, fetched, read } = cache();
    expect(await read(5 * CHUNK + 10, CHUNK)).toEqual(content.slice(5 * CHUNK + 10, 6 * CHUNK + 10));
    expect(fetched).toEqual([[5, 2]]);
    expect(chunks.read(6 * CHUNK, new Uint8Array(CHUNK))).toBeUndefined();
    await Promise.all([read(4 * CHUNK, 4 * CHUNK), read(4 * CHUNK, 100)]);
    expect(fetched).toEqual([
      [5, 2],
      [4, 1],
      [7, 1],
    ]);
  });

  it("splits what is long, and takes up the end", async () => {
    const { fetched, read } = cache();
    expect(await read(80 * CHUNK, 20 * CHUNK + 300)).toEqual(content.slice(80 * CHUNK));
    expect(fetched).toEqual([
      [80, 8],
      [88, 8],
      [96, 5],
    ]);
  });

  it("keeps no more than it has room for", async () => {
    const { fetched, read } = cache({ cacheBytes: 3 * CHUNK });
    for (const chunk of [0, 10, 20, 30, 0]) await read(chunk * CHUNK, 1);
    expect(fetched.map(([first]) => first)).toEqual([0, 10, 20, 30, 0]);
  });

  it("reads ahead of who reads on, and of nobody else", async () => {
    const { fetched, read } = cache({ readAheadBytes: 8 * CHUNK });
    for (let chunk = 0; chunk < 40; chunk++) await read(chunk * CHUNK, CHUNK);
    const chunks = fetched.reduce((sum, [, count]) => sum + count, 0);
    expect(chunks).toBeLessThanOrEqual(48);
    expect(fetched.length).toBeLessThan(16);
    fetched.length = 0;
    for (const chunk of [90, 60, 75, 52]) await read(chunk * CHUNK, CHUNK);
    expect(fetched).toEqual([
      [90, 1],
      [60, 1],
      [75, 1],
      [52, 1],
    ]);
  });

  it("tries again after a failure", async () => {
    const { read, setBroken } = cache();
    setBroken(true);
    await expect(read(0, 3 * CHUNK)).rejects.toThrow("broken");
    setBroken(false);
    expect(await read(0, 3 * CHUNK)).toEqual(content.slice(0, 3 * CHUNK));
  });

  it("gives what is there, whatever comes in between", async () => {
    const random = new Random(5);
    const { read } = cache({ cacheBytes: 10 * CHUNK, readAheadBytes: 16 * CHUNK });
    const reads = Array.from({ length: 300 }, async () => {
      const offset = random.below(content.length);
      const length = random.below(Math.min(9 * CHUNK, content.length - offset));
      expect(Buffer.compare(await read(offset, length), content.subarray(offset, offset + length))).toBe(0);
    });
    await Promise.all(reads);
  });
});

describe("a Blob", () => {
  it("is read in slices", async () => {
    const file = new BlobFile(new Blob([content.slice().buffer as ArrayBuffer]), "disk.img");
    expect(file.sizeBytes).toBe(content.length);
    const target = new Uint8Array(5000);
    await file.read(70_000, target);
    expect(target).toEqual(content.slice(70_000, 75_000));
  });

  it("that has vanished is a failure with its name", async () => {
    const gone = {
      size: 5000,
      slice: () => gone,
      arrayBuffer: () => Promise.reject(new DOMException("", "NotReadableError")),
    };
    const file = new BlobFile(gone, "disk.img");
    await expect(file.read(0, new Uint8Array(10))).rejects.toThrow("disk.img: the file cannot be read; it has changed");
  });
});
