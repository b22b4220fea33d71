/** The report as text. */
import { printDesktop } from "../desktop/desktop.ts";
import { printDisks } from "../disks/disks.ts";
import { digits, table, timeText } from "../figures.ts";
import { printLoops } from "../loops/loops.ts";
import { printScreens } from "../screen/screen.ts";
import { CONTENDERS, type ContenderId } from "./contender.ts";
import type { BenchReport, BootRow, ProgramRow, SummaryFigure } from "./report.ts";
import { speedRatio } from "./summary.ts";

const HEADS: Readonly<Record<ContenderId, string>> = {
  host: "CPU",
  qemu: "QEMU",
  v86: "v86",
  tabvisor: "Tabvisor",
  chromium: "Chromium",
};
/** Whose speed Tabvisor's is compared with. */
const RIVALS = ["host", "qemu", "v86"] as const;

export function printReport(report: BenchReport): string {
  const { host, runs, engine } = report;
  const head = `Speeds are how many times as fast Tabvisor is: 4x, or 1/4 for a quarter.
${host.cpu}, ${host.cores} cores, load ${host.loadAverage.toFixed(1)}, Node ${host.node}, ${host.qemu ?? "no QEMU"}; engine ${engine}; median of ${runs}`;
  const sections = [
    [head],
    ...["amd64", "i386"].flatMap((arch) => {
      const rows = report.programs.filter((row) => row.arch === arch);
      return [printPrograms(`${arch}, steady`, rows, "steady"), printPrograms(`${arch}, warm-up`, rows, "warm")];
    }),
    printCounters(report.programs),
    printBoots(report.boots),
    printLoops(report.loops),
    printDisks(report.disks),
    printScreens(report.screens),
    printDesktop(report.desktops),
    printSummary(report.summary),
    report.skipped.map((line) => `skipped: ${line}`),
    [
      ...report.errors,
      ...[...report.loops, ...report.disks].flatMap(({ title, errors }) => errors.map((error) => `${title}: ${error}`)),
      ...[...report.screens, ...report.desktops].flatMap(({ errors }) => errors),
    ],
  ];
  const lines = sections.filter((section) => section.length > 0).map((section) => section.join("\n"));
  return lines.join("\n\n");
}

/** Time for a round by the wall clock (and by the guest's), and how many times as fast Tabvisor is. */
function printPrograms(title: string, rows: readonly ProgramRow[], phase: "steady" | "warm"): string[] {
  const present = CONTENDERS.filter((id) => rows.some(({ timings }) => timings[id]));
  if (present.length === 0) return [];
  const pairs = pairsOf(present);
  const cells = rows.map((row) => [
    row.title,
    ...present.map((id) => {
      const timing = row.timings[id]?.[phase];
      return timing === undefined ? "-" : `${timeText(timing.perRound)} (${timeText(timing.guestPerRound)})`;
    }),
    ...pairs.map(([subject, other]) => ratioText(speedRatio(row, subject, other, phase))),
  ]);
  const heads = [
    ...present.map((id) => HEADS[id]),
    ...pairs.map(([subject, other]) => `${HEADS[subject]}:${HEADS[other]}`),
  ];
  return table([[`${title}, a round`, ...heads], ...cells]);
}

function pairsOf(present: readonly ContenderId[]): [ContenderId, ContenderId][] {
  const subjects = present.filter((id) => id === "tabvisor" || id === "chromium");
  return subjects.flatMap((subject) =>
    RIVALS.filter((id) => present.includes(id)).map((id): [ContenderId, ContenderId] => [subject, id]),
  );
}

/** Speed and share of translated code in instructions, where a contender counts them. */
function printCounters(programs: readonly ProgramRow[]): string[] {
  const rows = programs.flatMap(({ arch, title, timings }) =>
    CONTENDERS.flatMap((id) => {
      const { mips, translatedShare } = timings[id] ?? {};
      if (mips === undefined) return [];
      return [[`${title}, ${arch}, ${HEADS[id]}`, `${mips.toFixed(0)} MIPS`, shareText(translatedShare)]];
    }),
  );
  return rows.length === 0 ? [] : table([["instructions", "speed", "translated"], ...rows]);
}

function printBoots(boots: readonly BootRow[]): string[] {
  const present = CONTENDERS.filter((id) => boots.some(({ timings }) => timings[id]));
  if (present.length === 0) return [];
  const cells = boots.map(({ title, timings }) => [
    title,
    ...present.map((id) => (timings[id] ? timeText(timings[id].seconds) : "-")),
  ]);
  return table([["boot to shell", ...present.map((id) => HEADS[id])], ...cells]);
}

/** A line for each figure, a column for Tabvisor on Node and one for Chromium. */
function printSummary(summary: readonly SummaryFigure[]): string[] {
  if (summary.length === 0) return [];
  const subjects = CONTENDERS.filter((id) => summary.some(({ subject }) => subject === id));
  const titles = [...new Set(summary.map(({ title }) => title))];
  const rows = titles.map((title) => [
    title,
    ...subjects.map((id) => {
      const figure = summary.find((one) => one.title === title && one.subject === id);
      return figure === undefined ? "-" : valueText(figure);
    }),
    remark(summary.find((one) => one.title === title) as SummaryFigure),
  ]);
  return table([["figures", ...subjects.map((id) => HEADS[id]), ""], ...rows]);
}

function valueText({ value, unit, names }: SummaryFigure): string {
  switch (unit) {
    case "speed":
      return ratioText(value);
    case "seconds":
      return timeText(value);
    case "share":
      return shareText(value);
    case "bytes":
      return `${(value / 1e6).toFixed(0)} MB`;
    case "programs":
      return [value, ...(names ?? [])].join(" ");
  }
}

function remark({ of }: SummaryFigure): string {
  return of === undefined ? "" : `${of} ${of === 1 ? "program" : "programs"}`;
}

/** How many times as fast: "4.00x", or "1/4.00" for a quarter of the speed. */
function ratioText(ratio: number | undefined): string {
  if (ratio === undefined) return "-";
  return ratio < 1 ? `1/${digits(1 / ratio)}` : `${digits(ratio)}x`;
}

function shareText(share: number | undefined): string {
  return share === undefined ? "-" : `${(share * 100).toFixed(2)} %`;
}
