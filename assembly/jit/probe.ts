// Constants of the inline TLB probe (mmu/tlb.ts).
import { TLB_ENTRIES } from "../mmu/tlb";

export { ADDEND, PAGE_MASK, READ_TAG, WRITE_TAG } from "../mmu/tlb";

/** From a linear address to the byte offset of its entry: shift, then mask. */
export const ENTRY_SHIFT: i32 = 7;
export const TLB_INDEX_MASK: i32 = (TLB_ENTRIES - 1) << 5;
