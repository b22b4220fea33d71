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
import { allOnes, ClaimedRange, truncate } from "./claimedRange.ts";

const PORT_COUNT = 0x10000;

export class PortSpace implements AddressSpace {
  /** For each port the index of its range in `ranges`, 0 for none; a few more so that a wide access may run off the end. */
  private readonly table = new Uint16Array(PORT_COUNT + 4);
  private readonly ranges: (ClaimedRange | undefined)[] = [undefined];

  constructor(private readonly spaceName = "ports") {}

  claim(base: number, length: number, handler: IoHandler, options: ClaimOptions): Claim {
    const range = new ClaimedRange(base, length, handler, options, (released) => this.release(released));
    if (!Number.isInteger(base) || length < 1 || base < 0 || range.end > PORT_COUNT) {
      throw new RangeError(`${this.spaceName}: ${range} is outside the space`);
    }
    for (let port = base; port < range.end; port++) {
      const taken = this.ranges[this.table[port]];
      if (taken) throw new AddressOverlapError(this.spaceName, `${range}`, `${taken}`);
    }
    const free = this.ranges.indexOf(undefined, 1);
    const index = free < 0 ? this.ranges.length : free;
    this.ranges[index] = range;
    this.table.fill(index, base, range.end);
    return range;
  }

  /** Every claimed range, by address. */
  claims(): ClaimedRange[] {
    return this.ranges.filter((range) => range !== undefined).sort((a, b) => a.base - b.base);
  }

  /** Reads `size` bytes at `port`; always an unsigned number. */
  read(port: number, size: AccessSize): number {
    const range = this.ranges[this.table[port]];
    if (range !== undefined) {
      if (range.takes(port, size)) return truncate(range.handler.read(port - range.base, size), size);
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
      if (range.takes(port, size)) {
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
    if (!range?.handler.readBlock || !range.takes(port, size)) return 0;
    return range.handler.readBlock(port - range.base, size, target);
  }

  writeBlock(port: number, size: AccessSize, source: Uint8Array): number {
    const range = this.ranges[this.table[port]];
    if (!range?.handler.writeBlock || !range.takes(port, size)) return 0;
    return range.handler.writeBlock(port - range.base, size, source);
  }

  private release(range: ClaimedRange): void {
    const index = this.ranges.indexOf(range);
    if (index < 0) return;
    this.ranges[index] = undefined;
    this.table.fill(0, range.base, range.end);
  }
}
