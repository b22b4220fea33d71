/**
 * Compiles the engine (assembly/) into build/engine.wasm (shared memory) and build/engine-unshared.wasm, the same code for
 * pages that are not cross-origin isolated. Skipped when no source has changed.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ENGINE_PAGES } from "./engineMemory.ts";
import { unshareMemoryImport } from "./unshareMemory.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const outDir = join(root, "build");

/** Memory limits in 64 KiB pages: the least that holds the engine's own areas, and the whole of wasm32. */
const FLAGS = [
  ...[
    "--runtime",
    "stub",
    "--exportTable",
    "--importMemory",
    "--sharedMemory",
    "--initialMemory",
    String(ENGINE_PAGES),
    "--maximumMemory",
    "65536",
  ],
  ...["--enable", "threads,simd,bulk-memory,nontrapping-f2i,sign-extension,mutable-globals"],
  ...["--noAssert", "--optimizeLevel", "2", "--shrinkLevel", "0", "--runPasses", "coalesce-locals"],
];

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function fingerprint(): string {
  const hash = createHash("sha256").update(JSON.stringify(FLAGS));
  for (const file of [
    ...sources(join(root, "assembly")),
    fileURLToPath(import.meta.url),
    join(root, "package-lock.json"),
  ])
    hash.update(file.slice(root.length)).update(readFileSync(file));
  return hash.digest("hex");
}

/** Builds if needed; throws with asc's messages when the sources do not compile. */
export async function buildEngine(): Promise<void> {
  const stampFile = join(outDir, "engine.stamp");
  const stamp = fingerprint();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  mkdirSync(outDir, { recursive: true });
  const shared = join(outDir, "engine.wasm");
  const text = process.argv.includes("--text") ? ["--textFile", join(outDir, "engine.wat")] : [];
  const started = Date.now();
  const { default: asc } = await import("assemblyscript/asc"); // seconds to load: only when there is something to build
  const { error, stderr } = await asc.main([join(root, "assembly/index.ts"), "--outFile", shared, ...text, ...FLAGS]);
  if (error) throw new Error(`the engine does not compile:\n${stderr.toString()}`);
  const bytes = readFileSync(shared);
  writeFileSync(join(outDir, "engine-unshared.wasm"), unshareMemoryImport(bytes));
  writeFileSync(stampFile, stamp);
  console.error(`engine: ${(bytes.length / 1024).toFixed(0)} KB in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildEngine().catch((error: Error) => {
    console.error(error.message);
    process.exit(1);
  });
}
