import type { Pace } from "./pace.ts";

/**
 * Gathers what a guest writes to its serial port into few messages: the first bytes after a pause go out at once, so that an
 * echo is not late; what follows goes out after a few milliseconds, and the longer a flood lasts the more of it at a time. Each message
 * has the page lay its terminal out, which takes processor time from the guest.
 */
export class SerialBatcher {
  private chunks: Uint8Array[] = [];
  private length = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly post: (bytes: Uint8Array) => void,
    private readonly pace: Pace,
  ) {}

  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.chunks.push(bytes);
    this.length += bytes.length;
    if (this.timer === undefined) this.flush();
  }

  /** The guest has been sent something: what it writes next is wanted soon. */
  expectAnswer(): void {
    if (this.pace.isShortest) return;
    this.pace.reset();
    clearTimeout(this.timer);
    this.wait();
  }

  /** Posts what is there; nothing more goes out until the interval is over. */
  private flush(): void {
    this.post(this.take());
    this.wait();
  }

  private wait(): void {
    this.timer = setTimeout(() => this.endInterval(), this.pace.ms);
  }

  private endInterval(): void {
    this.timer = undefined;
    if (this.length === 0) {
      this.pace.reset();
      return;
    }
    this.pace.advance();
    this.flush();
  }

  /** Posts what is there now and stops the timer: the VM has ended. */
  finish(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.length > 0) this.post(this.take());
  }

  private take(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    this.chunks = [];
    this.length = 0;
    return bytes;
  }
}
