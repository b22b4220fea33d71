/** The few figures that a run comes down to: geometric means of how many times as fast Tabvisor is as each other contender. */
import { geometricMean } from "../figures.ts";
import type { ContenderId } from "./contender.ts";
import type { Arch } from "./guestImage.ts";
import type { BenchReport, BootRow, EndRow, ProgramRow, SummaryFigure } from "./report.ts";

type Results = Pick<BenchReport, "programs" | "boots" | "ends">;
type Phase = "steady" | "warm";

const SUBJECTS = ["tabvisor", "chromium"] as const;
const ARCHES = ["amd64", "i386"] as const;
const NAMES: Readonly<Record<ContenderId, string>> = {
  host: "the bare CPU",
  qemu: "QEMU TCG",
  v86: "v86",
  tabvisor: "Tabvisor",
  chromium: "Tabvisor in Chromium",
};

export function summarize(results: Results): SummaryFigure[] {
  return SUBJECTS.flatMap((subject) => [
    ...againstV86(results.programs, subject),
    ...ARCHES.flatMap((arch) => againstOthers(results.programs, subject, arch)),
    ...results.boots.flatMap((row) => bootFigures(row, subject)),
    ...translatedShares(results, subject),
    ...results.ends.flatMap((row) => memoryFigures(row, subject)),
  ]);
}

/** How many times as fast `subject` is as `other`; undefined where one of them was not measured. */
export function speedRatio(row: ProgramRow, subject: ContenderId, other: ContenderId, phase: Phase = "steady") {
  const [ours, theirs] = [row.timings[subject]?.[phase].perRound, row.timings[other]?.[phase].perRound];
  return ours !== undefined && theirs !== undefined ? theirs / ours : undefined;
}

function againstV86(programs: readonly ProgramRow[], subject: ContenderId): SummaryFigure[] {
  const rows = programs.filter(({ arch }) => arch === "i386");
  const compared = rows.filter((row) => speedRatio(row, subject, "v86") !== undefined);
  if (compared.length === 0) return [];
  const slower = compared.filter((row) => (speedRatio(row, subject, "v86") as number) < 1);
  const names = slower.map(({ name }) => name);
  return [
    ...mean("all programs, i386", rows, subject, "v86"),
    { subject, title: "programs slower than v86", value: slower.length, unit: "programs", of: compared.length, names },
  ];
}

function againstOthers(programs: readonly ProgramRow[], subject: ContenderId, arch: Arch): SummaryFigure[] {
  const rows = programs.filter((row) => row.arch === arch);
  const group = (wanted: ProgramRow["group"]) => rows.filter((row) => row.group === wanted);
  return [
    ...mean(`compute, ${arch}`, group("compute"), subject, "qemu"),
    ...mean(`system calls, fork, pipe, faults, ${arch}`, group("system"), subject, "qemu"),
    ...mean(`dispersed, ${arch}`, group("dispersed"), subject, "qemu"),
    ...mean(`warm-up, all programs, ${arch}`, rows, subject, "qemu", "warm"),
    ...mean(`compute, ${arch}`, group("compute"), subject, "host"),
  ];
}

function mean(
  title: string,
  rows: readonly ProgramRow[],
  subject: ContenderId,
  other: ContenderId,
  phase: Phase = "steady",
): SummaryFigure[] {
  const ratios = rows.map((row) => speedRatio(row, subject, other, phase)).filter((ratio) => ratio !== undefined);
  const value = geometricMean(ratios);
  if (value === undefined) return [];
  return [{ subject, title: `${title}, against ${NAMES[other]}`, value, unit: "speed", of: ratios.length }];
}

function bootFigures({ title, timings }: BootRow, subject: ContenderId): SummaryFigure[] {
  const ours = timings[subject];
  if (ours === undefined) return [];
  const others = (["qemu", "v86"] as const).flatMap((other): SummaryFigure[] => {
    const theirs = timings[other];
    if (theirs === undefined) return [];
    return [
      {
        subject,
        title: `boot, ${title}, against ${NAMES[other]}`,
        value: theirs.seconds / ours.seconds,
        unit: "speed",
      },
    ];
  });
  return [{ subject, title: `boot, ${title}`, value: ours.seconds, unit: "seconds" }, ...others];
}

function translatedShares({ programs, boots }: Results, subject: ContenderId): SummaryFigure[] {
  const boot = boots.flatMap(({ title, timings }): SummaryFigure[] => {
    const value = timings[subject]?.translatedShare;
    return value === undefined ? [] : [{ subject, title: `translated, boot, ${title}`, value, unit: "share" }];
  });
  const compute = programs.filter(({ group }) => group === "compute");
  const shares = compute.map(({ timings }) => timings[subject]?.translatedShare).filter((share) => share !== undefined);
  if (shares.length === 0) return boot;
  const least = Math.min(...shares);
  return [...boot, { subject, title: "translated, compute programs, the least", value: least, unit: "share" }];
}

function memoryFigures({ arch, figures }: EndRow, subject: ContenderId): SummaryFigure[] {
  const { processBytes, engineBytes, heapBytes } = figures[subject] ?? {};
  const figure = (title: string, value: number | undefined): SummaryFigure[] =>
    value === undefined ? [] : [{ subject, title: `${title}, ${arch}`, value, unit: "bytes" }];
  return [
    ...figure("memory beyond guest RAM: whole process", processBytes),
    ...figure("memory beyond guest RAM: engine", engineBytes),
    ...figure("memory beyond guest RAM: JavaScript heap", heapBytes),
  ];
}
