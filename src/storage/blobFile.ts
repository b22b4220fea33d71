import { StorageError } from "../bus/blockBackend.ts";
import type { BlobLike } from "../machine/vmConfig.ts";
import { ChunkCache } from "./chunkCache.ts";
import type { ImageFile } from "./imageFile.ts";

const CHUNK_BYTES = 0x2_0000;
const CACHE_BYTES = 0x200_0000;
const REQUEST_BYTES = 0x20_0000;

/** A browser's File or Blob. */
export class BlobFile implements ImageFile {
  readonly readOnly = true;
  private readonly cache: ChunkCache;

  constructor(
    private readonly blob: BlobLike,
    readonly name: string,
  ) {
    this.cache = new ChunkCache({
      sizeBytes: blob.size,
      chunkBytes: CHUNK_BYTES,
      cacheBytes: CACHE_BYTES,
      requestBytes: REQUEST_BYTES,
      readAheadBytes: REQUEST_BYTES,
      fetch: (offset, length) => this.fetch(offset, length),
    });
  }

  get sizeBytes(): number {
    return this.blob.size;
  }

  read(offset: number, target: Uint8Array): Promise<void> | undefined {
    return this.cache.read(offset, target);
  }

  write(): undefined {
    throw new StorageError(`${this.name}: files of a web page cannot be written to`);
  }

  flush(): undefined {}

  close(): undefined {
    this.cache.clear();
  }

  private async fetch(offset: number, length: number): Promise<Uint8Array> {
    try {
      return new Uint8Array(await this.blob.slice(offset, offset + length).arrayBuffer());
    } catch {
      // The browser refuses a file that is not as it was when it was chosen.
      throw new StorageError(`${this.name}: the file cannot be read; it has changed or vanished since it was opened`);
    }
  }
}
