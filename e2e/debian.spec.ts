/** Debian on a disk that firmware and GRUB boot: what it writes outlives its page, where that is wanted. */
import { expect, type Page, test } from "@playwright/test";
import { send, serialText, waitForSerial } from "./fixtures/machines.ts";

/** systemd on two loaded cores takes its time. */
const LOGIN_MS = 400_000;
const PROMPT = /root@debian:~# /;
const PAGE = "?guest=debian-grub&overlay=e2e-debian";

async function logIn(page: Page): Promise<void> {
  await waitForSerial(page, 0, /debian login: /, LOGIN_MS);
  await send(page, 0, "root\n");
  await waitForSerial(page, 0, PROMPT, LOGIN_MS);
}

test("Debian boots from a disk by GRUB, and finds what it wrote before the page was loaded again", async ({ page }) => {
  test.setTimeout(2 * LOGIN_MS + 100_000);
  await page.goto(PAGE);
  await logIn(page);
  await send(page, 0, "uname -m >kept.txt && sync && echo synced ''now\n");
  await waitForSerial(page, 0, /synced now/, LOGIN_MS);
  await page.goto("icon.svg");
  await page.goto(PAGE);
  await logIn(page);
  await send(page, 0, "cat kept.txt\n");
  await waitForSerial(page, 0, /\ni686\r\n/, LOGIN_MS);
  expect(await serialText(page)).toContain("GNU GRUB");
});
