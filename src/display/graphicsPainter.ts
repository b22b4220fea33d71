import type { GraphicsScanout } from "../devices/vga/scanout.ts";
import type { FrameBuffer } from "./frameBuffer.ts";
import { rowBytes, rowPainter } from "./pixelRows.ts";

/** A scan line: where its row starts in video memory, and how far it is moved left. */
interface ScanLine {
  readonly address: number;
  readonly panning: number;
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
    const bytes = rowBytes(scanout, scanout.width + scanout.panning + 8);
    const changed = new Map<number, boolean>();
    let previous: ScanLine | undefined;
    let y = 0;
    for (const line of scanLines(scanout)) {
      if (this.rowChanged(vram, line.address & wrapMask(scanout, vram), bytes, changed) || all) {
        if (previous?.address === line.address && previous.panning === line.panning) copyRowAbove(frame, y);
        else this.paintRow(scanout, vram, line, frame, y);
        frame.markRows(y, y + 1);
      }
      previous = line;
      y++;
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

  /** Compares a row with the shadow and brings the shadow up to date; once a frame for each address. */
  private rowChanged(vram: Uint8Array, address: number, bytes: number, seen: Map<number, boolean>): boolean {
    const known = seen.get(address);
    if (known !== undefined) return known;
    const start = address & ~3;
    const end = Math.min(vram.length, (start + bytes + 7) & ~3);
    const changed = this.updateShadow(vram, start, end);
    seen.set(address, changed);
    return changed;
  }

  private updateShadow(vram: Uint8Array, start: number, end: number): boolean {
    const words = new Uint32Array(vram.buffer, vram.byteOffset + start, (end - start) >> 2);
    const { shadowWords } = this;
    const base = start >> 2;
    for (let i = 0; i < words.length; i++) {
      if (words[i] === shadowWords[base + i]) continue;
      shadowWords.set(words.subarray(i), base + i);
      return true;
    }
    return false;
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
