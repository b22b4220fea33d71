/**
 * A process that writes to an overlay until it is killed: `killedWriter.ts OVERLAY SEED SIZE FIRST`. It says on standard output, a
 * line each, how many of the writes that `writesFrom` gives are flushed. FIRST is the number of the first.
 */
import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MemoryBackend } from "../../src/storage/memoryBackend.ts";
import { NodeStore } from "../../src/storage/nodeStore.ts";
import { OverlayBackend } from "../../src/storage/overlay.ts";
import { FIRST_STAMP, SECTOR_BYTES, stamped, writesFrom } from "./stampedWrites.ts";

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
