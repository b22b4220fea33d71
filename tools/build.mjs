// `npm run build`: the engine, the command line and the page, into dist/; `npm run build -- cli` leaves the page out.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkNode, importTypeScript, installNodeModules, ROOT } from "./setup.mjs";

const ENGINE = "build/engine.wasm";

/** Compiles the engine into build/ if its sources have changed. */
export async function buildEngine() {
  const tool = await importTypeScript("tools/buildEngine.ts");
  await tool.buildEngine();
}

/** Bundles the command line into dist/cli.js, with the engine beside it, if something has changed. Needs the engine. */
export async function buildCli() {
  const dist = join(ROOT, "dist");
  const stampFile = join(dist, "cli.stamp");
  const stamp = cliFingerprint();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  mkdirSync(dist, { recursive: true });
  const { build } = await import("esbuild");
  await build({
    absWorkingDir: ROOT,
    entryPoints: { cli: "src/cli/main.ts", compileThread: "src/cli/compileThread.ts" },
    outdir: "dist",
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    sourcemap: true,
    logLevel: "warning",
  });
  copyFileSync(join(ROOT, ENGINE), join(dist, "engine.wasm"));
  writeFileSync(stampFile, stamp);
}

/** Over all that may be bundled. */
function cliFingerprint() {
  const hash = createHash("sha256");
  const sources = ["src", "assembly/shared"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(folder, file)),
  );
  for (const file of [...sources.sort(), "images/guests.ts", "tools/build.mjs", "package-lock.json", ENGINE])
    hash.update(`${file}\0`).update(readFileSync(join(ROOT, file)));
  return hash.digest("hex");
}

/** Builds the page into dist/page if its sources have changed. */
export async function buildPage() {
  const tool = await importTypeScript("tools/serve.ts");
  await tool.buildPage();
}

async function build() {
  await buildEngine();
  await buildCli();
  if (process.argv[2] !== "cli") await buildPage();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  checkNode();
  installNodeModules();
  try {
    // Recipes of guests build the command line while other things may build it too.
    const { withLock } = await importTypeScript("images/lock.ts");
    const onWait = () => console.error("waiting for another build to end");
    await withLock(join(ROOT, "build/lock"), onWait, build);
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
