/** Linux's consoles on frame buffers: vesafb, as the VGA BIOS sets the mode, and bochs-drm, which sets its own. */
import { afterEach, describe, expect, it } from "vitest";
import type { GuestMachine } from "../support/guestMachine.ts";
import { hasGuest, hasImages, image } from "../support/images.ts";
import { count, differenceOf, keepScreenshot, pictureOf, wholeOf } from "../support/pixels.ts";
import { startGuest } from "./catalogue.ts";

/** The waits in a test have limits of their own; this one is for a host that does other things at the same time. */
const LIMIT_MS = 900_000;
const MODULES = "graphics-modules-686/modules.gz";
const SHELL = /~ # /;
/** fbcon's default font. */
const CELL = { width: 8, height: 16 };
/** From here on a colour channel is bright. */
const LIT = 0x80;

let guest: GuestMachine;
afterEach(() => guest.close());

/** Text appears where a program writes it, and only there. */
async function expectConsole(name: string): Promise<void> {
  await guest.untilSerial(SHELL, 200);
  await guest.run(0.5);
  const before = pictureOf(guest.frame());
  expect([before.width, before.height]).toEqual([1024, 768]);
  expect(count(before, wholeOf(before), (red) => red >= LIT)).toBeGreaterThan(5000);
  guest.send("printf '\\033[5;10H\\033[31;42mA\\033[m\\033[30;1H' > /dev/tty0\n");
  const cell = { left: 9 * CELL.width, top: 4 * CELL.height, right: 10 * CELL.width, bottom: 5 * CELL.height };
  const isGreen = (red: number, green: number, blue: number) => green >= LIT && red < LIT && blue < LIT;
  const isRed = (red: number, green: number, blue: number) => red >= LIT && green < LIT && blue < LIT;
  await guest.until("the letter", () => count(pictureOf(guest.frame()), cell, isGreen) > 50);
  const after = pictureOf(guest.frame());
  expect(count(after, cell, isRed)).toBeGreaterThan(20);
  expect(count(after, cell, isRed) + count(after, cell, isGreen)).toBe(CELL.width * CELL.height);
  expect(differenceOf(before, after)).toBeDefined();
  keepScreenshot(name, guest.frame());
}

describe("vesafb", () => {
  it.runIf(hasGuest("isolinux-686"))("shows the console in the VGA BIOS's mode", { timeout: LIMIT_MS }, async () => {
    guest = await startGuest("isolinux-686");
    await guest.untilSerial(/boot: /);
    guest.send("linux vga=0x344\r");
    await expectConsole("vesafb");
    expect(guest.serial).toMatch(/vesafb: mode is 1024x768x32/);
  });
});

describe("bochs-drm", () => {
  const ready = hasGuest("linux-686") && hasImages(MODULES);
  it.runIf(ready)("sets a mode of the EDID and shows the console", { timeout: LIMIT_MS }, async () => {
    const initrd = Buffer.concat([image("linux-686/initrd.gz"), image(MODULES)]);
    const append = "console=tty0 console=ttyS0,115200 rdinit=/init.modules";
    guest = await startGuest("linux-686", {
      boot: { kind: "kernel", kernel: image("linux-686/vmlinuz"), initrd, append },
    });
    await expectConsole("bochs-drm");
    expect(guest.serial).toMatch(/\[drm\] Initialized bochs-drm/);
  });
});
