/** Choice by weight. */
import type { Random } from "../support/random.ts";
import type { Writer } from "./writer.ts";

/** A kind of instruction, or of a short group of them. */
export type Choice = readonly [weight: number, write: (w: Writer) => void];

export function choose(random: Random, choices: readonly Choice[]): (w: Writer) => void {
  let at = random.below(choices.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, write] of choices) {
    at -= weight;
    if (at < 0) return write;
  }
  throw new Error("no choice");
}
