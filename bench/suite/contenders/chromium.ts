/** Tabvisor's page in headless Chromium. The page boots the catalogue's guest; for the programs its initrd is exchanged on the way. */
import { existsSync, readFileSync } from "node:fs";
import { type Browser, chromium as browserType, type LaunchOptions, type Page } from "@playwright/test";
import { filesOf } from "../../../images/guests.ts";
import playwrightConfig from "../../../playwright.config.ts";
import type {} from "../../../src/ui/pageApi.ts";
import type { EngineMode } from "../../../src/vm/vmConfig.ts";
import { type PageServer, serve } from "../../../tools/serve.ts";
import type { BootTiming, Contender, GuestFigures, RunningGuest } from "../contender.ts";
import type { BootFiles, GuestImage } from "../guestImage.ts";
import { promptTime } from "../prompt.ts";
import type { SerialPort } from "../serialPort.ts";
import { figuresOf } from "./tabvisor.ts";

/** A machine of the page keeps its figures for half a second. */
const STATS_AGE_MS = 700;
const PORT = 5263;

/** The very browser of the end-to-end tests. */
const launchOptions: LaunchOptions = playwrightConfig.use?.launchOptions ?? {};
const executable = (): string => launchOptions.executablePath ?? browserType.executablePath();

declare global {
  /** Installed by Playwright: hands text of the serial line over, with the page's own time. */
  var benchSerial: (text: string, atMs: number) => void;
  var benchEnded: (why: string) => void;
}

export function chromium(engine: EngineMode): Contender {
  return {
    id: "chromium",
    title: "Tabvisor in Chromium",
    arches: ["amd64", "i386"],
    missing: () => (existsSync(executable()) ? undefined : "there is no Chromium (Debian's chromium)"),
    start: (image) => start(image, engine),
    boot: (files, image) => boot(files, image, engine),
  };
}

async function start(image: GuestImage, engine: EngineMode): Promise<RunningGuest> {
  const tab = await openTab();
  try {
    const body = readFileSync(image.initrd);
    await tab.page.route(`**/images/${filesOf(image.guest).initrd}`, (route) => route.fulfill({ body }));
    const port = await serialPortOf(tab.page);
    await tab.page.goto(addressOf(tab.server, image, image, engine));
    return { port, figures: () => figures(tab.page), stop: () => tab.close() };
  } catch (error) {
    await tab.close();
    throw error;
  }
}

async function boot(files: BootFiles, image: GuestImage, engine: EngineMode): Promise<BootTiming> {
  const tab = await openTab();
  try {
    const arrival = promptTime(await serialPortOf(tab.page));
    await tab.page.goto(addressOf(tab.server, image, files, engine));
    const milliseconds = await arrival; // since navigation started: performance.now() of the page
    return { seconds: milliseconds / 1000, ...(await figures(tab.page)) };
  } finally {
    await tab.close();
  }
}

interface Tab {
  server: PageServer;
  page: Page;
  close(): Promise<void>;
}

async function openTab(): Promise<Tab> {
  const server = await serve({ port: PORT });
  let browser: Browser | undefined;
  const close = async () => {
    await browser?.close();
    await server.close();
  };
  try {
    browser = await browserType.launch(launchOptions);
    return { server, page: await browser.newPage(), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function addressOf({ url }: PageServer, { guest }: GuestImage, files: BootFiles, engine: EngineMode): string {
  const query = new URLSearchParams({ guest: guest.id, engine, memory: String(files.memoryMib), append: files.append });
  return `${url}?${query}`;
}

async function figures(page: Page): Promise<GuestFigures> {
  await page.waitForTimeout(STATS_AGE_MS);
  return figuresOf(await page.evaluate(() => globalThis.tabvisor.machines[0]!.stats()));
}

/** Must be called before the page is loaded. */
async function serialPortOf(page: Page): Promise<SerialPort> {
  const early: [string, number][] = [];
  let onText = (text: string, atMs: number): void => void early.push([text, atMs]);
  let onEnd: ((why: string) => void) | undefined;
  await page.exposeFunction("benchSerial", (text: string, atMs: number) => onText(text, atMs));
  await page.exposeFunction("benchEnded", (why: string) => onEnd?.(why));
  await page.addInitScript(watchMachine);
  page.once("crash", () => onEnd?.("the page has crashed"));
  return {
    send: (text) => void page.evaluate((t) => globalThis.tabvisor.machines[0]!.send(t), text).catch(() => undefined),
    onText: (listener) => {
      onText = listener;
      for (const [text, atMs] of early.splice(0)) listener(text, atMs);
    },
    onEnd: (listener) => {
      onEnd = listener;
    },
  };
}

/** Runs in the page: passes on what the first machine writes, from the first byte, and how it ends. */
function watchMachine(): void {
  const look = setInterval(() => {
    const machine = globalThis.tabvisor?.machines[0];
    if (machine === undefined) return;
    clearInterval(look);
    machine.serial.onOutput((bytes) => benchSerial(String.fromCharCode(...bytes), performance.now()));
    machine.on("state", () => {
      const { state, failure, reason } = machine;
      if (failure !== undefined || reason !== undefined)
        benchEnded(failure?.message ?? `${state}: ${JSON.stringify(reason)}`);
    });
  }, 1);
}
