/** The command line's entry, bundled into dist/cli.js. `bin/tabvisor.mjs` calls {@link main}. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { StorageError } from "../bus/blockBackend.ts";
import type { EngineModules } from "../core/engine.ts";
import { EngineError } from "../core/engineError.ts";
import type { ModuleCompiler } from "../core/moduleInstaller.ts";
import { wantsCompiler } from "../machine/machine.ts";
import { Vm } from "../vm/vm.ts";
import type { VmConfig } from "../vm/vmConfig.ts";
import { VmError } from "../vm/vmError.ts";
import { enableBranchHinting } from "./branchHinting.ts";
import { checkWritable, makeVmConfig } from "./files.ts";
import { HELP } from "./help.ts";
import { nodeOpeners, openTree } from "./nodeOpeners.ts";
import { parseRunOptions } from "./options.ts";
import { EXIT_DEFECT, EXIT_OK, EXIT_USAGE, runVm } from "./run.ts";
import { readSymbols } from "./symbols.ts";
import { startCompileThread } from "./threadCompiler.ts";
import { UsageError } from "./usageError.ts";

/** The package's folder: this file is `dist/cli.js` in it. */
const PACKAGE = new URL("../", import.meta.url);

/** Carries out a command line (without `node` and the script); gives the exit status. */
export async function main(args: readonly string[]): Promise<number> {
  endQuietlyOnBrokenPipe();
  try {
    return await runCommand(args);
  } catch (error) {
    if (!isForUser(error)) throw error;
    process.stderr.write(`tabvisor: ${error.message}\n`);
    return EXIT_USAGE;
  }
}

function isForUser(error: unknown): error is Error {
  return [UsageError, VmError, EngineError, StorageError].some((kind) => error instanceof kind);
}

async function runCommand([command, ...args]: readonly string[]): Promise<number> {
  if (command === "--help" || command === "-h" || command === "help") return print(HELP);
  if (command === "--version") return print(`tabvisor ${version()}\n`);
  if (command === "run") return args.includes("--help") ? print(HELP) : run(args);
  const what = command === undefined ? "no command" : `"${command}" is not a command`;
  throw new UsageError(`${what}; see tabvisor --help`);
}

async function run(args: readonly string[]): Promise<number> {
  const options = parseRunOptions(args);
  if (options.screen !== undefined) checkWritable("--screen", options.screen);
  for (const name of ["stats", "profile"] as const) {
    const path = options[name];
    if (path !== undefined && path !== "-") checkWritable(`--${name}`, path);
  }
  const symbols = options.symbols === undefined ? undefined : readSymbols(options.symbols);
  const config = makeVmConfig(options, fileURLToPath(new URL("images/.cache/out", PACKAGE)));
  enableBranchHinting();
  const engine = await loadEngine();
  const compiler = compilerFor(config);
  const vm = await Vm.create(config, engine, { openers: nodeOpeners, openTree, ...(compiler && { compiler }) }).catch(
    (error) => {
      throw error instanceof VmError && error.code === "bad-kernel"
        ? new UsageError(`--kernel ${options.kernel}: ${error.message}`)
        : error;
    },
  );
  const { stdout, stderr, stdin } = process;
  return runVm(vm, options, { stdout, stderr, stdin, signals: process }, symbols);
}

function compilerFor(config: VmConfig): ModuleCompiler | undefined {
  return wantsCompiler(config) ? startCompileThread(new URL("dist/compileThread.js", PACKAGE)) : undefined;
}

async function loadEngine(): Promise<EngineModules> {
  const file = new URL("dist/engine.wasm", PACKAGE);
  if (!existsSync(file)) throw new UsageError(`${fileURLToPath(file)} is missing; npm run build makes it`);
  try {
    return { shared: await WebAssembly.compile(readFileSync(file)) };
  } catch (error) {
    throw new EngineError("bad-engine", `${fileURLToPath(file)} is no engine: ${(error as Error).message}`);
  }
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL("package.json", PACKAGE), "utf8")) as { version: string };
  return version;
}

function print(text: string): number {
  process.stdout.write(text);
  return EXIT_OK;
}

/** Whoever read our output has gone (`tabvisor run | head`). */
function endQuietlyOnBrokenPipe(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(EXIT_DEFECT);
  });
}
