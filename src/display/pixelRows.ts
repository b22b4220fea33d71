/** Rows of video memory as RGBA words, a function per pixel format. Memory is laid out as in vga/planarMemory.ts. */
import type { GraphicsScanout, PixelFormat } from "../devices/vga/scanout.ts";

/** Writes `dots` pixels of the row at byte `address`. Addresses wrap at `mask`, the memory's size less one. */
export type RowPainter = (
  scanout: GraphicsScanout,
  vram: Uint8Array,
  address: number,
  mask: number,
  out: Uint32Array,
  dots: number,
) => void;

const ALPHA = 0xff000000;

/** The bits of a byte spread over eight nibbles, bit 7 (the leftmost pixel) in the highest. */
const NIBBLES = Uint32Array.from({ length: 256 }, (_, byte) => {
  let spread = 0;
  for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) spread |= 1 << (4 * bit);
  return spread >>> 0;
});

/** Two-bit pixels of a byte spread over four nibbles, the leftmost in bits 12-15. */
const PAIRS = Uint16Array.from({ length: 256 }, (_, byte) => {
  let spread = 0;
  for (let pixel = 0; pixel < 4; pixel++) spread |= ((byte >> (2 * pixel)) & 3) << (4 * pixel);
  return spread;
});

function paintNibbles(nibbles: number, palette: Uint32Array, planes: number, out: Uint32Array, at: number): void {
  for (let shift = 28; shift >= 0; shift -= 4) out[at++] = palette[(nibbles >>> shift) & planes];
}

/** The word's four plane bytes as eight four-bit pixels. */
function planarNibbles(vram: Uint8Array, at: number): number {
  return NIBBLES[vram[at]] | (NIBBLES[vram[at + 1]] << 1) | (NIBBLES[vram[at + 2]] << 2) | (NIBBLES[vram[at + 3]] << 3);
}

/** Shift register interleaved: plane 0 (with plane 2 above it) holds four pixels, plane 1 (with 3) the next four. */
function interleavedNibbles(vram: Uint8Array, at: number): number {
  const left = PAIRS[vram[at]] | (PAIRS[vram[at + 2]] << 2);
  const right = PAIRS[vram[at + 1]] | (PAIRS[vram[at + 3]] << 2);
  return (left << 16) | right;
}

function planarPainter(nibblesAt: (vram: Uint8Array, at: number) => number): RowPainter {
  return (scanout, vram, address, mask, out, dots) => {
    const pixels = scanout.doubled ? dots >> 1 : dots;
    for (let x = 0; x < pixels; x += 8) {
      const nibbles = nibblesAt(vram, (address + (x >> 1)) & mask & ~3);
      paintNibbles(nibbles, scanout.palette, scanout.planeMask, out, x);
    }
    if (scanout.doubled) doubleDots(out, pixels);
  };
}

function paintIndexed(
  scanout: GraphicsScanout,
  vram: Uint8Array,
  address: number,
  mask: number,
  out: Uint32Array,
  dots: number,
): void {
  const pixels = scanout.doubled ? dots >> 1 : dots;
  for (let x = 0; x < pixels; x++) out[x] = scanout.palette[vram[(address + x) & mask]];
  if (scanout.doubled) doubleDots(out, pixels);
}

function doubleDots(out: Uint32Array, pixels: number): void {
  for (let x = pixels - 1; x >= 0; x--) out[2 * x] = out[2 * x + 1] = out[x];
}

function widen5(value: number): number {
  return (value << 3) | (value >> 2);
}

function sixteenBitPainter(toRgba: (pixel: number) => number): RowPainter {
  // 64 K colours, worked out once.
  const colours = Uint32Array.from({ length: 0x10000 }, (_, pixel) => toRgba(pixel));
  return (_scanout, vram, address, mask, out, dots) => {
    for (let x = 0; x < dots; x++) {
      const at = (address + 2 * x) & mask;
      out[x] = colours[vram[at] | (vram[(at + 1) & mask] << 8)];
    }
  };
}

function rgb555(pixel: number): number {
  return (ALPHA | (widen5(pixel & 31) << 16) | (widen5((pixel >> 5) & 31) << 8) | widen5((pixel >> 10) & 31)) >>> 0;
}

function rgb565(pixel: number): number {
  const green = (pixel >> 5) & 63;
  return (ALPHA | (widen5(pixel & 31) << 16) | (((green << 2) | (green >> 4)) << 8) | widen5(pixel >> 11)) >>> 0;
}

function trueColourPainter(bytes: number): RowPainter {
  return (_scanout, vram, address, mask, out, dots) => {
    for (let x = 0; x < dots; x++) {
      const at = address + bytes * x;
      out[x] = ALPHA | (vram[at & mask] << 16) | (vram[(at + 1) & mask] << 8) | vram[(at + 2) & mask];
    }
  };
}

/**
 * 32 bits a pixel, by far the most to do: BGRX words to RGBA words, straight into `out` at word `at`. False where the row is of another
 * kind, begins within a word or goes past the end of memory.
 */
export function paintWholeWords(
  { format, width }: GraphicsScanout,
  words: Uint32Array,
  address: number,
  out: Uint32Array,
  at: number,
): boolean {
  const first = address >>> 2;
  if (format !== "rgb8888" || (address & 3) !== 0 || first + width > words.length) return false;
  for (let x = 0; x < width; x++) {
    const pixel = words[first + x];
    out[at + x] = ALPHA | ((pixel & 0xff) << 16) | (pixel & 0xff00) | ((pixel >>> 16) & 0xff);
  }
  return true;
}

const MAKERS: Readonly<Record<PixelFormat, () => RowPainter>> = {
  planar4: () => planarPainter(planarNibbles),
  cga2: () => planarPainter(interleavedNibbles),
  indexed8: () => paintIndexed,
  rgb555: () => sixteenBitPainter(rgb555),
  rgb565: () => sixteenBitPainter(rgb565),
  rgb888: () => trueColourPainter(3),
  rgb8888: () => trueColourPainter(4),
};

const painters = new Map<PixelFormat, RowPainter>();

export function rowPainter(format: PixelFormat): RowPainter {
  let painter = painters.get(format);
  if (painter === undefined) {
    painter = MAKERS[format]();
    painters.set(format, painter);
  }
  return painter;
}

/** Bytes of video memory that `dots` pixels of a row take. */
export function rowBytes(scanout: GraphicsScanout, dots: number): number {
  const pixels = scanout.doubled ? dots >> 1 : dots;
  switch (scanout.format) {
    case "planar4":
    case "cga2":
      return Math.ceil(pixels / 8) * 4;
    case "indexed8":
      return pixels;
    case "rgb888":
      return pixels * 3;
    case "rgb8888":
      return pixels * 4;
    default:
      return pixels * 2;
  }
}
