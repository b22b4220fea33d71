/** Notices when what a display adapter shows has changed, without drawing it. */
import { NEVER_LOOKED } from "../devices/vga/changedPages.ts";
import type { Scanout } from "../devices/vga/scanout.ts";
import type { ScanoutSource } from "../devices/vga/vga.ts";

/** What has changed between two looks. */
export interface ScanoutChange {
  scanout: Scanout;
  /** A bit for each 4 KiB page of video memory. */
  changed: Uint32Array;
}

export class ScanoutWatch {
  private lastLook = NEVER_LOOKED;
  private description = "";

  constructor(private readonly source: ScanoutSource) {}

  /** What is to be drawn since the last call, or undefined for nothing. */
  take(): ScanoutChange | undefined {
    const scanout = this.source.scanout();
    const last = this.lastLook;
    this.lastLook = this.source.changes.look();
    const changed = this.source.changes.bitsSince(last);
    const description = describeAll(scanout);
    if (description === this.description && changed.every((word) => word === 0)) return undefined;
    this.description = description;
    return { scanout, changed };
  }
}

function describeAll(scanout: Scanout): string {
  const palette = "palette" in scanout ? scanout.palette.join() : "";
  return `${JSON.stringify({ ...scanout, palette: 0 })} ${palette}`;
}
