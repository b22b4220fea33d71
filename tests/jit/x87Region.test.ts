/**
 * The x87 stack across the blocks of a region, translated and interpreted: TOP that differs by the way a block is reached, what the engine
 * changes between, and ways out with values in flight.
 */
import { test } from "vitest";
import { compare, DATA, FLD, FLDCW, FNINIT, FNSAVE, FSTP, hex, memory, RESULTS, repeat } from "./x87Programs.ts";

const FRSTOR = memory(0xdd, 4, 0x6000);
/** Beyond RAM: such an access leaves the region, and is interpreted. */
const NOWHERE = 0x0200_0000;
const FLD1 = [0xd9, 0xe8];
const FADDP = [0xde, 0xc1];

const PROGRAMS: Record<string, number[]> = {
  "a sum around a loop": [...FLD(1), ...repeat(50, [...FLD(3), ...FADDP])],
  "exchanged around a loop": [...FLD(1), ...FLD(2), ...FLD(3), ...repeat(7, hex("d9 c9 d9 ca d8 c1"))],
  "a loop that pushes": repeat(11, FLD1),
  "a loop that pops": [...FLD(1), ...FLD(2), ...FLD(3), ...repeat(5, [0xdd, 0xd8])],
  "a loop that rotates": [...FLD(1), ...FLD(2), ...FLD(3), ...repeat(9, hex("d9 f7 dc c1"))],
  "a loop that empties and fills": [
    ...FLD(1),
    ...FLD(2),
    ...repeat(6, [...hex("dd c1 d9 c0 dd d9"), ...FLD(4), ...FSTP(2)]),
  ],
  // test cl, 1; jnz over the load
  "a block that is reached at two depths": [
    ...FLD(1),
    ...repeat(6, [...hex("f6 c1 01 75 02"), ...FLD1, ...hex("d8 c0")]),
  ],
  // call f at depths 1, 2 and 1; jmp over it; f: fadd st, st; ret
  "a function that is called at several depths": [
    ...FLD(1),
    ...repeat(20, [...hex("e8 10 00 00 00 d9 e8 e8 09 00 00 00 de c9 e8 02 00 00 00"), ...hex("eb 03 d8 c0 c3")]),
  ],
  "what the engine does between": [
    ...FLD(1),
    ...FLD(3),
    ...repeat(5, [...hex("d9 fe d8 c1 d9 f2 dd d8"), ...FLD(2), ...FADDP]),
  ],
  "MMX in a loop": [...FLD(1), ...repeat(4, [...FLD(2), ...hex("d8 c1 0f fc c9 0f ef c2 0f 77"), ...FLD(3)])],
  "FNINIT in a loop": [...FLD(1), ...repeat(4, [...FLD(2), ...FADDP, ...FNINIT, ...FLD(3)])],
  "FNSAVE and FRSTOR in a loop": [
    ...FLD(1),
    ...repeat(4, [...FLD(2), ...FADDP, ...FNSAVE, ...FLD1, ...FSTP(1), ...FRSTOR, ...hex("d8 c8")]),
  ],
  "precision and rounding in a loop": [
    ...FLD(1),
    ...repeat(
      4,
      [1, 2, 3, 4, 0].flatMap((n) => [...FLDCW(n), ...FLD(3), ...FADDP, ...hex("d8 c8")]),
    ),
  ],
  "unmasking in a loop": [...FLD(14), ...repeat(3, [...FLDCW(5), ...FLD(14), ...hex("de e9 9b"), ...FLD(1)])],
  "accesses that are interpreted, values in flight": [
    ...FLD(1),
    ...FLD(2),
    ...repeat(4, [
      ...FLD(3),
      ...hex("d9 c9"),
      ...memory(0xdd, 2, NOWHERE),
      ...memory(0xdc, 0, NOWHERE),
      ...memory(0xd9, 3, NOWHERE),
      ...memory(0xdc, 1, DATA + 8),
    ]),
  ],
  "the same with singles": [
    ...memory(0xd9, 0, DATA + 0x104),
    ...repeat(4, [
      ...memory(0xd9, 0, DATA + 0x108),
      ...memory(0xd8, 1, DATA + 0x118),
      ...memory(0xdd, 2, NOWHERE),
      ...memory(0xd9, 2, RESULTS),
      ...FADDP,
      ...memory(0xd9, 2, NOWHERE),
    ]),
  ],
};

test.each(Object.keys(PROGRAMS))("%s", async (name) => {
  await compare(PROGRAMS[name]!);
});
