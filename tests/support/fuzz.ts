import { Random } from "./random.ts";

/**
 * Runs `round` with seeds that are the same in every run, one after another; FUZZ_SEED=<number> in the environment replays one,
 * FUZZ_ROUNDS=<number> asks for more. A failure says its seed.
 */
export async function fuzzRounds(rounds: number, round: (random: Random) => Promise<void> | void): Promise<void> {
  const { FUZZ_SEED: given, FUZZ_ROUNDS: wanted } = process.env;
  const count = given === undefined ? Number(wanted ?? rounds) : 1;
  for (let index = 0; index < count; index++) {
    const seed = given === undefined ? index : Number(given);
    try {
      await round(new Random(seed));
    } catch (error) {
      throw new Error(`FUZZ_SEED=${seed} failed: ${String(error)}`, { cause: error });
    }
  }
}
