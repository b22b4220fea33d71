/** A packed virtqueue, the device's side. Document: virtio 1.2, 2.8. */
import { Chain } from "./chain.ts";
import { ChainBuilder, DescriptorReader, passesEvent, type Ring, type RingOptions, type RingState } from "./ring.ts";
import { DESC_AVAIL, DESC_BYTES, DESC_INDIRECT, DESC_NEXT, DESC_USED } from "./virtioRegisters.ts";

/** Offsets within a descriptor of what the device writes. */
const DESC_LENGTH = 8;
const DESC_ID = 12;
const DESC_FLAGS = 14;
/** Event suppression structures (2.8.14): offset with wrap counter, then flags. */
const EVENT_FLAGS = 2;
const EVENT_DISABLE = 1;
const EVENT_DESC = 2;
const EVENT_FLAGS_MASK = 3;
const WRAP = 0x8000;
const OFFSET_MASK = 0x7fff;

/** A place in the ring and the wrap counter with which the ring is passed at present. */
interface Position {
  index: number;
  wrap: boolean;
}

export class PackedRing implements Ring {
  private readonly reader: DescriptorReader;
  private available: Position = { index: 0, wrap: true };
  private used: Position = { index: 0, wrap: true };

  constructor(private readonly options: RingOptions) {
    this.reader = new DescriptorReader(options.words);
  }

  /** Notifications are never switched off: the device's event flags stay zero, "enable". */
  pop(): Chain | undefined {
    const { layout, words, onBroken } = this.options;
    if (!this.isAvailable(words.u16(this.addressOf(this.available.index) + DESC_FLAGS))) return undefined;
    const builder = new ChainBuilder(words);
    const result = this.follow(builder);
    if (typeof result === "string") {
      onBroken(result);
      return undefined;
    }
    this.available = advance(this.available, result.slots, layout.size);
    return new Chain(result.id, result.slots, builder.readable, builder.writable);
  }

  push(chain: Chain, written: number): boolean {
    const { layout, words } = this.options;
    const old = this.used;
    const at = this.addressOf(old.index);
    words.setU32(at + DESC_LENGTH, written >>> 0);
    words.setU16(at + DESC_ID, chain.id);
    words.setU16(at + DESC_FLAGS, old.wrap ? DESC_AVAIL | DESC_USED : 0);
    this.used = advance(old, chain.slots, layout.size);
    return this.wantsInterrupt(chain.slots);
  }

  save(): RingState {
    return { nextAvailable: encode(this.available), nextUsed: encode(this.used) };
  }

  restore({ nextAvailable, nextUsed }: RingState): void {
    this.available = decode(nextAvailable);
    this.used = decode(nextUsed);
  }

  private addressOf(index: number): number {
    return this.options.layout.desc + index * DESC_BYTES;
  }

  /** Available: AVAIL as the wrap counter, USED its inverse (2.8.1). */
  private isAvailable(flags: number): boolean {
    const { wrap } = this.available;
    return ((flags & DESC_AVAIL) !== 0) === wrap && ((flags & DESC_USED) !== 0) !== wrap;
  }

  /** The chain at the available position: its buffer ID is in the last descriptor (2.8.6). */
  private follow(builder: ChainBuilder): { id: number; slots: number } | string {
    const { size } = this.options.layout;
    let index = this.available.index;
    for (let slots = 1; slots <= size; slots++) {
      const descriptor = this.reader.readPacked(this.addressOf(index));
      const wrong =
        (descriptor.flags & DESC_INDIRECT) !== 0 ? this.addTable(descriptor, slots, builder) : builder.add(descriptor);
      if (wrong !== undefined) return wrong;
      if ((descriptor.flags & DESC_NEXT) === 0) return { id: descriptor.id, slots };
      index = (index + 1) % size;
    }
    return "a chain longer than the ring";
  }

  /** An indirect descriptor stands alone; its table is used from one end to the other (2.8.7). */
  private addTable(
    descriptor: ReturnType<DescriptorReader["readPacked"]>,
    slots: number,
    builder: ChainBuilder,
  ): string | undefined {
    if (!this.options.features.indirect || slots > 1 || (descriptor.flags & DESC_NEXT) !== 0)
      return "an indirect table out of place";
    if (!this.reader.loadTable(descriptor)) return `an indirect table of ${descriptor.length} bytes`;
    for (let index = 0; index < descriptor.length / DESC_BYTES; index++) {
      const wrong = builder.add(this.reader.packedInTable(index));
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  /** 2.8.14, 2.8.10: the used position has just moved by `slots`. */
  private wantsInterrupt(slots: number): boolean {
    const { layout, words, features } = this.options;
    const flags = words.u16(layout.driver + EVENT_FLAGS) & EVENT_FLAGS_MASK;
    if (flags !== EVENT_DESC || !features.eventIdx) return flags !== EVENT_DISABLE;
    const wanted = words.u16(layout.driver);
    // Counted in the driver's lap: places of the other lap lie before or behind this one.
    const event = (wanted & OFFSET_MASK) - (((wanted & WRAP) !== 0) === this.used.wrap ? 0 : layout.size);
    const now = this.used.index;
    return passesEvent(event & 0xffff, now, (now - slots) & 0xffff);
  }
}

function advance({ index, wrap }: Position, slots: number, size: number): Position {
  const next = index + slots;
  return next >= size ? { index: next - size, wrap: !wrap } : { index: next, wrap };
}

function encode({ index, wrap }: Position): number {
  return index | (wrap ? WRAP : 0);
}

function decode(value: number): Position {
  return { index: value & OFFSET_MASK, wrap: (value & WRAP) !== 0 };
}
