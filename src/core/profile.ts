/** What the engine tells of its translations (assembly/jit/profile.ts), as a profile: where guest time went. */
import type { AddressRange, RegionProfile } from "../machine/vmConfig.ts";

/** One translation. */
export interface TranslationProfile extends RegionProfile {
  /** Where its function is in the engine's table. */
  place: number;
}

/** Reads a Description with its DescribedRanges. */
export function readTranslation(view: DataView): TranslationProfile {
  const HEADER = 32;
  const RANGE = 16;
  const ranges: AddressRange[] = [];
  const blocks = view.getUint32(24, true);
  for (let at = HEADER; at < HEADER + blocks * RANGE; at += RANGE)
    ranges.push({ start: view.getBigUint64(at, true), end: view.getBigUint64(at + 8, true) });
  return {
    address: view.getBigUint64(0, true),
    instructions: Number(view.getBigUint64(8, true)),
    bits: view.getUint32(16, true),
    isUser: view.getUint32(20, true) !== 0,
    place: view.getUint32(28, true),
    translations: 1,
    blocks,
    ranges: joinRanges(ranges),
  };
}

/** The ranges in order, those that touch as one. */
export function joinRanges(ranges: readonly AddressRange[]): AddressRange[] {
  const sorted = [...ranges].sort((a, b) => (a.start < b.start ? -1 : 1));
  const joined: AddressRange[] = [];
  for (const { start, end } of sorted) {
    const last = joined.at(-1);
    if (last === undefined || start > last.end) joined.push({ start, end });
    else if (end > last.end) last.end = end;
  }
  return joined;
}

/** Puts those together that start at the same address; busiest first. */
export function mergeRegions(parts: Iterable<RegionProfile>): RegionProfile[] {
  const regions = new Map<string, RegionProfile>();
  for (const part of parts) {
    const key = `${part.address} ${part.bits} ${part.isUser}`;
    const known = regions.get(key);
    regions.set(key, known ? mergeTwo(known, part) : part);
  }
  return [...regions.values()].sort((a, b) => b.instructions - a.instructions);
}

function mergeTwo(a: RegionProfile, b: RegionProfile): RegionProfile {
  return {
    ...a,
    instructions: a.instructions + b.instructions,
    translations: a.translations + b.translations,
    blocks: Math.max(a.blocks, b.blocks),
    ranges: joinRanges([...a.ranges, ...b.ranges]),
  };
}
