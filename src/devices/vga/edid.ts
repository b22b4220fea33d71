/**
 * The 128-byte EDID 1.4 block that the display adapter shows for its monitor.
 * Document: VESA Enhanced Extended Display Identification Data Standard, release A2.
 */

const HEADER = [0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00];
/** Manufacturer "TBV": three letters of five bits, big-endian. */
const MANUFACTURER = [0x50, 0x56];
const YEAR_2026 = 2026 - 1990;
/** sRGB chromaticities. */
const CHROMATICITY = [0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54];
/** 640x480, 800x600 and 1024x768 at 60 Hz. */
const ESTABLISHED_TIMINGS = [0x21, 0x08, 0x00];
const UNUSED_STANDARD_TIMING = [0x01, 0x01];

/** An EDID whose preferred mode is `width` by `height` pixels at about 60 Hz. */
export function makeEdid(width: number, height: number): Uint8Array {
  const edid = new Uint8Array(128);
  edid.set(HEADER, 0);
  edid.set(MANUFACTURER, 8);
  edid.set([1, 0, 0, 0, 0, 0, 1, YEAR_2026], 10);
  edid.set([1, 4], 18); // EDID 1.4
  // Digital, 8 bits a colour; size unknown to the cm; gamma 2.2; RGB, preferred timing given.
  edid.set([0xa0, 0, 0, 120, 0x06], 20);
  edid.set(CHROMATICITY, 25);
  edid.set(ESTABLISHED_TIMINGS, 35);
  for (let slot = 0; slot < 8; slot++) edid.set(UNUSED_STANDARD_TIMING, 38 + 2 * slot);
  edid.set(detailedTiming(width, height), 54);
  edid.set(textDescriptor(0xfc, "Tabvisor"), 72);
  edid.set(textDescriptor(0x10, ""), 90);
  edid.set(textDescriptor(0x10, ""), 108);
  edid[127] = -edid.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return edid;
}

function detailedTiming(width: number, height: number): number[] {
  const horizontalBlank = Math.round(width * 0.35);
  const verticalBlank = Math.round(height * 0.05);
  const clock = Math.round(((width + horizontalBlank) * (height + verticalBlank) * 60) / 10_000);
  const frontPorch = Math.round(horizontalBlank / 4);
  const syncWidth = Math.round(horizontalBlank / 3);
  return [
    clock & 0xff,
    clock >> 8,
    width & 0xff,
    horizontalBlank & 0xff,
    ((width >> 8) << 4) | (horizontalBlank >> 8),
    height & 0xff,
    verticalBlank & 0xff,
    ((height >> 8) << 4) | (verticalBlank >> 8),
    frontPorch & 0xff,
    syncWidth & 0xff,
    (3 << 4) | 6,
    ((frontPorch >> 8) << 6) | ((syncWidth >> 8) << 4),
    0,
    0,
    0,
    0,
    0,
    0x18,
  ];
}

function textDescriptor(tag: number, text: string): number[] {
  const bytes = [...`${text}\n`].map((character) => character.charCodeAt(0));
  const padded = [...bytes, ...new Array(13).fill(0x20)].slice(0, 13);
  return [0, 0, 0, tag, 0, ...(tag === 0x10 ? new Array(13).fill(0) : padded)];
}
