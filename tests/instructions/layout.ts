/**
 * Where the pieces of an instruction test lie. The same linear addresses on the host (host.c maps them) and in the guest (guest.ts),
 * so that addresses in registers, CR2 and memory agree.
 *
 *   2000_0000  code, 2 pages
 *   2001_0000  data, 2 pages, not mapped before and after
 *   2001_4000  one page that may only be read
 *   2002_0000  stack, 1 page, not mapped before and after
 */
export const CODE = 0x2000_0000;
export const CODE_PAGES = 2;
export const DATA = 0x2001_0000;
export const DATA_SIZE = 0x2000;
export const READ_ONLY = 0x2001_4000;
export const STACK = 0x2002_0000;
export const STACK_TOP = STACK + 0x800;
/** Nothing is mapped here. */
export const UNMAPPED = 0x2001_8000;

export const PAGE = 0x1000;

/** Memory that a test may touch, in the order of its image. */
export const REGIONS: readonly { base: number; size: number }[] = [
  { base: DATA, size: DATA_SIZE },
  { base: READ_ONLY, size: PAGE },
  { base: STACK, size: PAGE },
];
export const IMAGE_SIZE = REGIONS.reduce((sum, region) => sum + region.size, 0);

/** Offset of a linear address in the image of all regions; -1 outside. */
export function imageOffset(linear: number): number {
  let start = 0;
  for (const { base, size } of REGIONS) {
    if (linear >= base && linear < base + size) return start + linear - base;
    start += size;
  }
  return -1;
}

/** The inverse of imageOffset. */
export function imageAddress(offset: number): number {
  let start = 0;
  for (const { base, size } of REGIONS) {
    if (offset < start + size) return base + offset - start;
    start += size;
  }
  return -1;
}
