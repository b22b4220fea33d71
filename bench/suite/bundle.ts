/**
 * Programs that run guests in processes of their own, as plain JavaScript: no compiler of TypeScript counts into their start-up and their
 * memory, and a source that changes meanwhile does not change what is measured.
 */
import { mkdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";

/** Below the project, where packages are found. */
const FOLDER = join(import.meta.dirname, "../../build/bench", `run-${process.pid}`);
const bundles = new Map<string, Promise<string>>();

/** The path of `source` (in this folder) bundled; made once in a run, and gone after it. */
export function bundled(source: string): Promise<string> {
  const bundle = bundles.get(source) ?? makeBundle(source);
  bundles.set(source, bundle);
  return bundle;
}

async function makeBundle(source: string): Promise<string> {
  if (bundles.size === 0) process.once("exit", () => rmSync(FOLDER, { recursive: true, force: true }));
  mkdirSync(FOLDER, { recursive: true });
  const outfile = join(FOLDER, `${basename(source, ".ts")}.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, source)],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: true, // beside it, as the product has it: within it would count into the process's memory
    logLevel: "warning",
  });
  return outfile;
}
