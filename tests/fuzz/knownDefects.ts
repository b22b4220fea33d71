/**
 * Instructions that random programs go without until the defects that they show are mended: conditions on SF after SHLD and SHRD in
 * translated code (seed 341), and the interpreter's links to an instruction whose second page is mapped anew (seed 20452).
 */
export const KNOWN_DEFECTS = /^sh[lr]d |C1_OTHER/;
