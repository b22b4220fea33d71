import { expect, it } from "vitest";
import type { RegionProfile } from "../machine/vmConfig.ts";
import { joinRanges, mergeRegions } from "./profile.ts";

const range = (start: number, end: number) => ({ start: BigInt(start), end: BigInt(end) });

function region(address: number, instructions: number, over: Partial<RegionProfile> = {}): RegionProfile {
  const ranges = [range(address, address + 16)];
  return {
    address: BigInt(address),
    bits: 64,
    isUser: false,
    instructions,
    translations: 1,
    blocks: 1,
    ranges,
    ...over,
  };
}

it("joins ranges that touch or overlap, in order", () => {
  const ranges = [range(32, 40), range(0, 8), range(8, 16), range(4, 12), range(33, 34)];
  expect(joinRanges(ranges)).toEqual([range(0, 16), range(32, 40)]);
  expect(joinRanges([])).toEqual([]);
});

it("puts translations of the same code together, busiest first", () => {
  const again = region(0x100, 70, { blocks: 3, ranges: [range(0x100, 0x120)] });
  const user = region(0x100, 90, { isUser: true });
  expect(mergeRegions([region(0x100, 50), user, again])).toEqual([
    { ...again, instructions: 120, translations: 2 },
    user,
  ]);
});
