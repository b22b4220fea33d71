/**
 * Instructions that random programs go without until the defect that they show is mended: the interpreter's links to an instruction
 * whose second page is mapped anew (seed 20452).
 */
export const KNOWN_DEFECTS = /C1_OTHER/;
