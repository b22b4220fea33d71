import type { GuestMemory } from "../../bus/guestMemory.ts";
import type { VirtQueue } from "./virtQueue.ts";

/** What a device is given by the frame that it is plugged into. */
export interface VirtioPort {
  readonly memory: GuestMemory;
  queue(index: number): VirtQueue;
  /** The driver has accepted feature bit `bit`. */
  hasFeature(bit: number): boolean;
  /** The device has changed its configuration: the driver is told, where it runs. */
  configChanged(): void;
  /** The driver broke the device type's rules: the device does nothing more until it is reset. */
  broken(reason: string): void;
}

/**
 * A kind of virtio device (chapter 5 of the specification): its features, its configuration, what it does with buffers. How a driver
 * finds it and sets up its queues is the frame's business (VirtioCore, VirtioPci).
 */
export abstract class VirtioDevice {
  /** VirtioType. */
  abstract readonly type: number;
  /** PCI class, subclass and programming interface. */
  abstract readonly classCode: number;
  /** The largest size of each queue, powers of two. */
  abstract readonly queueSizes: readonly number[];
  /** Feature bits of the device type. */
  abstract readonly features: bigint;
  /** Device configuration space, as the driver reads it; a device that changes it tells the port. */
  abstract readonly config: Uint8Array;
  protected port!: VirtioPort;

  connect(port: VirtioPort): void {
    this.port = port;
  }

  /** The driver says that there are buffers in a queue; it may do so without there being any. */
  abstract notified(queue: number): void;

  /** The driver wrote a byte of the configuration; those that cannot be written ignore it. */
  writeConfig(_offset: number, _value: number): void {}

  /** The driver has reset the device: what was under way is forgotten, none of its buffers is given back. */
  abstract reset(): void;

  /** The machine has been reset: the device is as new. */
  powerOn(): void {
    this.reset();
  }

  /** The device's own state, with the buffers that it holds. */
  abstract save(): unknown;
  /** Checks a state, throwing, and returns what puts it in force and goes on with what was under way. */
  abstract parse(state: unknown): () => void;
}
