/** The options of `npm run bench`. */
import { parseArgs } from "node:util";

export interface BenchOptions {
  /** Names of benchmarks; empty: all. */
  only: string[];
  runs: number;
  json?: string;
}

export class OptionError extends Error {}

export const usage = (names: readonly string[]): string => `Usage: npm run bench -- [options]

Measures how fast guests run, against QEMU TCG on the same machine where it is installed.

  --only NAME   ${names.join(", ")}; repeatable
  --runs N      measure N times and give the median (3)
  --json FILE   write the figures to FILE too
`;

const DEFAULT_RUNS = 3;

/** @throws OptionError for the first thing that is wrong; undefined: help was asked for. */
export function parseBenchOptions(args: readonly string[], names: readonly string[]): BenchOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const only = values.only ?? [];
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new OptionError(`--only ${unknown}: there are ${names.join(", ")}`);
  const runs = values.runs === undefined ? DEFAULT_RUNS : Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new OptionError(`--runs ${values.runs}: must be a number from 1`);
  return { only, runs, ...(values.json !== undefined && { json: values.json }) };
}

function parse(args: readonly string[]) {
  const options = {
    only: { type: "string", multiple: true },
    runs: { type: "string" },
    json: { type: "string" },
    help: { type: "boolean", short: "h" },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new OptionError((error as Error).message.split(". ", 1)[0]);
  }
}
