/** The parameters of DATA SET MANAGEMENT: ranges that the host has no use for. Document: ATA8-ACS 7.10. */

export interface TrimRange {
  sector: number;
  sectors: number;
}

const ENTRY_BYTES = 8;

/** Each entry is a 48-bit address and a 16-bit count; those with a count of 0 are padding. Neighbours become one. */
export function parseTrimRanges(parameters: Uint8Array): TrimRange[] {
  const view = new DataView(parameters.buffer, parameters.byteOffset, parameters.length);
  const ranges: TrimRange[] = [];
  for (let at = 0; at + ENTRY_BYTES <= parameters.length; at += ENTRY_BYTES) {
    const sectors = view.getUint16(at + 6, true);
    const sector = view.getUint16(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
    const last = ranges.at(-1);
    if (sectors === 0) continue;
    if (last && last.sector + last.sectors === sector) last.sectors += sectors;
    else ranges.push({ sector, sectors });
  }
  return ranges;
}
