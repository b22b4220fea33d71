/**
 * Between a VM's worker and its display worker. Video memory is shared, so a frame is only what the guest shows and which pages have
 * changed; one frame is under way at a time.
 */
import type { Scanout } from "../devices/vga/scanout.ts";

/** To the display worker. */
export type DisplayRequest =
  /** First, and once. */
  | { kind: "attach"; canvas: OffscreenCanvas; vram: Uint8Array }
  /** `changed`: a bit for each 4 KiB page of video memory, written since the last frame. */
  | { kind: "frame"; scanout: Scanout; changed: Uint32Array };

/** From it. */
export type DisplayAnswer =
  /** The last frame is on the screen; the next one may come. */
  | { kind: "drawn" }
  /** The guest's screen has another size, in pixels. */
  | { kind: "size"; width: number; height: number };
