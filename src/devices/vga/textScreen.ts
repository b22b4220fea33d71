/**
 * The text on the screen as the guest shows it: from the start address (Linux's console scrolls by moving it), with the
 * pitch and rows that the CRTC is set to.
 */
import { cp437 } from "./cp437.ts";
import type { TextScanout } from "./scanout.ts";
import type { ScanoutSource } from "./vga.ts";

/** Cells of four bytes wrap after the 256 KB that text modes see. */
const CELL_MASK = 0xffff;

/** The lines of the screen, trailing spaces removed; undefined outside text modes and while the screen is blanked. */
export function readTextScreen(source: ScanoutSource): string[] | undefined {
  const scanout = source.scanout();
  return scanout.kind === "text" ? textLines(scanout, source.vram) : undefined;
}

export function textLines(scanout: TextScanout, vram: Uint8Array): string[] {
  return Array.from({ length: scanout.rows }, (_, row) => {
    const start = rowStartCell(scanout, row);
    let line = "";
    for (let column = 0; column < scanout.columns; column++) line += cp437(vram[((start + column) & CELL_MASK) * 4]);
    return line.trimEnd();
  });
}

/** First cell of a row, with the split screen taken into account. */
export function rowStartCell(scanout: TextScanout, row: number): number {
  const firstSplitRow = Math.ceil((scanout.lineCompare + 1) / scanout.cellHeight);
  if (row >= firstSplitRow) return (row - firstSplitRow) * scanout.pitchCells;
  return scanout.startCell + row * scanout.pitchCells;
}
