// `npm test`: everything that must hold, from a bare clone: set-up, builds, lint, types, Vitest, Playwright. The last line has the totals.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { checkNode, installNodeModules, ROOT } from "./setup.mjs";
import { setUpPackages } from "./setupPackages.mjs";

const BIN = "node_modules/.bin";
const REPORTS = join(ROOT, "build/reports");

/** Each is one check: it passes or fails as a whole, and is heard of only if it fails. */
const BUILD = ["build", "node", "tools/build.mjs"];
const IMAGES = ["images", `${BIN}/tsx`, "images/cli.ts", "--all"];
const SOURCES = [
  ["types", `${BIN}/tsc`, "-p", "tsconfig.json"],
  ["types without a page", `${BIN}/tsc`, "-p", "tsconfig.core.json"],
  ["lint", `${BIN}/biome`, "check", "--error-on-warnings", "."],
  ["format of the engine", `${BIN}/prettier`, "--check", "--log-level", "warn", "assembly/**/*.ts"],
  ["import rules", `${BIN}/tsx`, "tools/checkImports.ts"],
];

const totals = { passed: 0, failed: 0 };
const timings = [];

checkNode();
installNodeModules();
mkdirSync(REPORTS, { recursive: true });
const missing = await timed("set-up", setUpPackages);
// Images take longest, and use several processors only in part: what does without them goes on beside them.
await Promise.all([runCheck(IMAGES), runUnits()]);
await timed("tests with guests", () => runVitest("guests"));
await timed("playwright", runPlaywright);
console.log(`\n${timings.join("\n")}\n`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 ? 1 : 0;

async function runUnits() {
  // They would all find that the engine has to be built.
  await Promise.all([runCheck(BUILD), runOneByOne(SOURCES)]);
  await timed("unit tests", () => runVitest("units"));
}

async function runOneByOne(checks) {
  for (const check of checks) await runCheck(check);
}

async function runCheck([name, ...command]) {
  const { status, output } = await timed(name, () => run(command, { quiet: true }));
  count(status === 0 ? 1 : 0, status === 0 ? 0 : 1);
  if (status === 0) return;
  console.error(`\n${name} failed (${command.join(" ")}):\n${output}`);
}

/** @param project one of those in vitest.config.ts */
async function runVitest(project) {
  const report = join(REPORTS, `vitest-${project}.json`);
  rmSync(report, { force: true });
  const { status } = await run([
    `${BIN}/vitest`,
    ...["run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
  ]);
  countReport(report, status, ({ numPassedTests, numFailedTests }) => [numPassedTests, numFailedTests]);
}

async function runPlaywright() {
  if (!hasPlaywrightTests()) return;
  if (missing.length > 0) {
    console.error(`\nplaywright cannot run:\n${missing.join("\n")}`);
    return count(0, 1);
  }
  const report = join(REPORTS, "playwright.json");
  rmSync(report, { force: true });
  const env = { PLAYWRIGHT_JSON_OUTPUT_FILE: report, PLAYWRIGHT_JSON_OUTPUT_NAME: report };
  const { status } = await run([`${BIN}/playwright`, "test", "--reporter=list,json"], { env });
  // A flaky test passed at a second try: that is a failure here.
  countReport(report, status, ({ stats }) => [stats.expected, stats.unexpected + stats.flaky]);
}

function hasPlaywrightTests() {
  const folder = join(ROOT, "e2e");
  return existsSync(folder) && readdirSync(folder, { recursive: true }).some((file) => /\.(spec|test)\.ts$/.test(file));
}

/** A run that fails without a failed test (a file that does not load, a defect of the runner) counts as one. */
function countReport(file, status, read) {
  const [passed, failed] = existsSync(file) ? read(JSON.parse(readFileSync(file, "utf8"))) : [0, 0];
  const wentWrong = status !== 0 || passed === 0;
  count(passed, failed === 0 && wentWrong ? 1 : failed);
}

function count(passed, failed) {
  totals.passed += passed;
  totals.failed += failed;
}

async function timed(name, work) {
  const started = Date.now();
  const result = await work();
  const line = `${name.padEnd(22)} ${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s`;
  timings.push(line);
  console.log(line);
  return result;
}

/** Runs a program in the project's folder; `quiet` keeps its output instead of showing it. */
function run([program, ...args], { quiet = false, env = {} } = {}) {
  const file = program === "node" ? process.execPath : join(ROOT, program);
  return new Promise((resolve) => {
    const stdio = ["ignore", quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"];
    const child = spawn(file, args, { cwd: ROOT, stdio, env: { ...process.env, ...env } });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => (output += data));
    child.on("error", (error) => resolve({ status: 1, output: error.message }));
    child.on("close", (status) => resolve({ status: status ?? 1, output }));
  });
}
