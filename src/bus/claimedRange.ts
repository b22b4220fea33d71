import type { AccessSize, Claim, ClaimOptions, IoHandler } from "./addressSpace.ts";

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
    if (this.sizeMask === 0) throw new RangeError(`${this.name}: no access sizes`);
  }

  release(): void {
    this.onRelease(this);
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
