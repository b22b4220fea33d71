import { type EntropySource, SeededEntropy } from "../bus/entropySource.ts";

/** Runs under an exact clock repeat: their random numbers do too. */
const SEED = 0x7ab;
/** The most that `getRandomValues` gives at a time. */
const MOST_BYTES = 65536;

/** The host's cryptographic random numbers. */
class HostEntropy implements EntropySource {
  fill(target: Uint8Array): void {
    // Not into the target itself: that may be shared memory, which this call refuses.
    for (let at = 0; at < target.length; at += MOST_BYTES)
      target.set(crypto.getRandomValues(new Uint8Array(Math.min(MOST_BYTES, target.length - at))), at);
  }

  save(): number[] {
    return [];
  }

  restore(): void {}
}

export function entropyFor({ exact }: { exact: boolean }): EntropySource {
  return exact ? new SeededEntropy(SEED) : new HostEntropy();
}
