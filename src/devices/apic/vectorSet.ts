/** The 256-bit IRR, ISR and TMR of a local APIC: eight 32-bit words, one bit per vector. */
export class VectorSet {
  readonly words = new Uint32Array(8);

  set(vector: number): void {
    this.words[vector >>> 5] |= 1 << (vector & 31);
  }

  clear(vector: number): void {
    this.words[vector >>> 5] &= ~(1 << (vector & 31));
  }

  has(vector: number): boolean {
    return (this.words[vector >>> 5] & (1 << (vector & 31))) !== 0;
  }

  /** The highest vector in the set, or -1. */
  highest(): number {
    for (let index = 7; index >= 0; index--) {
      const word = this.words[index];
      if (word !== 0) return index * 32 + 31 - Math.clz32(word);
    }
    return -1;
  }

  clearAll(): void {
    this.words.fill(0);
  }

  save(): number[] {
    return [...this.words];
  }

  restore(words: readonly number[]): void {
    this.words.set(words);
  }
}
