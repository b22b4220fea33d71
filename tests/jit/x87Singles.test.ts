/**
 * Code that computes with singles, which regions keep as doubles while that is exact (assembly/jit/x87LowerDouble.ts): random loops, translated
 * and interpreted, with all precisions and roundings, numbers that are no normal ones, and sums that are exact or not.
 */
import { test } from "vitest";
import { Random } from "../support/random.ts";
import { compare, hex, memory, RESULTS, repeat } from "./x87Programs.ts";

const SINGLES = 0x8000;
const CONTROLS = 0x8400;
/** Beyond RAM. */
const NOWHERE = 0x0200_0000;
const COUNT = 32;

/** Whole numbers; what cancels; ties of stores as singles; the least and the largest; what is not normal. */
// prettier-ignore
const PATTERNS = [
  0, 0x8000_0000, 0x3f80_0000, 0xbf80_0000, 0x4000_0000, 0x4040_0000, 0xc0e0_0000, 0x4120_0000, 0x3dcc_cccd,
  0x3eaa_aaab, 0x4b80_0000, 0x4b80_0001, 0x3380_0000, 0x3400_0000, 0x3f80_0001, 0x7f7f_ffff, 0xff7f_ffff, 0x0080_0000,
  0x8080_0000, 0x00ff_ffff, 0x1f80_0000, 0x5f00_0000,
];
// prettier-ignore
const UNUSUAL = [1, 0x807f_ffff, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0x7f80_0001, 0xffff_ffff];
/** Each precision with each rounding, all exceptions masked; the first is the usual one. */
const CONTROL_WORDS = [0x37f, 0x27f, 0x07f, 0x77f, 0xb7f, 0xf7f, 0x67f, 0xa7f, 0xe7f, 0x47f, 0x87f, 0xc7f];

function numbers(random: Random): number[] {
  const bytes = new DataView(new ArrayBuffer(CONTROLS - SINGLES + 2 * CONTROL_WORDS.length));
  for (let n = 0; n < COUNT; n++) {
    const pattern = random.chance(3) ? random.u32() & 0xbfff_ffff : random.pick(random.chance(10) ? UNUSUAL : PATTERNS);
    bytes.setUint32(4 * n, pattern, true);
  }
  for (const [n, word] of CONTROL_WORDS.entries()) bytes.setUint16(CONTROLS - SINGLES + 2 * n, word, true);
  return [...new Uint8Array(bytes.buffer)];
}

const single = (random: Random) => SINGLES + 4 * random.below(COUNT);

/** Instructions that leave the stack as deep as it was, mostly. */
function step(random: Random): number[] {
  const load = memory(0xd9, 0, single(random));
  const n = random.below(3);
  const operation = random.pick([0, 0, 0, 1, 1, 4, 5]);
  switch (random.below(16)) {
    case 0:
    case 1:
    case 2: // a product into a sum, as compilers make it
      return [...load, ...memory(0xd8, 1, single(random)), 0xde, 0xc1 + random.below(2)];
    case 3:
      return [...load, 0xde, 0xc1 | (operation << 3)];
    case 4:
      return memory(0xd8, random.below(8) === 3 ? 2 : operation, single(random));
    case 5:
      return [random.pick([0xd8, 0xdc]), 0xc0 | (operation << 3) | n];
    case 6:
      return memory(random.pick([0xd9, 0xd9, 0xdd]), 2, random.chance(6) ? NOWHERE : RESULTS + 8 * random.below(64));
    case 7:
      return [...load, ...memory(random.pick([0xd9, 0xdd]), 3, RESULTS + 8 * random.below(64))];
    case 8:
      return [...load, ...memory(0xdb, 7, RESULTS + 0x400 + 16 * random.below(8))];
    case 9:
      return [...load, 0xd8, 0xc8 | n, ...memory(0xdb, 3, RESULTS + 0x300 + 4 * random.below(8))];
    case 10:
      return [0xd9, random.pick([0xe0, 0xe1, 0xfc, 0xfa, 0xc8 + n, 0xc9])];
    case 11:
      return [0xd9, random.pick([0xe8, 0xee]), 0xde, 0xc0 | (operation << 3) | 1];
    case 12:
      return [...load, ...hex("db f1 da c1 df e9")]; // fcomi; fcmovb; fucomip
    case 13:
      return [...load, 0xdd, 0xd8 + 1 + n]; // fstp st(n)
    case 14:
      return random.chance(3) ? memory(0xd8, 6, single(random)) : [...load, ...hex("d8 d1 df e0 dd d8")];
    default:
      return random.chance(3) ? memory(0xdc, random.pick([0, 1]), SINGLES + 8 * random.below(8)) : [0xd9, 0xf6 + n];
  }
}

test.each([0, 1, 2, 3])("random loops, %i", async (part) => {
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(part * 1000 + seed);
    const control = random.below(2) ? 0 : random.below(CONTROL_WORDS.length);
    const loop = Array.from({ length: 2 + random.below(20) }, () => step(random)).flat();
    const program = [
      ...memory(0xd9, 5, CONTROLS + 2 * control),
      ...hex("d9 ee d9 e8"),
      ...memory(0xd9, 0, single(random)),
      ...repeat(1 + random.below(12), loop),
    ];
    await compare(program, { [SINGLES]: numbers(random) });
  }
});
