/** virtio-rng: fills buffers with random bytes. Document: virtio 1.2, 5.4. */
import type { EntropySource } from "../../bus/entropySource.ts";
import { list, object, u32 } from "../../bus/savedState.ts";
import { VirtioDevice } from "./virtioDevice.ts";
import { VirtioType } from "./virtioRegisters.ts";

const QUEUE_SIZE = 8;
const CLASS_OTHER = 0x00ff00;
/** A buffer need not be filled to its end (5.4.6.2); drivers ask for less. */
const MOST_BYTES = 0x1_0000;

const SHAPE = object({ source: list(u32) });

export class VirtioRng extends VirtioDevice {
  readonly type = VirtioType.Entropy;
  readonly classCode = CLASS_OTHER;
  readonly queueSizes = [QUEUE_SIZE];
  readonly features = 0n;
  readonly config = new Uint8Array(0);

  constructor(private readonly source: EntropySource) {
    super();
  }

  notified(index: number): void {
    const queue = this.port.queue(index);
    for (let chain = queue.pop(); chain; chain = queue.pop()) {
      const bytes = new Uint8Array(Math.min(MOST_BYTES, chain.writable.length));
      this.source.fill(bytes);
      queue.complete(chain, chain.writable.write(0, bytes));
    }
  }

  reset(): void {} // buffers go back at once

  save(): unknown {
    return { source: this.source.save() };
  }

  parse(state: unknown): () => void {
    const { source } = SHAPE(state, "virtio-rng");
    return () => this.source.restore(source);
  }
}
