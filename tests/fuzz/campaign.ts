/** Many programs in a row. */
import { scheduleOf } from "./differential.ts";
import type { Environment } from "./environment.ts";
import { generate } from "./generate.ts";
import { type Backend, Pair } from "./pair.ts";
import { type Program, type Variant, whole } from "./program.ts";
import { investigate } from "./report.ts";

export interface Campaign {
  backend: Backend;
  /** Seeds from here on. */
  seed: number;
  /** Whether to go on after so many programs. */
  goOn(programs: number): boolean;
  environment?: Environment;
  /** Instructions whose text matches are left out: to look past a defect that is known. */
  without?: RegExp;
  /** Stop after so many. */
  maxFailures: number;
  pair?: Pair;
}

export interface Totals {
  programs: number;
  instructions: number;
  traps: number;
  /** Modules that were translated. */
  modules: number;
  /** One text for each failure. */
  failures: string[];
}

function lacking(program: Program, text: RegExp): Variant {
  const dropped = [...program.insns.keys()].filter(
    (n) => text.test(program.insns[n]!.text) && !program.insns[n]!.structural,
  );
  return { ...whole(program), dropped: new Set(dropped) };
}

/** The command that shows a failure again. */
function repetition({ backend, environment, without }: Campaign, seed: number): string {
  const more = [
    ...(environment ? [` --environment ${environment.name}`] : []),
    ...(without ? [` --without '${without.source}'`] : []),
  ];
  return `repeat: npm run fuzz -- --seed ${seed} --count 1 --backend ${backend}${more.join("")}`;
}

export async function run(campaign: Campaign): Promise<Totals> {
  const { backend, seed, environment } = campaign;
  const pair = campaign.pair ?? new Pair(backend);
  const totals: Totals = { programs: 0, instructions: 0, traps: 0, modules: 0, failures: [] };
  while (campaign.goOn(totals.programs) && totals.failures.length < campaign.maxFailures) {
    const program = generate(seed + totals.programs++, environment);
    const variant = campaign.without ? lacking(program, campaign.without) : whole(program);
    const divergence = await pair.runNamed(variant, scheduleOf(program.seed));
    const [a, b] = await pair.get();
    totals.instructions += a.retired;
    totals.traps += a.log.length;
    totals.modules += b.modules;
    if (!divergence) continue;
    totals.failures.push(`${await investigate(variant, pair, divergence)}\n${repetition(campaign, program.seed)}`);
    pair.renew();
  }
  return totals;
}
