/** How long a program takes: a fresh process's first rounds, then rounds in numbers that double until they take long enough. */
import type { RunTiming } from "./guestSession.ts";

/** Of one contender. Times in seconds a round, by the harness's clock and by the guest's own. */
export interface ProgramTiming {
  warm: PhaseTiming;
  steady: PhaseTiming;
  checksum: string;
}

export interface PhaseTiming {
  rounds: number;
  perRound: number;
  guestPerRound: number;
}

/** A steady-state run takes at least this. */
const STEADY_SECONDS = 2;
const LARGEST_STEP = 64;

/** `run` runs rounds in a fresh process of one and the same machine; the first call is the program's first there. */
export async function measureProgram(
  run: (rounds: number) => Promise<RunTiming>,
  warmRounds: number,
): Promise<ProgramTiming> {
  const first = await run(warmRounds);
  let rounds = warmRounds;
  let last = first;
  do {
    rounds *= growth(last.seconds);
    last = await run(rounds);
    checkSame(first.checksum, last.checksum);
  } while (last.seconds < STEADY_SECONDS);
  return { warm: phase(first, warmRounds), steady: phase(last, rounds), checksum: first.checksum };
}

/** The power of two that should bring a run of `seconds` to the wanted length; 1 if it has it. */
export function growth(seconds: number): number {
  if (seconds >= STEADY_SECONDS) return 1;
  const wanted = STEADY_SECONDS / Math.max(seconds, STEADY_SECONDS / LARGEST_STEP);
  return 2 ** Math.ceil(Math.log2(wanted));
}

function phase({ seconds, guestSeconds }: RunTiming, rounds: number): PhaseTiming {
  return { rounds, perRound: seconds / rounds, guestPerRound: guestSeconds / rounds };
}

function checkSame(first: string, second: string): void {
  if (first !== second) throw new Error(`two runs disagree: checksums ${first} and ${second}`);
}
