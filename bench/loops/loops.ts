/** The loops: millions of guest instructions a second, in Tabvisor and in QEMU TCG. */
import type { EngineMode } from "../../src/vm/vmConfig.ts";
import { median, table } from "../figures.ts";
import { LOOPS, type LoopProgram } from "./programs.ts";
import { runImage } from "./qemu.ts";
import { measure } from "./tabvisor.ts";

export interface LoopFigure {
  name: string;
  title: string;
  /** Millions of guest instructions a second. */
  tabvisorMips?: number;
  qemuMips?: number;
  /** What went wrong, one line each. */
  errors: string[];
}

export interface LoopOptions {
  names: readonly string[];
  runs: number;
  engine: EngineMode;
  withTabvisor: boolean;
  withQemu: boolean;
}

/** A run of some length. */
interface Timing {
  instructions: number;
  seconds: number;
}

/** Guest instructions of the short and the long run. */
const TABVISOR_LENGTHS = [30e6, 300e6] as const;
const QEMU_LENGTHS = [100e6, 1500e6] as const;

export async function measureLoops(options: LoopOptions, say: (line: string) => void): Promise<LoopFigure[]> {
  const figures: LoopFigure[] = [];
  for (const program of LOOPS.filter(({ name }) => options.names.includes(name))) {
    say(`loop ${program.name} …`);
    figures.push(await measureLoop(program, options));
  }
  return figures;
}

async function measureLoop(program: LoopProgram, options: LoopOptions): Promise<LoopFigure> {
  const figure: LoopFigure = { name: program.name, title: program.title, errors: [] };
  const checksums = new Map<number, number>();
  const take = async (who: "tabvisorMips" | "qemuMips", work: () => Promise<number>) => {
    try {
      figure[who] = await work();
    } catch (error) {
      figure.errors.push(`${who === "qemuMips" ? "QEMU" : "Tabvisor"}: ${(error as Error).message}`);
    }
  };
  if (options.withTabvisor) await take("tabvisorMips", () => inTabvisor(program, options, checksums));
  if (options.withQemu) await take("qemuMips", () => inQemu(program, options.runs, checksums));
  return figure;
}

/** Rounds of `program` that come to about `instructions`. */
function roundsFor(program: LoopProgram, instructions: number): number {
  return Math.round(instructions / program.instructionsPerRound);
}

async function inTabvisor(
  program: LoopProgram,
  { runs, engine }: LoopOptions,
  checksums: Map<number, number>,
): Promise<number> {
  const [short, long] = TABVISOR_LENGTHS.map((length) => roundsFor(program, length)) as [number, number];
  const speeds: number[] = [];
  for (let run = 0; run < runs; run++) {
    const [, first, second] = await measure({ program: program.name, rounds: [short, short, long], engine });
    checkCount(program, long - short, second!.instructions - first!.instructions);
    checksums.set(short, first!.status);
    speeds.push(steadyMips(first!, second!));
  }
  return median(speeds);
}

/** The engine's own count must be what the program says it is. */
function checkCount(program: LoopProgram, rounds: number, counted: number): void {
  const expected = rounds * program.instructionsPerRound;
  if (counted !== expected) throw new Error(`${counted} instructions were retired, the program has ${expected}`);
}

async function inQemu(program: LoopProgram, runs: number, checksums: Map<number, number>): Promise<number> {
  const [short, long] = QEMU_LENGTHS.map((length) => roundsFor(program, length)) as [number, number];
  for (const [rounds, status] of checksums) {
    const { status: theirs } = await runImage(program.image(rounds));
    if (theirs !== status) throw new Error(`the loop's result differs: exit status ${theirs}, Tabvisor ${status}`);
  }
  const speeds: number[] = [];
  for (let run = 0; run < runs; run++) {
    const time = async (rounds: number) => {
      const { seconds } = await runImage(program.image(rounds));
      return { seconds, instructions: rounds * program.instructionsPerRound };
    };
    speeds.push(steadyMips(await time(short), await time(long)));
  }
  return median(speeds);
}

/** Speed between two runs of different length: what both took for starting and ending cancels out. */
export function steadyMips(short: Timing, long: Timing): number {
  const instructions = long.instructions - short.instructions;
  const seconds = long.seconds - short.seconds;
  if (instructions <= 0) throw new RangeError("the long run is not longer");
  if (seconds <= 0) throw new RangeError("the long run took no longer than the short one: the machine is not quiet");
  return instructions / seconds / 1e6;
}

export function printLoops(figures: readonly LoopFigure[]): string[] {
  if (figures.length === 0) return [];
  const speed = (mips: number | undefined) => (mips === undefined ? "-" : `${mips.toFixed(0)} MIPS`);
  const rows = figures.map(({ title, tabvisorMips, qemuMips }) => [
    title,
    speed(tabvisorMips),
    speed(qemuMips),
    tabvisorMips && qemuMips ? `${(qemuMips / tabvisorMips).toFixed(1)} x` : "-",
  ]);
  return table([["loops", "Tabvisor", "QEMU TCG", "time / QEMU's"], ...rows]);
}
