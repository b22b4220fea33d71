/**
 * Images in Zstandard's seekable format (facebook/zstd, contrib/seekable_format/zstd_seekable_compression_format.md, 0.1.0): frames
 * that are decompressed each for itself, and a seek table in a skippable frame at the end. `zstd -d` unpacks them too.
 *
 * ```
 * frame ... frame | 184D2A5Eh, length | {compressed, decompressed[, checksum]} ... | frames, descriptor, 8F92EAB1h
 * ```
 */
import { type BlockBackend, StorageError } from "../bus/blockBackend.ts";
import { LruCache } from "../util/lruCache.ts";
import type { ImageFile } from "./imageFile.ts";
import { decompressZstd } from "./zstd.ts";

const SKIPPABLE_MAGIC = 0x184d_2a5e;
const SEEKABLE_MAGIC = 0x8f92_eab1;
const FOOTER_BYTES = 9;
const SKIPPABLE_HEADER_BYTES = 8;
const CHECKSUM_FLAG = 0x80;
const RESERVED_BITS = 0x7c;
/** What is taken on trust: a seek table of 12 MiB, and frames as large as a few requests. */
const MAX_FRAMES = 1 << 20;
const MAX_FRAME_BYTES = 0x100_0000;
const CACHE_BYTES = 0x200_0000;
const SECTOR_BYTES = 512;

export class ZstdImage implements BlockBackend {
  readonly readOnly = true;
  readonly sizeBytes: number;
  private readonly frames: LruCache<number, Promise<Uint8Array>>;

  private constructor(
    private readonly file: ImageFile,
    /** Where each frame begins, in the file and in the medium; one more for the end. */
    private readonly fileOffsets: Float64Array,
    private readonly offsets: Float64Array,
  ) {
    this.sizeBytes = Math.ceil(this.contentBytes / SECTOR_BYTES) * SECTOR_BYTES;
    const largest = offsets.reduce((most, offset, index) => Math.max(most, offset - (offsets[index - 1] ?? 0)), 1);
    this.frames = new LruCache(Math.max(2, Math.floor(CACHE_BYTES / largest)));
  }

  /** Throws StorageError. */
  static async open(file: ImageFile): Promise<ZstdImage> {
    const damaged = () => new StorageError(`${file.name}: the seek table of the zstd image is damaged`);
    const { frameCount, hasChecksums } = await readFooter(file);
    const entryBytes = hasChecksums ? 12 : 8;
    const tableBytes = frameCount * entryBytes;
    const tableOffset = file.sizeBytes - FOOTER_BYTES - tableBytes;
    const dataBytes = tableOffset - SKIPPABLE_HEADER_BYTES;
    if (frameCount > MAX_FRAMES || dataBytes < 0) throw damaged();
    const bytes = new Uint8Array(SKIPPABLE_HEADER_BYTES + tableBytes);
    await file.read(dataBytes, bytes);
    const view = new DataView(bytes.buffer);
    if (view.getUint32(0, true) !== SKIPPABLE_MAGIC || view.getUint32(4, true) !== tableBytes + FOOTER_BYTES)
      throw damaged();
    const fileOffsets = new Float64Array(frameCount + 1);
    const offsets = new Float64Array(frameCount + 1);
    for (let frame = 0; frame < frameCount; frame++) {
      const at = SKIPPABLE_HEADER_BYTES + frame * entryBytes;
      const length = view.getUint32(at + 4, true);
      if (length > MAX_FRAME_BYTES) throw damaged();
      fileOffsets[frame + 1] = fileOffsets[frame] + view.getUint32(at, true);
      offsets[frame + 1] = offsets[frame] + length;
    }
    if (fileOffsets[frameCount] > dataBytes || offsets[frameCount] === 0) throw damaged();
    return new ZstdImage(file, fileOffsets, offsets);
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    const there = Math.max(0, Math.min(target.length, this.contentBytes - offset));
    target.fill(0, there);
    for (let at = 0, index = this.frameAt(offset); at < there; index++) {
      const frame = await this.frame(index);
      const within = offset + at - this.offsets[index];
      const part = frame.subarray(within, within + there - at);
      target.set(part, at);
      at += part.length;
    }
  }

  async write(): Promise<void> {
    throw new StorageError(`${this.file.name}: zstd images cannot be written to`);
  }

  flush(): undefined {}

  discard(): undefined {}

  close(): Promise<void> | undefined {
    this.frames.clear();
    return this.file.close();
  }

  private get contentBytes(): number {
    return this.offsets[this.offsets.length - 1];
  }

  /** The frame that holds the byte at `offset`. */
  private frameAt(offset: number): number {
    let low = 0;
    let high = this.offsets.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.offsets[middle] <= offset) low = middle;
      else high = middle;
    }
    return low;
  }

  private frame(index: number): Promise<Uint8Array> {
    const known = this.frames.get(index);
    if (known) return known;
    const frame = this.decompress(index);
    this.frames.set(index, frame);
    // A failure may pass.
    frame.catch(() => this.frames.delete(index));
    return frame;
  }

  private async decompress(index: number): Promise<Uint8Array> {
    const { file, fileOffsets, offsets } = this;
    const length = fileOffsets[index + 1] - fileOffsets[index];
    const sizeBytes = offsets[index + 1] - offsets[index];
    const what = `${file.name}: frame ${index} of the zstd image`;
    if (sizeBytes === 0) return new Uint8Array(0);
    // More than it can come to: 3 bytes for each block of 128 KiB, and the header.
    if (length > MAX_FRAME_BYTES + 0x1000) throw new StorageError(`${what} is damaged`);
    const compressed = new Uint8Array(length);
    await file.read(fileOffsets[index], compressed);
    return decompressZstd(compressed, sizeBytes, what);
  }
}

async function readFooter(file: ImageFile): Promise<{ frameCount: number; hasChecksums: boolean }> {
  const bytes = new Uint8Array(FOOTER_BYTES);
  if (file.sizeBytes >= FOOTER_BYTES) await file.read(file.sizeBytes - FOOTER_BYTES, bytes);
  const view = new DataView(bytes.buffer);
  const descriptor = bytes[4];
  if (view.getUint32(5, true) !== SEEKABLE_MAGIC || (descriptor & RESERVED_BITS) !== 0)
    throw new StorageError(
      `${file.name} is compressed as a whole: it has no seek table of zstd's seekable format; unpack it first`,
    );
  return { frameCount: view.getUint32(0, true), hasChecksums: (descriptor & CHECKSUM_FLAG) !== 0 };
}
