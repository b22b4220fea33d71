/** Debian's installer up to its first question, in text and under X, and what keys and mouse do there. */
import { afterEach, describe, expect, it } from "vitest";
import type { GuestMachine } from "../support/guestMachine.ts";
import { hasGuest } from "../support/images.ts";
import { type Fits, keepScreenshot, middleOfLines, pictureOf } from "../support/pixels.ts";
import { startGuest } from "./catalogue.ts";

/** The waits in a test have limits of their own; this one is for a host that does other things at the same time. */
const LIMIT_MS = 1_800_000;
/** From power-on to the first question, of the processor's time. */
const BOOT_SECONDS = 400;

const KEY_SECONDS = 2;
const MAX_PRESSES = 15;

let guest: GuestMachine;
afterEach(() => guest.close());

/** Red, of the background colours in an attribute byte. */
const CHOSEN_BACKGROUND = 4;

/** The line with the entry that newt shows as chosen: light on red. */
function chosenLine(): string {
  const { chip } = guest.machine.board.vga;
  const shown = chip.scanout();
  if (shown.kind !== "text") return "";
  const isChosen = (cell: number) => ((chip.vram[cell * 4 + 1] >> 4) & 7) === CHOSEN_BACKGROUND;
  const isChosenRow = (row: number) => {
    const start = shown.startCell + row * shown.pitchCells;
    return Array.from({ length: shown.columns }, (_, column) => isChosen(start + column)).filter(Boolean).length > 10;
  };
  const row = Array.from({ length: shown.rows }, (_, at) => at).findIndex(isChosenRow);
  return guest.screenText().split("\n")[row] ?? "";
}

describe.each(["amd64", "i386"])("debian-installer-%s-text", (architecture) => {
  const id = `debian-installer-${architecture}-text`;
  it.runIf(hasGuest(id))("asks for the language; keys choose one", { timeout: LIMIT_MS }, async () => {
    guest = await startGuest(id);
    await guest.untilScreen(/Select a language/, BOOT_SECONDS);
    await guest.until("the first choice", () => /English +- +English/.test(chosenLine()));
    await guest.type("<down>");
    await guest.until("the next choice", () => /Finnish +- +Suomi/.test(chosenLine()));
    await guest.type("<up><up>");
    await guest.until("the choice before", () => /Dutch +- +Nederlands/.test(chosenLine()));
    keepScreenshot(id, guest.frame());
  });
});

/** The list of languages on the screen of 1024 x 768, without its frame and scroll bar. */
const LIST = { left: 30, right: 980, top: 175, bottom: 705 };

/** The middle of the entry that is drawn as chosen, in the theme's green; undefined while there is no list. */
function chosenEntry(): number | undefined {
  const picture = pictureOf(guest.frame());
  const isGreen: Fits = (red, green, blue) => red < 70 && green > 110 && blue > 100 && blue < 140;
  return picture.width === 1024 ? middleOfLines(picture, LIST, 0.5, isGreen) : undefined;
}

describe.each(["amd64", "i386"])("debian-installer-%s-gtk", (architecture) => {
  const id = `debian-installer-${architecture}-gtk`;
  it.runIf(hasGuest(id))("asks for the language; keys and mouse choose one", { timeout: LIMIT_MS }, async () => {
    guest = await startGuest(id);
    const first = await guest.until("the list of languages", chosenEntry, BOOT_SECONDS);
    // The list is drawn before it listens to keys.
    for (let press = 0; press < MAX_PRESSES && (chosenEntry() ?? 0) < first + 10; press++) {
      await guest.type("<down>");
      await guest.run(KEY_SECONDS);
    }
    expect(chosenEntry()).toBeGreaterThan(first + 10);
    await guest.until("the mouse driver", () => guest.takesPositions);
    const other = first - 100;
    for (const buttons of [0, 1, 0]) await guest.pointAt(200, other, buttons);
    await guest.until("the entry under the pointer", () => Math.abs((chosenEntry() ?? 0) - other) < 20);
    keepScreenshot(id, guest.frame());
  });
});
