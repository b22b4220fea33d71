/** Guests that boot from CD, floppy or as firmware, driven by their keyboards and serial lines. */
import { afterEach, describe, expect, it } from "vitest";
import type { GuestMachine } from "../support/guestMachine.ts";
import { hasGuest } from "../support/images.ts";
import { startGuest } from "./catalogue.ts";

/** The waits in a test have limits of their own; this one is for a host that does other things at the same time. */
const LIMIT_MS = 900_000;
const KEY_PAUSE_SECONDS = 0.2;

let guest: GuestMachine;

afterEach(() => guest.close());

describe.each(["memtest86-ia32", "memtest86-x64"])("%s", (id) => {
  it.runIf(hasGuest(id))("tests memory: the bar moves, and there are no errors", { timeout: LIMIT_MS }, async () => {
    guest = await startGuest(id);
    await guest.untilScreen(/Memtest86\+ v\d/);
    const percent = () => Number(/Pass +(\d+)%/.exec(guest.screenText())?.[1]);
    await guest.until("the pass bar to move", () => percent() >= 2);
    const before = percent();
    await guest.until("the pass bar to move on", () => percent() > before);
    expect(guest.screenText()).toMatch(/Status: Testing/);
    expect(guest.screenText()).toMatch(/Errors: 0\b/);
  });
});

describe.each([
  ["grub-cdrom", /\(cd\)/],
  ["grub-floppy", /\(fd0\)/],
])("%s", (id, itself) => {
  it.runIf(hasGuest(id))("answers on its shell", { timeout: LIMIT_MS }, async () => {
    guest = await startGuest(id);
    await guest.untilScreen(/GNU GRUB +version/);
    await guest.run(KEY_PAUSE_SECONDS);
    await guest.type("c");
    await guest.untilScreen(/grub> *$/m);
    await guest.type("ls<enter>");
    await guest.untilScreen(itself);
  });
});

describe("grub-invaders", () => {
  it.runIf(hasGuest("grub-invaders"))("moves the ship with a key", { timeout: LIMIT_MS }, async () => {
    guest = await startGuest("grub-invaders");
    const shipAt = () => /^( *)\/ \\/m.exec(guest.screenText().split("\n").slice(-4).join("\n"))?.[1]?.length;
    await guest.until("the ship", shipAt);
    const { keyboard } = guest.machine.board.keyboardController;
    await guest.type("<enter>");
    const before = await guest.until("the ship", shipAt);
    keyboard.key("ArrowLeft", true);
    await guest.until("the ship to move", () => (shipAt() ?? before) < before - 1);
    keyboard.key("ArrowLeft", false);
    const { width, height } = guest.frame();
    expect([width, height]).toEqual([720, 400]);
  });
});

describe("ipxe", () => {
  it.runIf(hasGuest("ipxe"))("answers on its shell", { timeout: LIMIT_MS }, async () => {
    guest = await startGuest("ipxe");
    await guest.untilScreen(/iPXE initialising devices/);
    // Only for two seconds after it has looked for devices does it listen.
    for (let presses = 0; presses < 100 && !/iPXE> *$/m.test(guest.screenText()); presses++) {
      await guest.type("<ctrl-b>");
      await guest.run(KEY_PAUSE_SECONDS);
    }
    await guest.type("help<enter>");
    await guest.untilScreen(/^Available commands:/m);
  });
});

describe("u-boot", () => {
  it.runIf(hasGuest("u-boot"))("answers on the serial line", { timeout: LIMIT_MS }, async () => {
    guest = await startGuest("u-boot");
    await guest.untilSerial(/Hit any key to stop autoboot/);
    guest.send(" ");
    await guest.untilSerial(/^=> /m);
    const from = guest.serial.length;
    guest.send("version\r");
    await guest.untilSerial(/U-Boot \d[\s\S]*GNU ld[\s\S]*=> /, 30, from);
  });
});

describe("isolinux-686", () => {
  it.runIf(hasGuest("isolinux-686"))("boots Linux from CD to a shell", { timeout: LIMIT_MS }, async () => {
    guest = await startGuest("isolinux-686");
    await guest.untilSerial(/ISOLINUX \d/);
    await guest.untilSerial(/~ # /, 200);
    const from = guest.serial.length;
    guest.send("uname -m\n");
    await guest.untilSerial(/^i686\r?$/m, 30, from);
  });
});
