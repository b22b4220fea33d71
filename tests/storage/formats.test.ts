import { describe, expect, it } from "vitest";
import { type BlockBackend, StorageError } from "../../src/bus/blockBackend.ts";
import type { ImageFormat } from "../../src/machine/vmConfig.ts";
import { openImage } from "../../src/storage/imageFormat.ts";
import { MemoryBackend } from "../../src/storage/memoryBackend.ts";
import { DelayedBackend } from "../../src/storage/testing.ts";
import { Random } from "../support/random.ts";
import { concat, qcow2Image, seekableZstd, storedZstdFrame } from "./imageWriters.ts";

const fileOf = (bytes: Uint8Array) => new MemoryBackend(bytes, { readOnly: true, name: "test.img" });
const open = (bytes: Uint8Array, format?: ImageFormat) => openImage(fileOf(bytes), format);

async function readAll(backend: BlockBackend): Promise<Uint8Array> {
  const bytes = new Uint8Array(backend.sizeBytes);
  await backend.read(0, bytes);
  return bytes;
}

/** Reads of any offset and length, several at a time. */
async function checkReads(backend: BlockBackend, content: Uint8Array, random: Random): Promise<void> {
  expect(backend.sizeBytes).toBe(content.length);
  const reads = Array.from({ length: 60 }, async () => {
    const offset = random.below(content.length);
    const target = new Uint8Array(random.below(Math.min(content.length - offset, 200_000)));
    await backend.read(offset, target);
    return Buffer.compare(target, content.subarray(offset, offset + target.length));
  });
  expect((await Promise.all(reads)).filter((difference) => difference !== 0)).toEqual([]);
}

const random = new Random(3);
/** Compressible and not, in turn. */
const content = concat(
  Array.from({ length: 40 }, (_, part) =>
    part % 3 === 0 ? random.bytes(25_000) : new Uint8Array(25_000 + part * 512 * (part % 2)).fill(part),
  ),
).slice(0, 1_000_960);

/** `printf 'seekable zstd %.0s' {1..40} | zstd -19 --no-check | base64` */
const ZSTD_FRAME = "KLUv/QBorQAAcHNlZWthYmxlIHpzdGQgAQAfoppK";

describe("the format of an image", () => {
  it("is told by content", async () => {
    await expect(open(new Uint8Array(0))).rejects.toThrow("test.img is empty");
    expect(await readAll(await open(Uint8Array.of(1, 2)))).toEqual(
      Uint8Array.from({ length: 512 }, (_, i) => [1, 2][i] ?? 0),
    );
    expect((await open(qcow2Image(content))).sizeBytes).toBe(content.length);
    expect((await open(seekableZstd(content, 100_000))).sizeBytes).toBe(content.length);
  });

  it("is what it is said to be", async () => {
    const image = qcow2Image(content);
    expect((await open(image, "raw")).sizeBytes).toBe(image.length);
    await expect(open(content, "qcow2")).rejects.toThrow("test.img: this is no qcow2 image");
    await expect(open(content, "zstd")).rejects.toThrow("test.img is compressed as a whole");
  });
});

describe("qcow2", () => {
  it.each([9, 12, 16, 21])("reads plain and compressed clusters of 2^%i bytes", async (clusterBits) => {
    for (const compression of ["zlib", "zstd"] as const) {
      // Compressed, a cluster of 512 random bytes would take more than there is room for in its entry.
      const store = (cluster: number) =>
        cluster % 2 === 0 || (clusterBits === 9 && cluster % 50 < 40) ? "plain" : compression;
      const image = await open(qcow2Image(content, { clusterBits, compression, store }));
      await checkReads(image, content, random);
    }
  });

  it("reads version 2, over a slow file", async () => {
    const file = Object.assign(new DelayedBackend(fileOf(qcow2Image(content, { version: 2 })), random), {
      name: "slow",
    });
    await checkReads(await openImage(file), content, random);
  });

  it("reads zero clusters, and what is beneath", async () => {
    const clusterBytes = 0x1_0000;
    const backing = new Uint8Array(content.length - 150 * 512).fill(0xbb);
    const kinds = ["plain", "zero", "beneath"] as const;
    const bytes = qcow2Image(content, { store: (cluster) => kinds[cluster % 3], backing: "base.img\x1b[2J" });
    await expect(open(bytes)).rejects.toThrow(
      "test.img is a qcow2 image over another one (base.img?[2J), which was not given",
    );
    const image = await openImage(fileOf(bytes), undefined, new MemoryBackend(backing));
    const expected = content.slice();
    for (let at = 0; at < expected.length; at += clusterBytes) {
      const kind = kinds[(at / clusterBytes) % 3];
      if (kind === "plain") continue;
      expected.fill(0, at, at + clusterBytes);
      if (kind === "beneath") expected.set(backing.subarray(at, at + clusterBytes), at);
    }
    await checkReads(image, expected, random);
  });

  it.each([
    ["an encrypted one", 35, 1, "encrypted qcow2 images cannot be read"],
    ["another version", 7, 9, "version 9 of qcow2 is not known"],
    ["tiny clusters", 23, 3, "clusters of 2^3 bytes"],
    ["an external data file", 79, 4, "with an external data file cannot be read"],
    ["subclusters", 79, 16, "with subclusters (extended_l2) cannot be read"],
    ["one that is corrupt", 79, 2, "is marked as corrupt"],
    ["unknown features", 79, 0x40, "features that are not known (1000000b)"],
    ["an L1 table that is too short", 39, 0, "its L1 table does not fit the image"],
    ["an L1 table that is huge", 36, 0x7f, "its L1 table does not fit the image"],
    ["an L1 table elsewhere", 42, 0x7f, "its L1 table does not fit the image"],
    ["a huge medium", 25, 0xff, "the qcow2 header is damaged"],
  ])("refuses %s", async (_name, offset, value, message) => {
    const bytes = qcow2Image(content);
    bytes[offset] = value;
    await expect(open(bytes)).rejects.toThrow(StorageError);
    await expect(open(bytes)).rejects.toThrow(message);
  });
});

describe("zstd", () => {
  it("reads frames of a seekable image", async () => {
    await checkReads(await open(seekableZstd(content, 70_000)), content, random);
  });

  it("reads compressed frames, and the rest of the last sector as zeros", async () => {
    const part = new TextEncoder().encode("seekable zstd ".repeat(40));
    const frame = Uint8Array.from(Buffer.from(ZSTD_FRAME, "base64"));
    const text = concat([part, part, part]);
    const image = await open(seekableZstd(text, part.length, () => frame));
    const bytes = await readAll(image);
    expect(bytes.length).toBe(2048);
    expect(Buffer.compare(bytes.subarray(0, text.length), text)).toBe(0);
    expect(bytes.subarray(text.length).every((byte) => byte === 0)).toBe(true);
  });

  it("refuses a file that is one frame without a seek table", async () => {
    await expect(open(storedZstdFrame(content))).rejects.toThrow("test.img is compressed as a whole");
  });
});
