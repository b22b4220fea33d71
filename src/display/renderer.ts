/**
 * Draws what a VGA shows into an RGBA frame, redrawing only what changed since the last frame.
 *
 *   const renderer = new Renderer();
 *   const frame = renderer.render(vga.chip);
 *   if (frame.changedRows.end > frame.changedRows.first) show(frame);
 */
import { NEVER_LOOKED } from "../devices/vga/changedPages.ts";
import type { Scanout, TextScanout } from "../devices/vga/scanout.ts";
import type { ScanoutSource } from "../devices/vga/vga.ts";
import { type Frame, FrameBuffer } from "./frameBuffer.ts";
import { type ChangedSince, GraphicsPainter } from "./graphicsPainter.ts";
import { TextPainter } from "./textPainter.ts";

export type { Frame } from "./frameBuffer.ts";

const BLACK = 0xff000000;
/** Of video memory, what text is in. */
const PLANAR_BYTES = 0x40000;

export class Renderer {
  private frame = new FrameBuffer(0, 0);
  private look = "";
  private lastLook = NEVER_LOOKED;
  /** Cursor, blinking and such of the text that was drawn last. */
  private textDetails = "";
  private palette = new Uint32Array(0);
  private readonly text = new TextPainter();
  private readonly graphics = new GraphicsPainter();

  render(source: ScanoutSource): Frame {
    const scanout = source.scanout();
    const all = this.noteLook(scanout);
    const last = all ? NEVER_LOOKED : this.lastLook;
    this.lastLook = source.changes.look();
    const changed = (first: number, end: number) => source.changes.since(last, first, end);
    if (scanout.kind === "text") this.paintText(scanout, source.vram, all, changed);
    else if (scanout.kind === "graphics") this.graphics.paint(scanout, source.vram, this.frame, changed);
    else if (all) this.paintBlank();
    return this.frame.take();
  }

  private paintText(scanout: TextScanout, vram: Uint8Array, all: boolean, changed: ChangedSince): void {
    const details = JSON.stringify({ ...scanout, palette: 0 });
    if (details === this.textDetails && !changed(0, PLANAR_BYTES)) return;
    this.textDetails = details;
    this.text.paint(scanout, vram, this.frame, all);
  }

  /** True when the mode, a colour or anything else but the picture itself differs from the last frame. */
  private noteLook(scanout: Scanout): boolean {
    const look = lookOf(scanout);
    const palette = "palette" in scanout ? scanout.palette : new Uint32Array(0);
    if (look === this.look && sameWords(palette, this.palette)) return false;
    this.look = look;
    this.palette = palette.slice();
    this.resize(sizeOf(scanout));
    return true;
  }

  private resize({ width, height }: { width: number; height: number }): void {
    if (this.frame.width === width && this.frame.height === height) return;
    this.frame = new FrameBuffer(width, height);
    this.frame.words.fill(BLACK);
  }

  private paintBlank(): void {
    this.frame.words.fill(BLACK);
    this.frame.markRows(0, this.frame.height);
  }
}

/** Everything a full redraw depends on. Text cells, cursor and blinking are compared cell by cell instead. */
function lookOf(scanout: Scanout): string {
  if (scanout.kind !== "text") return JSON.stringify({ ...scanout, palette: 0 });
  return JSON.stringify({ ...scanout, palette: 0, cursor: 0, startCell: 0, blinkedOff: 0 });
}

function sizeOf(scanout: Scanout): { width: number; height: number } {
  if (scanout.kind !== "text") return scanout;
  return { width: scanout.columns * scanout.cellWidth, height: scanout.rows * scanout.cellHeight };
}

function sameWords(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((word, index) => word === b[index]);
}
