/** A 32-bit pointer inside the block (or in the RSDP) to `target`, an offset in the block. */
export interface AcpiPointer {
  at: number;
  target: number;
}

/** A checksum byte at `at` over `[start, start + length)`. */
export interface AcpiChecksum {
  at: number;
  start: number;
  length: number;
}
