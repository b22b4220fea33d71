import { expect, test } from "@playwright/test";
import { screenText, waitForScreen } from "./fixtures/machines.ts";

for (const guest of ["memtest86-ia32", "memtest86-x64"]) {
  test(`${guest} boots from its CD and goes on without errors`, async ({ page }) => {
    await page.goto(`?guest=${guest}`);
    await waitForScreen(page, 0, /Memtest86\+ v\d/);
    await waitForScreen(page, 0, /Pass +([2-9]|\d\d)%/);
    expect(await screenText(page)).toMatch(/Errors: 0\b/);
  });
}

test("a game without an operating system takes keys", async ({ page }) => {
  await page.goto("?guest=grub-invaders");
  const ship = async () => /^( *)\/ \\$/m.exec(await screenText(page))?.[1]?.length ?? -1;
  await waitForScreen(page, 0, /^ +\/ \\$/m);
  await page.locator("screen-view .room").focus();
  await page.keyboard.press("Enter", { delay: 100 });
  await expect.poll(ship).toBeGreaterThan(1);
  const before = await ship();
  await page.keyboard.down("ArrowLeft");
  await expect.poll(ship, { timeout: 20_000 }).toBeLessThan(before - 1);
  await page.keyboard.up("ArrowLeft");
});
