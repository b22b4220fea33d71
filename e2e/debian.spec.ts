/** Debian on a disk that firmware and GRUB boot: what it writes outlives its page, where that is wanted. */
import { expect, type Page, test } from "@playwright/test";
import { send, serialText, waitForSerial } from "./fixtures/machines.ts";

/** systemd on two loaded cores takes its time; all waits have this limit, for the machine may be stopped for minutes. */
const LIMIT_MS = 600_000;

async function logIn(page: Page, guest: string): Promise<void> {
  await page.goto(`?guest=${guest}&overlay=e2e-debian`);
  await waitForSerial(page, 0, /debian login: /, LIMIT_MS);
  await send(page, 0, "root\n");
  await waitForSerial(page, 0, /root@debian:~# /, LIMIT_MS);
}

test("Debian boots from a disk by GRUB, and finds what it wrote before the page was loaded again", async ({ page }) => {
  test.setTimeout(2 * LIMIT_MS);
  await logIn(page, "debian-grub");
  expect(await serialText(page)).toContain("Booting `Debian 12'");
  await send(page, 0, "uname -m >kept.txt && sync && echo synced ''now\n");
  await waitForSerial(page, 0, /synced now/, LIMIT_MS);
  await page.goto("icon.svg");
  // The same disk, its kernel booted directly.
  await logIn(page, "debian-686");
  await send(page, 0, "cat kept.txt\n");
  await waitForSerial(page, 0, /\ni686\r\n/, LIMIT_MS);
});
