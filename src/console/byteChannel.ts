/** A serial line as a console sees it: bytes from the guest, bytes to the guest. */
export interface ByteChannel {
  /** Calls `listener` with each piece of output; returns how to stop that. */
  onOutput(listener: (bytes: Uint8Array) => void): () => void;
  /** Input for the guest; never lost, `Uart16550.receive` queues it. */
  send(bytes: Uint8Array): void;
}
