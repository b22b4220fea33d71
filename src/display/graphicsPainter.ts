import type { GraphicsScanout } from "../devices/vga/scanout.ts";
import type { FrameBuffer } from "./frameBuffer.ts";
import { rowBytes, rowPainter } from "./pixelRows.ts";

/** A scan line: where its row starts in video memory, and how far it is moved left. */
interface ScanLine {
  readonly address: number;
  readonly panning: number;
}

/** Words `[first, end)` of video memory. */
interface WordRange {
  readonly first: number;
  readonly end: number;
}

/** Draws graphics modes: rows whose bytes differ from what was drawn last. */
export class GraphicsPainter {
  /** Video memory as it was last drawn; pages that are never shown are never touched. */
  private shadow = new Uint8Array(0);
  private shadowWords = new Uint32Array(0);
  private row = new Uint32Array(0);

  /** @param all the geometry or a colour has changed: everything is drawn */
  paint(scanout: GraphicsScanout, vram: Uint8Array, frame: FrameBuffer, all: boolean): void {
    this.prepare(scanout, vram);
    const lines = [...scanLines(scanout)];
    const changed = this.takeChangedRows(scanout, vram, lines);
    for (const [y, line] of lines.entries()) {
      if (!all && !changed.has(line.address)) continue;
      const above = lines[y - 1];
      if (above?.address === line.address && above.panning === line.panning) copyRowAbove(frame, y);
      else this.paintRow(scanout, vram, line, frame, y);
      frame.markRows(y, y + 1);
    }
  }

  private prepare(scanout: GraphicsScanout, vram: Uint8Array): void {
    if (this.shadow.length !== vram.length) {
      this.shadow = new Uint8Array(vram.length);
      this.shadowWords = new Uint32Array(this.shadow.buffer);
    }
    const needed = scanout.width + 32;
    if (this.row.length < needed) this.row = new Uint32Array(needed);
  }

  /**
   * Addresses of rows that differ from the shadow, which is brought up to date. All are compared before any is copied: rows
   * may share words, and each must see the change.
   */
  private takeChangedRows(scanout: GraphicsScanout, vram: Uint8Array, lines: readonly ScanLine[]): Set<number> {
    const words = new Uint32Array(vram.buffer, vram.byteOffset, vram.byteLength >> 2);
    const seen = new Set<number>();
    const changed = new Map<number, WordRange>();
    for (const { address, panning } of lines) {
      if (seen.has(address)) continue;
      seen.add(address);
      const range = wordRange(scanout, vram, address, panning);
      if (differs(words, this.shadowWords, range)) changed.set(address, range);
    }
    for (const { first, end } of changed.values()) this.shadowWords.set(words.subarray(first, end), first);
    return new Set(changed.keys());
  }

  private paintRow(scanout: GraphicsScanout, vram: Uint8Array, line: ScanLine, frame: FrameBuffer, y: number): void {
    const dots = scanout.width + line.panning;
    // Reads of the shadow, not of memory that the guest writes meanwhile: what is drawn is what is remembered.
    rowPainter(scanout.format)(
      scanout,
      this.shadow,
      line.address,
      wrapMask(scanout, vram),
      this.row,
      dots + (dots & 1),
    );
    frame.words.set(this.row.subarray(line.panning, dots), y * frame.width);
  }
}

/** The words that hold a row's pixels; a row that wraps is followed to the end of memory only. */
function wordRange(scanout: GraphicsScanout, vram: Uint8Array, address: number, panning: number): WordRange {
  const start = address & wrapMask(scanout, vram);
  const end = start + rowBytes(scanout, scanout.width + panning + (panning & 1));
  return { first: start >> 2, end: Math.min(vram.length, end + 3) >> 2 };
}

function differs(a: Uint32Array, b: Uint32Array, { first, end }: WordRange): boolean {
  for (let i = first; i < end; i++) if (a[i] !== b[i]) return true;
  return false;
}

function wrapMask(scanout: GraphicsScanout, vram: Uint8Array): number {
  return Math.min(scanout.wrapBytes, vram.length) - 1;
}

function copyRowAbove(frame: FrameBuffer, y: number): void {
  frame.words.copyWithin(y * frame.width, (y - 1) * frame.width, y * frame.width);
}

/** Walks the scan lines as the CRTC's address counters do. */
export function* scanLines(scanout: GraphicsScanout): Generator<ScanLine> {
  const bankRows = scanout.rowBanks.reduce((mask, bank) => mask | bank.rowBit, 0);
  let { startBytes: address, panning } = scanout;
  let row = 0;
  let repeated = 0;
  for (let y = 0; y < scanout.height; y++) {
    yield { address: bankedAddress(scanout, address, row), panning };
    if (++repeated === scanout.linesPerRow) {
      repeated = 0;
      if ((row & bankRows) === bankRows) address += scanout.pitchBytes;
      row++;
    }
    if (y === scanout.lineCompare) {
      address = row = repeated = 0;
      if (scanout.panningEndsAtSplit) panning = 0;
    }
  }
}

function bankedAddress(scanout: GraphicsScanout, address: number, row: number): number {
  let banked = address;
  for (const { rowBit, addressBit } of scanout.rowBanks) {
    banked = row & rowBit ? banked | addressBit : banked & ~addressBit;
  }
  return banked;
}
