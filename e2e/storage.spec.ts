/** Overlays in the browser's storage: what was flushed outlives its tab, and failures are clear. */
import { type BrowserContext, expect, type Page, test } from "@playwright/test";
import { build } from "esbuild";
import { FIRST_STAMP, leastAfter, SECTOR_BYTES } from "../tests/storage/stampedWrites.ts";
import { Random } from "../tests/support/random.ts";
import type { OpfsReport, OpfsTask } from "./fixtures/opfsWorker.ts";

const SIZE_BYTES = 30 * 0x1_0000;
const KILLS = 6;

let program = "";
test.beforeAll(async () => {
  const entryPoints = [new URL("./fixtures/opfsWorker.ts", import.meta.url).pathname];
  const { outputFiles } = await build({ entryPoints, bundle: true, write: false, format: "iife", logLevel: "silent" });
  program = outputFiles[0].text;
});

/** A page that does nothing but run the worker, whose last reports are in `globalThis.reports`. */
async function startWorker(context: BrowserContext, task: OpfsTask): Promise<Page> {
  const page = await context.newPage();
  await page.goto("icon.svg");
  await page.evaluate(
    ([source, message]) => {
      const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
      const reports: unknown[] = [];
      Object.assign(globalThis, { reports });
      worker.onmessage = ({ data }) => reports.push(data);
      worker.postMessage(message);
    },
    [program, task] as const,
  );
  return page;
}

function reportsOf(page: Page): Promise<OpfsReport[]> {
  return page.evaluate(() => (globalThis as unknown as { reports: OpfsReport[] }).reports);
}

/** Waits for a report of this kind; a failure is one too. The first one: the worker goes on. */
async function waitFor(page: Page, key: "flushed" | "stamps" | "error"): Promise<OpfsReport> {
  const find = async () => (await reportsOf(page)).find((report) => key in report || "error" in report);
  await expect.poll(find).toBeDefined();
  return (await find()) as OpfsReport;
}

/** Ends the tab's process in the middle of what it does. */
async function kill(page: Page): Promise<void> {
  const crashed = new Promise((resolve) => page.once("crash", resolve));
  const session = await page.context().newCDPSession(page);
  void session.send("Page.crash").catch(() => undefined);
  await crashed;
  await page.close();
}

async function readStamps(context: BrowserContext, overlay: string): Promise<Uint32Array> {
  const page = await startWorker(context, { overlay, sizeBytes: SIZE_BYTES });
  const report = await waitFor(page, "stamps");
  await page.close();
  expect(report).toHaveProperty("stamps");
  return Uint32Array.from((report as { stamps: number[] }).stamps);
}

test("a tab that is killed loses nothing that was flushed", async ({ context }) => {
  const random = new Random(12);
  let known: Uint32Array = new Uint32Array(SIZE_BYTES / SECTOR_BYTES).fill(FIRST_STAMP);
  let first = FIRST_STAMP + 1;
  for (let killed = 0; killed < KILLS; killed++) {
    const seed = random.u32();
    const page = await startWorker(context, { overlay: "killed", sizeBytes: SIZE_BYTES, seed, first });
    await waitFor(page, "flushed");
    await page.waitForTimeout(random.below(150));
    const last = (await reportsOf(page)).at(-1) as { flushed: number };
    await kill(page);
    const least = leastAfter(known, seed, first, last.flushed);
    const found = await readStamps(context, "killed");
    expect([...found.keys()].filter((sector) => found[sector] < least[sector])).toEqual([]);
    known = found;
    first = Math.max(last.flushed, ...found) + 1;
  }
});

/** The quota of a profile of its own on the disk can be set. */
test("a full browser storage is a clear failure, and what was flushed stays", async ({
  playwright,
  launchOptions,
  baseURL,
}, testInfo) => {
  const profile = testInfo.outputPath("profile");
  const context = await playwright.chromium.launchPersistentContext(profile, {
    ...launchOptions,
    baseURL: baseURL ?? "",
  });
  const flushed = await startWorker(context, { overlay: "full", sizeBytes: SIZE_BYTES, seed: 1, first: 2 });
  await waitFor(flushed, "flushed");
  await flushed.close();
  const before = await readStamps(context, "full");
  const writer = await context.newPage();
  await writer.goto("icon.svg");
  const session = await context.newCDPSession(writer);
  const origin = new URL(writer.url()).origin;
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 8 * 0x10_0000 });
  const page = await startWorker(context, { overlay: "large", sizeBytes: 64 * 0x10_0000, seed: 2, first: 2 });
  expect(await waitFor(page, "error")).toEqual({ error: "overlay large: the browser's storage for this page is full" });
  await page.close();
  expect(await readStamps(context, "full")).toEqual(before);
  await context.close();
});

test("two machines cannot have one overlay", async ({ context }) => {
  const page = await startWorker(context, { overlay: "shared", sizeBytes: SIZE_BYTES, seed: 3, first: 2 });
  await waitFor(page, "flushed");
  const second = await startWorker(context, { overlay: "shared", sizeBytes: SIZE_BYTES });
  expect(await waitFor(second, "stamps")).toEqual({
    error: "overlay shared: another machine or tab is using it",
  });
});
