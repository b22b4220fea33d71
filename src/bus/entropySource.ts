/** Where random bytes for guests come from: the host, or a seed, so that runs repeat. */
export interface EntropySource {
  fill(target: Uint8Array): void;
  /** What a source with a state needs to go on from here; empty for the host's. */
  save(): number[];
  restore(state: readonly number[]): void;
}

/** xoshiro128** (Blackman and Vigna): repeats for a seed, and is for nothing that must be secret. */
export class SeededEntropy implements EntropySource {
  private readonly state = new Uint32Array(4);

  constructor(seed: number) {
    let x = seed >>> 0;
    for (let index = 0; index < this.state.length; index++) {
      // splitmix32, so that similar seeds give different streams.
      x = (x + 0x9e3779b9) >>> 0;
      let z = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      this.state[index] = z ^ (z >>> 16);
    }
  }

  fill(target: Uint8Array): void {
    let word = 0;
    for (let index = 0; index < target.length; index++) {
      if ((index & 3) === 0) word = this.next();
      target[index] = word >>> ((index & 3) * 8);
    }
  }

  save(): number[] {
    return [...this.state];
  }

  restore(state: readonly number[]): void {
    if (state.length === this.state.length) this.state.set(state);
  }

  private next(): number {
    const { state } = this;
    const result = Math.imul(rotateLeft(Math.imul(state[1], 5), 7), 9) >>> 0;
    const shifted = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotateLeft(state[3], 11);
    return result;
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
