/** Draws a VM's screen on its canvas, apart from the VM: reads video memory that it shares with the guest. */
import { ChangedPages } from "../devices/vga/changedPages.ts";
import type { Scanout } from "../devices/vga/scanout.ts";
import { CanvasDisplay } from "../display/canvasDisplay.ts";
import { Renderer } from "../display/renderer.ts";
import type { DisplayAnswer, DisplayRequest } from "./displayProtocol.ts";

export class DisplayService {
  private scanout: Scanout = { kind: "blank", width: 0, height: 0 };
  private changed: Uint32Array | undefined;
  private display: CanvasDisplay | undefined;

  constructor(private readonly post: (answer: DisplayAnswer) => void) {}

  handle(request: DisplayRequest): void {
    if (request.kind === "attach") this.attach(request.canvas, request.vram);
    else this.draw(request.scanout, request.changed);
  }

  private attach(canvas: OffscreenCanvas, vram: Uint8Array): void {
    const changes = new ChangedPages(vram.length, () => this.changed);
    const source = { vram, changes, scanout: () => this.scanout };
    const renderer = new Renderer();
    this.display = new CanvasDisplay({
      canvas,
      source: () => renderer.render(source),
      onResize: (width, height) => this.post({ kind: "size", width, height }),
    });
  }

  /** At once; the answer waits for the browser to take the picture. */
  private draw(scanout: Scanout, changed: Uint32Array): void {
    this.scanout = scanout;
    this.changed = changed;
    this.display?.drawNow();
    this.changed = undefined;
    afterFrame(() => this.post({ kind: "drawn" }));
  }
}

/** Where a worker's worker has no animation frames, about as much time later. */
const FALLBACK_FRAME_MS = 16;

function afterFrame(then: () => void): void {
  try {
    requestAnimationFrame(then);
  } catch {
    setTimeout(then, FALLBACK_FRAME_MS);
  }
}
