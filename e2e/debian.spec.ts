/** Debian on a disk that firmware and GRUB boot: what it writes outlives its page, where that is wanted. */
import { expect, type Page, test } from "@playwright/test";
import { send, serialText, waitForSerial } from "./fixtures/machines.ts";

/** systemd takes a minute and a half on two quiet cores; this is for a host with much else to do. */
const LOGIN_MS = 400_000;
const ANSWER_MS = 60_000;
/** What is typed just when the prompt appears may be flushed. */
const RETRY_MS = [5000];
const DISK = "overlay=e2e-debian";
/** A shell in place of systemd: enough to look at a file. */
const SHELL = "root=/dev/sda1 rw console=ttyS0 init=/bin/sh";

async function logIn(page: Page): Promise<void> {
  await waitForSerial(page, 0, /debian login: /, LOGIN_MS);
  await expect(async () => {
    await send(page, 0, "root\n");
    await waitForSerial(page, 0, /root@debian:~# /, ANSWER_MS);
  }).toPass({ intervals: RETRY_MS });
}

test("Debian boots from a disk by GRUB, and what it wrote is there when the page is loaded again", async ({ page }) => {
  test.setTimeout(2 * LOGIN_MS);
  await page.goto(`?guest=debian-grub&${DISK}`);
  await logIn(page);
  expect(await serialText(page)).toContain("Booting `Debian 12'");
  await send(page, 0, "uname -m >kept.txt && sync && echo synced ''now\n");
  await waitForSerial(page, 0, /synced now/, ANSWER_MS);
  // The page goes without a word, and the machine with it.
  await page.goto("icon.svg");
  await page.goto(`?guest=debian-686&${DISK}&append=${encodeURIComponent(SHELL)}`);
  await waitForSerial(page, 0, /\n# $/, LOGIN_MS);
  await send(page, 0, "cat /root/kept.txt\n");
  await waitForSerial(page, 0, /\ni686\r\n/, ANSWER_MS);
});
