/** The Debian desktop: how long until its windows are there, and what it costs a host while nobody does anything. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_CACHE_DIR } from "../../images/build.ts";
import { findGuest, type Guest } from "../../images/guests.ts";
import type { EngineMode } from "../../src/vm/vmConfig.ts";
import { medianOfKnown, table, timeText } from "../figures.ts";
import type { ContenderId } from "../suite/contender.ts";
import { type BootFiles, shellFiles } from "../suite/guestImage.ts";
import { startInQemu } from "./qemu.ts";
import { startInTabvisor } from "./tabvisor.ts";

/** The guest, running. */
export interface DesktopGuest {
  /** Of the process that it runs in. */
  pid: number;
  /** Whether the window manager has framed the terminal. */
  showsWindows(): Promise<boolean>;
  stop(): Promise<void>;
}

/** What the program in Tabvisor's process is told. */
export interface TabvisorFiles extends BootFiles {
  mode: EngineMode;
  /** The engine's module. */
  engine: string;
  /** The bundled program of the compiling thread. */
  compileThread: string;
}

export interface DesktopFigure {
  id: ContenderId;
  title: string;
  /** From the start of the process to the windows: by the clock, and of processors. */
  seconds?: number;
  cpuSeconds?: number;
  /** Of one core, while idle: 0 to 1. */
  idleShare?: number;
  errors: string[];
}

export interface DesktopOptions {
  contenders: readonly ContenderId[];
  engine: EngineMode;
  runs: number;
}

type Measured = Required<Pick<DesktopFigure, "seconds" | "cpuSeconds" | "idleShare">>;

const GUEST = "debian-desktop";
const CONTENDERS = [
  { id: "qemu", title: "QEMU TCG", start: startInQemu },
  { id: "tabvisor", title: "Tabvisor, Node", start: startInTabvisor },
] as const;

const LOOK_MS = 250;
const LIMIT_MS = 1_200_000;
/** What the system still does after its windows are there: its last services start up to 45 s later. */
const SETTLE_MS = 60_000;
const IDLE_MS = 30_000;
/** Of the processor times in /proc/PID/stat: USER_HZ (proc(5)). */
const TICKS_PER_SECOND = 100;

export async function measureDesktop(options: DesktopOptions, say: (line: string) => void): Promise<DesktopFigure[]> {
  const files = await desktopFiles();
  const figures: DesktopFigure[] = [];
  for (const { id, title, start } of CONTENDERS.filter(({ id }) => options.contenders.includes(id))) {
    say(`${title}: desktop …`);
    const figure: DesktopFigure = { id, title, errors: [] };
    figures.push(figure);
    try {
      const samples: Measured[] = [];
      for (let run = 0; run < options.runs; run++) samples.push(await measure(() => start(files, options.engine)));
      const median = (key: keyof Measured) => medianOfKnown(samples.map((sample) => sample[key]))!;
      Object.assign(figure, {
        seconds: median("seconds"),
        cpuSeconds: median("cpuSeconds"),
        idleShare: median("idleShare"),
      });
    } catch (error) {
      figure.errors.push(`desktop, ${title}: ${(error as Error).message}`);
    }
  }
  return figures;
}

async function desktopFiles(): Promise<BootFiles> {
  const guest = findGuest(GUEST) as Guest;
  const [drive] = guest.drives!;
  const path = join(DEFAULT_CACHE_DIR, "out", drive!.file);
  return { ...(await shellFiles(guest)), disk: { interface: drive!.interface as "ide", path } };
}

async function measure(start: () => Promise<DesktopGuest>): Promise<Measured> {
  const started = performance.now();
  const guest = await start();
  try {
    while (!(await guest.showsWindows())) {
      if (performance.now() > started + LIMIT_MS) throw new Error(`no windows in ${LIMIT_MS / 1000} s`);
      await sleep(LOOK_MS);
    }
    const seconds = (performance.now() - started) / 1000;
    const cpuSeconds = cpuSecondsOf(guest.pid);
    await sleep(SETTLE_MS);
    const [before, idleFrom] = [cpuSecondsOf(guest.pid), performance.now()];
    await sleep(IDLE_MS);
    const idleShare = ((cpuSecondsOf(guest.pid) - before) * 1000) / (performance.now() - idleFrom);
    return { seconds, cpuSeconds, idleShare };
  } finally {
    await guest.stop();
  }
}

/** User and system time of a process with all its threads, by proc(5). */
function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [, , , , , , , , , , , utime, stime] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(utime) + Number(stime)) / TICKS_PER_SECOND;
}

export function printDesktop(figures: readonly DesktopFigure[]): string[] {
  if (figures.length === 0) return [];
  const time = (value: number | undefined) => (value === undefined ? "-" : timeText(value));
  const share = (value: number | undefined) => (value === undefined ? "-" : `${(value * 100).toFixed(1)} %`);
  const rows = figures.map(({ title, seconds, cpuSeconds, idleShare }) => [
    title,
    ...[time(seconds), time(cpuSeconds), share(idleShare)],
  ]);
  return table([["Debian desktop", "windows after", "of processors", "a core, idle"], ...rows]);
}
