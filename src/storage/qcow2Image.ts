/**
 * qcow2 images, versions 2 and 3, for reading (QEMU docs/interop/qcow2.txt); writes go to an overlay. Compressed clusters of both
 * kinds, zero clusters and an image beneath are read; snapshots, refcounts and bitmaps are not looked at.
 */
import { inflateSync } from "fflate";
import { type BlockBackend, StorageError } from "../bus/blockBackend.ts";
import { LruCache } from "../util/lruCache.ts";
import type { ImageFile } from "./imageFile.ts";
import { type Qcow2Header, readQcow2Header } from "./qcow2Header.ts";
import { decompressZstd, zstdFrameLength } from "./zstd.ts";

const SECTOR_BYTES = 512;
const ENTRY_BYTES = 8;
const TABLE_CACHE_BYTES = 0x80_0000;
const CLUSTER_CACHE_BYTES = 0x100_0000;
const MIN_CACHED = 4;
/** L1 and L2 entries: where the table or cluster is. */
const OFFSET_MASK = 0x00ff_ffff_ffff_fe00n;
const COMPRESSED = 1n << 62n;
/** Version 3: the cluster reads as zeros, whatever is in it. */
const ZERO = 1n;

/** Where the bytes of a cluster are. */
type Mapping =
  | { kind: "beneath" }
  | { kind: "zeros" }
  | { kind: "plain"; offset: number }
  | { kind: "compressed"; offset: number; length: number };

const BENEATH: Mapping = { kind: "beneath" };
const ZEROS: Mapping = { kind: "zeros" };

export class Qcow2Image implements BlockBackend {
  readonly readOnly = true;
  readonly sizeBytes: number;
  private readonly clusterBytes: number;
  /** Entries of an L2 table, which is a cluster. */
  private readonly l2Entries: number;
  private readonly tables: LruCache<number, Promise<DataView>>;
  private readonly decompressed: LruCache<number, Promise<Uint8Array>>;

  private constructor(
    private readonly file: ImageFile,
    private readonly header: Qcow2Header,
    private readonly l1: DataView,
    private readonly backing: BlockBackend | undefined,
  ) {
    this.sizeBytes = Math.ceil(header.sizeBytes / SECTOR_BYTES) * SECTOR_BYTES;
    this.clusterBytes = 2 ** header.clusterBits;
    this.l2Entries = this.clusterBytes / ENTRY_BYTES;
    this.tables = new LruCache(Math.max(MIN_CACHED, TABLE_CACHE_BYTES / this.clusterBytes));
    this.decompressed = new LruCache(Math.max(MIN_CACHED, CLUSTER_CACHE_BYTES / this.clusterBytes));
  }

  /** Throws StorageError; `backing` is the image beneath, for an image that has one. */
  static async open(file: ImageFile, backing?: BlockBackend): Promise<Qcow2Image> {
    const header = await readQcow2Header(file);
    if (header.backingName !== undefined && !backing)
      throw new StorageError(
        `${file.name} is a qcow2 image over another one (${header.backingName}), which was not given`,
      );
    const l1 = new Uint8Array(header.l1Entries * ENTRY_BYTES);
    await file.read(header.l1Offset, l1);
    return new Qcow2Image(file, header, new DataView(l1.buffer), backing);
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    for (let at = 0; at < target.length; ) {
      const within = (offset + at) % this.clusterBytes;
      const mapping = await this.map(offset + at);
      let length = Math.min(target.length - at, this.clusterBytes - within);
      // Clusters that follow each other in the file are read in one go.
      while (mapping.kind === "plain" && at + length < target.length) {
        const next = await this.map(offset + at + length);
        if (next.kind !== "plain" || next.offset !== mapping.offset + within + length) break;
        length += Math.min(target.length - at - length, this.clusterBytes);
      }
      await this.readPart(mapping, within, offset + at, target.subarray(at, at + length));
      at += length;
    }
  }

  async write(): Promise<void> {
    throw new StorageError(`${this.file.name}: qcow2 images cannot be written to`);
  }

  flush(): undefined {}

  discard(): undefined {}

  async close(): Promise<void> {
    this.tables.clear();
    this.decompressed.clear();
    await this.backing?.close();
    await this.file.close();
  }

  private async readPart(mapping: Mapping, within: number, offset: number, target: Uint8Array): Promise<void> {
    switch (mapping.kind) {
      case "zeros":
        target.fill(0);
        return;
      case "beneath":
        return this.readBeneath(offset, target);
      case "plain":
        return this.readFile(mapping.offset + within, target);
      case "compressed": {
        const cluster = await this.decompress(mapping.offset, mapping.length);
        target.set(cluster.subarray(within, within + target.length));
      }
    }
  }

