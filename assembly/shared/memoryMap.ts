// Where everything lies in the one WebAssembly.Memory of a VM. TypeScript reads these numbers too.
// docs/memory-map.md draws them.

/** Addresses and sizes in bytes, in the VM's WebAssembly memory. */
export const enum MemoryMap {
  /** asc's static data (tables) and nothing else lies below this; the build fails if it grows past it. */
  STATICS_END = 0x0004_0000,
  /** The vCPU state struct (`cpu/state.ts`). */
  VCPU = 0x0004_0000,
  VCPU_SIZE = 0x0000_4000,
  /** Scratch buffer for host calls (fetch bytes, strings) of this vCPU. */
  SCRATCH = 0x0004_4000,
  SCRATCH_SIZE = 0x0000_4000,
  /** Kind and host address of each physical 4 KiB page of the first mebibyte and the coarse map above (`mmu/physical.ts`). */
  PHYSICAL_MAP = 0x0005_0000,
  PHYSICAL_MAP_SIZE = 0x0001_0000,
  /** ROM images (BIOS, option ROMs). */
  ROM = 0x0010_0000,
  ROM_SIZE = 0x0010_0000,
  /** One bit for each 4 KiB page of guest RAM (3 GiB: 96 KiB): it holds decoded or translated code. */
  CODE_PAGES = 0x0020_0000,
  CODE_PAGES_SIZE = 0x0002_0000,
  /** One bit for each 4 KiB page of this memory: dirty logging waits for the next store to it (`mmu/dirtyPages.ts`). */
  CLEAN_PAGES = 0x0022_0000,
  CLEAN_PAGES_SIZE = 0x0002_0000,
  /** Jump cache and block hash table of the interpreter (`interp/blocks.ts`). */
  BLOCK_INDEX = 0x0024_0000,
  BLOCK_INDEX_SIZE = 0x001c_0000,
  /** Decoded blocks. */
  BLOCKS = 0x0040_0000,
  BLOCKS_SIZE = 0x00c0_0000,
  /** Video memory; the guest's linear frame buffer. */
  VRAM = 0x0100_0000,
  VRAM_SIZE = 0x0100_0000,
  /** Room for the JIT: IR, code buffers. */
  JIT = 0x0200_0000,
  JIT_SIZE = 0x00f0_0000,
  /** Software TLBs (`mmu/tlb.ts`), and their fill logs. */
  TLB = 0x02f0_0000,
  TLB_SIZE = 0x0030_0000,
  /** Guest physical address 0. */
  GUEST_RAM = 0x0320_0000,
}
