/** Compiles the engine (assembly/) into build/engine.wasm (shared memory) and build/engine-unshared.wasm. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("..", import.meta.url));
const OUT = join(root, "build");

/** -O1 with inlining by decorator: -O3 takes minutes on the interpreter's switch and gains nothing (docs/performance.md). */
const FLAGS = [
  "--runtime", "stub", "--optimizeLevel", "2", "--shrinkLevel", "0", "--converge",
  "--importMemory", "--sharedMemory", "--initialMemory", "768", "--maximumMemory", "65536",
  "--enable", "threads,simd,bulk-memory,nontrapping-f2i,sign-extension,mutable-globals",
  "--noAssert", "--exportRuntime", "--lowMemoryLimit", "262144",
];
