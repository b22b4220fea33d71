import type { GuestMemory } from "./guestMemory.ts";
import { type Checked, finite, list, object } from "./savedState.ts";

const SEGMENT = object({ address: finite, length: finite });
/** The shape of what `save` gives. */
export const SCATTER_LIST_SHAPE = list(SEGMENT);
export type ScatterListState = Checked<typeof SCATTER_LIST_SHAPE>;

/**
 * Bytes in guest memory that lie in pieces, seen as one run. The guest chose addresses and lengths: nothing is assumed of them, and
 * what lies outside RAM reads as all ones and swallows writes. The length may be far beyond what there is memory for.
 */
export class ScatterList {
  private readonly segments: ScatterListState = [];
  private total = 0;
  /** Where the last access ended: accesses mostly follow each other. */
  private cursor = { index: 0, start: 0 };

  constructor(private readonly memory: GuestMemory) {}

  get length(): number {
    return this.total;
  }

  /** Appends a piece; one that follows the last piece in memory becomes part of it. */
  add(address: number, length: number): void {
    if (length <= 0) return;
    const last = this.segments.at(-1);
    if (last !== undefined && last.address + last.length === address) last.length += length;
    else this.segments.push({ address, length });
    this.total += length;
  }

  /** Copies from the guest, from byte `at` on; returns how many bytes there were, at most `target.length`. */
  read(at: number, target: Uint8Array): number {
    return this.walk(at, target, (address, part) => this.memory.read(address, part));
  }

  /** Copies to the guest, from byte `at` on; returns how many bytes found room. */
  write(at: number, source: Uint8Array): number {
    return this.walk(at, source, (address, part) => this.memory.write(address, part));
  }

  save(): ScatterListState {
    return this.segments.map((segment) => ({ ...segment }));
  }

  static restore(memory: GuestMemory, state: ScatterListState): ScatterList {
    const restored = new ScatterList(memory);
    for (const { address, length } of state) restored.add(address, length);
    return restored;
  }

  private walk(at: number, bytes: Uint8Array, move: (address: number, part: Uint8Array) => void): number {
    let { index, start } = at >= this.cursor.start ? this.cursor : { index: 0, start: 0 };
    let done = 0;
    while (index < this.segments.length && done < bytes.length) {
      const { address, length } = this.segments[index];
      const inside = at + done - start;
      if (inside < length) {
        const count = Math.min(length - inside, bytes.length - done);
        move(address + inside, count === bytes.length ? bytes : bytes.subarray(done, done + count));
        done += count;
        if (inside + count < length) break;
      }
      start += length;
      index++;
    }
    this.cursor = { index, start };
    return done;
  }
}
