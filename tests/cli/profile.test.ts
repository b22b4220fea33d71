import { describe, expect, it } from "vitest";
import { formatProfile } from "../../src/cli/profileText.ts";
import { SymbolTable } from "../../src/cli/symbols.ts";
import type { RegionProfile } from "../../src/vm/vmConfig.ts";

const MAP = `
0000000000000000 A fixed_percpu_data
ffffffff81000000 T startup_64
ffffffff81000000 T _text
ffffffff81000060 t secondary
ffffffff82000000 D loops_per_jiffy
ffffffffc0000000 t probe\t[virtio]
`;

describe("symbols", () => {
  const symbols = new SymbolTable(MAP);

  it.each([
    [0xffff_ffff_8100_0000n, "_text"],
    [0xffff_ffff_8100_005fn, "_text+0x5f"],
    [0xffff_ffff_8100_0060n, "secondary"],
    [0xffff_ffff_c000_0010n, "probe+0x10"],
    // Data is no code, nothing is so long, and what lies before the first symbol is another program.
    [0xffff_ffff_8200_0000n, undefined],
    [0x40_1000n, undefined],
  ])("%x is %s", (address, name) => {
    expect(symbols.describe(address)).toBe(name);
  });
});

describe("a profile", () => {
  const hot: RegionProfile = {
    address: 0xffff_ffff_8100_0064n,
    bits: 64,
    isUser: false,
    instructions: 1_500_000,
    translations: 2,
    blocks: 4,
    ranges: [0x00n, 0x40n, 0x60n, 0x80n].map((offset) => ({
      start: 0xffff_ffff_8100_0000n + offset,
      end: 0xffff_ffff_8100_0010n + offset,
    })),
  };
  const warm: RegionProfile = {
    ...hot,
    address: 0x40_1000n,
    isUser: true,
    instructions: 250_000,
    ranges: [{ start: 0x40_1000n, end: 0x40_1003n }],
  };
  const profile = { instructions: 2_000_000, translatedInstructions: 1_900_000 };

  it("is a table, busiest first, with names", () => {
    expect(formatProfile({ ...profile, regions: [hot, warm] }, new SymbolTable(MAP))).toBe(`\
2,000,000 instructions: 95.00% in translated code, the rest interpreted.
2 regions; the shares are of all instructions.

 share     sum  instructions       code  blocks  bytes  made           address  symbol
75.00%  75.00%     1,500,000  kernel 64       4     64     2  ffffffff81000064  secondary+0x4
        ffffffff81000000-ffffffff8100000f ffffffff81000040-ffffffff8100004f ffffffff81000060-ffffffff8100006f
        ffffffff81000080-ffffffff8100008f
12.50%  87.50%       250,000    user 64       4      3     2            401000
        401000-401002
`);
  });

  it("counts what it does not list", () => {
    const many = Array.from({ length: 250 }, () => ({ ...hot, instructions: 10_000 }));
    expect(formatProfile({ ...profile, regions: many })).toMatch(/\nand 50 regions more, with 25\.00%\n$/);
  });

  it("of a machine that has not run is empty", () => {
    expect(formatProfile({ instructions: 0, translatedInstructions: 0, regions: [] })).toMatch(
      /^0 instructions: 0\.00%/,
    );
  });
});
