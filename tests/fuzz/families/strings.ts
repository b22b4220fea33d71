/** String instructions: alone and repeated, forwards and backwards, into the next page and into what faults. */
import { le } from "../../instructions/encoder.ts";
import { offsetIn, type SegmentName } from "../environment.ts";
import { DATA, OFFSET, PAGE } from "../layout.ts";
import type { Choice } from "../weighted.ts";
import { RAX, RCX, RDI, RSI, type Writer } from "../writer.ts";

const OPERATIONS = {
  movs: { op: 0xa4, source: true, target: true, compares: false },
  cmps: { op: 0xa6, source: true, target: true, compares: true },
  stos: { op: 0xaa, source: false, target: true, compares: false },
  lods: { op: 0xac, source: true, target: false, compares: false },
  scas: { op: 0xae, source: false, target: true, compares: true },
} as const;

/** MOV register, immediate: of the size that the code's addresses have. */
export function load(w: Writer, register: number, value: number, structural = false): void {
  const size = w.bits === 64 || w.bits === 16 ? 4 : w.word;
  const text = `mov ${w.name(register, size)}, 0x${value.toString(16)}`;
  w.emit(text, { size, op: [0xb8], plus: register, imm: le(value, size) }, undefined, { structural, patches: [] });
}

/** Offset from DATA where a string starts: often close to a page's end. */
function place(w: Writer): number {
  const { random } = w;
  const page = random.pick([OFFSET.D0, OFFSET.D0, OFFSET.D1, OFFSET.D1, OFFSET.WINDOW, OFFSET.ALIAS_D0]);
  if (random.chance(16)) return random.pick([OFFSET.READ_ONLY, OFFSET.UNMAPPED, OFFSET.MMIO]) + random.below(32);
  if (random.chance(3)) return page + PAGE - random.below(120);
  return page + random.below(PAGE - 300);
}

function count(w: Writer): number {
  if (w.random.chance(8)) return 0;
  return w.random.chance(8) ? w.random.below(700) : 1 + w.random.below(40);
}

function string(w: Writer): void {
  if (!w.areFree(RSI, RDI)) return;
  const name = w.random.pick(Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[]);
  const { op, source, target, compares } = OPERATIONS[name];
  if (name === "lods" && !w.isFree(RAX)) return;
  const size = w.size();
  const repeat = w.isFree(RCX) && !w.random.chance(4);
  const backwards = w.random.chance(6);
  const from = place(w);
  const overlap = w.random.chance(4) ? from + w.random.below(40) - 20 : place(w);
  if (source) load(w, RSI, offsetIn(w.environment, "ds", DATA + from));
  if (target) load(w, RDI, offsetIn(w.environment, "es", DATA + overlap));
  if (repeat) load(w, RCX, count(w));
  if (backwards) w.raw("std", 0xfd);
  const prefixes = repeat ? [compares && w.random.chance(2) ? 0xf2 : 0xf3] : [];
  const override: SegmentName | undefined = source && w.random.chance(10) ? "fs" : undefined;
  const narrow = w.bits === 64 && w.random.chance(8);
  const text = [
    ...(repeat ? [prefixes[0] === 0xf2 ? "repne" : "rep"] : []),
    ...(override ? ["fs"] : []),
    ...(narrow ? ["a32"] : []),
    `${name}${{ 1: "b", 2: "w", 4: "d", 8: "q" }[size]}`,
  ].join(" ");
  const prefix = [...prefixes, ...(override ? [0x64] : []), ...(narrow ? [0x67] : [])];
  w.emit(text, { size, prefix, op: [op + (size > 1 ? 1 : 0)] });
  if (backwards) w.raw("cld", 0xfc);
}

export const STRINGS: readonly Choice[] = [[1, string]];
