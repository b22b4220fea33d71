import { Random } from "./fuzzTraffic.ts";

/**
 * Runs `round` with seeds that are the same in every run; FUZZ_SEED=<number> in the environment replays one, FUZZ_ROUNDS=<number> asks
 * for more. A failure says its seed.
 */
export function fuzzRounds(name: string, rounds: number, round: (random: Random) => void): void {
  const { FUZZ_SEED: given, FUZZ_ROUNDS: wanted } = process.env;
  const count = given === undefined ? Number(wanted ?? rounds) : 1;
  for (let index = 0; index < count; index++) {
    const seed = given === undefined ? 0x1000_0000 + index : Number(given);
    try {
      round(new Random(seed));
    } catch (error) {
      throw new Error(`${name}: FUZZ_SEED=${seed} failed: ${String(error)}`, { cause: error });
    }
  }
}

/** Numbers that a device is to be asked with: small, large, at the edges of what is allowed. */
export function hostileNumber(random: Random, ordinary: number): number {
  switch (random.below(8)) {
    case 0:
      return 0xffff_ffff;
    case 1:
      return random.u32();
    case 2:
      return 2 ** random.below(32);
    case 3:
      return 0;
    default:
      return random.below(ordinary);
  }
}
