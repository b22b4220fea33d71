/** `npm run bench`: how fast guests run, and how that compares with QEMU TCG on the same machine in the same run. */
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { buildEngine } from "../tools/buildEngine.ts";
import { bootFiles } from "./bootGuest.ts";
import { type BenchReport, type Figure, median, printReport, type Speed, steadyMips, timesQemu } from "./figures.ts";
import { OptionError, parseBenchOptions, usage } from "./options.ts";
import { type LoopProgram, PROGRAMS } from "./programs.ts";
import { bootSeconds, qemuVersion, runImage } from "./qemu.ts";
import { measure } from "./tabvisor.ts";

const BOOT = "boot";
const NAMES = [...PROGRAMS.map(({ name }) => name), BOOT];
/** Above this something else is at work. */
const QUIET_LOAD = 0.5;
/** Guest instructions of the short and the long run. */
const TABVISOR_LENGTHS = [30e6, 300e6] as const;
const QEMU_LENGTHS = [100e6, 1500e6] as const;

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  try {
    const options = parseBenchOptions(args, NAMES);
    if (options) return await bench(options.only.length > 0 ? options.only : NAMES, options.runs, options.json);
    process.stdout.write(usage(NAMES));
    return 0;
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    process.stderr.write(`${error.message}\n\n${usage(NAMES)}`);
    return 2;
  }
}

async function bench(names: readonly string[], runs: number, json: string | undefined): Promise<number> {
  await buildEngine();
  const report: BenchReport = { host: describeHost(), runs, figures: [] };
  if (report.host.loadAverage > QUIET_LOAD)
    say(`the load average is ${report.host.loadAverage.toFixed(2)}: figures of a busy machine are of little use`);
  if (report.host.qemu === null) say("qemu-system-x86_64 is not installed (Debian's qemu-system-x86): no comparison");
  for (const name of names) {
    say(`${name} …`);
    report.figures.push(await measureFigure(name, runs, report.host.qemu !== null));
  }
  process.stdout.write(`${printReport(report)}\n`);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  return report.figures.some(({ errors }) => errors.length > 0) ? 1 : 0;
}

function describeHost(): BenchReport["host"] {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown CPU",
    cores: processors.length,
    node: process.versions.node,
    qemu: qemuVersion(),
    loadAverage: loadavg()[0] as number,
  };
}

async function measureFigure(name: string, runs: number, withQemu: boolean): Promise<Figure> {
  const program = PROGRAMS.find((candidate) => candidate.name === name);
  const figure: Figure = { name, title: program?.title ?? "boot of the cloud kernel", errors: [] };
  const take = async (who: "tabvisor" | "qemu", work: () => Promise<Speed>) => {
    try {
      figure[who] = await work();
    } catch (error) {
      figure.errors.push(`${who}: ${(error as Error).message}`);
    }
  };
  if (program) {
    const checksums = new Map<number, number>();
    await take("tabvisor", () => tabvisorLoop(program, runs, checksums));
    if (withQemu) await take("qemu", () => qemuLoop(program, runs, checksums));
  } else {
    await take("tabvisor", () => tabvisorBoot(runs));
    if (withQemu) await take("qemu", () => qemuBoot(runs));
  }
  const times = timesQemu(figure.tabvisor, figure.qemu);
  return { ...figure, ...(times !== undefined && { timesQemu: times }) };
}

/** Rounds of `program` that come to about `instructions`. */
function roundsFor(program: LoopProgram, instructions: number): number {
  return Math.round(instructions / program.instructionsPerRound);
}

async function tabvisorLoop(program: LoopProgram, runs: number, checksums: Map<number, number>): Promise<Speed> {
  const [short, long] = TABVISOR_LENGTHS.map((length) => roundsFor(program, length)) as [number, number];
  const speeds: number[] = [];
  for (let run = 0; run < runs; run++) {
    const [, first, second] = await measure({ kind: "loop", program: program.name, rounds: [short, short, long] });
    checkCount(program, long - short, second!.instructions - first!.instructions);
    checksums.set(short, first!.status);
    speeds.push(steadyMips(first!, second!));
  }
  return { mips: median(speeds) };
}

/** The engine's own count must be what the program says it is. */
function checkCount(program: LoopProgram, rounds: number, counted: number): void {
  const expected = rounds * program.instructionsPerRound;
  if (counted !== expected) throw new Error(`${counted} instructions were retired, the program has ${expected}`);
}

async function qemuLoop(program: LoopProgram, runs: number, checksums: Map<number, number>): Promise<Speed> {
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
  return { mips: median(speeds) };
}

async function tabvisorBoot(runs: number): Promise<Speed> {
  const files = await bootFiles();
  const outcomes = [];
  for (let run = 0; run < runs; run++) outcomes.push((await measure({ kind: "boot", files }))[0]!);
  const seconds = median(outcomes.map((outcome) => outcome.seconds));
  const instructions = median(outcomes.map((outcome) => outcome.instructions));
  return { seconds, instructions, mips: instructions / seconds / 1e6 };
}

async function qemuBoot(runs: number): Promise<Speed> {
  const files = await bootFiles();
  const seconds: number[] = [];
  for (let run = 0; run < runs; run++) seconds.push(await bootSeconds(files));
  return { seconds: median(seconds) };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
