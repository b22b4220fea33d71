import type { GuestWords } from "../../bus/guestWords.ts";
import { bool, type Checked, finite, nullable, object, u16 } from "../../bus/savedState.ts";
import { Chain, type ChainState } from "./chain.ts";
import { PackedRing } from "./packedRing.ts";
import type { Ring, RingFeatures, RingLayout } from "./ring.ts";
import { SplitRing } from "./splitRing.ts";
import { NO_VECTOR } from "./virtioRegisters.ts";

export const VIRT_QUEUE_SHAPE = object({
  size: u16,
  enabled: bool,
  desc: finite,
  driver: finite,
  device: finite,
  vector: u16,
  ring: nullable(object({ nextAvailable: u16, nextUsed: u16 })),
});
export type VirtQueueState = Checked<typeof VIRT_QUEUE_SHAPE>;

/** What a queue asks of the device that it belongs to. */
export interface VirtQueueHost {
  readonly words: GuestWords;
  readonly packed: boolean;
  ringFeatures(): RingFeatures;
  /** The driver has started the device, and neither side has given up. */
  isLive(): boolean;
  interrupt(queue: VirtQueue): void;
  onBroken(reason: string): void;
}

/** One queue of a virtio device: how the driver set it up, and the device's way to its buffers. */
export class VirtQueue {
  size: number;
  /** Physical addresses: descriptors; driver area (available ring); device area (used ring). */
  desc = 0;
  driver = 0;
  device = 0;
  enabled = false;
  /** MSI-X vector. */
  vector = NO_VECTOR;
  private ring: Ring | undefined;

  constructor(
    readonly index: number,
    readonly maxSize: number,
    private readonly host: VirtQueueHost,
  ) {
    this.size = maxSize;
  }

  /** The next buffer that the driver made available, if there is one. The device gives each back by `complete`. */
  pop(): Chain | undefined {
    return this.enabled && this.host.isLive() ? this.openRing().pop() : undefined;
  }

  /** Gives a buffer back; its writable part holds `written` new bytes. Nothing happens after a reset of the device. */
  complete(chain: Chain, written: number): void {
    if (!this.enabled || !this.host.isLive()) return;
    if (this.openRing().push(chain, written)) this.host.interrupt(this);
  }

  reset(): void {
    this.size = this.maxSize;
    this.desc = 0;
    this.driver = 0;
    this.device = 0;
    this.enabled = false;
    this.vector = NO_VECTOR;
    this.ring = undefined;
  }

  save(): VirtQueueState {
    const { size, enabled, desc, driver, device, vector } = this;
    return { size, enabled, desc, driver, device, vector, ring: this.ring?.save() ?? null };
  }

  restore({ ring, ...registers }: VirtQueueState): void {
    Object.assign(this, registers);
    this.ring = undefined;
    if (ring !== null) this.openRing().restore(ring);
  }

  /** A buffer that was in the device's hands when the state was saved. */
  restoreChain(state: ChainState): Chain {
    return Chain.restore(this.host.words.memory, state);
  }

  /** At first use: a legacy driver may set up queues before it says which features it wants. */
  private openRing(): Ring {
    this.ring ??= this.makeRing();
    return this.ring;
  }

  private makeRing(): Ring {
    const { size, desc, driver, device, host } = this;
    const layout: RingLayout = { size, desc, driver, device };
    const onBroken = (reason: string) => host.onBroken(`queue ${this.index}: ${reason}`);
    const options = { layout, features: host.ringFeatures(), words: host.words, onBroken };
    return host.packed ? new PackedRing(options) : new SplitRing(options);
  }
}