  /** The image beneath may be smaller. */
  private async readBeneath(offset: number, target: Uint8Array): Promise<void> {
    const there = this.backing ? Math.max(0, Math.min(target.length, this.backing.sizeBytes - offset)) : 0;
    target.fill(0, there);
    if (there > 0) await this.backing?.read(offset, target.subarray(0, there));
  }

  /** What lies behind the end of the file reads as zeros, as long as the cluster begins in it. */
  private async readFile(offset: number, target: Uint8Array): Promise<void> {
    const there = Math.max(0, Math.min(target.length, this.file.sizeBytes - offset));
    target.fill(0, there);
    if (there > 0) await this.file.read(offset, target.subarray(0, there));
  }

  /** Where the cluster is that holds the byte at `offset`. */
  private async map(offset: number): Promise<Mapping> {
    const cluster = Math.floor(offset / this.clusterBytes);
    const table = await this.table(Math.floor(cluster / this.l2Entries));
    if (!table) return BENEATH;
    const entry = table.getBigUint64((cluster % this.l2Entries) * ENTRY_BYTES);
    if (entry & COMPRESSED) return this.mapCompressed(entry);
    if (this.header.version >= 3 && entry & ZERO) return ZEROS;
    const position = Number(entry & OFFSET_MASK);
    if (position === 0) return BENEATH;
    this.checkPosition(position);
    return { kind: "plain", offset: position };
  }

  /** Bits up to 62 - (cluster bits - 8) are the offset, above them is how many further sectors the data touches. */
  private mapCompressed(entry: bigint): Mapping {
    const offsetBits = BigInt(62 - (this.header.clusterBits - 8));
    const offset = Number(entry & ((1n << offsetBits) - 1n));
    const sectors = Number((entry & (COMPRESSED - 1n)) >> offsetBits) + 1;
    const length = sectors * SECTOR_BYTES - (offset % SECTOR_BYTES);
    if (offset >= this.file.sizeBytes) throw this.damaged();
    // Compressed data that is longer than a cluster is never stored; the last sector may reach behind the file's end.
    const longest = Math.min(this.clusterBytes + SECTOR_BYTES, this.file.sizeBytes - offset);
    return { kind: "compressed", offset, length: Math.min(length, longest) };
  }

  private async table(index: number): Promise<DataView | undefined> {
    const known = this.tables.get(index);
    if (known) return known;
    const position = Number(this.l1.getBigUint64(index * ENTRY_BYTES) & OFFSET_MASK);
    if (position === 0) return undefined;
    this.checkPosition(position);
    const table = this.readTable(position);
    this.tables.set(index, table);
    // A failure may pass.
    table.catch(() => this.tables.delete(index));
    return table;
  }

  private async readTable(position: number): Promise<DataView> {
    const bytes = new Uint8Array(this.clusterBytes);
    await this.readFile(position, bytes);
    return new DataView(bytes.buffer);
  }

  private decompress(offset: number, length: number): Promise<Uint8Array> {
    const known = this.decompressed.get(offset);
    if (known) return known;
    const cluster = this.readCompressed(offset, length);
    this.decompressed.set(offset, cluster);
    cluster.catch(() => this.decompressed.delete(offset));
    return cluster;
  }

  private async readCompressed(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    await this.file.read(offset, bytes);
    const what = `${this.file.name}: the compressed cluster at ${offset}`;
    if (this.header.compression === "zlib") return inflate(bytes, this.clusterBytes, what);
    const frameLength = zstdFrameLength(bytes);
    if (frameLength === undefined) throw new StorageError(`${what} is damaged`);
    return decompressZstd(bytes.subarray(0, frameLength), this.clusterBytes, what);
  }

  /** Clusters and tables are aligned and begin in the file. */
  private checkPosition(position: number): void {
    if (position % this.clusterBytes !== 0 || position >= this.file.sizeBytes) throw this.damaged();
  }

  private damaged(): StorageError {
    return new StorageError(`${this.file.name}: a table of the qcow2 image is damaged`);
  }
}

/** Raw deflate data; what follows it is of other clusters. */
function inflate(bytes: Uint8Array, sizeBytes: number, what: string): Uint8Array {
  let content: Uint8Array | undefined;
  try {
    content = inflateSync(bytes, { out: new Uint8Array(sizeBytes) });
  } catch {
    // Told below.
  }
  if (content?.length !== sizeBytes) throw new StorageError(`${what} is damaged`);
  return content;
}
