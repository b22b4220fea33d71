/** Writes whose outcome can be told from what is on the medium later: each sector begins with the number of its write. */
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

/** What each sector holds at least, when it was `known` before and the writes from `first` up to `end` of a seed are flushed. */
export function leastAfter(known: Uint32Array, seed: number, first: number, end: number): Uint32Array {
  const least = known.slice();
  let step = first;
  for (const { firstSector, data } of writesFrom(seed, known.length * SECTOR_BYTES, first)) {
    if (step === end) break;
    least.fill(step++, firstSector, firstSector + data.length / SECTOR_BYTES);
  }
  return least;
}

/** The number of the write that each sector is from. */
export function stampsIn(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length / SECTOR_BYTES }, (_, sector) =>
    view.getUint32(sector * SECTOR_BYTES),
  );
}
