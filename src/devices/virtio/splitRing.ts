/** A split virtqueue, the device's side. Document: virtio 1.2, 2.7. */
import { Chain } from "./chain.ts";
import { ChainBuilder, DescriptorReader, passesEvent, type Ring, type RingOptions, type RingState } from "./ring.ts";
import { DESC_BYTES, DESC_INDIRECT, DESC_NEXT } from "./virtioRegisters.ts";

/** Available and used ring: flags, index, entries; behind the entries the other side's event index. */
const RING_INDEX = 2;
const RING_ENTRIES = 4;
const AVAILABLE_ENTRY_BYTES = 2;
const USED_ENTRY_BYTES = 8;
const NO_INTERRUPT = 1;
const INDEX_MASK = 0xffff;

export class SplitRing implements Ring {
  private readonly reader: DescriptorReader;
  private nextAvailable = 0;
  private nextUsed = 0;

  constructor(private readonly options: RingOptions) {
    this.reader = new DescriptorReader(options.words);
  }

  pop(): Chain | undefined {
    const { layout, words, onBroken } = this.options;
    const waiting = (words.u16(layout.driver + RING_INDEX) - this.nextAvailable) & INDEX_MASK;
    if (waiting === 0) {
      this.askForNotification();
      return undefined;
    }
    if (waiting > layout.size) {
      onBroken(`the available index jumped by ${waiting} in a ring of ${layout.size}`);
      return undefined;
    }
    const place = this.nextAvailable % layout.size;
    const chain = this.readChain(words.u16(layout.driver + RING_ENTRIES + place * AVAILABLE_ENTRY_BYTES));
    if (chain !== undefined) this.nextAvailable = (this.nextAvailable + 1) & INDEX_MASK;
    return chain;
  }

  push(chain: Chain, written: number): boolean {
    const { layout, words, features } = this.options;
    const place = this.nextUsed % layout.size;
    words.setU32Pair(layout.device + RING_ENTRIES + place * USED_ENTRY_BYTES, chain.id, written >>> 0);
    const old = this.nextUsed;
    this.nextUsed = (old + 1) & INDEX_MASK;
    words.setU16(layout.device + RING_INDEX, this.nextUsed);
    if (features.notifyOnEmpty && this.isDrained()) return true;
    if (!features.eventIdx) return (words.u16(layout.driver) & NO_INTERRUPT) === 0;
    const usedEvent = words.u16(layout.driver + RING_ENTRIES + layout.size * AVAILABLE_ENTRY_BYTES);
    return passesEvent(usedEvent, this.nextUsed, old);
  }

  save(): RingState {
    return { nextAvailable: this.nextAvailable, nextUsed: this.nextUsed };
  }

  restore({ nextAvailable, nextUsed }: RingState): void {
    this.nextAvailable = nextAvailable;
    this.nextUsed = nextUsed;
  }

  /** Everything that was made available has been given back (6.3, VIRTIO_F_NOTIFY_ON_EMPTY). */
  private isDrained(): boolean {
    const { layout, words } = this.options;
    return words.u16(layout.driver + RING_INDEX) === this.nextAvailable && this.nextUsed === this.nextAvailable;
  }

  /** avail_event (2.7.10.1): without the feature the driver notifies always, because used.flags stays zero. */
  private askForNotification(): void {
    const { layout, words, features } = this.options;
    if (!features.eventIdx) return;
    words.setU16(layout.device + RING_ENTRIES + layout.size * USED_ENTRY_BYTES, this.nextAvailable);
  }

  private readChain(head: number): Chain | undefined {
    const { layout, words, onBroken } = this.options;
    const builder = new ChainBuilder(words);
    const wrong = this.followDirect(head, layout.size, builder);
    if (wrong === undefined) return new Chain(head, 1, builder.readable, builder.writable);
    onBroken(wrong);
    return undefined;
  }

  /** Follows a chain in the descriptor table, which no chain without a loop has more descriptors than. */
  private followDirect(head: number, size: number, builder: ChainBuilder): string | undefined {
    const { layout, features } = this.options;
    let index = head;
    for (let count = 0; count < size; count++) {
      if (index >= size) return `descriptor ${index} of ${size}`;
      const descriptor = this.reader.readSplit(layout.desc + index * DESC_BYTES);
      if ((descriptor.flags & DESC_INDIRECT) !== 0) {
        if (!features.indirect || (descriptor.flags & DESC_NEXT) !== 0) return "an indirect table out of place";
        if (!this.reader.loadTable(descriptor)) return `an indirect table of ${descriptor.length} bytes`;
        return this.followTable(descriptor.length / DESC_BYTES, builder);
      }
      const wrong = builder.add(descriptor);
      if (wrong !== undefined || (descriptor.flags & DESC_NEXT) === 0) return wrong;
      index = descriptor.next;
    }
    return "a loop of descriptors";
  }

  private followTable(size: number, builder: ChainBuilder): string | undefined {
    let index = 0;
    for (let count = 0; count < size; count++) {
      if (index >= size) return `descriptor ${index} of an indirect table of ${size}`;
      const descriptor = this.reader.splitInTable(index);
      const wrong = builder.add(descriptor);
      if (wrong !== undefined || (descriptor.flags & DESC_NEXT) === 0) return wrong;
      index = descriptor.next;
    }
    return "a loop of descriptors in an indirect table";
  }
}
