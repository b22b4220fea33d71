import type { AccessSize, AddressSpace, Claim, IoHandler } from "../../bus/addressSpace.ts";
import { AddressOverlapError } from "../../bus/addressSpace.ts";
import { trace } from "../../util/trace.ts";

export interface PciBarOptions {
  kind: "io" | "memory" | "memory64";
  /** A power of two: at least 4 for I/O, 16 for memory. */
  sizeBytes: number;
  prefetchable?: boolean;
  /** Serves the range; its offsets count from the BAR's base. Without it only `onMove` hears where the range is. */
  handler?: IoHandler;
  /** Access sizes the handler takes (default all). */
  sizes?: readonly AccessSize[];
  /** The range was mapped at a physical address or port, or unmapped. For RAM-backed ranges, which the engine maps itself. */
  onMove?: (base: number | undefined) => void;
}

const ALL_SIZES: readonly AccessSize[] = [1, 2, 4];

/** One decoded range of a PCI function, claimed while the guest enables it at an address that makes sense. */
export class PciBar {
  private claim: Claim | undefined;
  private mappedAt: number | undefined;
  /** The range was wanted where another device sits; tried again when something moves. */
  blocked = false;

  constructor(
    private readonly name: string,
    private readonly space: AddressSpace,
    readonly options: PciBarOptions,
  ) {}

  get base(): number | undefined {
    return this.mappedAt;
  }

  /** Moves the range to `base`, or unmaps it. True when anything changed. */
  moveTo(base: number | undefined): boolean {
    const wanted = base !== undefined && this.isUsable(base) ? base : undefined;
    if (wanted === this.mappedAt && !this.blocked) return false;
    const before = this.mappedAt;
    this.claim?.release();
    this.claim = undefined;
    this.mappedAt = undefined;
    this.blocked = false;
    if (wanted !== undefined) this.map(wanted);
    if (this.mappedAt === before) return false;
    this.options.onMove?.(this.mappedAt);
    return true;
  }

  private map(base: number): void {
    const { handler, sizeBytes, sizes = ALL_SIZES } = this.options;
    try {
      if (handler !== undefined) this.claim = this.space.claim(base, sizeBytes, handler, { name: this.name, sizes });
      this.mappedAt = base;
    } catch (error) {
      if (!(error instanceof AddressOverlapError)) throw error;
      this.blocked = true;
      trace(this.name, error.message);
    }
  }

  /** Zero means "not set up"; the all-ones a guest sizes with ends at the top of the space. */
  private isUsable(base: number): boolean {
    const last = base + this.options.sizeBytes - 1;
    const top = this.options.kind === "io" ? 0xffff : this.options.kind === "memory" ? 0xffffffff : 2 ** 40 - 1;
    return base !== 0 && last < top;
  }
}
