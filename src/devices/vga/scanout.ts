/**
 * What the display has to show, as plain data: enough, with the video memory, to draw the screen anywhere (another worker, a
 * PNG). Derived from the registers by `describeScanout`. After IBM VGA Technical Reference, "CRT Controller" and "Attribute
 * Controller".
 *
 * Video memory is laid out as in planarMemory.ts; offsets and pitches count bytes of it. Colours are little-endian RGBA.
 */
import { verticalValue } from "./beam.ts";
import type { Dac } from "./dac.ts";
import type { Dispi } from "./dispi.ts";
import type { VgaRegisters } from "./vgaRegisters.ts";

export interface BlankScanout {
  readonly kind: "blank";
  readonly width: number;
  readonly height: number;
}

export interface TextScanout {
  readonly kind: "text";
  readonly columns: number;
  readonly rows: number;
  /** Dots of a cell: 8 or 9, twice that where the dot clock is halved. */
  readonly cellWidth: number;
  readonly cellHeight: number;
  /** First cell shown, and cells from one row to the next. A cell is four bytes of video memory. */
  readonly startCell: number;
  readonly pitchCells: number;
  /** Scan lines the picture is moved up, dots it is moved left. */
  readonly presetRow: number;
  readonly panning: number;
  /** Scan line after which the picture starts again at cell 0. */
  readonly lineCompare: number;
  readonly cursor: TextCursor | undefined;
  /** Offsets in plane 2 of the fonts that attribute bit 3 chooses: clear, set. */
  readonly fonts: readonly [number, number];
  /** Attribute bit 7 blinks (else it is a bright background), and the characters are in the dark half of it now. */
  readonly blinking: boolean;
  readonly blinkedOff: boolean;
  /** Line of the cell that attribute x001b underlines. */
  readonly underlineLine: number;
  /** The ninth dot of C0h-DFh repeats the eighth. */
  readonly lineGraphics: boolean;
  readonly palette: Uint32Array;
}

export interface TextCursor {
  readonly cell: number;
  readonly top: number;
  readonly bottom: number;
}

export type PixelFormat = "planar4" | "cga2" | "indexed8" | "rgb555" | "rgb565" | "rgb888" | "rgb8888";

export interface GraphicsScanout {
  readonly kind: "graphics";
  readonly format: PixelFormat;
  readonly width: number;
  readonly height: number;
  /** Each pixel is two dots wide. */
  readonly doubled: boolean;
  readonly startBytes: number;
  readonly pitchBytes: number;
  /** Scan lines that show the same row. */
  readonly linesPerRow: number;
  /** Bits of the row number that choose a bank (CGA: even and odd rows apart), with the address bit each one sets. */
  readonly rowBanks: readonly { readonly rowBit: number; readonly addressBit: number }[];
  readonly lineCompare: number;
  /** Dots the picture is moved left, and whether that ends at the line compare. */
  readonly panning: number;
  readonly panningEndsAtSplit: boolean;
  /** Planes shown; hidden ones count as 0. */
  readonly planeMask: number;
  /** Addresses wrap here, or at the end of video memory: 256 KB for all but VBE modes. */
  readonly wrapBytes: number;
  readonly palette: Uint32Array;
}

export type Scanout = BlankScanout | TextScanout | GraphicsScanout;

export interface ScanoutInput {
  readonly registers: VgaRegisters;
  readonly dac: Dac;
  readonly dispi: Dispi;
  /** Frames since power-on, for blinking. */
  readonly frameNumber: number;
}

const NEVER = 0x7fffffff;
const CURSOR_BLINK_FRAMES = 16;
const CHARACTER_BLINK_FRAMES = 32;

/** True when a text mode is set (even if the screen is blanked). */
export function isTextMode(registers: VgaRegisters, dispi: Dispi): boolean {
  return !dispi.enabled && (registers.graphics[6] & 1) === 0 && registers.crtc[1] > 0;
}

