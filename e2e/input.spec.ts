import { expect, test } from "@playwright/test";
import { bootFloppy } from "./fixtures/bootSector.ts";
import { type ImageServer, startImageServer } from "./fixtures/imageServer.ts";
import { screenText, state, waitForScreen, waitForShell } from "./fixtures/machines.ts";

const PHONE = { width: 360, height: 780 };

test.describe("on a phone", () => {
  test.use({ viewport: PHONE, hasTouch: true, isMobile: true });

  test("the keyboard on the screen types, with modifiers that stay for a key", async ({ page }) => {
    await page.goto("?guest=linux-amd64");
    await waitForShell(page);
    await page.getByRole("button", { name: "Keyboard", exact: true }).tap();
    const keyboard = page.locator("screen-keyboard");
    const box = (await keyboard.boundingBox())!;
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(PHONE.width);
    expect(box.y + box.height).toBeLessThanOrEqual(PHONE.height);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
    for (const { height, width } of await keyboard
      .locator("button")
      .evaluateAll((buttons) => buttons.map((button) => button.getBoundingClientRect().toJSON()))) {
      expect(height).toBeGreaterThan(35);
      expect(width).toBeGreaterThan(25);
    }
    const tap = async (name: string) => {
      await keyboard.getByRole("button", { name, exact: true }).tap();
      await page.waitForTimeout(60);
    };
    const line = ["e", "c", "h", "o", "Space", "Shift", "h", "i", "Shift", "Shift", "1", "2", "Shift", "3", "Enter"];
    // A busy machine can make a tap so long that its key repeats, as it should: then the line is typed once more.
    await expect(async () => {
      for (const key of line) await tap(key);
      await waitForScreen(page, 0, /^Hi!@3 *$/m, 10_000);
    }).toPass({ timeout: 60_000 });
    // Ctrl C is not typed but ends a command.
    for (const key of ["c", "a", "t", "Enter", "Control", "c"]) await tap(key);
    await waitForScreen(page, 0, /\^C/, 20_000);
  });
});

test("the lights of the guest's keyboard show, and what is pasted into the screen is typed", async ({
  page,
  context,
}) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto("?guest=linux-amd64");
  await waitForShell(page);
  await page.locator("screen-view .room").focus();
  await page.keyboard.press("CapsLock", { delay: 60 });
  await expect(page.locator("status-line .light", { hasText: "Caps" })).toBeVisible();
  await page.keyboard.press("CapsLock", { delay: 60 });
  await expect(page.locator("status-line .light")).toHaveCount(0);

  await page.evaluate(() => navigator.clipboard.writeText('echo "Pasted: $((6*7)) | <enter>"\n'));
  await page.keyboard.press("ControlOrMeta+Shift+KeyV");
  await waitForScreen(page, 0, /^Pasted: 42 \| <enter> *$/m, 30_000);
  expect(await screenText(page)).not.toContain("^V");
});

test("a key that is held is repeated as the person's keyboard does, however late its release comes", async ({
  page,
}) => {
  await page.goto("?guest=linux-amd64");
  await waitForShell(page);
  await page.locator("screen-view .room").focus();
  await page.keyboard.down("a");
  await page.waitForTimeout(2500);
  await page.keyboard.up("a");
  await page.keyboard.down("b");
  // Linux takes what comes within an eighth of a second for bouncing.
  await page.waitForTimeout(1000);
  for (let times = 0; times < 4; times++) {
    await page.keyboard.down("b");
    await page.waitForTimeout(50);
  }
  await page.keyboard.up("b");
  await waitForScreen(page, 0, /~ # abbbbb *$/m, 20_000);
});

test("a click takes the mouse, and Escape gives it back", async ({ page }) => {
  await page.goto("?guest=seabios");
  await expect.poll(() => state(page)).toBe("running");
  await page.locator("screen-view canvas").click();
  const isLocked = () => page.evaluate(() => document.pointerLockElement !== null);
  await expect.poll(isLocked).toBe(true);
  await expect(page.locator("screen-view .hint")).toContainText("Esc");
  await page.evaluate(() => document.exitPointerLock());
  await expect.poll(isLocked).toBe(false);
});

test.describe("a guest that takes positions", () => {
  let server: ImageServer;
  test.beforeAll(async () => {
    server = await startImageServer("pointer.img", bootFloppy("pointer"));
  });
  test.afterAll(() => server.close());

  /** Flags, x and y of the packets that the guest has shown; places in hundredths of the screen. */
  const packets = async (page: Parameters<typeof screenText>[0]) =>
    [...(await screenText(page)).matchAll(/^([\dA-F]{6}) ([\dA-F]{6}) ([\dA-F]{6}) ([\dA-F]{6})/gm)].map(
      ([, ...words]) => {
        const [flags, x, y, z] = words.map((word) => Number.parseInt(word, 16)) as [number, number, number, number];
        return { flags, x: Math.round((x / 0xffff) * 100), y: Math.round((y / 0xffff) * 100), z: (z << 8) >> 8 };
      },
    );

  test("follows the mouse, without taking it", async ({ page }) => {
    await page.goto(`?fda=${server.url}`);
    await waitForScreen(page, 0, /!/);
    const canvas = page.locator("screen-view canvas");
    await expect(canvas).toHaveCSS("cursor", "none");
    const box = (await canvas.boundingBox())!;
    const at = (x: number, y: number) => [box.x + (box.width * x) / 100, box.y + (box.height * y) / 100] as const;
    await page.mouse.move(...at(25, 75));
    await page.mouse.down();
    await page.mouse.move(...at(50, 50));
    await page.mouse.up();
    await page.mouse.wheel(0, 200);
    await expect
      .poll(() => packets(page))
      .toEqual([
        { flags: 0, x: 25, y: 75, z: 0 },
        { flags: 0x20, x: 25, y: 75, z: 0 },
        { flags: 0x20, x: 50, y: 50, z: 0 },
        { flags: 0, x: 50, y: 50, z: 0 },
        { flags: 0, x: 50, y: 50, z: 2 },
      ]);
    expect(await page.evaluate(() => document.pointerLockElement)).toBe(null);
  });

  test.describe("touched", () => {
    test.use({ viewport: PHONE, hasTouch: true, isMobile: true });

    test("is clicked where a finger taps", async ({ page }) => {
      await page.goto(`?fda=${server.url}`);
      await waitForScreen(page, 0, /!/);
      const box = (await page.locator("screen-view canvas").boundingBox())!;
      await page.touchscreen.tap(box.x + box.width / 4, box.y + box.height / 2);
      await expect
        .poll(() => packets(page))
        .toEqual([
          { flags: 0, x: 25, y: 50, z: 0 },
          { flags: 0x20, x: 25, y: 50, z: 0 },
          { flags: 0, x: 25, y: 50, z: 0 },
        ]);
    });
  });
});
