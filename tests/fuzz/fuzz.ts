/**
 * Random programs on the interpreter and on another backend, for as long as one likes.
 *
 *   npm run fuzz -- [--seed N] [--count N | --minutes M] [--backend jit|auto|plain|small] [--environment NAME]
 *       [--failures N] [--without REGEX]
 *
 * Prints each failure as the smallest program that shows it; `--seed N --count 1` repeats one.
 */
import { parseArgs } from "node:util";
import { type Campaign, run } from "./campaign.ts";
import { environmentNamed } from "./environment.ts";
import { BACKENDS, type Backend } from "./pair.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
    count: { type: "string" },
    minutes: { type: "string" },
    backend: { type: "string", default: "jit" },
    environment: { type: "string" },
    without: { type: "string" },
    failures: { type: "string", default: "5" },
  },
});

const number = (name: string, text: string): number => {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} must be a number, not "${text}"`);
  return value;
};

function backendNamed(name: string): Backend {
  if (!(name in BACKENDS)) throw new Error(`no backend "${name}"; there are ${Object.keys(BACKENDS).join(", ")}`);
  return name as Backend;
}

const PROGRESS_MS = 10_000;

const started = Date.now();
const minutes = values.minutes === undefined ? undefined : number("minutes", values.minutes);
const count = number("count", values.count ?? (minutes === undefined ? "1000" : "1e15"));
const seed = number("seed", values.seed);
let told = started;

function goOn(programs: number): boolean {
  const now = Date.now();
  if (now - told > PROGRESS_MS) {
    told = now;
    console.error(`${programs} programs, ${((now - started) / 1000).toFixed(0)} s`);
  }
  return programs < count && (minutes === undefined || now - started < minutes * 60_000);
}

const campaign: Campaign = {
  backend: backendNamed(values.backend),
  seed,
  goOn,
  maxFailures: number("failures", values.failures),
  ...(values.without === undefined ? {} : { without: new RegExp(values.without) }),
  ...(values.environment === undefined ? {} : { environment: environmentNamed(values.environment) }),
};
const totals = await run(campaign);
for (const failure of totals.failures) console.log(`${failure}\n`);
console.log(
  `seeds ${seed} to ${seed + totals.programs - 1}, ${values.backend}: ${totals.failures.length} failures; ${totals.programs} programs, ` +
    `${totals.instructions} instructions, ${totals.traps} traps and device accesses, ${totals.modules} modules`,
);
process.exitCode = totals.failures.length > 0 ? 1 : 0;
