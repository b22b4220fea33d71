/** What is written when a run is over: `--screen`, `--screen-text`, `--stats`, `--profile`. */
import { writeFileSync } from "node:fs";
import type { Frame } from "../display/frameBuffer.ts";
import { framePng } from "../display/png.ts";
import type { VmProfile, VmStats } from "../vm/vmConfig.ts";
import { cannotWrite } from "./files.ts";
import type { RunOptions } from "./options.ts";
import type { Console } from "./outputs.ts";
import { formatProfile } from "./profileText.ts";
import type { SymbolTable } from "./symbols.ts";

/** What is asked of the VM. */
export interface ReportSource {
  screenText(): string;
  frame(): Frame;
  stats(): VmStats;
  profile(): VmProfile;
}

/** @throws UsageError if a file cannot be written. */
export function writeReports(
  options: Pick<RunOptions, "screen" | "screenText" | "stats" | "profile">,
  vm: ReportSource,
  output: Console,
  symbols?: SymbolTable,
): void {
  if (options.screen !== undefined) writeFile("--screen", options.screen, framePng(vm.frame()));
  if (options.screenText) writeText(output, `${vm.screenText().trimEnd()}\n`);
  const write = (option: string, path: string, text: string) =>
    path === "-" ? writeText(output, text) : writeFile(option, path, text);
  if (options.stats !== undefined) write("--stats", options.stats, `${JSON.stringify(vm.stats(), null, 2)}\n`);
  if (options.profile !== undefined) write("--profile", options.profile, formatProfile(vm.profile(), symbols));
}

function writeText(output: Console, text: string): void {
  output.freshLine();
  output.write(text);
}

function writeFile(option: string, path: string, data: string | Uint8Array): void {
  try {
    writeFileSync(path, data);
  } catch (error) {
    throw cannotWrite(option, path, error);
  }
}
