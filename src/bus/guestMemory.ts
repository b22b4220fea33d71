/** Guest physical RAM for DMA. Addresses are physical; parts outside RAM read as all ones and swallow writes. */
export interface GuestMemory {
  readonly sizeBytes: number;
  read(physicalAddress: number, target: Uint8Array): void;
  /** Writes and tells the engine, so that translated code on the page is dropped. */
  write(physicalAddress: number, source: Uint8Array): void;
}
