/** A Debian desktop in the page, drawn by Xorg's vesa driver: its windows, and the mouse that drags one. */
import { expect, type Page, test } from "@playwright/test";
import { type Fits, type Picture, picture } from "./fixtures/pictures.ts";

/** A guest of some ten billion instructions, on a machine that may have other things to do. */
const LIMIT_MS = 900_000;
const ANSWER_MS = 20_000;
const DRAGS_MS = 180_000;
const MOTION_MS = 100;
/** Fractions of the screen of 1024 x 768: xterm's text, of which half is white in every line, and its title bar above. */
const TERMINAL = { width: 480 / 1024, height: 316 / 768 };
const TITLE_ABOVE = 11 / 768;
const DRAG = { x: 0.1, y: 0.12 };
const TOLERANCE = 0.02;
const STEPS = 6;

const isWhite: Fits = (red, green, blue) => red > 240 && green > 240 && blue > 240;

/** The upper left corner of the terminal's text, in fractions of the screen: its lines are mostly white. */
function terminalIn({ width, height, colours }: Picture): { x: number; y: number } | undefined {
  let lines = 0;
  for (let y = 0; y < height; y++) {
    const white = Array.from({ length: width }, (_, x) => x).filter((x) => isWhite(...colours(x, y)));
    lines = white.length >= (width * TERMINAL.width) / 2 ? lines + 1 : 0;
    if (lines > (height * TERMINAL.height) / 2) return { x: white[0]! / width, y: (y + 1 - lines) / height };
  }
  return undefined;
}

async function drag(page: Page, from: { x: number; y: number }): Promise<void> {
  const point = async (share: number, buttons: number) => {
    const [x, y] = [from.x + DRAG.x * share, from.y + DRAG.y * share];
    await page.evaluate(
      ([toX, toY, held]) => globalThis.tabvisor.machines[0]!.pointTo(toX!, toY!, 0, held!),
      [x, y, buttons],
    );
    await page.waitForTimeout(MOTION_MS);
  };
  await point(0, 0);
  for (let step = 0; step <= STEPS; step++) await point(step / STEPS, 1);
  await point(1, 0);
}

test("a desktop shows its windows, and the mouse drags one", async ({ page }) => {
  test.setTimeout(LIMIT_MS);
  await page.goto("?guest=debian-desktop-vesa");
  const terminal = async () => terminalIn(await picture(page));
  await expect.poll(terminal, { timeout: LIMIT_MS, intervals: [2000] }).toBeDefined();
  // The terminal is there before the window manager and the mouse's driver are.
  await expect(async () => {
    const before = (await terminal())!;
    await drag(page, { x: before.x + TERMINAL.width / 2, y: before.y - TITLE_ABOVE });
    const moved = async () => {
      const now = await terminal();
      return now && Math.max(Math.abs(now.x - before.x - DRAG.x), Math.abs(now.y - before.y - DRAG.y));
    };
    await expect.poll(moved, { timeout: ANSWER_MS }).toBeLessThan(TOLERANCE);
  }).toPass({ timeout: DRAGS_MS });
});
