/**
 * x87 sequences, translated and interpreted: values across instructions, stack wrap and faults, exchanges, precision and rounding
 * changes, and what FNSAVE, FXSAVE and MMX see of them. Random programs on common numbers; tests/fuzz has the uncommon ones.
 */
import { test } from "vitest";
import { Random } from "../support/random.ts";
import {
  CONTROL_WORDS,
  compare,
  DATA,
  FLD,
  FLDCW,
  FNSAVE,
  FSTP,
  FXSAVE,
  hex,
  memory,
  NUMBERS,
  RESULTS,
  repeat,
} from "./x87Programs.ts";

const SEQUENCES: Record<string, number[]> = {
  "a polynomial": [...FLD(1), ...FLD(0), ...hex("d8 c9 dc c9 d9 c9 de c1 d9 fa"), ...FSTP(0)],
  "exchanges only": [...FLD(1), ...FLD(2), ...FLD(3), ...hex("d9 c9 d9 ca d9 c9 d9 ca d9 c8")],
  "a full stack wraps, then overflows": [0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap(FLD),
  "an empty stack underflows": [...FLD(1), ...hex("dd d8 dd d8 de c1")],
  "reading a register the block has popped": [...FLD(1), ...hex("dd d8 d9 c7 d9 c0")],
  "FLD ST(7) of a full register": [...[0, 1, 2, 3, 4, 5, 6, 7].flatMap(FLD), ...hex("d9 c7")],
  "FINCSTP and FDECSTP between": [...FLD(1), ...hex("d9 f7 d9 f6 d9 f6"), ...FLD(2), ...hex("d9 f7 d8 c7")],
  "53 bits": [...FLDCW(1), ...FLD(1), ...FLD(3), ...hex("d8 c9 d8 f1 de c1"), ...FSTP(0)],
  "24 bits, then 64": [...FLDCW(2), ...FLD(1), ...hex("d8 c8"), ...FLDCW(0), ...FLD(1), ...hex("d8 c8")],
  "chopped FISTP as compilers cast": [...FLD(9), ...FLDCW(3), ...memory(0xdb, 3, RESULTS), ...FLDCW(0), ...FLD(1)],
  "an unmasked invalid operation": [...FLDCW(5), ...FLD(14), ...FLD(14), ...hex("de e9 9b"), ...FLD(1)],
  "an unmasked inexact result": [...FLDCW(6), ...FLD(1), ...FLD(3), ...hex("de c9"), ...FSTP(1)],
  "unmasking what is pending": [...FLD(16), ...hex("d8 c8"), ...FLDCW(6), ...FLD(1), ...hex("9b")],
  "overflow and underflow": [...FLD(4), ...hex("d8 c8"), ...FSTP(0), ...FLD(5), ...hex("d8 c8"), ...FSTP(1)],
  "denormal, infinite and zero operands": [
    ...FLD(0),
    ...[16, 14, 12, 13].flatMap((n) => memory(0xdc, 0, DATA + 8 * n)),
  ],
  "MMX between": [...FLD(1), ...FLD(2), ...hex("0f ef c0 0f fc c9 0f 77"), ...FLD(3), ...hex("d8 c8")],
  "FXSAVE between": [...FLD(1), ...FXSAVE, ...hex("d8 c8 d9 e0"), ...FLD(1)],
  "FNSAVE between": [...FLD(1), ...FNSAVE, ...FLD(2), ...hex("d8 c8")],
  "80 bits to memory and back": [
    ...FLD(1),
    ...FLD(12),
    ...[0, 16].flatMap((n) => memory(0xdb, 7, RESULTS + n)),
    ...memory(0xdb, 5, RESULTS + 16),
  ],
  "status after comparisons": [
    ...FLD(1),
    ...FLD(2),
    ...hex("d8 d1 df e0 89 c3 dd e1 df e0 da e9"),
    ...FLD(15),
    ...hex("d9 e4"),
  ],
  "FUCOMI and conditions": [
    ...FLD(1),
    ...FLD(2),
    ...hex("db e9 0f 97 c3 0f 9a c7 0f 94 c1 0f 92 c5 da c1 db d1 df e9"),
  ],
  "the pointers of the last instruction": [
    ...FLD(1),
    ...hex("d9 e8 89 d8"),
    ...memory(0xd8, 0, DATA + 0x100),
    ...hex("d9 e1"),
  ],
};

test.each(Object.keys(SEQUENCES))("%s", async (name) => {
  await compare(SEQUENCES[name]!);
});

const ARITHMETIC = [0, 1, 4, 5, 6, 7];

/** One random instruction; mostly such as leave the stack as deep as it was. */
function instruction(random: Random): number[] {
  const n = random.below(4);
  const number = random.below(random.below(4) ? 12 : NUMBERS.length);
  const reg = ARITHMETIC[random.below(6)]!;
  switch (random.below(17)) {
    case 0:
    case 1:
      return FLD(number);
    case 2:
      return memory(0xd9, 0, DATA + 0x100 + 4 * number);
    case 3:
      return memory(0xdb, 0, DATA + 0x180 + 4 * number);
    case 4:
    case 5:
      return FSTP(random.below(64));
    case 6:
      return memory([0xd9, 0xdb, 0xdd][random.below(3)]!, 2 + random.below(2), RESULTS + 0x200 + 8 * random.below(64));
    case 7:
      return memory(
        random.below(2) ? 0xdc : 0xda,
        random.below(8),
        random.below(2) ? DATA + 8 * number : RESULTS + 8 * random.below(8),
      );
    case 8:
    case 9:
      return [random.below(2) ? 0xd8 : 0xdc, 0xc0 | (reg << 3) | n];
    case 10:
      return [0xde, 0xc0 | (reg << 3) | (n || 1)];
    case 11:
      return [0xd9, 0xc8 + n];
    case 12:
      return [0xd9, 0xc0 + n];
    case 13:
      return [0xd9, [0xe0, 0xe1, 0xe8, 0xee, 0xfa, 0xfc][random.below(6)]!];
    case 14:
      return [0xdd, 0xd0 + 8 * random.below(2) + n];
    case 15:
      if (random.chance(4)) return memory(0xdb, 5 + 2 * random.below(2), RESULTS + 0x400 + 16 * random.below(4));
      return [[0xda, 0xdb][random.below(2)]!, 0xc0 + 8 * random.below(4) + n];
    default:
      return [[0xdb, 0xdf][random.below(2)]!, 0xe8 + 8 * random.below(2) + n];
  }
}

test.each([0, 1, 2, 3])("random sequences on common numbers, %i", async (part) => {
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(part * 1000 + seed);
    const body = [0, 1, 2, 3].flatMap(FLD);
    if (random.below(4) === 0) body.push(...FLDCW(random.below(CONTROL_WORDS.length)));
    const loop = Array.from({ length: 40 }, () => instruction(random)).flat();
    await compare([...body, ...repeat(3, loop)]);
  }
});
