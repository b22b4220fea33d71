/** Instructions that random programs go without until the defect that they show is mended. */

/** Conditions on SF after SHLD and SHRD are wrong in translated code: seeds 341, 1235, 10123. */
export const KNOWN_DEFECTS = /^sh[lr]d /;
