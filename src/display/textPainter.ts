import type { TextCursor, TextScanout } from "../devices/vga/scanout.ts";
import { rowStartCell } from "../devices/vga/textScreen.ts";
import type { FrameBuffer } from "./frameBuffer.ts";

/** Glyphs lie 32 bytes apart in plane 2, in 8 KB fonts. */
const GLYPH_BYTES = 32;
const FONT_BYTES = 0x2000;
const CELL_MASK = 0xffff;
const FLAG_CURSOR = 0x10000;
const FLAG_HIDDEN = 0x20000;
/** The cursor's first and last line are part of the cell it is on, five bits each. */
const CURSOR_TOP_SHIFT = 18;
const CURSOR_BOTTOM_SHIFT = 23;
const NOT_DRAWN = 0xffffffff;

/** Draws text modes, cell by cell where only cells changed. */
export class TextPainter {
  private drawn = new Uint32Array(0);
  private readonly fonts = [new Uint8Array(FONT_BYTES), new Uint8Array(FONT_BYTES)];

  /** @param all the geometry or a colour has changed: everything is drawn */
  paint(scanout: TextScanout, vram: Uint8Array, frame: FrameBuffer, all: boolean): void {
    const fontChanged = this.loadFonts(scanout, vram);
    const cells = scanout.columns * scanout.rows;
    if (all || fontChanged || this.drawn.length !== cells) this.drawn = new Uint32Array(cells).fill(NOT_DRAWN);
    if (isSmooth(scanout)) this.paintSmooth(scanout, vram, frame);
    else this.paintCells(scanout, vram, frame);
  }

  /** Copies both fonts out of plane 2; true when either differs from before. */
  private loadFonts(scanout: TextScanout, vram: Uint8Array): boolean {
    let changed = false;
    for (const which of [0, 1]) {
      const font = this.fonts[which];
      const base = scanout.fonts[which] * 4 + 2;
      for (let i = 0; i < FONT_BYTES; i++) {
        const byte = vram[base + i * 4];
        if (font[i] === byte) continue;
        font[i] = byte;
        changed = true;
      }
    }
    return changed;
  }

  private paintCells(scanout: TextScanout, vram: Uint8Array, frame: FrameBuffer): void {
    for (let row = 0; row < scanout.rows; row++) {
      const start = rowStartCell(scanout, row);
      let changed = false;
      for (let column = 0; column < scanout.columns; column++) {
        const cell = cellAt(scanout, vram, start + column);
        const index = row * scanout.columns + column;
        if (this.drawn[index] === cell) continue;
        this.drawn[index] = cell;
        this.paintCell(scanout, cell, frame, column * scanout.cellWidth, row * scanout.cellHeight);
        changed = true;
      }
      if (changed) frame.markRows(row * scanout.cellHeight, (row + 1) * scanout.cellHeight);
    }
  }

  private paintCell(scanout: TextScanout, cell: number, frame: FrameBuffer, left: number, top: number): void {
    for (let line = 0; line < scanout.cellHeight; line++) {
      const at = (top + line) * frame.width + left;
      this.paintCellLine(scanout, cell, line, frame.words, at, 0, scanout.cellWidth);
    }
  }

  /** Draws dots `from` to `to` of one line of a cell at `at`. */
  private paintCellLine(
    scanout: TextScanout,
    cell: number,
    line: number,
    out: Uint32Array,
    at: number,
    from: number,
    to: number,
  ): void {
    const bits = this.lineBits(scanout, cell, line);
    const { foreground, background } = cellColours(scanout, cell);
    const shift = scanout.cellWidth >= 16 ? 1 : 0;
    for (let dot = from; dot < to; dot++) out[at++] = bits & (0x100 >> (dot >> shift)) ? foreground : background;
  }

  /** The nine dots of a cell's line, the leftmost in bit 8. */
  private lineBits(scanout: TextScanout, cell: number, line: number): number {
    const { cursor } = scanout;
    if (cell & FLAG_CURSOR && cursor !== undefined && line >= cursor.top && line <= cursor.bottom) return 0x1ff;
    if (cell & FLAG_HIDDEN) return 0;
    const character = cell & 0xff;
    const attribute = (cell >> 8) & 0xff;
    if (line === scanout.underlineLine && (attribute & 7) === 1) return 0x1ff;
    const byte = this.fonts[(attribute >> 3) & 1][character * GLYPH_BYTES + line];
    const ninth = scanout.lineGraphics && (character & 0xe0) === 0xc0 ? byte & 1 : 0;
    return (byte << 1) | ninth;
  }

  /** Smooth scrolling, or a split in the middle of a row: dot by dot, everything, every frame. */
  private paintSmooth(scanout: TextScanout, vram: Uint8Array, frame: FrameBuffer): void {
    for (let y = 0; y < frame.height; y++) {
      const split = y > scanout.lineCompare;
      const scanLine = split ? y - scanout.lineCompare - 1 : y + scanout.presetRow;
      const row = Math.floor(scanLine / scanout.cellHeight);
      const start = (split ? 0 : scanout.startCell) + row * scanout.pitchCells;
      this.paintSmoothLine(scanout, vram, frame, y, start, scanLine % scanout.cellHeight);
    }
    frame.markRows(0, frame.height);
    this.drawn.fill(NOT_DRAWN);
  }

  private paintSmoothLine(
    scanout: TextScanout,
    vram: Uint8Array,
    frame: FrameBuffer,
    y: number,
    start: number,
    line: number,
  ): void {
    const { cellWidth, panning } = scanout;
    let x = 0;
    for (let column = 0; x < frame.width; column++) {
      const from = column === 0 ? panning : 0;
      const to = Math.min(cellWidth, from + frame.width - x);
      const cell = cellAt(scanout, vram, start + column);
      this.paintCellLine(scanout, cell, line, frame.words, y * frame.width + x, from, to);
      x += to - from;
    }
  }
}

/** Character, attribute and whatever else the look of a cell depends on. */
function cellAt(scanout: TextScanout, vram: Uint8Array, index: number): number {
  const at = (index & CELL_MASK) * 4;
  const attribute = vram[at + 1];
  const hidden = scanout.blinking && scanout.blinkedOff && attribute & 0x80 ? FLAG_HIDDEN : 0;
  const cursor = scanout.cursor?.cell === (index & CELL_MASK) ? cursorFlags(scanout.cursor) : 0;
  return vram[at] | (attribute << 8) | hidden | cursor;
}

function cursorFlags({ top, bottom }: TextCursor): number {
  return FLAG_CURSOR | (top << CURSOR_TOP_SHIFT) | (bottom << CURSOR_BOTTOM_SHIFT);
}

function cellColours(scanout: TextScanout, cell: number): { foreground: number; background: number } {
  const background = (cell >> 12) & (scanout.blinking ? 7 : 15);
  return { foreground: scanout.palette[(cell >> 8) & 15], background: scanout.palette[background] };
}

function isSmooth(scanout: TextScanout): boolean {
  if (scanout.panning !== 0 || scanout.presetRow !== 0) return true;
  const splitInside = scanout.lineCompare + 1 < scanout.rows * scanout.cellHeight;
  return splitInside && (scanout.lineCompare + 1) % scanout.cellHeight !== 0;
}
