/**
 * Memory-mapped device ranges in the physical address space, addresses to 2^40 as JS numbers. RAM and ROM are not here:
 * the engine comes here for pages that are neither. Splitting and all-ones reads are as in the port space.
 */
import {
  type AccessSize,
  AddressOverlapError,
  type AddressRange,
  type AddressSpace,
  type Claim,
  type ClaimOptions,
  type IoHandler,
  Layer,
} from "./addressSpace.ts";
import { ClaimedRange, truncate, winnerAt } from "./claimedRange.ts";

const PHYSICAL_LIMIT = 2 ** 40;

/** A piece in which one range answers. */
interface Segment extends AddressRange {
  readonly range: ClaimedRange;
}

export class MmioSpace implements AddressSpace {
  private readonly ranges = new Set<ClaimedRange>();
  /** By address, no two overlapping. */
  private segments: Segment[] = [];
  private lastHit: Segment | undefined;

  constructor(private readonly spaceName = "mmio") {}

  claim(base: number, length: number, handler: IoHandler, options: ClaimOptions): Claim {
    const range = new ClaimedRange(base, length, handler, options, (released) => this.release(released));
    if (!Number.isInteger(base) || length < 1 || base < 0 || range.end > PHYSICAL_LIMIT) {
      throw new RangeError(`${this.spaceName}: ${range} is outside the space`);
    }
    const taken = [...this.ranges].find((other) => other.overlaps(base, range.end) && other.excludes(range));
    if (taken !== undefined) throw new AddressOverlapError(this.spaceName, `${range}`, `${taken}`);
    this.ranges.add(range);
    this.settle();
    return range;
  }

  /** Every claimed range, by address. */
  claims(): ClaimedRange[] {
    return [...this.ranges].sort((a, b) => a.base - b.base);
  }

  /** True when any byte of `[address, address + length)` belongs to the board. */
  overlaps(address: number, length: number): boolean {
    return [...this.ranges].some((range) => range.layer === Layer.BOARD && range.overlaps(address, address + length));
  }

  /** Reads `size` bytes at the physical address; always an unsigned number. */
  read(address: number, size: AccessSize): number {
    const segment = this.find(address);
    if (segment !== undefined) {
      const { range, end } = segment;
      if (address + size <= end && range.takes(address, size))
        return truncate(range.handler.read(address - range.base, size), size);
      if (range.needsWidening(address, size)) return range.readWidened(address, size);
    }
    if (size === 1) return 0xff;
    const half = (size >>> 1) as AccessSize;
    const low = this.read(address, half);
    return (low | (this.read(address + half, half) << (half * 8))) >>> 0;
  }

  write(address: number, value: number, size: AccessSize): void {
    const segment = this.find(address);
    if (segment !== undefined) {
      const { range, end } = segment;
      if (address + size <= end && range.takes(address, size)) {
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

  private find(address: number): Segment | undefined {
    const last = this.lastHit;
    if (last !== undefined && address >= last.base && address < last.end) return last;
    const segment = this.segments[this.firstEndingAfter(address)];
    if (segment === undefined || segment.base > address) return undefined;
    this.lastHit = segment;
    return segment;
  }

  /** Index of the first segment whose end lies beyond `address`. */
  private firstEndingAfter(address: number): number {
    let low = 0;
    let high = this.segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.segments[middle]!.end > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private release(range: ClaimedRange): void {
    if (!this.ranges.delete(range)) return;
    this.settle();
    range.show([]);
  }

  /** Decides anew who answers where. */
  private settle(): void {
    const edges = [...new Set([...this.ranges].flatMap(({ base, end }) => [base, end]))].sort((a, b) => a - b);
    const segments: Segment[] = [];
    for (const [index, base] of edges.entries()) {
      const range = winnerAt(this.ranges, base);
      const end = edges[index + 1];
      if (range === undefined || end === undefined) continue;
      const before = segments.at(-1);
      if (before?.range === range && before.end === base) segments[segments.length - 1] = { ...before, end };
      else segments.push({ base, end, range });
    }
    this.segments = segments;
    this.lastHit = undefined;
    for (const range of [...this.ranges].filter(({ isWatched }) => isWatched))
      range.show(segments.filter((segment) => segment.range === range).map(({ base, end }) => ({ base, end })));
  }
}
