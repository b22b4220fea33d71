/** Where a program goes on after a trap: a function of the trap, so that both engines do the same. */
import type { Image, Place } from "./image.ts";

export interface Trap {
  vector: number;
  ip: number;
  cs: number;
  flags: number;
}

const TF = 0x100;
const AC = 0x4_0000;
const DEBUG = 1;
const ALIGNMENT = 17;
/** Vectors whose IP is that of the faulting instruction; the others come after theirs. */
const FAULTS = new Set([0, 5, 6, 7, 8, 10, 11, 12, 13, 14, 16, 17, 19]);

/** A well mixed 32-bit number of two. */
export function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b ^ 0x7f4a7c15, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}

export class Resume {
  private readonly places = new Map<number, Place>();
  private count = 0;

  constructor(private readonly image: Image) {
    for (const place of image.places) this.places.set(place.ip, place);
  }

  /** Faults: the instruction is skipped, or the rest of its block; from unknown places the main loop starts anew. */
  after({ vector, ip, cs, flags }: Trap): { ip: number; flags: number } {
    const chance = mix(this.image.seed, this.count++);
    if (vector === DEBUG) return { ip, flags: chance % 4 === 0 ? flags & ~TF : flags };
    if (!FAULTS.has(vector)) return { ip, flags };
    const place = cs === this.image.environment.cs.selector ? this.places.get(ip) : undefined;
    if (!place) return { ip: this.image.head, flags: flags & ~TF };
    if (ip === this.image.halt) return { ip, flags };
    if (vector === ALIGNMENT && chance % 2) return { ip, flags: flags & ~AC };
    return { ip: chance % 8 === 0 ? place.nextBlock : place.next, flags };
  }
}
