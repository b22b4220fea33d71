/** Damaged images and overlays: StorageErrors and nothing else, no endless work, no memory by what a damaged number says. */
import { describe, expect, it } from "vitest";
import { type BlockBackend, StorageError } from "../../src/bus/blockBackend.ts";
import { openImage } from "../../src/storage/imageFormat.ts";
import { MemoryBackend } from "../../src/storage/memoryBackend.ts";
import { MemoryStore } from "../../src/storage/memoryStore.ts";
import { OverlayBackend } from "../../src/storage/overlay.ts";
import { fuzzRounds } from "../support/fuzz.ts";
import { Random } from "../support/random.ts";
import { qcow2Image, seekableZstd } from "./imageWriters.ts";

const content = new Random(8).bytes(200_192).fill(0, 50_000, 120_000);
const READ_BYTES = 70_000;

/** A header may say that the medium is huge. */
async function readSome(backend: BlockBackend): Promise<void> {
  const { sizeBytes } = backend;
  for (const offset of [0, Math.floor(sizeBytes / 2), Math.max(0, sizeBytes - READ_BYTES)])
    await backend.read(offset, new Uint8Array(Math.min(READ_BYTES, sizeBytes - offset)));
}

/** `act` succeeds or throws a StorageError; says whether it succeeded. */
async function isAccepted(act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (error instanceof StorageError) return false;
    throw error;
  }
}

/** Some bytes of `intact` are others, more often those `near` its beginning and end; some of it may be cut off. */
function damage(intact: Uint8Array, near: number, random: Random): Uint8Array {
  const bytes = intact.slice();
  for (let count = 1 + random.below(6); count > 0; count--) {
    const distance = random.below(random.chance(4) ? bytes.length : near);
    bytes[random.chance(2) ? distance : bytes.length - 1 - distance] = random.chance(2) ? 0xff : random.u32();
  }
  return random.chance(5) ? bytes.slice(0, 1 + random.below(bytes.length)) : bytes;
}

describe("damaged images", () => {
  const store = (cluster: number) => (["plain", "zlib", "zero"] as const)[cluster % 3];

  it.each([
    ["qcow2", qcow2Image(content, { clusterBits: 12, store }), 0x3000],
    ["qcow2 with zstd", qcow2Image(content, { clusterBits: 12, compression: "zstd", store: () => "zstd" }), 0x3000],
    ["zstd", seekableZstd(content, 30_000), 300],
  ])("of %s", async (_name, intact, near) => {
    const open = async (bytes: Uint8Array) => readSome(await openImage(new MemoryBackend(bytes, { readOnly: true })));
    await open(intact);
    const accepted: boolean[] = [];
    await fuzzRounds(1000, async (random) => {
      accepted.push(await isAccepted(() => open(damage(intact, near, random))));
    });
    // Both happen, unless one seed is repeated.
    if (accepted.length > 1) expect(new Set(accepted).size).toBe(2);
  });
});

describe("damaged overlays", () => {
  class LastingStore extends MemoryStore {
    override readonly isVolatile = false as never;
    override close(): void {}
  }
  const base = () => new MemoryBackend(content, { readOnly: true });

  it("are refused, or written to as if nothing had happened", async () => {
    const intact = new LastingStore();
    const overlay = await OverlayBackend.open(base(), intact);
    await overlay.write(0, new Uint8Array(0x2_8000).fill(1));
    await overlay.close();
    const image = new Uint8Array(intact.sizeBytes);
    intact.read(0, image);
    // Header and map lie in the first 4 KiB and a few bytes.
    await fuzzRounds(500, async (random) => {
      const store = new LastingStore();
      store.write(0, damage(image, random.chance(2) ? 32 : 4112, random));
      await isAccepted(async () => {
        const damaged = await OverlayBackend.open(base(), store);
        await readSome(damaged);
        await damaged.write(random.below(250) * 512, new Uint8Array(0x1_0000));
        await damaged.close();
      });
    });
  });
});
