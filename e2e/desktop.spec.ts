/** Debian desktops in the page, drawn by Xorg on bochs-drm and by its vesa driver: their windows, and the mouse that drags one. */
import { writeFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import type { Area } from "../tests/support/pixels.ts";
import { framedTerminalIn, TERMINAL, TITLE_ABOVE, terminalIn } from "../tests/support/terminal.ts";
import { serialText } from "./fixtures/machines.ts";
import { picture } from "./fixtures/pictures.ts";

/** A guest of some ten billion instructions, on a machine that may have other things to do. */
const LIMIT_MS = 900_000;
const ANSWER_MS = 20_000;
const DRAGS_MS = 180_000;
/** Of the screen, of which the tests know how large its windows are. */
const WIDTH = 1024;
/** Taking a picture keeps a processor busy, which the guest has use for. */
const LOOKS_MS = [3000];
const MOTION_MS = 100;
const DRAG = { x: 120, y: 90 };
const STEPS = 6;
/** Pixels by which a window may miss the pointer: positions come in fractions of the screen. */
const TOLERANCE = 4;

// So large that each pixel of the guest's is one of the page's, which shows the terminal of the serial line beside the screen.
test.use({ viewport: { width: 2160, height: 1000 } });

/** Whether the kernel has a driver for the screen. */
const DESKTOPS = { "debian-desktop": true, "debian-desktop-vesa": false };

for (const [guest, hasKernelDriver] of Object.entries(DESKTOPS)) {
  test(`${guest} shows its windows, and the mouse drags one`, async ({ page }, info) => {
    test.setTimeout(LIMIT_MS);
    await page.goto(`?guest=${guest}`);
    const canvas = page.locator("screen-view canvas");
    const width = async () => (await canvas.boundingBox())?.width;
    await expect.poll(width, { timeout: LIMIT_MS, intervals: LOOKS_MS }).toBe(WIDTH);
    let looks = 0;
    const framed = async () => {
      // On a host that is busy for ten minutes Xorg's screen saver would come; a person who waits moves the mouse.
      await canvas.hover({ position: { x: 10 + (looks++ % 2), y: 10 } });
      return framedTerminalIn(await picture(page));
    };
    await expect.poll(framed, { timeout: LIMIT_MS, intervals: LOOKS_MS }).toBeDefined();
    expect(/Initialized bochs-drm/.test(await serialText(page))).toBe(hasKernelDriver);
    // The pointer's driver may come after the windows.
    await expect(canvas).toHaveCSS("cursor", "none", { timeout: DRAGS_MS });
    const box = (await canvas.boundingBox())!;
    const drag = async (from: { x: number; y: number }): Promise<void> => {
      const moveTo = async (share: number) => {
        await page.mouse.move(box.x + from.x + DRAG.x * share, box.y + from.y + DRAG.y * share);
        await page.waitForTimeout(MOTION_MS);
      };
      await moveTo(0);
      await page.mouse.down();
      for (let step = 1; step <= STEPS; step++) await moveTo(step / STEPS);
      await page.mouse.up();
    };
    const missedBy = (before: Area, now: Area | undefined) =>
      now && Math.max(Math.abs(now.left - before.left - DRAG.x), Math.abs(now.top - before.top - DRAG.y));
    await expect(async () => {
      const before = (await framed())!;
      await drag({ x: before.left + TERMINAL.width / 2, y: before.top - TITLE_ABOVE });
      const missed = async () => missedBy(before, terminalIn(await picture(page)));
      await expect.poll(missed, { timeout: ANSWER_MS }).toBeLessThanOrEqual(TOLERANCE);
    }).toPass({ timeout: DRAGS_MS });
    writeFileSync(info.outputPath("desktop.png"), await page.screenshot());
  });
}
