/**
 * One measurement of Tabvisor, in a process of its own: in one that has run a guest before, the engine would be compiled
 * and optimised already. `measure` starts this file as a program, which answers on standard output.
 */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { EngineModules } from "../../src/core/engine.ts";
import { Vm } from "../../src/vm/vm.ts";
import type { EngineMode, VmStats } from "../../src/vm/vmConfig.ts";
import { LOOPS } from "./programs.ts";

/** Runs the loop program once for each number of rounds. */
export interface Job {
  program: string;
  rounds: number[];
  engine: EngineMode;
}

export interface Outcome {
  /** Wall time of the run alone. */
  seconds: number;
  instructions: number;
  status: number;
}

const TIMEOUT_MS = 180_000;
const ENGINE = new URL("../../build/engine.wasm", import.meta.url);

/** Does `job` in a fresh process. */
export async function measure(job: Job): Promise<Outcome[]> {
  const args = ["--import", "tsx", fileURLToPath(import.meta.url), JSON.stringify(job)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], timeout: TIMEOUT_MS });
  let [answer, complaint] = ["", ""];
  child.stdout.on("data", (piece) => (answer += piece));
  child.stderr.on("data", (piece) => (complaint += piece));
  const status = await new Promise((resolve, reject) => child.on("close", resolve).on("error", reject));
  if (status === 0) return JSON.parse(answer) as Outcome[];
  throw new Error(status === null ? `no end after ${TIMEOUT_MS / 1000} s` : complaint.trim() || `status ${status}`);
}

async function perform(job: Job): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const engine = await compileEngine();
  const program = LOOPS.find(({ name }) => name === job.program);
  for (const rounds of job.rounds) outcomes.push(await runLoop(engine, program!.image(rounds), job.engine));
  return outcomes;
}

async function compileEngine(): Promise<EngineModules> {
  return { shared: await WebAssembly.compile(await readFile(ENGINE)) };
}

async function runLoop(engine: EngineModules, kernel: Uint8Array, mode: EngineMode): Promise<Outcome> {
  const vm = await Vm.create(
    {
      memoryMib: 16,
      engine: mode,
      clock: "host",
      debugExit: true,
      boot: { kind: "kernel", kernel, append: "" },
    },
    engine,
  );
  const started = performance.now();
  const status = await new Promise<number>((resolve, reject) => {
    vm.onState((_state, reason) => {
      if (reason?.kind === "debug-exit") resolve(reason.status);
      else if (reason) reject(new Error(describeStop(reason)));
    });
    vm.start();
  });
  return finish(vm, started, status);
}

function describeStop(reason: { kind: string; message?: string; registers?: string }): string {
  return [reason.kind, reason.message, reason.registers].filter(Boolean).join("\n");
}

function finish(vm: Vm, started: number, status: number): Outcome {
  const seconds = (performance.now() - started) / 1000;
  const { instructions }: VmStats = vm.stats();
  vm.close();
  return { seconds, instructions, status };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outcomes = await perform(JSON.parse(process.argv[2] as string) as Job);
  process.stdout.write(JSON.stringify(outcomes));
  process.exit(0);
}
