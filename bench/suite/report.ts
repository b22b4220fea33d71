/** What a bench run finds out: the contents of the JSON file. */
import type { EngineMode } from "../../src/vm/vmConfig.ts";
import type { DesktopFigure } from "../desktop/desktop.ts";
import type { DiskFigure } from "../disks/disks.ts";
import type { LoopFigure } from "../loops/loops.ts";
import type { ScreenFigure } from "../screen/screen.ts";
import type { BootTiming, ContenderId, GuestFigures } from "./contender.ts";
import type { Arch } from "./guestImage.ts";
import type { ProgramTiming } from "./measure.ts";
import type { Group } from "./programs.ts";

export interface BenchReport {
  host: { cpu: string; cores: number; node: string; qemu: string | null; loadAverage: number };
  /** Each figure is the median of so many. */
  runs: number;
  engine: EngineMode;
  programs: ProgramRow[];
  boots: BootRow[];
  /** What contenders say of themselves when all programs have run. */
  ends: EndRow[];
  loops: LoopFigure[];
  disks: DiskFigure[];
  screens: ScreenFigure[];
  desktops: DesktopFigure[];
  summary: SummaryFigure[];
  /** Contenders that could not take part, and why. */
  skipped: string[];
  /** What went wrong, a line each. */
  errors: string[];
}

export type ByContender<T> = Partial<Record<ContenderId, T>>;

export interface ProgramRow {
  arch: Arch;
  name: string;
  title: string;
  group: Group;
  timings: ByContender<MeasuredProgram>;
}

/** In the rounds of the steady state, without the process's start and end. */
export interface Progress {
  /** Millions of guest instructions a second. */
  mips: number;
  /** Share of them that ran as translated code, 0 to 1. */
  translatedShare: number;
}

/** The progress is there where a contender counts. */
export interface MeasuredProgram extends ProgramTiming, Partial<Progress> {}

export interface BootRow {
  arch: Arch;
  title: string;
  timings: ByContender<BootTiming>;
}

export interface EndRow {
  arch: Arch;
  figures: ByContender<GuestFigures>;
}

export interface SummaryFigure {
  subject: ContenderId;
  title: string;
  value: number;
  /** `speed`: how many times as fast; `share`: 0 to 1. */
  unit: "speed" | "seconds" | "share" | "bytes" | "programs";
  /** Of how many programs it is the geometric mean, or which programs are meant. */
  of?: number;
  names?: string[];
}
