/**
 * The 64 KiB x86 I/O port space. Unclaimed ports read as all ones (the floating ISA data bus). An access that its handler
 * does not take whole - too wide, not naturally aligned, over the edge of a claim - is split in halves, low half first, as
 * the ISA bus steering logic does. A handler sees naturally aligned accesses only.
 */
import {
  type AccessSize,
  AddressOverlapError,
  type AddressSpace,
  type Claim,
  type ClaimOptions,
  type IoHandler,
} from "./addressSpace.ts";
import { allOnes, ClaimedRange, truncate, winnerAt } from "./claimedRange.ts";

const PORT_COUNT = 0x10000;

export class PortSpace implements AddressSpace {
  /** For each port the index in `ranges` of the one that answers, 0 for none; a few more so that a wide access may run off the end. */
  private readonly table = new Uint16Array(PORT_COUNT + 4);
  private readonly ranges: (ClaimedRange | undefined)[] = [undefined];
  /** Some ranges overlap, so that an access may begin in one and end in another that lies in its middle. */
  private overlapping = false;

  constructor(private readonly spaceName = "ports") {}

  claim(base: number, length: number, handler: IoHandler, options: ClaimOptions): Claim {
    const range = new ClaimedRange(base, length, handler, options, (released) => this.release(released));
    if (!Number.isInteger(base) || length < 1 || base < 0 || range.end > PORT_COUNT) {
      throw new RangeError(`${this.spaceName}: ${range} is outside the space`);
    }
    const taken = this.claimed().find((other) => other.overlaps(base, range.end) && other.excludes(range));
    if (taken) throw new AddressOverlapError(this.spaceName, `${range}`, `${taken}`);
    const free = this.ranges.indexOf(undefined, 1);
    this.ranges[free < 0 ? this.ranges.length : free] = range;
    this.settle(base, range.end);
    return range;
  }

  /** Every claimed range, by address. */
  claims(): ClaimedRange[] {
    return this.claimed().sort((a, b) => a.base - b.base);
  }

  /** Reads `size` bytes at `port`; always an unsigned number. */
  read(port: number, size: AccessSize): number {
    const range = this.ranges[this.table[port]];
    if (range !== undefined) {
      if (this.takes(range, port, size)) return truncate(range.handler.read(port - range.base, size), size);
      if (range.needsWidening(port, size)) return range.readWidened(port, size);
    }
    if (size === 1) return 0xff;
    if (range === undefined && size === 2 && this.table[port + 1] === 0) return allOnes(size);
    const half = (size >>> 1) as AccessSize;
    const low = this.read(port, half);
    return (low | (this.read(port + half, half) << (half * 8))) >>> 0;
  }

  write(port: number, value: number, size: AccessSize): void {
    const range = this.ranges[this.table[port]];
    if (range !== undefined) {
      if (this.takes(range, port, size)) {
        range.handler.write(port - range.base, truncate(value, size), size);
        return;
      }
      if (range.needsWidening(port, size)) {
        range.writeWidened(port, truncate(value, size), size);
        return;
      }
    }
    if (size === 1) return;
    const half = (size >>> 1) as AccessSize;
    this.write(port, value, half);
    this.write(port + half, value >>> (half * 8), half);
  }

  /** What {@link IoHandler.readBlock} of the port's handler does; 0 where it has none. */
  readBlock(port: number, size: AccessSize, target: Uint8Array): number {
    const range = this.ranges[this.table[port]];
    if (!range?.handler.readBlock || !this.takes(range, port, size)) return 0;
    return range.handler.readBlock(port - range.base, size, target);
  }

  writeBlock(port: number, size: AccessSize, source: Uint8Array): number {
    const range = this.ranges[this.table[port]];
    if (!range?.handler.writeBlock || !this.takes(range, port, size)) return 0;
    return range.handler.writeBlock(port - range.base, size, source);
  }

  /** Whether the handler of `range`, which answers at `port`, takes the access whole. */
  private takes(range: ClaimedRange, port: number, size: AccessSize): boolean {
    if (!range.takes(port, size)) return false;
    if (!this.overlapping) return true;
    const index = this.table[port];
    for (let offset = 1; offset < size; offset++) if (this.table[port + offset] !== index) return false;
    return true;
  }

  private release(range: ClaimedRange): void {
    const index = this.ranges.indexOf(range);
    if (index < 0) return;
    this.ranges[index] = undefined;
    this.settle(range.base, range.end);
  }

  /** Decides anew who answers at `[base, end)`. */
  private settle(base: number, end: number): void {
    const near = this.claimed().filter((range) => range.overlaps(base, end));
    for (let port = base; port < end; port++) {
      const winner = winnerAt(near, port);
      this.table[port] = winner === undefined ? 0 : this.ranges.indexOf(winner);
    }
    const all = this.claims();
    this.overlapping = all.some((range, index) => index > 0 && all[index - 1]!.end > range.base);
  }

  private claimed(): ClaimedRange[] {
    return this.ranges.filter((range) => range !== undefined);
  }
}
