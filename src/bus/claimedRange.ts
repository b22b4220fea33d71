import {
  type AccessSize,
  type AddressRange,
  type Claim,
  type ClaimOptions,
  type IoHandler,
  Layer,
} from "./addressSpace.ts";

/** The value a bus reads where nobody answers: all ones of the access width. */
export function allOnes(size: AccessSize): number {
  return size === 4 ? 0xffffffff : size === 2 ? 0xffff : 0xff;
}

/** Cuts a number to the unsigned value of `size` bytes. */
export function truncate(value: number, size: AccessSize): number {
  return size === 4 ? value >>> 0 : value & (size === 2 ? 0xffff : 0xff);
}

const BYTES_ONLY: readonly AccessSize[] = [1];

/** One claimed range of a port or MMIO space, with its handler. */
export class ClaimedRange implements Claim {
  readonly name: string;
  readonly end: number;
  readonly sizes: readonly AccessSize[];
  /** The OR of the access sizes the handler takes itself: 1, 2 and 4 are their own mask bits. */
  readonly sizeMask: number;
  readonly layer: Layer;
  private readonly order: number;
  private readonly onVisible: ClaimOptions["onVisible"];
  private visible: readonly AddressRange[] = [];

  constructor(
    readonly base: number,
    readonly length: number,
    readonly handler: IoHandler,
    options: ClaimOptions,
    private readonly onRelease: (range: ClaimedRange) => void,
  ) {
    this.name = options.name;
    this.end = base + length;
    this.sizes = options.sizes ?? BYTES_ONLY;
    this.sizeMask = this.sizes.reduce<number>((mask, size) => mask | size, 0);
    this.layer = options.layer ?? Layer.BOARD;
    this.order = options.order ?? 0;
    this.onVisible = options.onVisible;
    if (this.sizeMask === 0) throw new RangeError(`${this.name}: no access sizes`);
  }

  release(): void {
    this.onRelease(this);
  }

  contains(address: number): boolean {
    return address >= this.base && address < this.end;
  }

  overlaps(base: number, end: number): boolean {
    return base < this.end && end > this.base;
  }

  /** Whether the two must not overlap. */
  excludes(other: ClaimedRange): boolean {
    return this.layer === other.layer && (this.layer === Layer.BOARD || this.layer === Layer.HOST_BRIDGE);
  }

  /** Whether this one answers where both lie. */
  beats(other: ClaimedRange): boolean {
    return this.layer === other.layer ? this.order < other.order : this.layer > other.layer;
  }

  /** Whether somebody wants to know what of the range can be seen. */
  get isWatched(): boolean {
    return this.onVisible !== undefined;
  }

  /** Tells what of the range can be seen, if that has changed. */
  show(parts: readonly AddressRange[]): void {
    const before = this.visible;
    if (parts.length === before.length && parts.every((part, index) => isSame(part, before[index]!))) return;
    this.visible = parts;
    this.onVisible?.(parts, this.base);
  }

  /** "name [base..last]" in hexadecimal, for messages. */
  toString(): string {
    return `${this.name} [${this.base.toString(16)}..${(this.end - 1).toString(16)}]`;
  }

  /** True when the handler takes the naturally aligned access whole. */
  takes(address: number, size: AccessSize): boolean {
    return (this.sizeMask & size) !== 0 && (address & (size - 1)) === 0 && address + size <= this.end;
  }

  /** True when the handler only takes accesses wider than `size`, so that this aligned one must be widened. */
  needsWidening(address: number, size: AccessSize): boolean {
    return this.sizeMask > size && (this.sizeMask & (2 * size - 1)) === 0 && (address & (size - 1)) === 0;
  }

  readWidened(address: number, size: AccessSize): number {
    const wide = this.widerSize(size);
    const shift = address & (wide - 1);
    const offset = address - shift - this.base;
    if (offset < 0 || offset + wide > this.length) return allOnes(size);
    return truncate(this.handler.read(offset, wide) >>> (shift * 8), size);
  }

  /** Read, merge, write: what a 32-bit register sees of a byte write without byte enables. */
  writeWidened(address: number, value: number, size: AccessSize): void {
    const wide = this.widerSize(size);
    const shift = address & (wide - 1);
    const offset = address - shift - this.base;
    if (offset < 0 || offset + wide > this.length) return;
    const mask = allOnes(size) << (shift * 8);
    const merged = (this.handler.read(offset, wide) & ~mask) | ((value << (shift * 8)) & mask);
    this.handler.write(offset, truncate(merged, wide), wide);
  }

  private widerSize(size: AccessSize): AccessSize {
    return size === 1 && (this.sizeMask & 2) !== 0 ? 2 : 4;
  }
}

function isSame(one: AddressRange, other: AddressRange): boolean {
  return one.base === other.base && one.end === other.end;
}

/** The range that answers at `address`. */
export function winnerAt(ranges: Iterable<ClaimedRange>, address: number): ClaimedRange | undefined {
  let winner: ClaimedRange | undefined;
  for (const range of ranges) {
    if (range.contains(address) && (winner === undefined || range.beats(winner))) winner = range;
  }
  return winner;
}