export function describeScanout(input: ScanoutInput): Scanout {
  const { registers, dispi } = input;
  const shown = !registers.displayOn
    ? undefined
    : dispi.enabled
      ? describeVbe(input)
      : isTextMode(registers, dispi)
        ? describeText(input)
        : describeGraphics(input);
  return shown === undefined || shownArea(shown) === 0 ? blank(input) : shown;
}

function shownArea(scanout: TextScanout | GraphicsScanout): number {
  return scanout.kind === "text" ? scanout.columns * scanout.rows : scanout.width * scanout.height;
}

function blank({ registers, dispi }: ScanoutInput): BlankScanout {
  if (dispi.enabled && dispi.width > 0 && dispi.height > 0) {
    return { kind: "blank", width: dispi.width, height: dispi.height };
  }
  const { crtc, sequencer, graphics } = registers;
  if (crtc[1] === 0) return { kind: "blank", width: 720, height: 400 };
  const dots = graphics[6] & 1 ? 8 : sequencer[1] & 1 ? 8 : 9;
  return { kind: "blank", width: (crtc[1] + 1) * dots, height: shownLines(crtc) };
}

function shownLines(crtc: Uint8Array): number {
  return verticalValue(crtc, 0x12, 1, 6) + 1;
}

function startAddress(crtc: Uint8Array): number {
  return (crtc[0x0c] << 8) | crtc[0x0d];
}

/** Last scan line before the picture starts again at address 0. */
function lineCompare(crtc: Uint8Array): number {
  return crtc[0x18] | ((crtc[7] & 0x10) << 4) | ((crtc[9] & 0x40) << 3);
}

// --- Text ---

/** Start of a character set in plane 2, by the three bits of its number (the high bit comes last in the register). */
function fontOffset(number: number): number {
  return ((number & 3) * 2 + (number >> 2)) * 0x2000;
}

function describeText({ registers, dac, frameNumber }: ScanoutInput): TextScanout {
  const { crtc, sequencer, attribute } = registers;
  const cellHeight = (crtc[9] & 0x1f) + 1;
  const dots = sequencer[1] & 1 ? 8 : 9;
  const map = sequencer[3];
  return {
    kind: "text",
    columns: crtc[1] + 1,
    rows: Math.floor(shownLines(crtc) / cellHeight),
    cellWidth: sequencer[1] & 8 ? dots * 2 : dots,
    cellHeight,
    startCell: startAddress(crtc) + ((crtc[8] >> 5) & 3),
    pitchCells: crtc[0x13] * 2,
    presetRow: Math.min(crtc[8] & 0x1f, cellHeight - 1),
    panning: textPanning(attribute[0x13], dots),
    lineCompare: lineCompare(crtc),
    cursor: textCursor(crtc, cellHeight, frameNumber),
    // Bit 3 set is character map A (bits 5, 3-2), clear is B (bits 4, 1-0).
    fonts: [fontOffset((map & 3) | ((map >> 2) & 4)), fontOffset(((map >> 2) & 3) | ((map >> 3) & 4))],
    blinking: (attribute[0x10] & 8) !== 0,
    blinkedOff: frameNumber % CHARACTER_BLINK_FRAMES >= CHARACTER_BLINK_FRAMES / 2,
    underlineLine: crtc[0x14] & 0x1f,
    lineGraphics: (attribute[0x10] & 4) !== 0,
    palette: sixteenColours(registers, dac),
  };
}

/** In nine-dot text 8 means no shift and 0 means one dot. */
function textPanning(value: number, dots: number): number {
  if (dots === 8) return value & 7;
  return value >= 8 ? 0 : value + 1;
}

function textCursor(crtc: Uint8Array, cellHeight: number, frameNumber: number): TextCursor | undefined {
  const hidden = (crtc[0x0a] & 0x20) !== 0 || frameNumber % CURSOR_BLINK_FRAMES >= CURSOR_BLINK_FRAMES / 2;
  const top = crtc[0x0a] & 0x1f;
  const bottom = Math.min(crtc[0x0b] & 0x1f, cellHeight - 1);
  if (hidden || top > bottom) return undefined;
  return { cell: (crtc[0x0e] << 8) | crtc[0x0f], top, bottom };
}

