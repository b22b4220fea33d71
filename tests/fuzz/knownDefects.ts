/** Instructions that random programs go without until a defect that they show is mended. None at present: matches nothing. */
export const KNOWN_DEFECTS = /(?!)/;
