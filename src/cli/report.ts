/** What is written when a run is over: `--screen`, `--screen-text`, `--stats`. */
import { writeFileSync } from "node:fs";
import type { Frame } from "../display/frameBuffer.ts";
import { framePng } from "../display/png.ts";
import type { VmStats } from "../vm/vmConfig.ts";
import { cannotWrite } from "./files.ts";
import type { RunOptions } from "./options.ts";
import type { Console } from "./outputs.ts";

/** What is asked of the VM. */
export interface ReportSource {
  screenText(): string;
  frame(): Frame;
  stats(): VmStats;
}

/** @throws UsageError if a file cannot be written. */
export function writeReports(
  options: Pick<RunOptions, "screen" | "screenText" | "stats">,
  vm: ReportSource,
  output: Console,
): void {
  if (options.screen !== undefined) writeReport("--screen", options.screen, framePng(vm.frame()));
  if (options.screenText) {
    output.freshLine();
    output.write(`${vm.screenText().trimEnd()}\n`);
  }
  if (options.stats === undefined) return;
  const stats = `${JSON.stringify(vm.stats(), null, 2)}\n`;
  if (options.stats !== "-") {
    writeReport("--stats", options.stats, stats);
    return;
  }
  output.freshLine();
  output.write(stats);
}

function writeReport(option: string, path: string, data: string | Uint8Array): void {
  try {
    writeFileSync(path, data);
  } catch (error) {
    throw cannotWrite(option, path, error);
  }
}
