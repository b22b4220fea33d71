/**
 * Reads of any length from a source that gives its bytes in large pieces and late (a Blob, a web server): whole chunks are fetched
 * and kept, as far as there is room, and ahead of whoever reads on and on. Nothing else is fetched than chunks of which something
 * was read, and those ahead.
 */
import { LruCache } from "../util/lruCache.ts";
import { whenAll } from "./settle.ts";

export interface ChunkCacheOptions {
  /** Length of the source in bytes; the last chunk may be shorter. */
  sizeBytes: number;
  chunkBytes: number;
  cacheBytes: number;
  /** The most that is asked for at a time, and the most that is fetched ahead: multiples of a chunk. */
  requestBytes: number;
  readAheadBytes: number;
  fetch(offset: number, length: number): Promise<Uint8Array>;
}

/** Somebody reads on and on. */
interface Stream {
  /** Where the next read is expected. */
  end: number;
  /** Read so far. */
  length: number;
  aheadBytes: number;
}

/** How many streams are told apart: a file system reads data and its own tables in turn. */
const MAX_STREAMS = 4;

export class ChunkCache {
  private readonly chunks: LruCache<number, Uint8Array>;
  private readonly loading = new Map<number, Promise<Uint8Array>>();
  /** Those used last come last. */
  private readonly streams: Stream[] = [];

  constructor(private readonly options: ChunkCacheOptions) {
    this.chunks = new LruCache(options.cacheBytes, (chunk) => chunk.length);
  }

  /** What is there already. */
  put(chunk: number, bytes: Uint8Array): void {
    this.chunks.set(chunk, bytes);
  }

  /** Done when it returns if everything is there. */
  read(offset: number, target: Uint8Array): Promise<void> | undefined {
    if (target.length === 0) return undefined;
    const { chunkBytes } = this.options;
    const first = Math.floor(offset / chunkBytes);
    const last = Math.floor((offset + target.length - 1) / chunkBytes);
    this.load(first, last);
    const pending: Promise<void>[] = [];
    for (let index = first; index <= last; index++) {
      const copy = (chunk: Uint8Array) => copyOverlap(chunk, index * chunkBytes, target, offset);
      const chunk = this.chunks.get(index);
      if (chunk) copy(chunk);
      else pending.push((this.loading.get(index) as Promise<Uint8Array>).then(copy));
    }
    this.readAhead(offset, last, target.length);
    return whenAll(pending);
  }

  clear(): void {
    this.chunks.clear();
  }

  /** Begins to fetch what is missing of these chunks. */
  private load(first: number, last: number): void {
    const perRequest = this.options.requestBytes / this.options.chunkBytes;
    for (let index = first; index <= last; index++) {
      if (!this.isMissing(index)) continue;
      let end = index + 1;
      while (end <= last && end - index < perRequest && this.isMissing(end)) end++;
      this.fetch(index, end);
      index = end - 1;
    }
  }

  private isMissing(index: number): boolean {
    return !this.chunks.has(index) && !this.loading.has(index);
  }

  private fetch(first: number, end: number): void {
    const { chunkBytes, sizeBytes } = this.options;
    const offset = first * chunkBytes;
    const answer = this.options.fetch(offset, Math.min(sizeBytes, end * chunkBytes) - offset);
    for (let index = first; index < end; index++) {
      const start = (index - first) * chunkBytes;
      const chunk = answer.then((bytes) => bytes.slice(start, start + chunkBytes));
      this.loading.set(index, chunk);
      chunk.then(
        (bytes) => {
          this.loading.delete(index);
          this.chunks.set(index, bytes);
        },
        () => this.loading.delete(index),
      );
    }
  }

  /** A stream is fetched further ahead the longer it lasts. */
  private readAhead(offset: number, lastChunk: number, length: number): void {
    const { chunkBytes, readAheadBytes, sizeBytes } = this.options;
    const known = this.streams.findIndex((stream) => stream.end === offset);
    const [stream] = known >= 0 ? this.streams.splice(known, 1) : [{ end: 0, length: 0, aheadBytes: 0 }];
    stream.length += length;
    // A few sectors in a row are no stream yet.
    if (known >= 0 && stream.length > chunkBytes)
      stream.aheadBytes = Math.min(readAheadBytes, Math.max(chunkBytes, 2 * stream.aheadBytes));
    stream.end = offset + length;
    this.streams.push(stream);
    if (this.streams.length > MAX_STREAMS) this.streams.shift();
    if (stream.aheadBytes === 0) return;
    const lastInSource = Math.ceil(sizeBytes / chunkBytes) - 1;
    const lastAhead = Math.min(lastInSource, lastChunk + stream.aheadBytes / chunkBytes);
    // Few large requests: when half of what is to be there is still there, it waits.
    const half = lastChunk + Math.ceil((lastAhead - lastChunk) / 2);
    for (let index = lastChunk + 1; index <= half; index++) {
      if (!this.isMissing(index)) continue;
      this.load(index, lastAhead);
      return;
    }
  }
}

function copyOverlap(chunk: Uint8Array, chunkOffset: number, target: Uint8Array, targetOffset: number): void {
  const start = Math.max(chunkOffset, targetOffset);
  const end = Math.min(chunkOffset + chunk.length, targetOffset + target.length);
  target.set(chunk.subarray(start - chunkOffset, end - chunkOffset), start - targetOffset);
}
