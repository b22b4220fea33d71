/** What a range of guest-physical pages is (`mapMemory`, mmu/physical.ts). */
export const enum MemoryKind {
  /** Reads and writes go to the host's device bus. */
  MMIO = 0,
  /** Reads and writes use the host address. */
  RAM = 1,
  /** Reads use the host address (ROM, or RAM that PAM write-protects), writes are dropped. */
  ROM = 2,
  /**
   * PAM "write only": reads use the host address (a ROM image; 0: the device bus), writes go to the guest RAM at the same
   * physical address. First mebibyte only.
   */
  SHADOW_WRITE = 3,
}
