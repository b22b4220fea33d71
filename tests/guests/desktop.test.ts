/** A Debian desktop: Xorg by the kernel's mode setting and by the VGA BIOS, a window manager, windows that the mouse moves. */
import { afterEach, describe, expect, it } from "vitest";
import type { GuestMachine } from "../support/guestMachine.ts";
import { hasGuest } from "../support/images.ts";
import { keepScreenshot, pictureOf } from "../support/pixels.ts";
import { framedTerminalIn, TERMINAL, TITLE_ABOVE, terminalIn } from "../support/terminal.ts";
import { startGuest } from "./catalogue.ts";

/** The waits in a test have limits of their own; this one is for a host that does other things at the same time. */
const LIMIT_MS = 1_800_000;
/** From power-on to the windows, of the processor's time. */
const BOOT_SECONDS = 400;
const ANSWER_SECONDS = 40;
const DRAG = { x: 120, y: 90 };
const DRAG_STEPS = 6;
/** Pixels by which a window may miss the pointer: positions come in fractions of the screen. */
const TOLERANCE = 4;

let guest: GuestMachine;
afterEach(() => guest.close());

const picture = () => pictureOf(guest.frame());

async function drag(from: { x: number; y: number }): Promise<void> {
  await guest.pointAt(from.x, from.y);
  for (let step = 0; step <= DRAG_STEPS; step++)
    await guest.pointAt(from.x + (DRAG.x * step) / DRAG_STEPS, from.y + (DRAG.y * step) / DRAG_STEPS, 1);
  await guest.pointAt(from.x + DRAG.x, from.y + DRAG.y);
}

/** What the guest answers to a command on its serial line. */
async function ask(command: string): Promise<string> {
  await guest.untilSerial(/debian login: /, BOOT_SECONDS);
  guest.send("root\n");
  await guest.untilSerial(/root@debian:~# /);
  const from = guest.serial.length;
  guest.send(`${command}; echo the ''end\n`);
  await guest.untilSerial(/the end\r\n/, undefined, from);
  return guest.serial.slice(from);
}

const DRIVERS = {
  "debian-desktop": /modeset\(0\): using drv \/dev\/dri\/card0/,
  "debian-desktop-vesa": /VESA\(0\): VESA VBE OEM: SeaBIOS VBE/,
};

describe.each(Object.entries(DRIVERS))("%s", (id, driver) => {
  it.runIf(hasGuest(id))("shows windows; the mouse drags one", { timeout: LIMIT_MS }, async () => {
    guest = await startGuest(id);
    const before = await guest.until("the terminal", () => framedTerminalIn(picture()), BOOT_SECONDS);
    await guest.until("the mouse driver", () => guest.takesPositions);
    keepScreenshot(id, guest.frame());
    await drag({ x: before.left + TERMINAL.width / 2, y: before.top - TITLE_ABOVE });
    const isThere = (at: number, wanted: number) => Math.abs(at - wanted) <= TOLERANCE;
    await guest.until(
      "the terminal to move",
      () => {
        const now = terminalIn(picture());
        return now && isThere(now.left, before.left + DRAG.x) && isThere(now.top, before.top + DRAG.y);
      },
      ANSWER_SECONDS,
    );
    keepScreenshot(`${id}-dragged`, guest.frame());
    expect(await ask("cat /var/log/Xorg.0.log")).toMatch(driver);
  });
});
