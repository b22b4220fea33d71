import {
  type AccessSize,
  type AddressRange,
  type AddressSpace,
  type Claim,
  type IoHandler,
  Layer,
} from "../../bus/addressSpace.ts";

export interface PciBarOptions {
  kind: "io" | "memory" | "memory64";
  /** A power of two: at least 4 for I/O, 16 for memory. */
  sizeBytes: number;
  prefetchable?: boolean;
  /** Serves the range; its offsets count from the BAR's base. Left out where the engine does: see `onVisible`. */
  handler?: IoHandler;
  /** Access sizes the handler takes (default all). */
  sizes?: readonly AccessSize[];
  /** The parts of the range at `base` that the guest sees are others now; none where it is unmapped. Only for memory. */
  onVisible?: (parts: readonly AddressRange[], base: number) => void;
}

const ALL_SIZES: readonly AccessSize[] = [1, 2, 4];
/** What a part that the engine does not serve reads as. */
const NOBODY: IoHandler = { read: () => 0xffff_ffff, write: () => {} };
/** No range reaches beyond these; a memory range not even there, where the all-ones lie that a guest sizes it with. */
const LAST_PORT = 0xffff;
const LAST_ADDRESS = { memory: 0xffff_fffe, memory64: 2 ** 40 - 2 } as const;

/** One decoded range of a PCI function, claimed while the guest enables it at an address that makes sense. */
export class PciBar {
  /** Of overlapping ranges of functions the one with the lowest number answers: so it does not matter which was moved last. */
  order = 0;
  private claim: Claim | undefined;

  constructor(
    private readonly name: string,
    private readonly space: AddressSpace,
    readonly options: PciBarOptions,
  ) {}

  get base(): number | undefined {
    return this.claim?.base;
  }

  /** Moves the range to `base`, or unmaps it. */
  moveTo(base: number | undefined): void {
    const wanted = base !== undefined && this.isUsable(base) ? base : undefined;
    if (wanted === this.base) return;
    this.claim?.release();
    this.claim = undefined;
    if (wanted === undefined) return;
    const { kind, handler = NOBODY, sizeBytes, sizes = ALL_SIZES, onVisible } = this.options;
    const { name, order } = this;
    const layer = kind === "io" ? Layer.ABOVE : Layer.BENEATH;
    this.claim = this.space.claim(wanted, sizeBytes, handler, {
      name,
      sizes,
      layer,
      order,
      ...(onVisible && { onVisible }),
    });
  }

  /** Zero means "not set up". */
  private isUsable(base: number): boolean {
    const { kind, sizeBytes } = this.options;
    const last = base + sizeBytes - 1;
    return base !== 0 && last <= (kind === "io" ? LAST_PORT : LAST_ADDRESS[kind]);
  }
}
