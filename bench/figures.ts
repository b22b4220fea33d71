/** Arithmetic on measurements, and what a bench run reports. */
export interface Figure {
  name: string;
  title: string;
  tabvisor?: Speed;
  qemu?: Speed;
  /** Time that Tabvisor takes for what QEMU TCG does in one second. */
  timesQemu?: number;
  /** What went wrong, one line each. */
  errors: string[];
}

export interface Speed {
  /** Millions of guest instructions a second; undefined where they cannot be counted. */
  mips?: number;
  /** The boot's wall time. */
  seconds?: number;
  instructions?: number;
}

export interface BenchReport {
  host: { cpu: string; cores: number; node: string; qemu: string | null; loadAverage: number };
  runs: number;
  figures: Figure[];
}

/** The middle value; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("no values");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}

/** A run of some length. */
export interface Timing {
  instructions: number;
  seconds: number;
}

/** Speed between two runs of different length: what both took for starting and ending cancels out. */
export function steadyMips(short: Timing, long: Timing): number {
  const instructions = long.instructions - short.instructions;
  const seconds = long.seconds - short.seconds;
  if (instructions <= 0) throw new RangeError("the long run is not longer");
  if (seconds <= 0) throw new RangeError("the long run took no longer than the short one: the machine is not quiet");
  return instructions / seconds / 1e6;
}

/** How many times as long as `qemu` `tabvisor` takes for the same. */
export function timesQemu(tabvisor: Speed | undefined, qemu: Speed | undefined): number | undefined {
  if (tabvisor?.seconds !== undefined && qemu?.seconds !== undefined) return tabvisor.seconds / qemu.seconds;
  if (tabvisor?.mips !== undefined && qemu?.mips !== undefined) return qemu.mips / tabvisor.mips;
  return undefined;
}

export function printReport({ host, runs, figures }: BenchReport): string {
  const head = `${host.cpu}, ${host.cores} cores, Node ${host.node}, ${host.qemu ?? "no QEMU"}; median of ${runs}`;
  const rows = figures.map((figure) => [
    figure.title,
    speedText(figure.tabvisor),
    speedText(figure.qemu),
    figure.timesQemu === undefined ? "-" : `${figure.timesQemu.toFixed(1)} x`,
  ]);
  const errors = figures.flatMap(({ title, errors }) => errors.map((error) => `${title}: ${error}`));
  return [head, "", ...table([["", "Tabvisor", "QEMU TCG", "time / QEMU's"], ...rows]), ...errors].join("\n");
}

function speedText(speed: Speed | undefined): string {
  const parts: string[] = [];
  if (speed?.seconds !== undefined) parts.push(`${speed.seconds.toFixed(2)} s`);
  if (speed?.instructions !== undefined) parts.push(`${(speed.instructions / 1e6).toFixed(0)} M instr.`);
  if (speed?.mips !== undefined) parts.push(`${speed.mips.toFixed(0)} MIPS`);
  return parts.join(", ") || "-";
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]! + 2)))
      .join(""),
  );
}
