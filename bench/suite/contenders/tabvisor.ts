/** Tabvisor in Node: the programs through `Vm`, which tells figures in between; the boot through the command line, as people start it. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineMode, VmStats } from "../../../src/vm/vmConfig.ts";
import { bundled } from "../bundle.ts";
import type { BootTiming, Contender, RunningGuest } from "../contender.ts";
import type { BootFiles } from "../guestImage.ts";
import { ProcessGuest } from "../processGuest.ts";
import { promptTime } from "../prompt.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const PROGRAM = "tabvisorGuest.ts";
const ENGINE = path("../../../build/engine.wasm");
/** Node as the command line starts it, for env(1). */
export const NODE = ["MALLOC_ARENA_MAX=1", process.execPath, "--v8-pool-size=1"];
const COMMAND_LINE = path("../../../bin/tabvisor.mjs");

/** What `VmStats` says of these. */
export function figuresOf({ instructions, interpreterShare, engineBytes, heapBytes }: VmStats) {
  return { instructions, translatedShare: 1 - interpreterShare, engineBytes, heapBytes };
}

export function tabvisor(engine: EngineMode): Contender {
  return {
    id: "tabvisor",
    title: "Tabvisor",
    arches: ["amd64", "i386"],
    missing: () => undefined,
    start: (image) => start(image, engine),
    startFiles: (files) => start(files, engine),
    boot: (files) => boot(files, engine),
  };
}

async function start(files: BootFiles, engine: EngineMode): Promise<RunningGuest> {
  const args = [...NODE, await bundled(PROGRAM), ENGINE, JSON.stringify(files), engine];
  const guest = new ProcessGuest("env", args, true);
  const counters = async () => figuresOf(await guest.ask<VmStats>("stats"));
  const figures = async () => ({ ...(await counters()), ...guest.memory(files.memoryMib) });
  return { ...guest.running(files.memoryMib), figures, counters };
}

async function boot(files: BootFiles, engine: EngineMode): Promise<BootTiming> {
  const folder = mkdtempSync(join(tmpdir(), "tabvisor-bench-"));
  try {
    const stats = join(folder, "stats.json");
    const started = performance.now();
    const guest = new ProcessGuest(COMMAND_LINE, ["run", ...optionsFor(files, engine, stats)]);
    const prompt = await promptTime(guest.port).finally(() => guest.stop("SIGTERM")); // it writes its figures then
    return { seconds: (prompt - started) / 1000, ...figuresOf(JSON.parse(readFileSync(stats, "utf8")) as VmStats) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function optionsFor(files: BootFiles, engine: EngineMode, stats: string): string[] {
  const { kernel, initrd, append, memoryMib } = files;
  const machine = ["--kernel", kernel, "--initrd", initrd, "--append", append, "--memory", String(memoryMib)];
  return [...machine, "--engine", engine, "--stats", stats];
}
