/**
 * An image on a web server, read by range requests (RFC 9110, section 14): nothing is fetched but the chunks that are read, and those
 * ahead of a reader that goes on. After a network error the rest of a range is asked for again, less and less often, for a while.
 */
import { StorageError } from "../bus/blockBackend.ts";
import { ChunkCache } from "./chunkCache.ts";
import type { ImageFile } from "./imageFile.ts";

export interface HttpOptions {
  fetch?: typeof fetch;
  /** Waits between attempts. */
  sleep?: (ms: number) => Promise<void>;
  cacheBytes?: number;
}

const CHUNK_BYTES = 0x1_0000;
const CACHE_BYTES = 0x400_0000;
const REQUEST_BYTES = 0x10_0000;
const READ_AHEAD_BYTES = 0x20_0000;
/** Attempts without any progress: together a quarter of a minute, half of what Linux gives a disk. */
const ATTEMPTS = 7;
const OPEN_ATTEMPTS = 3;
const FIRST_WAIT_MS = 250;
/** A connection that gives nothing for so long is given up. */
const STALL_MS = 20_000;

const PARTIAL_CONTENT = 206;
const RANGE_NOT_SATISFIABLE = 416;
/** Statuses that may be another the next time. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Worth another attempt. */
class PassingError extends Error {}

interface ContentRange {
  start: number;
  end: number;
  total: number;
}

export class HttpFile implements ImageFile {
  readonly readOnly = true;
  sizeBytes = 0;
  private readonly fetch: typeof fetch;
  private readonly sleep: (ms: number) => Promise<void>;
  private cache: ChunkCache | undefined;
  private entityTag: string | null = null;
  private readonly closing = new AbortController();

  private constructor(
    /** The address. */
    readonly name: string,
    options: HttpOptions,
  ) {
    this.fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
    this.sleep = options.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  }

  /** Asks for the first chunk, which says how large the image is. */
  static async open(url: string, options: HttpOptions = {}): Promise<HttpFile> {
    const file = new HttpFile(url, options);
    const start = await file.fetchRange(0, CHUNK_BYTES, OPEN_ATTEMPTS);
    file.cache = new ChunkCache({
      sizeBytes: file.sizeBytes,
      chunkBytes: CHUNK_BYTES,
      cacheBytes: options.cacheBytes ?? CACHE_BYTES,
      requestBytes: REQUEST_BYTES,
      readAheadBytes: READ_AHEAD_BYTES,
      fetch: (offset, length) => file.fetchRange(offset, length, ATTEMPTS),
    });
    file.cache.put(0, start);
    return file;
  }

  read(offset: number, target: Uint8Array): Promise<void> | undefined {
    return this.cache?.read(offset, target);
  }

  write(): undefined {
    throw new StorageError(`${this.name}: what is on a web server cannot be written to`);
  }

  flush(): undefined {}

  close(): undefined {
    this.closing.abort();
    this.cache?.clear();
  }

  /** Gives less than `length` bytes only where the image ends. */
  private async fetchRange(offset: number, length: number, attempts: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let done = 0;
    for (let failures = 0; done < this.lengthThere(offset, length); ) {
      const before = done;
      try {
        await this.request(offset + done, bytes.subarray(done), (count) => {
          done += count;
        });
      } catch (error) {
        if (!(error instanceof PassingError)) throw error;
        failures = done > before ? 1 : failures + 1;
        if (failures >= attempts) throw new StorageError(`${this.name}: ${error.message}`);
        await this.sleep(FIRST_WAIT_MS * 2 ** (failures - 1));
      }
      if (this.closing.signal.aborted) throw new StorageError(`${this.name} was closed`);
    }
    return bytes.subarray(0, done);
  }

  /** Before the first answer nobody knows where the image ends. */
  private lengthThere(offset: number, length: number): number {
    return this.sizeBytes === 0 ? length : Math.min(length, this.sizeBytes - offset);
  }

  /** One request; what comes is in `target`, and `onProgress` is told of each part of it. Servers may give less. */
  private async request(offset: number, target: Uint8Array, onProgress: (count: number) => void): Promise<void> {
    const attempt = new AbortController();
    const abort = () => attempt.abort();
    this.closing.signal.addEventListener("abort", abort);
    const stalled = watch(STALL_MS, abort);
    try {
      const response = await this.ask(offset, target.length, attempt.signal);
      const { start, end } = this.checkAnswer(response, offset, target.length);
      await receive(response, target.subarray(0, end - start), (count) => {
        stalled.restart();
        onProgress(count);
      });
    } catch (error) {
      if (error instanceof StorageError || error instanceof PassingError) throw error;
      throw new PassingError("the server cannot be reached, or the connection broke off");
    } finally {
      stalled.stop();
      this.closing.signal.removeEventListener("abort", abort);
      // What is left of an answer that is of no use.
      attempt.abort();
    }
  }

  private ask(offset: number, length: number, signal: AbortSignal): Promise<Response> {
    const headers = { Range: `bytes=${offset}-${offset + length - 1}` };
    // Not by the browser's cache: it serves one range of an address at a time.
    return this.fetch(this.name, { headers, signal, cache: "no-store" });
  }

  private checkAnswer(response: Response, offset: number, length: number): ContentRange {
    const { status, headers } = response;
    if (PASSING_STATUSES.has(status)) throw new PassingError(`the server answers with HTTP ${status}`);
    if (status === RANGE_NOT_SATISFIABLE && this.sizeBytes === 0) throw new StorageError(`${this.name} is empty`);
    if (status === 200)
      throw new StorageError(`${this.name}: the server gives whole files only; disk images need range requests`);
    if (status !== PARTIAL_CONTENT) throw new StorageError(`${this.name}: the server answers with HTTP ${status}`);
    const range = parseContentRange(headers.get("Content-Range"));
    if (range === undefined)
      throw new StorageError(
        `${this.name}: the server does not say which range it sends (another origin must expose Content-Range)`,
      );
    if (range.start !== offset || range.end <= range.start || range.end > offset + length)
      throw new StorageError(`${this.name}: the server sends another range than it was asked for`);
    this.checkUnchanged(range.total, headers.get("ETag"));
    return range;
  }

  private checkUnchanged(total: number, entityTag: string | null): void {
    if (this.sizeBytes === 0) {
      this.sizeBytes = total;
      this.entityTag = entityTag;
    }
    const isOther = entityTag !== null && this.entityTag !== null && entityTag !== this.entityTag;
    if (total !== this.sizeBytes || isOther)
      throw new StorageError(`${this.name} has changed on the server since it was opened`);
  }
}

/** `end` is the first byte after it. */
function parseContentRange(header: string | null): ContentRange | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(header?.trim() ?? "");
  if (!match) return undefined;
  const [start, last, total] = match.slice(1).map(Number);
  return last < total ? { start, end: last + 1, total } : undefined;
}

async function receive(response: Response, target: Uint8Array, onProgress: (count: number) => void): Promise<void> {
  const reader = response.body?.getReader();
  let done = 0;
  while (reader && done < target.length) {
    const { value, done: isEnd } = await reader.read();
    if (isEnd) break;
    const part = value.subarray(0, target.length - done);
    target.set(part, done);
    done += part.length;
    onProgress(part.length);
  }
  if (done < target.length) throw new PassingError("the connection broke off");
}

function watch(ms: number, act: () => void) {
  let timer = setTimeout(act, ms);
  return {
    restart: () => {
      clearTimeout(timer);
      timer = setTimeout(act, ms);
    },
    stop: () => clearTimeout(timer),
  };
}