/** The attribute controller's palette, through the DAC. */
function sixteenColours({ attribute }: VgaRegisters, dac: Dac): Uint32Array {
  const select = attribute[0x14];
  const internal54 = (attribute[0x10] & 0x80) !== 0;
  return Uint32Array.from({ length: 16 }, (_, colour) => {
    const entry = attribute[colour];
    return dac.rgba(internal54 ? ((select & 15) << 4) | (entry & 15) : ((select & 12) << 4) | (entry & 0x3f));
  });
}

function allColours(dac: Dac): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, index) => dac.rgba(index));
}

// --- Graphics ---

function describeGraphics({ registers, dac }: ScanoutInput): GraphicsScanout {
  const { crtc, sequencer, graphics, attribute } = registers;
  const shift = (graphics[5] >> 5) & 3;
  const format = shift === 0 ? "planar4" : shift === 1 ? "cga2" : "indexed8";
  const halfClock = (sequencer[1] & 8) !== 0;
  const doubleScan = crtc[9] >> 7;
  const indexed = format === "indexed8";
  const rowBanks = describeRowBanks(crtc);
  // CGA rows take their low bits from the row scan counter, so that it does not repeat them.
  const repeats = rowBanks.length > 0 ? 1 : (crtc[9] & 0x1f) + 1;
  return {
    kind: "graphics",
    format,
    width: (crtc[1] + 1) * 8 * (halfClock && !indexed ? 2 : 1),
    height: shownLines(crtc),
    doubled: indexed || halfClock,
    startBytes: (startAddress(crtc) + ((crtc[8] >> 5) & 3)) * 4,
    pitchBytes: crtc[0x13] * 8,
    linesPerRow: repeats << doubleScan,
    rowBanks,
    lineCompare: lineCompare(crtc),
    panning: (attribute[0x13] & 7) * (halfClock && !indexed ? 2 : 1),
    panningEndsAtSplit: (attribute[0x10] & 0x20) !== 0,
    planeMask: attribute[0x12] & 15,
    wrapBytes: 0x40000,
    palette: indexed ? allColours(dac) : sixteenColours(registers, dac),
  };
}

/** CRTC mode control bits 0 and 1 clear: row scan bits 0 and 1 replace memory address bits 13 and 14. */
function describeRowBanks(crtc: Uint8Array): { rowBit: number; addressBit: number }[] {
  const banks: { rowBit: number; addressBit: number }[] = [];
  // In word mode the counter is shifted by one, and our packed layout is, too.
  if ((crtc[0x17] & 1) === 0) banks.push({ rowBit: 1, addressBit: crtc[0x17] & 0x40 ? 0x8000 : 0x4000 });
  if ((crtc[0x17] & 2) === 0) banks.push({ rowBit: 2, addressBit: crtc[0x17] & 0x40 ? 0x10000 : 0x8000 });
  return banks;
}

// --- Bochs VBE ---

const VBE_FORMATS: Readonly<Record<number, PixelFormat>> = {
  4: "planar4",
  8: "indexed8",
  15: "rgb555",
  16: "rgb565",
  24: "rgb888",
  32: "rgb8888",
};

function describeVbe({ registers, dac, dispi }: ScanoutInput): GraphicsScanout {
  const format = VBE_FORMATS[dispi.bitsPerPixel] ?? "indexed8";
  return {
    kind: "graphics",
    format,
    width: dispi.width,
    height: dispi.height,
    doubled: false,
    startBytes: dispi.startBytes,
    pitchBytes: dispi.pitchBytes,
    linesPerRow: 1,
    rowBanks: [],
    lineCompare: NEVER,
    panning: 0,
    panningEndsAtSplit: false,
    planeMask: 15,
    wrapBytes: 0x80000000,
    palette: format === "planar4" ? sixteenColours(registers, dac) : allColours(dac),
  };
}
