// `npm run build`: the engine, the command line and the page, into dist/. `npm start` and `npm test` use its parts.
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkNode, importTypeScript, installNodeModules, ROOT } from "./setup.mjs";

/** Compiles the engine into build/ if its sources have changed. */
export async function buildEngine() {
  const tool = await importTypeScript("tools/buildEngine.ts");
  await tool.buildEngine();
}

/** Bundles the command line into dist/cli.js, with the engine beside it. */
export async function buildCli() {
  const { build } = await import("esbuild");
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: ["src/cli/main.ts"],
    outfile: "dist/cli.js",
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    sourcemap: true,
    logLevel: "warning",
  });
  copyFileSync(join(ROOT, "build/engine.wasm"), join(ROOT, "dist/engine.wasm"));
}

/** Builds the page into dist/page if its sources have changed. */
export async function buildPage() {
  const tool = await importTypeScript("tools/serve.ts");
  await tool.buildPage();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  checkNode();
  installNodeModules();
  try {
    await buildEngine();
    await buildCli();
    await buildPage();
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
