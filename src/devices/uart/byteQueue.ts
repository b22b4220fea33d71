/** An unbounded first-in first-out queue of bytes: text that the host has for a guest. */
export class ByteQueue {
  private chunks: Uint8Array[] = [];
  /** Index of the next byte within the first chunk. */
  private head = 0;
  private count = 0;

  get length(): number {
    return this.count;
  }

  push(bytes: Uint8Array | readonly number[]): void {
    if (bytes.length === 0) return;
    this.chunks.push(Uint8Array.from(bytes));
    this.count += bytes.length;
  }

  /** Takes the next byte; 0 when empty. */
  shift(): number {
    const chunk = this.chunks[0];
    if (chunk === undefined) return 0;
    const byte = chunk[this.head++];
    this.count--;
    if (this.head === chunk.length) {
      this.chunks.shift();
      this.head = 0;
    }
    return byte;
  }

  clear(): void {
    this.chunks = [];
    this.head = 0;
    this.count = 0;
  }

  toArray(): number[] {
    return this.chunks.flatMap((chunk, index) => [...(index === 0 ? chunk.subarray(this.head) : chunk)]);
  }
}
