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

// In the first the speed has a line of its own.
for (const width of [320, 390, 700, 1000]) {
  test(`in a page of ${width} pixels the screen stays where it is, whatever the status line says`, async ({ page }) => {
    await page.setViewportSize({ width, height: 640 });
    await page.goto("?guest=seabios");
    const statusLine = page.locator("status-line");
    const boxOf = async (selector: string) => (await page.locator(selector).boundingBox())!;
    await expect(statusLine).toContainText(/Running\s+(idle|\S+ MIPS)/);
    const [running, state] = [await boxOf("screen-view canvas"), await boxOf("status-line .state")];
    const speed = (await statusLine.getByText(/idle|MIPS/).boundingBox())!;
    if (width === 320) expect(speed.y).toBeGreaterThanOrEqual(state.y + state.height);
    for (const { x, y, width: itsWidth, height } of [state, speed]) {
      expect(x + itsWidth).toBeLessThanOrEqual((await boxOf("machine-toolbar")).x);
      expect(y).toBeGreaterThanOrEqual((await boxOf("status-line")).y);
      expect(y + height).toBeLessThanOrEqual((await boxOf("screen-view")).y);
    }
    await page.getByRole("button", { name: "Pause" }).click();
    await expect(statusLine).toContainText("Paused");
    await expect(statusLine).not.toContainText(/idle|MIPS/);
    expect(await boxOf("screen-view canvas")).toEqual(running);
  });
}
