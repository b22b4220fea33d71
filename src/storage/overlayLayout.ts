/**
 * How an overlay lies in its store. All numbers are little-endian.
 *
 * ```
 *        0  header, one sector
 *     4096  map: a word for each cluster of the medium
 *      ...  padding to a whole cluster
 *  data     clusters, in the order in which they were first written
 * ```
 *
 * Header:
 * ```
 *   0  8  "TABVOVL" and a zero
 *   8  4  version, 1
 *  12  4  log2 of the bytes in a cluster
 *  16  8  size of the medium in bytes
 *  24  4  CRC-32 of samples of the image beneath
 *  28  4  CRC-32 of bytes 0 to 27
 * ```
 *
 * A word of the map is 0 (the cluster is that of the image beneath), FFFFFFFFh (it was discarded: zeros), or the number of the
 * cluster in the data area, from 1.
 *
 * Nothing but the order of writes keeps an overlay whole: the data of a new cluster is on the medium before its word in the map is
 * written, and words lie within a sector, so that a word that was torn off is an old one or a new one.
 */
import { type BlockBackend, StorageError } from "../bus/blockBackend.ts";
import { crc32 } from "../util/crc32.ts";

export const HEADER_BYTES = 512;
export const MAP_OFFSET = 4096;
export const ENTRY_BYTES = 4;
/** Words of the map. */
export const FROM_BASE = 0;
export const ZEROS = 0xffff_ffff;

const MAGIC = new TextEncoder().encode("TABVOVL\0");
const VERSION = 1;
const CHECKED_BYTES = 28;
const MIN_CLUSTER_BITS = 16;
const MAX_CLUSTER_BITS = 21;
/** The map is at most 4 MiB, so that large media get large clusters. */
const MAX_CLUSTERS = 1 << 20;
/** Where the image beneath is sampled: its first sectors, and where a first partition usually begins. */
const SAMPLES = [
  { offset: 0, length: 0x1_0000 },
  { offset: 0x10_0000, length: 0x1000 },
] as const;

export interface OverlayLayout {
  /** Of the medium. */
  sizeBytes: number;
  clusterBytes: number;
  clusterCount: number;
  /** Where the data area begins. */
  dataOffset: number;
  baseCrc: number;
}

export function layoutFor(sizeBytes: number, baseCrc: number, name: string): OverlayLayout {
  for (let bits = MIN_CLUSTER_BITS; bits <= MAX_CLUSTER_BITS; bits++) {
    const clusterBytes = 2 ** bits;
    const clusterCount = Math.ceil(sizeBytes / clusterBytes);
    if (clusterCount > MAX_CLUSTERS) continue;
    const dataOffset = Math.ceil((MAP_OFFSET + clusterCount * ENTRY_BYTES) / clusterBytes) * clusterBytes;
    return { sizeBytes, clusterBytes, clusterCount, dataOffset, baseCrc };
  }
  throw new StorageError(`${name}: media of ${sizeBytes} bytes are too large for an overlay`);
}

export function encodeHeader(layout: OverlayLayout): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, Math.log2(layout.clusterBytes), true);
  view.setBigUint64(16, BigInt(layout.sizeBytes), true);
  view.setUint32(24, layout.baseCrc, true);
  view.setUint32(28, crc32(bytes.subarray(0, CHECKED_BYTES)), true);
  return bytes;
}

/** Throws a StorageError unless `bytes` is the header of an overlay with `layout`. */
export function checkHeader(bytes: Uint8Array, layout: OverlayLayout, name: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (MAGIC.some((byte, index) => bytes[index] !== byte)) throw new StorageError(`${name} is no overlay`);
  if (view.getUint32(28, true) !== crc32(bytes.subarray(0, CHECKED_BYTES)))
    throw new StorageError(`${name}: the header of the overlay is damaged`);
  if (view.getUint32(8, true) !== VERSION)
    throw new StorageError(`${name}: version ${view.getUint32(8, true)} of the overlay format is not known`);
  const sizeBytes = view.getBigUint64(16, true);
  if (sizeBytes !== BigInt(layout.sizeBytes))
    throw new StorageError(`${name} belongs to an image of ${sizeBytes} bytes, and this one has ${layout.sizeBytes}`);
  if (view.getUint32(24, true) !== layout.baseCrc)
    throw new StorageError(`${name} belongs to another image, or the image was changed since`);
  if (2 ** view.getUint32(12, true) !== layout.clusterBytes)
    throw new StorageError(`${name}: clusters of 2^${view.getUint32(12, true)} bytes do not fit the image`);
}

/** Tells images of the same size apart. */
export async function sampleBase(base: BlockBackend): Promise<number> {
  let crc = 0;
  for (const { offset, length } of SAMPLES) {
    const there = Math.min(length, base.sizeBytes - offset);
    if (there <= 0) continue;
    const bytes = new Uint8Array(there);
    await base.read(offset, bytes);
    crc = crc32(bytes, crc);
  }
  return crc;
}
