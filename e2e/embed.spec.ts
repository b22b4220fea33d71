import { expect, type Frame, type Page, test } from "@playwright/test";
import { type EmbedHost, startEmbedHost } from "./fixtures/embedHost.ts";
import { send, stats, waitForScreen, waitForSerial, waitForShell } from "./fixtures/machines.ts";

const NO_SHARED_MEMORY = /not cross-origin isolated: running without shared memory/;

let host: EmbedHost | undefined;

test.afterEach(() => host?.close());

async function openHost(page: Page, baseURL: string, isolated: boolean): Promise<{ first: Frame; second: Frame }> {
  host = await startEmbedHost(baseURL, isolated);
  await page.goto(host.url);
  const frame = (name: string): Frame => {
    const found = page.frame({ name });
    if (found === null) throw new Error(`no frame called ${name}`);
    return found;
  };
  return { first: frame("first"), second: frame("second") };
}

test("a page of another origin embeds two machines, without shared memory", async ({ page, baseURL }) => {
  const { first, second } = await openHost(page, baseURL!, false);
  await expect(first.getByText(NO_SHARED_MEMORY)).toBeVisible();
  expect(await first.evaluate(() => crossOriginIsolated)).toBe(false);
  await waitForScreen(second, 0, /No bootable device/);
  await expect(second.locator("terminal-view")).toHaveCount(0);
  await waitForShell(first);
  await send(first, 0, "uname -m\n");
  await waitForSerial(first, 0, /\nx86_64\r?\n/);
  expect((await stats(first)).translatedShare).toBeGreaterThan(0.8);
});

test("an isolated page of another origin gives its machines shared memory", async ({ page, baseURL }) => {
  const { first, second } = await openHost(page, baseURL!, true);
  await expect(second.locator("screen-view canvas")).toBeVisible();
  expect(await second.evaluate(() => crossOriginIsolated)).toBe(true);
  await expect(first.getByText(NO_SHARED_MEMORY)).toHaveCount(0);
  await waitForScreen(second, 0, /No bootable device/);
});
