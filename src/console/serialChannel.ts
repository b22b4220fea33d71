import type { ByteChannel } from "./byteChannel.ts";
import { OutputChannel } from "./outputChannel.ts";

/** What takes input for the guest; `IsaUart` is one. */
export interface SerialReceiver {
  receive(bytes: Uint8Array): void;
}

/**
 * Joins a UART or a virtio console to consoles in the same thread: it is the device's backend, and a {@link ByteChannel} for any
 * number of consoles and logs.
 */
export class SerialChannel extends OutputChannel implements ByteChannel {
  private receiver: SerialReceiver | undefined;
  private early: Uint8Array[] = [];

  /** The device is made with this channel as its backend and connected afterwards. */
  connect(receiver: SerialReceiver): void {
    this.receiver = receiver;
    for (const bytes of this.early.splice(0)) receiver.receive(bytes);
  }

  send(bytes: Uint8Array): void {
    if (this.receiver === undefined) this.early.push(bytes.slice());
    else this.receiver.receive(bytes);
  }
}
