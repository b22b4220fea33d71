// Bits of the control, debug and feature registers (SDM vol. 3A 2.2.1, 2.5, 2.6, 17.2).

export const enum Cr0 {
  PE = 0x1,
  MP = 0x2,
  EM = 0x4,
  TS = 0x8,
  ET = 0x10,
  NE = 0x20,
  WP = 0x10000,
  AM = 0x40000,
  NW = 0x20000000,
  CD = 0x40000000,
  /** PG (CR0_PG) apart: bit 31 does not fit a signed enum. */
  WRITABLE = 0x6005003f,
}

/** Paging. */
export const CR0_PG: u64 = 0x80000000;

export const enum Cr4 {
  VME = 0x1,
  PVI = 0x2,
  TSD = 0x4,
  DE = 0x8,
  PSE = 0x10,
  PAE = 0x20,
  MCE = 0x40,
  PGE = 0x80,
  PCE = 0x100,
  OSFXSR = 0x200,
  OSXMMEXCPT = 0x400,
  FSGSBASE = 0x10000,
  PCIDE = 0x20000,
  OSXSAVE = 0x40000,
  SMEP = 0x100000,
  SMAP = 0x200000,
}

export const enum Efer {
  SCE = 0x1,
  LME = 0x100,
  LMA = 0x400,
  NXE = 0x800,
}

export const enum Dr6 {
  HITS = 0xf,
  BD = 0x2000,
  BS = 0x4000,
  BT = 0x8000,
}

export const enum Dr7 {
  /** L0-G3. */
  ENABLES = 0xff,
  FIXED = 0x400,
  GD = 0x2000,
}

/** DR6 bits that read as one. */
export const DR6_FIXED: u64 = 0xffff0ff0;

/** Physical addresses have 40 bits: what may be set in CR3, MSRs and page-table entries. */
export const PHYSICAL_BITS: u32 = 40;
export const PHYSICAL_MASK: u64 = 0xff_ffff_ffff;
