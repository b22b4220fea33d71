/**
 * What a display costs a guest that changes the whole screen sixty times a second: its speed with somebody looking and without. By
 * turns in one machine, so that neither warm-up nor the host's mood counts for one of them.
 */
import type { EngineMode } from "../../src/vm/vmConfig.ts";
import { median, table } from "../figures.ts";
import type { ContenderId } from "../suite/contender.ts";
import { startInChromium } from "./chromiumScreen.ts";
import { startInNode } from "./nodeScreen.ts";

/** The guest of program.ts, running. */
export interface ScreenGuest {
  /** Guest instructions retired, and the time at which they were counted, in ms. */
  count(): Promise<{ instructions: number; atMs: number }>;
  /** Draws what it shows from now on, or does not. */
  show(shown: boolean): Promise<void>;
  stop(): Promise<void>;
}

export interface ScreenFigure {
  title: string;
  /** Millions of guest instructions a second, unseen and shown. */
  unseenMips?: number;
  shownMips?: number;
  /** What went wrong, one line each. */
  errors: string[];
}

export interface ScreenOptions {
  contenders: readonly ContenderId[];
  engine: EngineMode;
}

const GUESTS = [
  { id: "tabvisor", title: "Node, into pixels", start: startInNode },
  { id: "chromium", title: "Chromium, on a canvas", start: startInChromium },
] as const;

const WARM_UP_MS = 4000;
const TURN_MS = 3000;
/** Of each sort. */
const TURNS = 3;

export async function measureScreens(options: ScreenOptions, say: (line: string) => void): Promise<ScreenFigure[]> {
  const figures: ScreenFigure[] = [];
  for (const { title, start } of GUESTS.filter(({ id }) => options.contenders.includes(id))) {
    say(`screen, ${title} …`);
    const figure: ScreenFigure = { title, errors: [] };
    figures.push(figure);
    try {
      Object.assign(figure, await measure(await start(options.engine)));
    } catch (error) {
      figure.errors.push(`screen, ${title}: ${(error as Error).message}`);
    }
  }
  return figures;
}

async function measure(guest: ScreenGuest): Promise<Pick<ScreenFigure, "unseenMips" | "shownMips">> {
  const speeds = { shown: [] as number[], unseen: [] as number[] };
  try {
    await pause(WARM_UP_MS);
    for (let turn = 0; turn < TURNS; turn++) {
      speeds.shown.push(await speedOf(guest, true));
      speeds.unseen.push(await speedOf(guest, false));
    }
  } finally {
    await guest.stop();
  }
  return { shownMips: median(speeds.shown), unseenMips: median(speeds.unseen) };
}

async function speedOf(guest: ScreenGuest, shown: boolean): Promise<number> {
  await guest.show(shown);
  const before = await guest.count();
  await pause(TURN_MS);
  const after = await guest.count();
  return (after.instructions - before.instructions) / (after.atMs - before.atMs) / 1000;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function printScreens(figures: readonly ScreenFigure[]): string[] {
  if (figures.length === 0) return [];
  const rows = figures.map(({ title, unseenMips, shownMips }) => [
    title,
    ...[unseenMips, shownMips].map((mips) => (mips === undefined ? "-" : `${mips.toFixed(0)} MIPS`)),
    unseenMips && shownMips ? `${((unseenMips / shownMips - 1) * 100).toFixed(1)} %` : "-",
  ]);
  return table([["1024 x 768 x 32, all of it 60 times a second", "unseen", "shown", "slower by"], ...rows]);
}
