/**
 * The screen where a worker cannot draw on the page's canvas (no OffscreenCanvas: Safari before 16.4): changed rows are posted
 * to the page, which draws them. One frame is under way at a time, so a slow page gets fewer frames, not a queue of them.
 */
import type { FrameSource } from "../display/canvasDisplay.ts";
import type { OutputMessage } from "./messages.ts";

const FRAME_MS = 33;

type FrameMessage = Extract<OutputMessage, { kind: "frame" }>;

export class FramePoster {
  private timer: ReturnType<typeof setInterval> | undefined;
  /** The page has not drawn yet what it was sent. */
  private awaited = false;
  /** It is to get what has changed since, as soon as it has. */
  private wanted = false;

  constructor(
    private readonly source: FrameSource,
    private readonly post: (message: FrameMessage) => void,
  ) {}

  start(): void {
    this.timer ??= setInterval(() => this.drawNow(), FRAME_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** The page has drawn what it was sent. */
  drawn(): void {
    this.awaited = false;
    if (this.wanted) this.drawNow();
  }

  /** Posts what has changed, now or when the page can take it: the source forgets what changed when it is asked. */
  drawNow(): void {
    this.wanted = this.awaited;
    if (this.awaited) return;
    const { width, height, pixels, changedRows } = this.source();
    const { first, end } = changedRows;
    if (end <= first) return;
    this.awaited = true;
    this.post({ kind: "frame", width, height, first, pixels: pixels.slice(first * width * 4, end * width * 4) });
  }
}
