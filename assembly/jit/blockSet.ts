// Sets of a region's blocks, by their numbers: a bit each, as many as a vector has (MAX_REGION_BLOCKS).

export type BlockSet = v128;

// @ts-ignore: decorator
@inline
export function noBlocks(): BlockSet {
  return i64x2.splat(0);
}

// @ts-ignore: decorator
@inline
function lanes(low: u64, high: u64): BlockSet {
  return i64x2.replace_lane(i64x2.splat(low), 1, high);
}

// @ts-ignore: decorator
@inline
function low(set: BlockSet): u64 {
  return i64x2.extract_lane(set, 0);
}

// @ts-ignore: decorator
@inline
function high(set: BlockSet): u64 {
  return i64x2.extract_lane(set, 1);
}

/** The set of block `index` alone. */
export function only(index: u32): BlockSet {
  const place = <u64>(index & 63);
  const bit = (<u64>1) << place;
  return index < 64 ? lanes(bit, 0) : lanes(0, bit);
}

/** The set of blocks 0 to `count` - 1. */
export function firstBlocks(count: u32): BlockSet {
  const place = <u64>(count & 63);
  const some = ((<u64>1) << place) - 1;
  if (count < 64) return lanes(some, 0);
  return lanes(<u64>-1, count < 128 ? some : <u64>-1);
}

export function has(set: BlockSet, index: u32): bool {
  const place = <u64>(index & 63);
  return (((index < 64 ? low(set) : high(set)) >> place) & 1) != 0;
}

// @ts-ignore: decorator
@inline
export function isEmpty(set: BlockSet): bool {
  return !v128.any_true(set);
}

// @ts-ignore: decorator
@inline
export function union(a: BlockSet, b: BlockSet): BlockSet {
  return v128.or(a, b);
}

// @ts-ignore: decorator
@inline
export function intersection(a: BlockSet, b: BlockSet): BlockSet {
  return v128.and(a, b);
}

/** The blocks of `a` that are not in `b`. */
// @ts-ignore: decorator
@inline
export function difference(a: BlockSet, b: BlockSet): BlockSet {
  return v128.andnot(a, b);
}

export function countOf(set: BlockSet): u32 {
  return <u32>(popcnt(low(set)) + popcnt(high(set)));
}

/** The lowest number in a set that is not empty; with `afterFirst` for going through one. */
export function firstOf(set: BlockSet): u32 {
  return low(set) ? <u32>ctz(low(set)) : 64 + <u32>ctz(high(set));
}

/** A set that is not empty without its lowest number. */
export function afterFirst(set: BlockSet): BlockSet {
  const a = low(set);
  const b = high(set);
  return a ? lanes(a & (a - 1), b) : lanes(0, b & (b - 1));
}

/** The highest number in a set that is not empty. */
export function lastOf(set: BlockSet): u32 {
  return high(set) ? 127 - <u32>clz(high(set)) : 63 - <u32>clz(low(set));
}
