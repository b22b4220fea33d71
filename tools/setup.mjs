// What `npm start`, `npm test` and `npm run build` need before anything of the project can run. Plain Node: there may be no node_modules.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Ends the process with one clear message where Node is too old; `engines` of package.json says what is needed. */
export function checkNode() {
  const { engines } = readJson("package.json");
  const wanted = engines.node.replace(/^>=/, "").split(".").map(Number);
  const actual = process.versions.node.split(".").map(Number);
  const difference = wanted.map((number, i) => actual[i] - number).find((number) => number !== 0) ?? 0;
  if (difference >= 0) return;
  console.error(`Tabvisor needs Node ${wanted.join(".")} or later; this is ${process.version} (${process.execPath}).`);
  process.exit(1);
}

/**
 * Runs `npm ci` unless node_modules holds just what package-lock.json asks for. A lock file made where the registry lacks packages for
 * other platforms (all optional) does not satisfy `npm ci`; `npm install --no-save` takes it, at the same locked versions.
 */
export function installNodeModules() {
  const missing = missingModule();
  if (missing === undefined) return;
  console.error(`Installing node modules (${missing})`);
  const clean = npm("ci");
  if (clean.status === 0) return;
  const isLockIncomplete = clean.output.includes("EUSAGE") && clean.output.includes("from lock file");
  if (isLockIncomplete)
    console.error("package-lock.json lacks packages, so npm ci refuses it: trying npm install --no-save");
  const { status, output } = isLockIncomplete ? npm("install", "--no-save") : clean;
  if (status === 0) return;
  console.error(
    `${output}\nnpm failed (its messages are above); it needs the npm registry, or a copy of it in npm's cache.`,
  );
  process.exit(1);
}

function npm(...command) {
  const { status, stdout, stderr, error } = spawnSync(
    "npm",
    [...command, "--no-audit", "--no-fund", "--loglevel=error"],
    {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
      shell: process.platform === "win32",
    },
  );
  return { status, output: error ? error.message : `${stdout}${stderr}` };
}

/** Why an install is needed, in a few words; undefined if none is. npm notes what it installed in node_modules/.package-lock.json. */
function missingModule() {
  const noted = "node_modules/.package-lock.json";
  if (!existsSync(join(ROOT, noted))) return "there are none yet";
  const installed = readJson(noted).packages;
  const wanted = Object.entries(readJson("package-lock.json").packages);
  const isMissing = ([path, { version, optional }]) => path && !optional && installed[path]?.version !== version;
  const missing = wanted.find(isMissing) ?? wanted.find(([path, entry]) => isOther(installed[path], entry));
  return missing && `${missing[0].replace("node_modules/", "")} ${missing[1].version} is missing`;
}

/** An optional package may be absent: it is for another platform. Another version of it is wrong. */
function isOther(installed, { version }) {
  return installed !== undefined && installed.version !== version;
}

function readJson(path) {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8"));
}

/** Imports a TypeScript module of the project, by its path from the project's folder. */
export async function importTypeScript(path) {
  const { tsImport } = await import("tsx/esm/api");
  return tsImport(`../${path}`, import.meta.url);
}
