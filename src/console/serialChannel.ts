import type { ByteChannel } from "./byteChannel.ts";

/** What takes input for the guest; `IsaUart` is one. */
export interface SerialReceiver {
  receive(bytes: Uint8Array): void;
}

/**
 * Joins a UART to consoles in the same thread: it is the UART's backend, and a {@link ByteChannel} for any number of
 * consoles and logs. Bytes are gathered until the running slice of the guest is over (a microtask) and handed on together.
 */
export class SerialChannel implements ByteChannel {
  private pending: number[] = [];
  private readonly listeners = new Set<(bytes: Uint8Array) => void>();
  private receiver: SerialReceiver | undefined;
  private early: Uint8Array[] = [];

  /** The UART is made with this channel as its backend and connected afterwards. */
  connect(receiver: SerialReceiver): void {
    this.receiver = receiver;
    for (const bytes of this.early.splice(0)) receiver.receive(bytes);
  }

  /** `UartBackend.write`. */
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

  onOutput(listener: (bytes: Uint8Array) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  send(bytes: Uint8Array): void {
    if (this.receiver === undefined) this.early.push(bytes.slice());
    else this.receiver.receive(bytes);
  }
}
