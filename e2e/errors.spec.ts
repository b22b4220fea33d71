import { expect, type Page, test } from "@playwright/test";
import { state, waitForScreen } from "./fixtures/machines.ts";

for (const [query, message] of [
  ["guest=nope", /guest=nope: there is no such guest; there are linux-amd64, /],
  ["memory=999999", /memory=999999: guest memory is a whole number of MiB, from 1 to 3072/],
  ["memory=lots", /memory=lots: guest memory/],
  ["engine=fast", /engine=fast: it must be one of auto, interp, jit/],
] as const) {
  for (const page of ["", "embed.html"]) {
    test(`${page}?${query} is a clear message`, async ({ page: tab }) => {
      await tab.goto(`${page}?${query}`);
      await expect(tab.getByRole("alert").filter({ hasText: message })).toBeVisible();
      expect(await tab.evaluate(() => globalThis.tabvisor.machines.length)).toBe(0);
    });
  }
}

test("after a wrong parameter the guest menu still works", async ({ page }) => {
  await page.goto("?guest=nope");
  await page.getByRole("button", { name: "Choose a guest" }).click();
  await page.getByRole("button", { name: /SeaBIOS/ }).click();
  await expect(page.getByRole("tab", { name: /SeaBIOS/ })).toBeVisible();
  await expect(page.getByText("there is no such guest")).toHaveCount(0);
});

/** As if only the firmware had been built. */
async function hideGuests(page: Page): Promise<void> {
  // Asked here, not when the page asks: it may do so again when its test is over.
  const index = await (await page.request.get("images/index.json")).json();
  for (const guest of index.guests) guest.available = guest.id === "seabios";
  await page.route("**/images/index.json", (route) => route.fulfill({ json: index }));
}

test("a guest that is not built says how to build it, where the server does not", async ({ page }) => {
  await hideGuests(page);
  await page.route("**/image-builds/**", (route) => route.fulfill({ status: 404 }));
  await page.goto("?guest=linux-686");
  await expect(page.getByRole("alert").filter({ hasText: "npm run image linux-686" })).toBeVisible();
  await page.getByRole("button", { name: "New machine" }).click();
  await expect(page.locator(".card[data-guest=linux-686]")).toBeDisabled();
  await expect(page.locator(".card[data-guest=linux-686]")).toContainText("npm run image linux-686");
});

test("a guest that is not built is built by the server when it is started", async ({ page }) => {
  await hideGuests(page);
  await page.goto("?guest=seabios");
  await page.getByRole("button", { name: "New machine" }).click();
  await page.locator(".card[data-guest=memtest86-ia32]").click();
  await waitForScreen(page, 1, /Memtest86\+/);
});

test("a build that fails says why", async ({ page }) => {
  await hideGuests(page);
  const lines = [{ progress: "linux-686: fetching" }, { end: "failed", message: "linux-686: no such package" }];
  const body = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  await page.route("**/image-builds/linux-686", (route) => route.fulfill({ body }));
  await page.goto("?guest=linux-686");
  await expect(page.getByRole("alert").filter({ hasText: "linux-686: no such package" })).toBeVisible();
});

test("a file that cannot be fetched is a message, and can be tried again", async ({ page }) => {
  await page.route("**/images/seabios/bios.bin", (route) => route.fulfill({ status: 503 }));
  await page.goto("?guest=seabios");
  await expect(
    page.getByRole("alert").filter({ hasText: "images/seabios/bios.bin could not be fetched: HTTP 503" }),
  ).toBeVisible();
  expect(await state(page)).toBe("failed");
  await page.unroute("**/images/seabios/bios.bin");
  await page.getByRole("button", { name: "Try again" }).click();
  await waitForScreen(page, 0, /SeaBIOS/);
});

test("a kernel that is none is a message", async ({ page }) => {
  await page.route("**/vmlinuz", (route) => route.fulfill({ body: "this is no kernel" }));
  await page.goto("?guest=linux-amd64");
  await expect(page.getByRole("alert").filter({ hasText: /kernel|bzImage/ })).toBeVisible();
});

test("a browser without WebAssembly SIMD is told which version has it", async ({ page }) => {
  await page.addInitScript(() => {
    WebAssembly.validate = () => false;
  });
  await page.goto("");
  const message = /no WebAssembly SIMD, which Tabvisor needs; Chrome 91, Edge 91, Firefox 89 and Safari 16\.4 have it/;
  await expect(page.getByRole("alert").filter({ hasText: message })).toBeVisible();
});

test("without OffscreenCanvas the page draws the screen itself", async ({ page }) => {
  await page.addInitScript(() => {
    Reflect.deleteProperty(HTMLCanvasElement.prototype, "transferControlToOffscreen");
  });
  await page.goto("?guest=seabios");
  await expect(page.getByText(/no OffscreenCanvas: drawing the screen on the page's own thread/)).toBeVisible();
  await waitForScreen(page, 0, /SeaBIOS/);
  const drawn = (): Promise<boolean> =>
    page.locator("screen-view canvas").evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const pixels = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height).data;
      return pixels.some((value, index) => index % 4 !== 3 && value > 60);
    });
  await expect.poll(drawn).toBe(true);
});

test("a page that is not cross-origin isolated runs, and says how", async ({ page }) => {
  await page.route("**/?guest=seabios", async (route) => {
    const response = await route.fetch();
    const headers = { ...response.headers() };
    delete headers["cross-origin-embedder-policy"];
    await route.fulfill({ response, headers });
  });
  await page.goto("?guest=seabios");
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  await expect(page.getByText("This page is not cross-origin isolated: running without shared memory.")).toBeVisible();
  await waitForScreen(page, 0, /SeaBIOS/);
});

test("a worker that dies is a message", async ({ page }) => {
  await page.route("**/assets/vmWorker-*.js", (route) => route.fulfill({ status: 404, body: "" }));
  await page.goto("?guest=seabios");
  await expect(page.getByRole("alert").filter({ hasText: "The machine's worker has died" })).toBeVisible();
});
