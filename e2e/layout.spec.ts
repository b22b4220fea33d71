import { expect, test } from "@playwright/test";

for (const [name, viewport] of [
  ["desktop", { width: 1280, height: 800 }],
  ["phone", { width: 390, height: 844 }],
] as const) {
  test(`the ${name}'s page shows screen and terminal within its width`, async ({ page }) => {
    await page.setViewportSize(viewport);
    await page.goto("?guest=seabios");
    const screen = await page.locator("screen-view").boundingBox();
    const terminal = await page.locator("terminal-view").boundingBox();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
    for (const box of [screen, terminal]) {
      expect(box!.width).toBeGreaterThan(300);
      expect(box!.height).toBeGreaterThan(150);
      expect(box!.x + box!.width).toBeLessThanOrEqual(viewport.width);
      expect(box!.y + box!.height).toBeLessThanOrEqual(viewport.height);
    }
    if (name === "desktop") expect(terminal!.x).toBeGreaterThan(screen!.x + screen!.width);
    else expect(terminal!.y).toBeGreaterThan(screen!.y + screen!.height);
  });
}

test("the screen of a small phone stays where it is, whatever the status line says", async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto("?guest=seabios");
  const statusLine = page.locator("status-line");
  const canvas = page.locator("screen-view canvas");
  await expect(statusLine).toContainText(/Running\s+(idle|\S+ MIPS)/);
  const running = [await canvas.boundingBox(), (await statusLine.boundingBox())!.height] as const;
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(statusLine).toContainText("Paused");
  const paused = [await canvas.boundingBox(), (await statusLine.boundingBox())!.height] as const;
  expect(paused[1]).toBeLessThan(running[1]);
  expect(paused[0]).toEqual(running[0]);
});
