/**
 * Memory-mapped device ranges in the physical address space, addresses to 2^40 as JS numbers. RAM and ROM are not here:
 * the engine comes here for pages that are neither. Splitting and all-ones reads are as in the port space.
 */
import {
  type AccessSize,
  AddressOverlapError,
  type AddressSpace,
  type Claim,
  type ClaimOptions,
  type IoHandler,
} from "./addressSpace.ts";
import { ClaimedRange, truncate } from "./claimedRange.ts";

const PHYSICAL_LIMIT = 2 ** 40;

export class MmioSpace implements AddressSpace {
  /** By address, no two overlapping. */
  private readonly ranges: ClaimedRange[] = [];
  private lastHit: ClaimedRange | undefined;
  /** Called after a range was claimed or released, so that the engine can drop translations of the page. */
  onChange: ((base: number, length: number) => void) | undefined;

  constructor(private readonly spaceName = "mmio") {}

  claim(base: number, length: number, handler: IoHandler, options: ClaimOptions): Claim {
    const range = new ClaimedRange(base, length, handler, options, (released) => this.release(released));
    if (!Number.isInteger(base) || length < 1 || base < 0 || range.end > PHYSICAL_LIMIT) {
      throw new RangeError(`${this.spaceName}: ${range} is outside the space`);
    }
    const index = this.firstEndingAfter(base);
    const taken = this.ranges[index];
    if (taken !== undefined && taken.base < range.end) {
      throw new AddressOverlapError(this.spaceName, `${range}`, `${taken}`);
    }
    this.ranges.splice(index, 0, range);
    this.onChange?.(base, length);
    return range;
  }

  /** Every claimed range, by address. */
  claims(): readonly ClaimedRange[] {
    return this.ranges;
  }

  /** True when any byte of `[address, address + length)` is claimed. */
  overlaps(address: number, length: number): boolean {
    const range = this.ranges[this.firstEndingAfter(address)];
    return range !== undefined && range.base < address + length;
  }

  /** Reads `size` bytes at the physical address; always an unsigned number. */
  read(address: number, size: AccessSize): number {
    const range = this.find(address);
    if (range !== undefined) {
      if (range.takes(address, size)) return truncate(range.handler.read(address - range.base, size), size);
      if (range.needsWidening(address, size)) return range.readWidened(address, size);
    }
    if (size === 1) return 0xff;
    const half = (size >>> 1) as AccessSize;
    const low = this.read(address, half);
    return (low | (this.read(address + half, half) << (half * 8))) >>> 0;
  }

  write(address: number, value: number, size: AccessSize): void {
    const range = this.find(address);
    if (range !== undefined) {
      if (range.takes(address, size)) {
        range.handler.write(address - range.base, truncate(value, size), size);
        return;
      }
      if (range.needsWidening(address, size)) {
        range.writeWidened(address, truncate(value, size), size);
        return;
      }
    }
    if (size === 1) return;
    const half = (size >>> 1) as AccessSize;
    this.write(address, value, half);
    this.write(address + half, value >>> (half * 8), half);
  }

  private find(address: number): ClaimedRange | undefined {
    const last = this.lastHit;
    if (last !== undefined && address >= last.base && address < last.end) return last;
    const range = this.ranges[this.firstEndingAfter(address)];
    if (range === undefined || range.base > address) return undefined;
    this.lastHit = range;
    return range;
  }

  /** Index of the first range whose end lies beyond `address`. */
  private firstEndingAfter(address: number): number {
    let low = 0;
    let high = this.ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.ranges[middle].end > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private release(range: ClaimedRange): void {
    const index = this.ranges.indexOf(range);
    if (index < 0) return;
    this.ranges.splice(index, 1);
    if (this.lastHit === range) this.lastHit = undefined;
    this.onChange?.(range.base, range.length);
  }
}
