/** Where the terminal of the Debian desktop is on the screen (`images/debian/desktop-session`): a window with a white field. */
import type { Area, Picture } from "./pixels.ts";

/** xterm's 80 by 24 characters are 6 by 13 pixels each. */
export const TERMINAL = { width: 80 * 6, height: 24 * 13 };
/** The middle of the window manager's title bar is so far above the text. */
export const TITLE_ABOVE = 10;
const WHITE = 0xffffff;
/** The window manager draws black lines so far above the text: below and above its title bar. */
const LINES_ABOVE = [1, 23] as const;

/** The terminal's text: the most lines one after another of which half of its width or more is white. */
export function terminalIn({ width, height, words }: Picture): Area | undefined {
  let [longest, current]: (Area | undefined)[] = [];
  for (let y = 0; y < height; y++) {
    const { first, count } = whiteIn(words.subarray(y * width, (y + 1) * width));
    if (count < TERMINAL.width / 2) {
      current = undefined;
      continue;
    }
    current ??= { left: first, top: y, right: first + TERMINAL.width, bottom: y };
    current.left = Math.min(current.left, first);
    current.bottom = y + 1;
    if (!longest || current.bottom - current.top > longest.bottom - longest.top) longest = current;
  }
  return longest && longest.bottom - longest.top > TERMINAL.height / 2 ? longest : undefined;
}

/** Where the first white pixel of a line is, and how many there are. */
function whiteIn(row: Uint32Array): { first: number; count: number } {
  let [first, count] = [-1, 0];
  for (let x = 0; x < row.length; x++) {
    if ((row[x]! & WHITE) !== WHITE) continue;
    if (count === 0) first = x;
    count++;
  }
  return { first, count };
}

/** The terminal once the window manager has put its bar above it. */
export function framedTerminalIn(picture: Picture): Area | undefined {
  const area = terminalIn(picture);
  if (!area || area.top < LINES_ABOVE[1]) return undefined;
  const [line, bar, upperLine] = [LINES_ABOVE[0], TITLE_ABOVE, LINES_ABOVE[1]].map((above) => area.top - above);
  // Before it is there, all around the text is black.
  return isBlack(picture, area, line!) && isBlack(picture, area, upperLine!) && !isBlack(picture, area, bar!)
    ? area
    : undefined;
}

function isBlack({ width, words }: Picture, { left, right }: Area, y: number): boolean {
  return words.subarray(y * width + left, y * width + right).every((word) => (word & WHITE) === 0);
}
