import { list, object } from "../../bus/savedState.ts";
import { CHAIN_SHAPE, type Chain } from "./chain.ts";
import { VirtioDevice } from "./virtioDevice.ts";

const SHAPE = object({ held: list(CHAIN_SHAPE) });

/** For tests of rings and transports: copies what it reads to what it may write; holds buffers back while `holding`. */
export class EchoDevice extends VirtioDevice {
  readonly type = 42;
  readonly classCode = 0x00ff00;
  readonly queueSizes = [64, 64];
  readonly features = 0b101n;
  readonly config = Uint8Array.of(1, 2, 3, 4, 5);
  holding = false;
  readonly held: Chain[] = [];
  /** Of each buffer that came: how many bytes there were to read, and room to write. */
  readonly lengths: [number, number][] = [];

  notified(index: number): void {
    const queue = this.port.queue(index);
    for (let chain = queue.pop(); chain; chain = queue.pop()) {
      this.lengths.push([chain.readable.length, chain.writable.length]);
      if (this.holding) this.held.push(chain);
      else this.echo(chain, index);
    }
  }

  echo(chain: Chain, index = 0): void {
    const bytes = new Uint8Array(Math.min(4096, chain.readable.length));
    chain.readable.read(0, bytes);
    this.port.queue(index).complete(chain, chain.writable.write(0, bytes));
  }

  override writeConfig(offset: number, value: number): void {
    if (offset < this.config.length) this.config[offset] = value;
  }

  changeConfig(): void {
    this.config[0]++;
    this.port.configChanged();
  }

  reset(): void {
    this.held.length = 0;
    this.config.set([1, 2, 3, 4, 5]);
  }

  save(): unknown {
    return { held: this.held.map((chain) => chain.save()) };
  }

  parse(state: unknown): () => void {
    const { held } = SHAPE(state, "echo");
    return () => {
      this.held.length = 0;
      this.held.push(...held.map((chain) => this.port.queue(0).restoreChain(chain)));
    };
  }
}
