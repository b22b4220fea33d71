/** What tests ask of a drawn screen. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { framePng } from "../../src/display/png.ts";
import type { Frame } from "../../src/display/renderer.ts";

/** A copy of a frame, which the next one does not change. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** RGBA, little-endian. */
  readonly words: Uint32Array;
}

/** A rectangle of pixels: `[left, right)` by `[top, bottom)`. */
export interface Area {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export function pictureOf({ width, height, pixels }: Frame): Picture {
  return { width, height, words: new Uint32Array(pixels.slice().buffer) };
}

/** The smallest area with all pixels that differ; undefined for none. Both pictures are of one size. */
export function differenceOf(before: Picture, after: Picture): Area | undefined {
  let area: Area | undefined;
  for (let at = 0; at < after.words.length; at++) {
    if (before.words[at] === after.words[at]) continue;
    const [x, y] = [at % after.width, Math.floor(at / after.width)];
    area ??= { left: x, top: y, right: x + 1, bottom: y + 1 };
    area.left = Math.min(area.left, x);
    area.right = Math.max(area.right, x + 1);
    area.bottom = y + 1;
  }
  return area;
}

/** Whether a colour is meant. */
export type Fits = (red: number, green: number, blue: number) => boolean;

/** How many pixels of the area have a colour that `fits`. */
export function count({ width, words }: Picture, area: Area, fits: Fits): number {
  let found = 0;
  for (let y = area.top; y < area.bottom; y++) {
    for (let x = area.left; x < area.right; x++) {
      const word = words[y * width + x];
      if (fits(word & 0xff, (word >> 8) & 0xff, (word >> 16) & 0xff)) found++;
    }
  }
  return found;
}

/** The middle of the lines, within the area, of which at least `share` is of a colour that fits; undefined where there are none. */
export function middleOfLines(picture: Picture, area: Area, share: number, fits: Fits): number | undefined {
  let [first, last]: (number | undefined)[] = [];
  for (let y = area.top; y < area.bottom; y++) {
    if (count(picture, { ...area, top: y, bottom: y + 1 }, fits) < (area.right - area.left) * share) continue;
    first ??= y;
    last = y;
  }
  return first === undefined || last === undefined ? undefined : (first + last) / 2;
}

export function wholeOf({ width, height }: Picture): Area {
  return { left: 0, top: 0, right: width, bottom: height };
}

/** With TABVISOR_SCREENSHOTS in the environment the frame goes there as NAME.png, to be looked at. */
export function keepScreenshot(name: string, frame: Frame): void {
  const folder = process.env.TABVISOR_SCREENSHOTS;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.png`), framePng(frame));
}
