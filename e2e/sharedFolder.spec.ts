/** A folder of the computer in a guest, through virtio-9p. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { send, serialText, waitForSerial, waitForShell } from "./fixtures/machines.ts";

const IMAGES = join(import.meta.dirname, "../images/.cache/out");
/** With the drivers of the share, which the guest of the menu has not. */
const INITRDS = ["linux-686/initrd.gz", "virtio-modules-686/modules.gz"];
const DATA_BYTES = 3_000_000;
/** Commands take as long as their answers: all are waited for. */
const ANSWER_MS = 60_000;

/** As if the person chose it; the origin's own file system has the same interface. */
function choosesFolder(): void {
  Object.assign(globalThis, {
    showDirectoryPicker: async () =>
      (await navigator.storage.getDirectory()).getDirectoryHandle("shared", { create: true }),
  });
}

async function fillFolder(page: Page, sizeBytes: number): Promise<void> {
  await page.evaluate(async (size) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("shared", { create: true });
    const stream = await (await folder.getFileHandle("data", { create: true })).createWritable();
    await stream.write(new Uint8Array(size).map((_byte, index) => Math.imul(index, 0x9e3779b1) >>> 24));
    await stream.close();
  }, sizeBytes);
}

/** As if a folder were dropped on the page, by a browser that gives access to it or does not: scripts cannot make such a transfer. */
async function dropFolder(page: Page, givesHandle: boolean): Promise<void> {
  await page.evaluate(async (withHandle) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("shared", { create: true });
    const item = {
      kind: "file",
      getAsFile: () => null,
      webkitGetAsEntry: () => ({ isDirectory: true }),
      ...(withHandle && { getAsFileSystemHandle: async () => folder }),
    };
    for (const type of ["dragover", "drop"]) {
      const event = new DragEvent(type, { bubbles: true, cancelable: true });
      Object.defineProperty(event, "dataTransfer", { value: { types: ["Files"], items: [item] } });
      document.querySelector("tabvisor-app")?.dispatchEvent(event);
    }
  }, givesHandle);
}

/** Text of a file in the folder; undefined if there is none. */
function readBack(page: Page, path: string): Promise<string | undefined> {
  return page.evaluate(async (name) => {
    const parts = name.split("/");
    let folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("shared");
    try {
      for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part);
      return await (await (await folder.getFileHandle(parts.at(-1) as string)).getFile()).text();
    } catch {
      return undefined;
    }
  }, path);
}

let commands = 0;

/** What a command of the guest says. */
async function run(page: Page, command: string): Promise<string> {
  const mark = `${++commands}`;
  // The echo of the command line does not look like the marks.
  await send(page, 0, `echo begi''n ${mark}; ${command}; echo en''d ${mark} $?\n`);
  await waitForSerial(page, 0, new RegExp(`\nend ${mark} `), ANSWER_MS);
  const [, output, status] =
    new RegExp(`\nbegin ${mark}\r\n([^]*)end ${mark} (\\d+)`).exec(await serialText(page)) ?? [];
  expect(status).toBe("0");
  return output as string;
}

test("a folder that is shared is read and changed by the guest", async ({ page }) => {
  const initrd = Buffer.concat(INITRDS.map((file) => readFileSync(join(IMAGES, file))));
  await page.addInitScript(choosesFolder);
  await page.route("**/images/linux-686/initrd.gz", (route) => route.fulfill({ body: initrd }));
  await page.goto("?guest=nothing");
  await fillFolder(page, DATA_BYTES);
  await page.getByRole("button", { name: "New machine" }).click();
  await page.getByRole("button", { name: "Share a folder…" }).click();
  await expect(page.getByText("The guest mounts shared by")).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("menu.png") });
  await page.getByText("Memory, engine, command line, disk").click();
  await page.getByLabel("Kernel command line").fill("console=ttyS0 rdinit=/init.modules");
  await page.locator(".card[data-guest=linux-686]").click();
  await waitForShell(page);

  await run(page, "mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 host /mnt");
  const data = new Uint8Array(DATA_BYTES).map((_byte, index) => Math.imul(index, 0x9e3779b1) >>> 24);
  const md5 = createHash("md5").update(data).digest("hex");
  expect(await run(page, "md5sum < /mnt/data")).toContain(md5);
  await run(page, "mkdir -p /mnt/a/b; echo one > /mnt/a/b/file; echo two >> /mnt/a/b/file");
  expect(await readBack(page, "a/b/file")).toBe("one\ntwo\n");
  await run(page, "mv /mnt/a /mnt/c; cp /mnt/data /mnt/c/copy; rm /mnt/data");
  expect(await run(page, "md5sum < /mnt/c/copy; ls /mnt /mnt/c; cat /mnt/c/b/file")).toMatch(
    new RegExp(`${md5}[^]*b\\s+copy\\s+one\\s+two\\s*$`),
  );
  expect(await readBack(page, "data")).toBeUndefined();
  expect(await readBack(page, "c/b/file")).toBe("one\ntwo\n");
  // What is open is written to while it is read, grows with a hole, and cannot be what the host has no word for.
  await run(page, "printf '\\x37' | dd of=/mnt/c/copy bs=1 seek=3000009 conv=notrunc 2>/dev/null");
  expect(await run(page, "wc -c < /mnt/c/copy; tail -c 3 /mnt/c/copy | od -An -tx1")).toMatch(/3000010\s+00 00 37/);
  expect(await run(page, "ln -s x /mnt/link 2>&1 || rmdir /mnt/c 2>&1 || true")).toMatch(
    /not permitted\s+rmdir.*not empty/,
  );
  await run(page, "exec 3>/mnt/temporary && echo text >&3 && rm /mnt/temporary && exec 3>&-");
  expect(await readBack(page, "temporary")).toBeUndefined();
  await run(page, "rm -r /mnt/c && umount /mnt");
  expect(await readBack(page, "c/b/file")).toBeUndefined();
});

test("a folder that is dropped is shared with what is started next", async ({ page }) => {
  await page.goto("?guest=nothing");
  await dropFolder(page, true);
  await expect(page.getByRole("dialog", { name: "Start a machine" })).toBeVisible();
  await expect(page.getByText("The guest mounts shared by")).toBeVisible();
  await expect(page.getByText("cannot change it")).toHaveCount(0);
  await page.screenshot({ path: test.info().outputPath("menu.png") });
  await page.getByRole("button", { name: "Do not share it" }).click();
  await expect(page.getByRole("button", { name: "Share a folder…" })).toBeVisible();
});

test("a folder that the browser gives no access to is a clear message", async ({ page }) => {
  await page.goto("?guest=nothing");
  await dropFolder(page, false);
  await expect(page.getByRole("alert").filter({ hasText: /gives no access to folders/ })).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("message.png") });
});
