/**
 * What a guest writes to a line, for any number of listeners in the same thread. Bytes are gathered until the running slice of the
 * guest is over (a microtask) and handed on together.
 */
export class OutputChannel {
  private pending: number[] = [];
  private readonly listeners = new Set<(bytes: Uint8Array) => void>();

  /** A byte from the device. */
  write(byte: number): void {
    this.pending.push(byte);
    if (this.pending.length === 1) queueMicrotask(() => this.flush());
  }

  /** Hands on what the guest has written so far. */
  flush(): void {
    if (this.pending.length === 0) return;
    const bytes = Uint8Array.from(this.pending);
    this.pending = [];
    for (const listener of [...this.listeners]) listener(bytes);
  }

  /** Calls `listener` with each piece of output; returns how to stop that. */
  onOutput(listener: (bytes: Uint8Array) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
