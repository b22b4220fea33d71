/** The screen benchmark's guest in the page, in headless Chromium; a display is the page's canvas. */
import { chromium } from "@playwright/test";
import { DEFAULT_GUEST, findGuest } from "../../images/guests.ts";
import playwrightConfig from "../../playwright.config.ts";
import type {} from "../../src/ui/pageApi.ts";
import type { EngineMode } from "../../src/vm/vmConfig.ts";
import { serve } from "../../tools/serve.ts";
import { screenKernel } from "./program.ts";
import type { ScreenGuest } from "./screen.ts";

const PORT = 5264;
/** The page keeps its figures for this long. */
const STATS_AGE_MS = 600;

/** Any guest of the page that has a kernel will do: the kernel is exchanged on the way. */
const GUEST = findGuest(DEFAULT_GUEST)!;

export async function startInChromium(engine: EngineMode): Promise<ScreenGuest> {
  const server = await serve({ port: PORT });
  const browser = await chromium.launch(playwrightConfig.use?.launchOptions ?? {});
  const stop = async () => {
    await browser.close();
    await server.close();
  };
  try {
    const page = await browser.newPage();
    const body = Buffer.from(screenKernel());
    await page.route(`**/images/${GUEST.files?.kernel}`, (route) => route.fulfill({ body }));
    await page.goto(`${server.url}?${new URLSearchParams({ guest: GUEST.id, engine, append: "" })}`);
    await page.waitForFunction(() => globalThis.tabvisor?.machines[0]?.screenSize.width === 1024);
    return {
      count: () =>
        page.evaluate(async (ageMs) => {
          const machine = globalThis.tabvisor.machines[0]!;
          await new Promise((resolve) => setTimeout(resolve, ageMs));
          const { instructions } = machine.stats();
          while (machine.stats().instructions === instructions) await new Promise((resolve) => setTimeout(resolve, 1));
          return { instructions: machine.stats().instructions, atMs: performance.now() };
        }, STATS_AGE_MS),
      show: (shown) => page.evaluate((visible) => globalThis.tabvisor.machines[0]!.setVisible(visible), shown),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
