/**
 * The typematic rate and delay byte of command F3h. Document: IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101- and
 * 102-Key)": Set Typematic Rate/Delay. Bits 0-2 (A) and 3-4 (B) give the period (8 + A) * 2^B / 240 s, bits 5-6 the delay.
 */
const PERIOD_UNIT_NS = 1e9 / 240;
const DELAY_UNIT_NS = 250_000_000;

/** Power-on: 10.9 characters per second after 500 ms. */
export const DEFAULT_TYPEMATIC = 0x2b;

export function typematicPeriodNs(byte: number): number {
  return Math.round((8 + (byte & 7)) * 2 ** ((byte >> 3) & 3) * PERIOD_UNIT_NS);
}

export function typematicDelayNs(byte: number): number {
  return (((byte >> 5) & 3) + 1) * DELAY_UNIT_NS;
}
