// Runs of elements in the host's memory, and single ones of which each part lies on another page. Nothing here can fault.
import { OFFSET_MASK } from "../mmu/tlb";

/** Elements up to which a loop takes no longer than calling the host's memory.copy or memory.fill (8 ns). */
const SHORT: u32 = 8;

/**
 * Copies `count` elements, the first to `target` from `source` and the others above these, or below if `backward`. As single
 * elements do: an overlap just ahead repeats what lies before it.
 */
// @ts-ignore: decorator
@inline
export function copy<T>(target: u32, source: u32, count: u32, backward: bool): void {
  const bytes = count * <u32>sizeof<T>();
  if (backward) {
    if (count > SHORT && source - target - 1 >= bytes - 1) {
      const below = bytes - <u32>sizeof<T>();
      memory.copy(<usize>(target - below), <usize>(source - below), <usize>bytes);
    } else copyDown<T>(target, source, bytes);
  } else if (count > SHORT && target - source - 1 >= bytes - 1) memory.copy(<usize>target, <usize>source, <usize>bytes);
  else copyUp<T>(target, source, bytes);
}

function copyUp<T>(target: u32, source: u32, bytes: u32): void {
  for (let at: u32 = 0; at < bytes; at += <u32>sizeof<T>())
    store<T>(<usize>(target + at), load<T>(<usize>(source + at)));
}

function copyDown<T>(target: u32, source: u32, bytes: u32): void {
  for (let at: u32 = 0; at < bytes; at += <u32>sizeof<T>())
    store<T>(<usize>(target - at), load<T>(<usize>(source - at)));
}

/** Fills `count` elements from `target` upwards. */
// @ts-ignore: decorator
@inline
export function fill<T>(target: u32, value: u64, count: u32): void {
  const bytes = count * <u32>sizeof<T>();
  const low = <u8>value;
  if (count > SHORT && (sizeof<T>() == 1 || <T>(<u64>low * 0x0101_0101_0101_0101) == <T>value))
    memory.fill(<usize>target, low, <usize>bytes);
  else fillElements<T>(target, value, bytes);
}

function fillElements<T>(target: u32, value: u64, bytes: u32): void {
  let at: u32 = 0;
  if (bytes >= 16) {
    const pattern = v128.splat<T>(<T>value);
    for (const end = bytes - 16; at <= end; at += 16) v128.store(<usize>(target + at), pattern);
  }
  for (; at < bytes; at += <u32>sizeof<T>()) store<T>(<usize>(target + at), <T>value);
}

// ---- an element on two pages ----

/** The linear address of the last byte of the element at `linear`. */
// @ts-ignore: decorator
@inline
export function lastByte<T>(linear: u64, mask: u64): u64 {
  return (linear + (sizeof<T>() - 1)) & mask;
}

/** How many bytes of the element at `linear` lie on the first byte's page. */
// @ts-ignore: decorator
@inline
export function bytesOnPage<T>(linear: u64): u32 {
  return min<u32>(0x1000 - <u32>(linear & OFFSET_MASK), <u32>sizeof<T>());
}

/** Where byte `k` of an element lies: of its first `count` bytes the first is at `first`; the last of all is at `last`. */
// @ts-ignore: decorator
@inline
function byteAt<T>(first: u32, last: u32, count: u32, k: u32): usize {
  const host = k >= count ? last - (<u32>sizeof<T>() - 1) : first;
  return <usize>(host + k);
}

/** The element of which `count` bytes lie from `first` on, and whose last byte lies at `last`. */
export function loadParts<T>(first: u32, last: u32, count: u32): u64 {
  let value: u64 = 0;
  for (let k: u32 = 0; k < <u32>sizeof<T>(); k++) {
    const byte = <u64>load<u8>(byteAt<T>(first, last, count, k));
    const shift = <u64>(k << 3);
    value |= byte << shift;
  }
  return value;
}

export function storeParts<T>(first: u32, last: u32, count: u32, value: u64): void {
  for (let k: u32 = 0; k < <u32>sizeof<T>(); k++)
    store<u8>(byteAt<T>(first, last, count, k), <u8>(value >> (<u64>(k << 3))));
}
