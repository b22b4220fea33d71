import type { GraphicsScanout } from "../devices/vga/scanout.ts";
import type { FrameBuffer } from "./frameBuffer.ts";
import { paintWholeWords, rowBytes, rowPainter } from "./pixelRows.ts";

/** Whether any of bytes `[first, end)` of video memory has changed since they were drawn. */
export type ChangedSince = (first: number, end: number) => boolean;

/** A scan line: where its row starts in video memory, and how far it is moved left. */
interface ScanLine {
  readonly address: number;
  readonly panning: number;
}

/** Draws graphics modes: rows on pages that have changed. */
export class GraphicsPainter {
  private row = new Uint32Array(0);
  private words: Uint32Array = new Uint32Array(0);

  paint(scanout: GraphicsScanout, vram: Uint8Array, frame: FrameBuffer, changed: ChangedSince): void {
    if (!changed(0, vram.length)) return;
    this.prepare(scanout, vram);
    let above: ScanLine | undefined;
    let y = 0;
    for (const line of scanLines(scanout)) {
      if (rowChanged(scanout, vram, line, changed)) {
        if (above?.address === line.address && above.panning === line.panning) copyRowAbove(frame, y);
        else this.paintRow(scanout, vram, line, frame, y);
        frame.markRows(y, y + 1);
      }
      above = line;
      y++;
    }
  }

  private prepare(scanout: GraphicsScanout, vram: Uint8Array): void {
    const needed = scanout.width + 32;
    if (this.row.length < needed) this.row = new Uint32Array(needed);
    if (this.words.buffer !== vram.buffer || this.words.byteOffset !== vram.byteOffset)
      this.words = new Uint32Array(vram.buffer, vram.byteOffset, vram.byteLength >> 2);
  }

  private paintRow(scanout: GraphicsScanout, vram: Uint8Array, line: ScanLine, frame: FrameBuffer, y: number): void {
    const at = y * frame.width;
    if (paintWholeWords(scanout, this.words, line.address, frame.words, at)) return;
    const dots = scanout.width + line.panning;
    const mask = wrapMask(scanout, vram);
    rowPainter(scanout.format)(scanout, vram, line.address, mask, this.row, dots + (dots & 1));
    frame.words.set(this.row.subarray(line.panning, dots), at);
  }
}

/** Also where the row goes on at the beginning of memory. */
function rowChanged(scanout: GraphicsScanout, vram: Uint8Array, line: ScanLine, changed: ChangedSince): boolean {
  const mask = wrapMask(scanout, vram);
  const start = line.address & mask;
  const end = start + rowBytes(scanout, scanout.width + line.panning + (line.panning & 1));
  return changed(start, end) || (end > mask + 1 && changed(0, end - mask - 1));
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
