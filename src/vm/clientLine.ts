import type { ByteChannel } from "../console/byteChannel.ts";
import { SerialText } from "../console/serialText.ts";

/** The page's end of a line of the guest: COM1 or the virtio console. */
export class ClientLine implements ByteChannel {
  private readonly output = new SerialText();
  private readonly listeners = new Set<(bytes: Uint8Array) => void>();

  /** @param post sends bytes, which it may keep, to the guest */
  constructor(private readonly post: (bytes: Uint8Array) => void) {}

  /** All that the guest has written (its last million characters). */
  get text(): string {
    return this.output.text;
  }

  /** Bytes from the guest. */
  receive(bytes: Uint8Array): void {
    this.output.append(bytes);
    for (const listener of [...this.listeners]) listener(bytes);
  }

  onOutput(listener: (bytes: Uint8Array) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  send(bytes: Uint8Array): void {
    this.post(bytes.slice());
  }
}
