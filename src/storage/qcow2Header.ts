/**
 * The header of a qcow2 image (QEMU docs/interop/qcow2.txt, "Header"), all numbers big-endian:
 *
 * ```
 *   0  4  "QFI\xfb"                     36  4  entries of the L1 table
 *   4  4  version, 2 or 3               40  8  where it is
 *   8  8  where the backing file's      56 ..  refcounts and snapshots: not needed for reading
 *  16  4  name is, and its length       72  8  incompatible features   (version 3)
 *  20  4  log2 of the cluster size     100  4  header length           (version 3)
 *  24  8  size of the medium           104  1  compression type        (version 3, header length > 104)
 *  32  4  encryption
 * ```
 */
import { StorageError } from "../bus/blockBackend.ts";
import type { ImageFile } from "./imageFile.ts";

export interface Qcow2Header {
  version: number;
  clusterBits: number;
  /** Of the medium. */
  sizeBytes: number;
  l1Offset: number;
  l1Entries: number;
  compression: "zlib" | "zstd";
  /** Of the image beneath; undefined where there is none. */
  backingName: string | undefined;
}

export const QCOW2_MAGIC = 0x5146_49fb;
const HEADER_BYTES = 112;
const V2_HEADER_BYTES = 72;
const MIN_CLUSTER_BITS = 9;
const MAX_CLUSTER_BITS = 21;
/** As QEMU has it: 32 MiB of L1 table. */
const MAX_L1_ENTRIES = 0x40_0000;
const MAX_BACKING_NAME_BYTES = 1023;
/** Incompatible features, by bit. Dirty refcounts are no obstacle to reading. */
const FEATURE_DIRTY = 1n << 0n;
const FEATURE_CORRUPT = 1n << 1n;
const FEATURE_EXTERNAL_DATA = 1n << 2n;
const FEATURE_COMPRESSION = 1n << 3n;
const FEATURE_EXTENDED_L2 = 1n << 4n;
const KNOWN_FEATURES = FEATURE_DIRTY | FEATURE_COMPRESSION;
const COMPRESSIONS = ["zlib", "zstd"] as const;

/** Throws a StorageError for what is damaged or not supported. */
export async function readQcow2Header(file: ImageFile): Promise<Qcow2Header> {
  const bytes = new Uint8Array(HEADER_BYTES);
  await file.read(0, bytes.subarray(0, Math.min(HEADER_BYTES, file.sizeBytes)));
  const view = new DataView(bytes.buffer);
  const fail = (what: string) => new StorageError(`${file.name}: ${what}`);
  if (file.sizeBytes < V2_HEADER_BYTES || view.getUint32(0) !== QCOW2_MAGIC) throw fail("this is no qcow2 image");
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3) throw fail(`version ${version} of qcow2 is not known`);
  if (view.getUint32(32) !== 0) throw fail("encrypted qcow2 images cannot be read");
  const clusterBits = view.getUint32(20);
  if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS)
    throw fail(`the qcow2 header is damaged: clusters of 2^${clusterBits} bytes`);
  const features = version === 3 ? view.getBigUint64(72) : 0n;
  const obstacle = describeFeatures(features);
  if (obstacle !== undefined) throw fail(obstacle);
  const size = view.getBigUint64(24);
  const l1Offset = view.getBigUint64(40);
  const l1Entries = view.getUint32(36);
  const neededEntries = (Number(size) / 2 ** clusterBits) * (8 / 2 ** clusterBits);
  if (size === 0n || size > BigInt(Number.MAX_SAFE_INTEGER)) throw fail(`the qcow2 header is damaged: ${size} bytes`);
  if (l1Entries > MAX_L1_ENTRIES || l1Entries < neededEntries || l1Offset + BigInt(8 * l1Entries) > file.sizeBytes)
    throw fail("the qcow2 header is damaged: its L1 table does not fit the image");
  return {
    version,
    clusterBits,
    sizeBytes: Number(size),
    l1Offset: Number(l1Offset),
    l1Entries,
    compression: compressionOf(view, version, features, fail),
    backingName: await readBackingName(file, view),
  };
}

function describeFeatures(features: bigint): string | undefined {
  if (features & FEATURE_CORRUPT) return "the qcow2 image is marked as corrupt; qemu-img check -r repairs it";
  if (features & FEATURE_EXTERNAL_DATA) return "qcow2 images with an external data file cannot be read";
  if (features & FEATURE_EXTENDED_L2) return "qcow2 images with subclusters (extended_l2) cannot be read";
  const unknown = features & ~KNOWN_FEATURES;
  return unknown === 0n ? undefined : `the qcow2 image has features that are not known (${unknown.toString(2)}b)`;
}

function compressionOf(view: DataView, version: number, features: bigint, fail: (what: string) => StorageError) {
  if (version === 2 || view.getUint32(100) <= 104 || (features & FEATURE_COMPRESSION) === 0n) return "zlib";
  const compression = COMPRESSIONS[view.getUint8(104)];
  if (compression === undefined) throw fail(`compression ${view.getUint8(104)} of qcow2 is not known`);
  return compression;
}

async function readBackingName(file: ImageFile, view: DataView): Promise<string | undefined> {
  const offset = view.getBigUint64(8);
  const length = view.getUint32(16);
  if (offset === 0n || length === 0) return undefined;
  if (length > MAX_BACKING_NAME_BYTES || offset + BigInt(length) > file.sizeBytes)
    throw new StorageError(`${file.name}: the qcow2 header is damaged: the backing file's name`);
  const bytes = new Uint8Array(length);
  await file.read(Number(offset), bytes);
  // A line of a message: nothing of it may move the cursor.
  return new TextDecoder().decode(bytes).replace(/[^\x20-\x7e]/g, "?");
}
