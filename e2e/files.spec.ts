/** A person's own files: dropped on the page or chosen, and images that a URL names. */
import { expect, type Page, test } from "@playwright/test";
import { filesOf, findGuest } from "../images/guests.ts";
import { countingDisk, FLOPPY_BYTES } from "../tests/storage/countingDisk.ts";
import { startImageServer } from "./fixtures/imageServer.ts";
import { serialText, state, waitForScreen, waitForShell } from "./fixtures/machines.ts";

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
  const { kernel = "", initrd = "" } = filesOf(findGuest("linux-amd64"));
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

/** Chooses `image` in the menu of guests and starts it. */
async function startFile(page: Page, name: string, image: Uint8Array, keep: boolean): Promise<void> {
  await page.getByRole("button", { name: "New machine" }).click();
  await page.getByLabel("Open files…").setInputFiles({ name, mimeType: "", buffer: Buffer.from(image) });
  if (keep) await page.getByLabel("Keep what is written to the disk").check();
  await page.getByRole("button", { name: "Start", exact: true }).click();
}

test("a disk keeps what is written to it, if that is wanted, after its machine and its page", async ({ page }) => {
  const image = countingDisk(3 << 20);
  await page.goto("?guest=seabios");
  await startFile(page, "count.img", image, true);
  await waitForScreen(page, 1, /boot 1/);
  await page.getByRole("button", { name: "Close", exact: true }).last().click();
  await expect(page.getByRole("tab")).toHaveCount(1);
  await page.reload();
  await startFile(page, "count.img", image, true);
  await waitForScreen(page, 1, /boot 2/);
  // The first one has its overlay.
  await startFile(page, "count.img", image, true);
  const inUse = "overlay count.img 3145728: another machine or tab is using it";
  await expect(page.getByRole("alert").filter({ hasText: inUse })).toBeVisible();
  await startFile(page, "count.img", image, false);
  await waitForScreen(page, 3, /boot 1/);
  // What is kept is listed, and gone when nobody uses it and it is deleted.
  await page.getByRole("button", { name: "New machine" }).click();
  await page.getByText("Changes to disks that this browser keeps (1)").click();
  await page.getByRole("button", { name: "Delete the changes to count.img 3145728" }).click();
  await expect(page.locator("kept-disks").getByText(inUse)).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("kept.png") });
  await page.reload();
  await page.getByRole("button", { name: "New machine" }).click();
  await page.getByText("Changes to disks that this browser keeps (1)").click();
  await page.getByRole("button", { name: "Delete the changes to count.img 3145728" }).click();
  await expect(page.getByText("Changes to disks that this browser keeps")).toHaveCount(0);
});

for (const guest of ["grub-cdrom", "grub-floppy"]) {
  test(`${guest} of the menu boots from its medium`, async ({ page }) => {
    await page.goto(`?guest=${guest}`);
    await waitForScreen(page, 0, /GNU GRUB/);
  });
}

test("a floppy is put into the drive of a running machine", async ({ page }) => {
  await page.goto("?guest=seabios");
  await startFile(page, "first.img", countingDisk(FLOPPY_BYTES), false);
  await waitForScreen(page, 1, /boot 1/);
  const second = countingDisk(FLOPPY_BYTES).fill(6, 512, 513);
  await page.getByRole("button", { name: "New machine" }).click();
  await page.getByLabel("Open files…").setInputFiles({ name: "second.img", mimeType: "", buffer: Buffer.from(second) });
  await page.getByRole("button", { name: "Put into the drive of first.img" }).click();
  await page.getByRole("button", { name: "Reset" }).last().click();
  await waitForScreen(page, 1, /boot 7/);
});

test("a floppy boots", async ({ page }) => {
  await page.goto("?guest=seabios");
  await startFile(page, "count.img", countingDisk(FLOPPY_BYTES), false);
  await waitForScreen(page, 1, /boot 1/);
});

test("a disk of another server boots, and of it no more is fetched than is read", async ({ page }) => {
  const server = await startImageServer("count.img", countingDisk(20 << 20));
  await page.goto(`?hda=${server.url}`);
  await waitForScreen(page, 0, /boot 1/);
  expect(server.asked).toEqual([0x1_0000]);
  server.close();
});

test("an image that vanishes from its server is an I/O error for the guest and a notice in the page", async ({
  page,
}) => {
  const cd = new Uint8Array(1 << 20);
  // El Torito 1.0, figure 7: the boot record in sector 17 says that the catalogue is in sector 100.
  cd.set(new TextEncoder().encode("\0CD001\x01EL TORITO SPECIFICATION"), 17 * 2048);
  cd[17 * 2048 + 0x47] = 100;
  // The first answer says how large the image is; the catalogue is not in it.
  const server = await startImageServer("cd.iso", cd, 1);
  await page.goto(`?cdrom=${server.url}&memory=32`);
  const notice = page
    .getByRole("alert")
    .filter({ hasText: `A drive has failed: ${server.url}: the server answers with HTTP 404` });
  await expect(notice).toBeVisible();
  await waitForScreen(page, 0, /Boot failed: Could not read from CDROM/);
  await page.screenshot({ path: test.info().outputPath("notice.png") });
  await page.getByRole("button", { name: "Hide this note" }).last().click();
  await expect(notice).toHaveCount(0);
  server.close();
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
