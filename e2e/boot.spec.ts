import { writeFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { screenText, send, state, stats, waitForScreen, waitForSerial, waitForShell } from "./fixtures/machines.ts";
import { agreement, litCells } from "./fixtures/pixels.ts";

test("the page boots the default guest to a shell one can type into", async ({ page }) => {
  await page.goto("");
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await expect(page.getByRole("tab", { name: /64-bit/ })).toBeVisible();
  await waitForShell(page);

  // The terminal has the keyboard from the start.
  await page.keyboard.type("uname -m\n");
  await waitForSerial(page, 0, /\nx86_64\r?\n/);
  await expect(page.locator(".xterm-rows")).toContainText("x86_64");

  const { instructions, mips, translatedShare } = await stats(page);
  expect(instructions).toBeGreaterThan(1e8);
  expect(mips).toBeGreaterThan(1);
  expect(translatedShare).toBeGreaterThan(0.8);
});

test("the VGA canvas shows the text screen, and takes the keyboard", async ({ page }, info) => {
  await page.goto("?guest=linux-amd64&engine=interp&memory=192");
  await waitForShell(page);
  await page.locator("screen-view .room").focus();
  // A PC keyboard holds 16 bytes: faster than a person types, on a loaded machine, keys would be lost.
  const delay = { delay: 50 };
  // Playwright types no Shift by itself, and a PC keyboard has no "$" without it.
  await page.keyboard.type("uname -m; echo ", delay);
  await page.keyboard.press("Shift+KeyH");
  await page.keyboard.type("i\n", delay);
  await waitForScreen(page, 0, /^x86_64 *\nHi *$/m, 20_000);
  await page.locator("screen-view .hint").waitFor({ state: "hidden" });

  const screenshot = await page.locator("screen-view canvas").screenshot();
  writeFileSync(info.outputPath("screen.png"), screenshot);
  const lines = (await screenText(page)).split("\n");
  expect(lines.join("").trim().length).toBeGreaterThan(100);
  const lit = litCells(screenshot, 80, 25);
  // The cursor is a lit cell without a character.
  expect(agreement(lit, lines)).toBeGreaterThan(0.97);
});

test("a 64-bit and a 32-bit guest run side by side", async ({ page }) => {
  await page.goto("?guest=linux-amd64");
  await page.getByRole("button", { name: "New machine" }).click();
  await page.locator(".card[data-guest=linux-686]").click();
  await expect(page.getByRole("tab")).toHaveCount(2);
  await Promise.all([waitForShell(page, 0), waitForShell(page, 1)]);

  await Promise.all([send(page, 0, "uname -m\n"), send(page, 1, "uname -m\n")]);
  await waitForSerial(page, 0, /\nx86_64\r?\n/);
  await waitForSerial(page, 1, /\ni686\r?\n/);

  // Pausing, resetting and closing one leaves the other alone.
  await page.getByRole("tab", { name: /32-bit/ }).click();
  await page.getByRole("button", { name: "Pause" }).click();
  await expect.poll(() => state(page, 1)).toBe("paused");
  await send(page, 0, "echo still $((1+1)) here\n");
  await waitForSerial(page, 0, /\nstill 2 here/);
  await page.getByRole("button", { name: "Resume" }).click();
  await send(page, 1, "echo back $((2+2))\n");
  await waitForSerial(page, 1, /\nback 4/);
  await page.getByRole("button", { name: "Close" }).click();
  await expect(page.getByRole("tab")).toHaveCount(1);
  await send(page, 0, "echo alone $((3+3))\n");
  await waitForSerial(page, 0, /\nalone 6/);
});

test("SeaBIOS finds nothing to boot, and again after a reset", async ({ page }) => {
  await page.goto("?guest=seabios");
  await waitForScreen(page, 0, /SeaBIOS \(version/);
  await waitForScreen(page, 0, /No bootable device/);
  // The figures come every half second.
  await expect.poll(async () => (await stats(page)).instructions).toBeGreaterThan(1e5);
  // The second time it is there again within a few tenths of a second: it is the page that looks often enough.
  const gone = page.evaluate(async () => {
    const text = async () => (await globalThis.tabvisor?.machines[0]?.screenText()) ?? "";
    while ((await text()).includes("No bootable device")) await new Promise((go) => setTimeout(go, 5));
  });
  await page.getByRole("button", { name: "Reset" }).click();
  await gone;
  await waitForScreen(page, 0, /No bootable device/);
});

test("a guest that powers off says so and can be started again", async ({ page }) => {
  await page.goto("?guest=linux-amd64");
  await waitForShell(page);
  await send(page, 0, "poweroff -f\n");
  await expect.poll(() => state(page)).toBe("off");
  await expect(page.getByText("The guest has powered the machine off")).toBeVisible();
});
