/** Debian's installer in the page: its first question in text and under X, and what the keyboard and the mouse do there. */
import { expect, type Page, test } from "@playwright/test";
import { type Fits, middleOfLines, wholeOf } from "../tests/support/pixels.ts";
import { waitForScreen } from "./fixtures/machines.ts";
import { picture } from "./fixtures/pictures.ts";

/** A guest of ten billion instructions, on a machine that may have other things to do. */
const LIMIT_MS = 900_000;
const ANSWER_MS = 60_000;
const KEY_MS = 100;
const KEY_SETTLE_MS = 3000;

/** The middle of the lines with the entry that is drawn as chosen; -1 where there is none. */
async function chosenLine(page: Page, share: number, fits: Fits): Promise<number> {
  const now = await picture(page);
  return middleOfLines(now, wholeOf(now), share, fits) ?? -1;
}

test("the text installer asks for a language, and arrow keys choose", async ({ page }) => {
  test.setTimeout(LIMIT_MS);
  await page.goto("?guest=debian-installer-i386-text");
  await waitForScreen(page, 0, /Select a language/, LIMIT_MS);
  const isRed: Fits = (red, green, blue) => red > 120 && green < 60 && blue < 60;
  const chosen = () => chosenLine(page, 0.3, isRed);
  await expect.poll(chosen, { timeout: ANSWER_MS }).toBeGreaterThan(0);
  const before = await chosen();
  await page.locator("screen-view .room").focus();
  await page.keyboard.press("ArrowDown", { delay: KEY_MS });
  await expect.poll(chosen, { timeout: ANSWER_MS }).toBeGreaterThan(before + 5);
  // A key is repeated if the host is so busy that its release comes late: how far the arrows go is left open.
  await page.waitForTimeout(KEY_SETTLE_MS);
  const lower = await chosen();
  await page.keyboard.press("ArrowUp", { delay: KEY_MS });
  await expect.poll(chosen, { timeout: ANSWER_MS }).toBeLessThan(lower - 5);
});

test("the graphical installer's list follows keys and mouse", async ({ page }) => {
  test.setTimeout(LIMIT_MS);
  await page.goto("?guest=debian-installer-amd64-gtk");
  await page.waitForFunction(() => globalThis.tabvisor?.machines[0]?.screenSize.width === 1024, undefined, {
    timeout: LIMIT_MS,
  });
  const isGreen: Fits = (red, green, blue) => red < 70 && green > 110 && blue > 100 && blue < 140;
  const chosen = () => chosenLine(page, 0.7, isGreen);
  await expect.poll(chosen, { timeout: LIMIT_MS, intervals: [2000] }).toBeGreaterThan(0);
  const first = await chosen();
  await page.locator("screen-view .room").focus();
  // The list is drawn before it listens to keys.
  await expect(async () => {
    await page.keyboard.press("ArrowDown", { delay: KEY_MS });
    await page.waitForTimeout(KEY_SETTLE_MS);
    expect(await chosen()).toBeGreaterThan(first + 5);
  }).toPass({ timeout: ANSWER_MS });
  // In fractions of the screen: an entry some way above.
  const { height } = await picture(page);
  const point = (y: number, buttons: number) =>
    page.evaluate(([at, held]) => globalThis.tabvisor.machines[0]!.pointTo(0.2, at!, 0, held!), [y, buttons]);
  for (const buttons of [0, 1, 0]) {
    await point(first / height - 0.13, buttons);
    await page.waitForTimeout(KEY_MS);
  }
  await expect.poll(chosen, { timeout: ANSWER_MS }).toBeLessThan(first - 20);
});
