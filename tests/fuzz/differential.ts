/** One program on two machines in step: where do they differ? */
import type { JitOptions } from "../../src/core/jit.ts";
import { Random } from "../support/random.ts";
import { codeAddress, type Image, makeImage } from "./image.ts";
import type { FuzzMachine } from "./machine.ts";
import type { Variant } from "./program.ts";
import { allDifferences, quickDifferences } from "./state.ts";

/** How a program is cut into runs of the engine, and what happens between them. */
export interface Schedule {
  /** Instructions of the next run. */
  next(): number;
  /** Something from outside: gives what to do to each of the machines, of which the second is the one under test. */
  disturb(image: Image): (machine: FuzzMachine, second: boolean) => void;
  /** Runs that stop at an exact count; else both machines are made to stop at the same one afterwards. */
  exact: boolean;
  name: ScheduleName;
}

export const SCHEDULES = [
  "whole",
  "loose",
  "large",
  "small",
  "tiny",
  "interrupted",
  "written",
  "reconfigured",
] as const;
export type ScheduleName = (typeof SCHEDULES)[number];

const RANGES: Record<ScheduleName, [number, number]> = {
  whole: [3000, 4000],
  loose: [3000, 4000],
  large: [200, 2500],
  small: [20, 300],
  tiny: [1, 50],
  interrupted: [10, 600],
  written: [100, 1500],
  reconfigured: [50, 1500],
};

const nothing = () => () => () => {};

/** INTR or NMI, in every other pause. */
const interrupts = (random: Random) => () => {
  const kind = random.below(8);
  return ({ engine }: FuzzMachine) => {
    if (kind === 0) engine.raiseNmi();
    else if (kind < 4) engine.setInterruptRequest(true);
  };
};

/** A device writes other immediates into the code, by DMA. */
const writes = (random: Random) => (image: Image) => {
  const patchable = image.places.filter(({ insn }) => insn.patches.length > 0);
  if (patchable.length === 0) return () => {};
  const { insn, next } = random.pick(patchable);
  const { fromEnd, values } = random.pick(insn.patches);
  const value = values.length > 0 ? random.pick(values) : random.below(256);
  const at = codeAddress(image, next - fromEnd);
  return ({ engine }: FuzzMachine) => engine.write(at, Uint8Array.of(value));
};

const CONFIGURATIONS: readonly JitOptions[] = [
  { mode: "off" },
  { mode: "forced" },
  { mode: "auto", threshold: 2 },
  { mode: "auto", threshold: 20, cacheBytes: 0x10_0000 },
  { mode: "forced", features: 0 },
];

/** Other settings of the JIT, which loses all that was translated. */
const settings = (random: Random) => () => {
  const options = random.pick(CONFIGURATIONS);
  return ({ engine }: FuzzMachine, second: boolean) => {
    if (second) engine.setJit(options);
  };
};

const DISTURBANCES: Partial<Record<ScheduleName, (random: Random) => Schedule["disturb"]>> = {
  interrupted: interrupts,
  written: writes,
  reconfigured: settings,
};

export function schedule(name: ScheduleName, seed: number): Schedule {
  const random = new Random(seed ^ 0x5c4ed);
  const [least, most] = RANGES[name];
  return {
    name,
    next: () => least + random.below(most - least + 1),
    disturb: (DISTURBANCES[name] ?? nothing)(random),
    exact: name !== "loose",
  };
}

/** What a seed is run with: mostly few runs, which leave most to translated code. */
export function scheduleOf(seed: number): ScheduleName {
  return new Random(seed ^ 0x3c4ed).pick(["whole", "large", ...SCHEDULES]);
}

export interface Divergence {
  /** Retired instructions when it was noticed. */
  retired: number;
  lines: string[];
}

/** A program that has run so long is cut off. */
const BUDGET = 12_000;
/** In tiny steps, which are slow. */
const TINY_BUDGET = 3000;
/** Code that is translated over and over takes long and shows nothing new. */
const MAX_MODULES = 40;
/** A run that need not be exact may stop so many instructions before its limit. */
const MAX_BLOCK = 1000;
/** Memory is compared after so many instructions. */
const FULL_INTERVAL = 1500;

/** Loads the program into both machines. */
export function start(variant: Variant, a: FuzzMachine, b: FuzzMachine, frameSet: number): void {
  const image = makeImage(variant, frameSet);
  a.load(image);
  b.load(image);
}

/**
 * After runs that stop where it suits the engine: both to the same count. One more at least, as a fault is no retired instruction:
 * of two machines with the same count one may have delivered it already.
 */
function align(a: FuzzMachine, b: FuzzMachine): void {
  const target = Math.max(a.retired, b.retired) + 1;
  for (const machine of [a, b])
    for (let tries = 0; machine.retired < target && !machine.finished && tries < 1000; tries++)
      machine.run(target - machine.retired, true);
}

/** Runs both machines by the schedule, comparing after each run. */
export function runBoth(
  a: FuzzMachine,
  b: FuzzMachine,
  plan: Schedule,
  limit = Number.POSITIVE_INFINITY,
): Divergence | undefined {
  const budget = Math.min(limit, plan.name === "tiny" ? TINY_BUDGET : BUDGET);
  let compared = 0;
  while (!a.finished && !b.finished && a.retired < budget && b.modules < MAX_MODULES) {
    const count = Math.min(plan.next(), budget - a.retired);
    const disturb = plan.disturb(a.image);
    for (const machine of [a, b]) {
      disturb(machine, machine === b);
      machine.run(count, plan.exact || count < MAX_BLOCK);
    }
    if (!plan.exact) align(a, b);
    const lines = a.retired - compared < FULL_INTERVAL ? quickDifferences(a, b) : allDifferences(a, b);
    if (a.retired - compared >= FULL_INTERVAL) compared = a.retired;
    if (lines.length > 0) return { retired: a.retired, lines: allDifferences(a, b) };
  }
  const lines = allDifferences(a, b);
  return lines.length > 0 ? { retired: a.retired, lines } : undefined;
}
