/**
 * The screen of a VM whose memory is shared: another worker draws it. Here it is only seen that there is something to draw. One frame is
 * under way at a time, so a slow display gets fewer frames, not a queue of them.
 */
import type { ScanoutSource } from "../devices/vga/vga.ts";
import { ScanoutWatch } from "../display/scanoutWatch.ts";
import type { DisplayAnswer, DisplayRequest } from "./displayProtocol.ts";
import { Pace } from "./pace.ts";

/** Between two looks: the display worker keeps time with the screen. */
const LOOK_MS = 15;
/** Between two pictures of text at least: text that runs is not read, and drawing each line of a boot takes processor time from the guest. */
const TEXT_PACE = { shortestMs: LOOK_MS, longestMs: 2 * LOOK_MS, busyMs: 8 * LOOK_MS };

export class RemoteDisplay {
  private readonly watch: ScanoutWatch;
  private timer: ReturnType<typeof setInterval> | undefined;
  private awaited = false;
  /** There is to be a look as soon as the frame under way is drawn. */
  private wanted = false;
  /** Until then looks find nothing to draw. */
  private quietUntilMs = 0;
  private readonly textPace: Pace;

  /** @param countRests How often the guest has had nothing to do so far. */
  constructor(
    source: ScanoutSource,
    private readonly post: (request: DisplayRequest) => void,
    private readonly onResize: (width: number, height: number) => void,
    countRests: () => number,
  ) {
    this.watch = new ScanoutWatch(source);
    this.textPace = new Pace(TEXT_PACE, countRests);
  }

  start(): void {
    this.timer ??= setInterval(() => this.look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  receive(answer: DisplayAnswer): void {
    if (answer.kind === "size") this.onResize(answer.width, answer.height);
    else {
      this.awaited = false;
      if (this.wanted) this.drawNow();
    }
  }

  private look(): void {
    if (performance.now() >= this.quietUntilMs) this.drawNow();
  }

  /** Has drawn what has changed, now or when the display worker can take it. */
  drawNow(): void {
    this.wanted = this.awaited;
    if (this.awaited) return;
    const change = this.watch.take();
    if (change?.scanout.kind === "text") {
      this.quietUntilMs = performance.now() + this.textPace.ms;
      this.textPace.advance();
    } else this.textPace.reset();
    if (change === undefined) return;
    this.awaited = true;
    this.post({ kind: "frame", ...change });
  }

  /** A key has been pressed: what it changes is to be seen soon. */
  expectAnswer(): void {
    this.textPace.reset();
    this.quietUntilMs = 0;
  }
}
