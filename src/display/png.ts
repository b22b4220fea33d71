import { encode } from "fast-png";
import type { Frame } from "./frameBuffer.ts";

/** A PNG file of a frame, 8-bit RGB. */
export function framePng(frame: Pick<Frame, "width" | "height" | "pixels">): Uint8Array {
  const { width, height, pixels } = frame;
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4) {
    rgb[to++] = pixels[from];
    rgb[to++] = pixels[from + 1];
    rgb[to++] = pixels[from + 2];
  }
  return encode({ width, height, data: rgb, channels: 3, depth: 8 });
}
