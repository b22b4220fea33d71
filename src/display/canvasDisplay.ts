/** Puts the guest's screen on a canvas, on the main thread or in a worker, at the screen's rate and only when it changed. */
import type { Frame } from "./frameBuffer.ts";

/** Draws the next frame; `Renderer.render` bound to a source. */
export type FrameSource = () => Frame;

export interface CanvasDisplayOptions {
  canvas: HTMLCanvasElement | OffscreenCanvas;
  source: FrameSource;
  /** Called when the guest changes the size of its screen, in pixels. */
  onResize?: (width: number, height: number) => void;
}

type Context2d = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Between two looks where there is no requestAnimationFrame (a worker of an older browser). */
const FALLBACK_FRAME_MS = 16;

export class CanvasDisplay {
  private readonly canvas: HTMLCanvasElement | OffscreenCanvas;
  private readonly context: Context2d;
  private readonly source: FrameSource;
  private readonly onResize: ((width: number, height: number) => void) | undefined;
  private pending: number | undefined;
  private image: ImageData | undefined;

  /** Throws an Error when the canvas gives no 2D context. */
  constructor(options: CanvasDisplayOptions) {
    this.canvas = options.canvas;
    this.source = options.source;
    this.onResize = options.onResize;
    const context = this.canvas.getContext("2d", { alpha: false }) as Context2d | null;
    if (context === null) throw new Error("the canvas has no 2D context");
    this.context = context;
  }

  start(): void {
    if (this.pending === undefined) this.schedule();
  }

  stop(): void {
    if (this.pending === undefined) return;
    if (typeof cancelAnimationFrame === "function") cancelAnimationFrame(this.pending);
    else clearTimeout(this.pending);
    this.pending = undefined;
  }

  /** Draws now; returns whether anything on the canvas changed. */
  drawNow(): boolean {
    const frame = this.source();
    const resized = this.fit(frame);
    const { first, end } = resized ? { first: 0, end: frame.height } : frame.changedRows;
    if (end <= first) return false;
    this.context.putImageData(this.imageOf(frame), 0, 0, 0, first, frame.width, end - first);
    return true;
  }

  private schedule(): void {
    const tick = (): void => {
      this.schedule();
      this.drawNow();
    };
    this.pending =
      typeof requestAnimationFrame === "function"
        ? requestAnimationFrame(tick)
        : (setTimeout(tick, FALLBACK_FRAME_MS) as unknown as number);
  }

  private fit(frame: Frame): boolean {
    if (frame.width === 0 || frame.height === 0) return false;
    if (this.canvas.width === frame.width && this.canvas.height === frame.height) return false;
    this.canvas.width = frame.width;
    this.canvas.height = frame.height;
    this.onResize?.(frame.width, frame.height);
    return true;
  }

  /** ImageData over the frame's own pixels: no copy; made anew when the renderer made a new buffer. */
  private imageOf(frame: Frame): ImageData {
    if (this.image?.data.buffer !== frame.pixels.buffer) {
      this.image = new ImageData(frame.pixels, frame.width, frame.height);
    }
    return this.image;
  }
}
