import { expect, test } from "@playwright/test";
import { bootFloppy } from "./fixtures/bootSector.ts";
import { startImageServer } from "./fixtures/imageServer.ts";

test("a virtio console has a terminal of its own, if it is asked for", async ({ page }) => {
  const server = await startImageServer("hvc.img", bootFloppy("hvc"));
  try {
    await page.goto(`?fda=${server.url}&virtio-console=on`);
    const text = () => page.evaluate(() => globalThis.tabvisor.machines[0]!.virtioConsole.text);
    await expect.poll(text).toBe("hello, hvc0");
    const [serial, hvc] = [page.locator("terminal-view").first(), page.locator("terminal-view").last()];
    await expect(serial).toBeVisible();
    await expect(hvc).toBeHidden();
    await page.getByRole("button", { name: "hvc0" }).click();
    await expect(hvc.locator(".xterm-rows")).toContainText("hello, hvc0");
    await expect(serial).toBeHidden();
    await page.screenshot({ path: test.info().outputPath("hvc0.png") });
    await page.goto(`?fda=${server.url}`);
    await expect(page.getByRole("button", { name: "hvc0" })).toHaveCount(0);
  } finally {
    server.close();
  }
});
