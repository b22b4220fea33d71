/** Access sizes in bytes that reach a handler. */
export type AccessSize = 1 | 2 | 4;

/**
 * What serves a range of a port or MMIO space. `offset` counts from the start of the claimed range, so a handler need
 * not know its base. `read` returns an unsigned value of `size` bytes; the bus masks it.
 */
export interface IoHandler {
  read(offset: number, size: AccessSize): number;
  write(offset: number, value: number, size: AccessSize): void;
  /**
   * As many reads of `size` bytes at the same offset as are sure to need nothing in between, in one piece: how many bytes of `target`
   * were filled, a multiple of `size`, perhaps 0. For data registers; a handler without it is read unit by unit.
   */
  readBlock?(offset: number, size: AccessSize, target: Uint8Array): number;
  /** Writes likewise. */
  writeBlock?(offset: number, size: AccessSize, source: Uint8Array): number;
}

export interface ClaimOptions {
  name: string;
  /**
   * Access sizes the handler takes itself; others are split into (or, where only wider ones exist, widened to) these.
   * Default: bytes only, as most ISA devices.
   */
  sizes?: readonly AccessSize[];
}

/** A claimed range; `release` gives it back (PCI BARs move). */
export interface Claim {
  readonly name: string;
  readonly base: number;
  readonly length: number;
  release(): void;
}

/** A port or MMIO address space as devices see it. */
export interface AddressSpace {
  /** Claims `[base, base + length)`. Throws an AddressOverlapError naming both when any part is taken. */
  claim(base: number, length: number, handler: IoHandler, options: ClaimOptions): Claim;
}

export class AddressOverlapError extends Error {
  constructor(space: string, wanted: string, taken: string) {
    super(`${space}: ${wanted} overlaps ${taken}`);
    this.name = "AddressOverlapError";
  }
}
