/** A person's own files: dropped on the page or chosen, and images that a URL names. */
import { expect, type Page, test } from "@playwright/test";
import { findGuest } from "../images/guests.ts";
import { serialText, state, waitForShell } from "./fixtures/machines.ts";

/** As if files of the server were dragged from the desktop. */
async function drop(page: Page, paths: readonly string[]): Promise<void> {
  const transfer = await page.evaluateHandle(async (names) => {
    const data = new DataTransfer();
    for (const name of names) {
      const response = await fetch(`images/${name}`);
      data.items.add(new File([await response.blob()], name.split("/").at(-1) ?? ""));
    }
    return data;
  }, paths);
  await page.dispatchEvent("main", "dragover", { dataTransfer: transfer });
  await expect(page.getByText("Drop a CD, a disk, a floppy or a kernel to boot it")).toBeVisible();
  await page.dispatchEvent("main", "drop", { dataTransfer: transfer });
}

test("a kernel and its RAM disk that are dropped boot", async ({ page }) => {
  await page.goto("?guest=seabios");
  await expect.poll(() => state(page)).toBe("running");
  const { kernel = "", initrd = "" } = findGuest("linux-amd64")?.files ?? {};
  await drop(page, [kernel, initrd]);
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("combobox", { name: "What vmlinuz is" })).toHaveValue("kernel");
  await expect(dialog.getByRole("combobox", { name: "What initrd.gz is" })).toHaveValue("initrd");
  await dialog.getByLabel("Kernel command line").fill("console=ttyS0");
  await dialog.getByLabel("Memory in MiB").fill("256");
  await page.screenshot({ path: test.info().outputPath("dialog.png") });
  await dialog.getByRole("button", { name: "Start" }).click();
  await waitForShell(page, 1);
  expect(await serialText(page, 1)).toContain("console=ttyS0");
  await expect(page.getByRole("tab", { name: "vmlinuz" })).toBeVisible();
});

test("each file has a role that can be changed; files can be chosen without a mouse", async ({ page }) => {
  await page.goto("?guest=seabios");
  await page.getByRole("button", { name: "New machine" }).click();
  await page.getByLabel("Open files…").setInputFiles([
    { name: "debian.iso", mimeType: "", buffer: Buffer.alloc(0x1_0000) },
    { name: "dos.img", mimeType: "", buffer: Buffer.alloc(1_474_560) },
    { name: "disk.img", mimeType: "", buffer: Buffer.alloc(3_000_320) },
  ]);
  const role = (name: string) => page.getByRole("combobox", { name: `What ${name} is` });
  await expect(role("debian.iso")).toHaveValue("cdrom");
  await expect(role("dos.img")).toHaveValue("floppy");
  await expect(role("disk.img")).toHaveValue("disk");
  await expect(page.getByText("Keep what is written to the disk")).toBeVisible();
  await role("disk.img").selectOption("Floppy");
  await expect(page.getByText("Keep what is written to the disk")).toHaveCount(0);
  await page.getByLabel("Memory in MiB").last().fill("lots");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await expect(
    page.getByRole("alert").filter({ hasText: "memory=lots: guest memory is a whole number" }),
  ).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("roles.png") });
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("tab")).toHaveCount(1);
});

for (const [query, message] of [
  ["hda=images/nothing.img", /images\/nothing.img: the server answers with HTTP 404/],
  ["cdrom=http://127.0.0.1:9/cd.iso", /127.0.0.1:9\/cd.iso: the server cannot be reached/],
  ["cdrom=icon.svg&hda=ftp://x", /hda=ftp:\/\/x: it must be the address of an image/],
] as const) {
  test(`?${query} is a clear message`, async ({ page }) => {
    await page.goto(`?${query}`);
    await expect(page.getByRole("alert").filter({ hasText: message })).toBeVisible();
  });
}

test("an image of the server starts in the firmware, under its own name", async ({ page }) => {
  await page.goto("?hda=images/seabios/bios.bin&cdrom=images/index.json&overlay=url-test");
  await expect(page.getByRole("tab", { name: "bios.bin" })).toBeVisible();
  await expect.poll(() => state(page)).toBe("running");
});
