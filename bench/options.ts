/** The options of `npm run bench`. */
import { parseArgs } from "node:util";
import type { EngineMode } from "../src/vm/vmConfig.ts";
import { DISKS } from "./disks/programs.ts";
import { LOOPS } from "./loops/programs.ts";
import { CONTENDERS, type ContenderId } from "./suite/contender.ts";
import { ARCHES, type Arch } from "./suite/guestImage.ts";
import { type GuestProgram, PROGRAMS } from "./suite/programs.ts";

export interface BenchOptions {
  /** What is measured. */
  programs: readonly GuestProgram[];
  boot: boolean;
  loops: readonly string[];
  disks: readonly string[];
  /** What a display costs. */
  screen: boolean;
  /** How long the Debian desktop takes. */
  desktop: boolean;
  contenders: readonly ContenderId[];
  arches: readonly Arch[];
  /** How Tabvisor executes. */
  engine: EngineMode;
  runs: number;
  json?: string;
}

export class OptionError extends Error {}

const GROUPS = ["compute", "system"] as const;
const BOOT = "boot";
const SCREEN = "screen";
const DESKTOP = "desktop";
const LOOP_GROUP = "loops";
const DISK_GROUP = "disks";
const ENGINES = ["auto", "interp", "jit"] as const;

/** A loop is called like a program of the guest: the group has it. */
const LOOP_NAMES = LOOPS.map(({ name }) => name).filter((name) => PROGRAMS.every((program) => program.name !== name));
const DISK_NAMES = DISKS.map(({ name }) => name);
const PROGRAM_NAMES = PROGRAMS.map(({ name }) => name);
const NAMES = [
  ...PROGRAM_NAMES,
  ...GROUPS,
  BOOT,
  SCREEN,
  DESKTOP,
  LOOP_GROUP,
  ...LOOP_NAMES,
  DISK_GROUP,
  ...DISK_NAMES,
];

export const USAGE = `Usage: npm run bench -- [options]

Measures how fast guests run: on the bare CPU, in QEMU TCG, in v86, in Tabvisor on Node and in Chromium, one after the other.
Several names are separated by commas, or the option is repeated.

  --only NAMES        what to measure (all programs, ${BOOT}, ${SCREEN}, ${DESKTOP} and ${DISK_GROUP})
                      programs: ${PROGRAM_NAMES.join(", ")}
                      groups: ${GROUPS.join(", ")}; ${BOOT}; ${SCREEN}; ${DESKTOP}; ${LOOP_GROUP}, or of these ${LOOP_NAMES.join(", ")};
                      ${DISK_GROUP}, or of these ${DISK_NAMES.join(", ")}
  --contenders NAMES  ${CONTENDERS.join(", ")} (all)
  --arch NAMES        ${ARCHES.join(", ")} (both)
  --engine MODE       how Tabvisor executes: ${ENGINES.join(", ")} (auto)
  --runs N            measure N times and give the median (1)
  --json FILE         write the figures to FILE too
`;

/** @throws OptionError for the first thing that is wrong; undefined: help was asked for. */
export function parseBenchOptions(args: readonly string[]): BenchOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  return {
    ...selection(chosen("--only", values.only, NAMES)),
    contenders: orAll(chosen("--contenders", values.contenders, CONTENDERS), CONTENDERS),
    arches: orAll(chosen("--arch", values.arch, ARCHES), ARCHES),
    engine: chosen("--engine", values.engine === undefined ? [] : [values.engine], ENGINES)[0] ?? "auto",
    runs: parseRuns(values.runs),
    ...(values.json !== undefined && { json: values.json }),
  };
}

type Selection = Pick<BenchOptions, "programs" | "boot" | "loops" | "screen" | "desktop" | "disks">;

function selection(names: readonly string[]): Selection {
  if (names.length === 0)
    return { programs: PROGRAMS, boot: true, loops: [], screen: true, desktop: true, disks: DISK_NAMES };
  return {
    programs: PROGRAMS.filter(({ name, group }) => names.includes(name) || names.includes(group)),
    boot: names.includes(BOOT),
    screen: names.includes(SCREEN),
    desktop: names.includes(DESKTOP),
    loops: names.includes(LOOP_GROUP)
      ? LOOPS.map(({ name }) => name)
      : LOOP_NAMES.filter((name) => names.includes(name)),
    disks: names.includes(DISK_GROUP) ? DISK_NAMES : DISK_NAMES.filter((name) => names.includes(name)),
  };
}

/** Those of `known` that were named, in the order of `known`. */
function chosen<T extends string>(option: string, texts: readonly string[] | undefined, known: readonly T[]): T[] {
  const names = (texts ?? []).flatMap((text) => text.split(","));
  const unknown = names.find((name) => !known.includes(name as T));
  if (unknown !== undefined) throw new OptionError(`${option} ${unknown}: there are ${known.join(", ")}`);
  return known.filter((name) => names.includes(name));
}

function orAll<T>(some: readonly T[], all: readonly T[]): readonly T[] {
  return some.length > 0 ? some : all;
}

function parseRuns(text: string | undefined): number {
  const runs = text === undefined ? 1 : Number(text);
  if (Number.isInteger(runs) && runs >= 1) return runs;
  throw new OptionError(`--runs ${text}: must be a number from 1`);
}

function parse(args: readonly string[]) {
  const list = { type: "string", multiple: true } as const;
  const one = { type: "string" } as const;
  const options = {
    ...{ only: list, contenders: list, arch: list, engine: one, runs: one, json: one },
    help: { type: "boolean", short: "h" },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new OptionError((error as Error).message.split(". ", 1)[0]);
  }
}
