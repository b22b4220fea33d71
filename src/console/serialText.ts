/**
 * The text a guest writes to a serial port: decoded as UTF-8, kept up to a limit, searchable, and waited for by tests.
 */
export interface SerialTextOptions {
  /** Characters kept; the oldest go first. Default one million. */
  limit?: number;
}

export interface WaitOptions {
  /** Milliseconds of host time before the wait fails; none by default. */
  timeoutMs?: number;
  /** Position in the whole output from which to look, see {@link SerialText.position}; default all that is kept. */
  from?: number;
  signal?: AbortSignal;
}

export type TextListener = (text: string) => void;

/** Text that was waited for did not come. */
export class SerialTimeoutError extends Error {
  constructor(pattern: RegExp | string, timeoutMs: number, tail: string) {
    super(`no ${String(pattern)} on the serial port within ${timeoutMs} ms; it ended with:\n${tail}`);
    this.name = "SerialTimeoutError";
  }
}

interface Waiter {
  readonly pattern: RegExp;
  /** Position from which to look next. */
  from: number;
  found(match: RegExpExecArray): void;
}

const DEFAULT_LIMIT = 1_000_000;
/** A match may begin this many characters before the newest text: a boot log is not searched again at every line. */
const MATCH_WINDOW = 16_384;
const TAIL_CHARACTERS = 1000;
/** Kept text grows this much over the limit before it is cut, so that cutting is rare. */
const SLACK = 1.25;

export class SerialText {
  private readonly decoder = new TextDecoder();
  private readonly limit: number;
  private kept = "";
  private dropped = 0;
  private bytes: number[] = [];
  private readonly listeners = new Set<TextListener>();
  private readonly waiters = new Set<Waiter>();
  private flushPending = false;

  constructor(options: SerialTextOptions = {}) {
    this.limit = options.limit ?? DEFAULT_LIMIT;
  }

  /** A `UartBackend`'s write: collects the byte; it is decoded with its fellows in the next microtask. */
  write(byte: number): void {
    this.bytes.push(byte);
    if (this.flushPending) return;
    this.flushPending = true;
    queueMicrotask(() => this.flush());
  }

  /** Decodes now what has been written. */
  flush(): void {
    this.flushPending = false;
    if (this.bytes.length === 0) return;
    const chunk = Uint8Array.from(this.bytes);
    this.bytes = [];
    this.append(chunk);
  }

  /** Bytes in bulk. */
  append(bytes: Uint8Array): void {
    const text = this.decoder.decode(bytes, { stream: true });
    if (text === "") return;
    this.kept += text;
    this.cut();
    for (const listener of [...this.listeners]) listener(text);
    for (const waiter of [...this.waiters]) this.check(waiter);
  }

  /** All text kept. */
  get text(): string {
    this.flush();
    return this.kept;
  }

  /** Characters written since the beginning, kept or not. */
  get position(): number {
    this.flush();
    return this.dropped + this.kept.length;
  }

  /** Kept text from a {@link position} on. */
  textFrom(position: number): string {
    return this.text.slice(Math.max(0, position - this.dropped));
  }

  clear(): void {
    this.flush();
    this.dropped += this.kept.length;
    this.kept = "";
  }

  /** Calls `listener` with each piece of new text; returns how to stop that. */
  onText(listener: TextListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Resolves with the first match of `pattern`, at once if it is there; rejects with a SerialTimeoutError or the abort reason. */
  waitFor(pattern: RegExp | string, options: WaitOptions = {}): Promise<RegExpExecArray> {
    this.flush();
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const finish = (): void => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        options.signal?.removeEventListener("abort", abort);
      };
      const waiter: Waiter = {
        pattern: toRegExp(pattern),
        from: options.from ?? 0,
        found: (match) => {
          finish();
          resolve(match);
        },
      };
      const abort = (): void => {
        finish();
        reject(options.signal?.reason);
      };
      if (options.signal?.aborted) {
        reject(options.signal.reason);
        return;
      }
      options.signal?.addEventListener("abort", abort);
      const { timeoutMs } = options;
      if (timeoutMs !== undefined) {
        timer = setTimeout(() => {
          finish();
          reject(new SerialTimeoutError(pattern, timeoutMs, this.text.slice(-TAIL_CHARACTERS)));
        }, timeoutMs);
      }
      this.waiters.add(waiter);
      this.check(waiter);
    });
  }

  private check(waiter: Waiter): void {
    const match = waiter.pattern.exec(this.kept.slice(Math.max(0, waiter.from - this.dropped)));
    if (match !== null) waiter.found(match);
    else waiter.from = Math.max(waiter.from, this.dropped + this.kept.length - MATCH_WINDOW);
  }

  private cut(): void {
    if (this.kept.length <= this.limit * SLACK) return;
    const excess = this.kept.length - this.limit;
    this.kept = this.kept.slice(excess);
    this.dropped += excess;
  }
}

/** Without the flags that make `exec` start where it last stopped. */
function toRegExp(pattern: RegExp | string): RegExp {
  if (typeof pattern === "string") return new RegExp(pattern.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
}
