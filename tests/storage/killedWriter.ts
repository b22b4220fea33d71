/**
 * A process that writes to an overlay until it is killed: `killedWriter.ts OVERLAY SEED SIZE FIRST`. It says on standard output, a
 * line each, how many of the writes that `writesFrom` gives are flushed. FIRST is the number of the first.
 */
import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MemoryBackend } from "../../src/storage/memoryBackend.ts";
import { NodeStore } from "../../src/storage/nodeStore.ts";
import { OverlayBackend } from "../../src/storage/overlay.ts";
import { Random } from "../support/random.ts";

export const SECTOR_BYTES = 512;
/** The image beneath is all of this write. */
export const FIRST_STAMP = 1;

export interface Write {
  firstSector: number;
  data: Uint8Array;
  /** The overlay is flushed after it. */
  isFlushed: boolean;
}

/** The same for the same seed; each sector begins with the number of its write. */
export function* writesFrom(seed: number, sizeBytes: number, first: number): Generator<Write> {
  const random = new Random(seed);
  for (let step = first; ; step++) {
    const firstSector = random.below(sizeBytes / SECTOR_BYTES);
    const longest = random.chance(4) ? 300 : 16;
    const count = Math.min(sizeBytes / SECTOR_BYTES - firstSector, 1 + random.below(longest));
    yield { firstSector, data: stamped(count * SECTOR_BYTES, step), isFlushed: random.chance(6) };
  }
}

export function stamped(length: number, step: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < length; at += SECTOR_BYTES) view.setUint32(at, step);
  return bytes;
}

export async function openOverlay(path: string, sizeBytes: number): Promise<OverlayBackend> {
  const image = new MemoryBackend(stamped(sizeBytes, FIRST_STAMP), { readOnly: true });
  return OverlayBackend.open(image, NodeStore.open(path));
}

async function writeUntilKilled([path, seed, size, first]: string[]): Promise<void> {
  const overlay = await openOverlay(path, Number(size));
  let step = Number(first);
  for (const { firstSector, data, isFlushed } of writesFrom(Number(seed), Number(size), step)) {
    await overlay.write(firstSector * SECTOR_BYTES, data);
    step++;
    if (!isFlushed) continue;
    await overlay.flush();
    writeSync(1, `${step}\n`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeUntilKilled(process.argv.slice(2));
