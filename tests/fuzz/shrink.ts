/** Makes a failing program small: leaves out blocks, then runs of instructions, then single ones, as long as it still fails. */
import type { Variant } from "./program.ts";

export type Fails = (variant: Variant) => Promise<boolean>;

/** Attempts after which what there is has to do. */
const MAX_TRIES = 1500;

class Shrinker {
  private tries = 0;

  constructor(
    private best: Variant,
    private readonly fails: Fails,
  ) {}

  private async attempt(candidate: Variant): Promise<boolean> {
    if (this.tries++ >= MAX_TRIES || !(await this.fails(candidate))) return false;
    this.best = candidate;
    return true;
  }

  /** Numbers of the instructions that may still go. */
  private droppable(): number[] {
    const { program, dropped } = this.best;
    return [...program.insns.keys()].filter((n) => !dropped.has(n) && !program.insns[n]!.structural);
  }

  private drop(numbers: readonly number[]): Promise<boolean> {
    return this.attempt({ ...this.best, dropped: new Set([...this.best.dropped, ...numbers]) });
  }

  private async dropBlocks(): Promise<void> {
    const { insns } = this.best.program;
    for (const block of new Set(insns.map((insn) => insn.block))) {
      const numbers = this.droppable().filter((n) => insns[n]!.block === block);
      if (numbers.length > 0) await this.drop(numbers);
    }
  }

  /** Leaves out runs of `size`, from the end on. Gives whether it could. */
  private async dropRuns(size: number): Promise<boolean> {
    let smaller = false;
    for (let end = this.droppable().length; end > 0; end -= size) {
      const numbers = this.droppable().slice(Math.max(0, end - size), end);
      if (numbers.length > 0 && (await this.drop(numbers))) smaller = true;
    }
    return smaller;
  }

  async run(): Promise<Variant> {
    await this.dropBlocks();
    for (let size = 32; size > 1; size >>= 1) await this.dropRuns(size);
    for (let again = true; again; ) again = await this.dropRuns(1);
    for (const iterations of [0, 1, 2, 3, 5, 10, 30])
      if (iterations < this.best.iterations && (await this.attempt({ ...this.best, iterations }))) break;
    await this.attempt({ ...this.best, contents: 0 });
    for (let again = true; again; ) again = await this.dropRuns(1);
    return this.best;
  }
}

export function shrink(variant: Variant, fails: Fails): Promise<Variant> {
  return new Shrinker(variant, fails).run();
}
