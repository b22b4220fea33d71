import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SerialBatcher } from "./serialBatcher.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function collect(): { batcher: SerialBatcher; posted: number[][] } {
  const posted: number[][] = [];
  return { batcher: new SerialBatcher((bytes) => posted.push([...bytes]), 8), posted };
}

it("posts the first bytes at once and the next together", () => {
  const { batcher, posted } = collect();
  batcher.write(Uint8Array.of(1));
  expect(posted).toEqual([[1]]);
  batcher.write(Uint8Array.of(2));
  batcher.write(Uint8Array.of(3, 4));
  expect(posted).toHaveLength(1);
  vi.advanceTimersByTime(8);
  expect(posted).toEqual([[1], [2, 3, 4]]);
});

it("is quick again after a pause", () => {
  const { batcher, posted } = collect();
  batcher.write(Uint8Array.of(1));
  vi.advanceTimersByTime(100);
  batcher.write(Uint8Array.of(2));
  expect(posted).toEqual([[1], [2]]);
});

it("loses nothing at the end", () => {
  const { batcher, posted } = collect();
  batcher.write(Uint8Array.of(1));
  batcher.write(Uint8Array.of(2));
  batcher.finish();
  expect(posted).toEqual([[1], [2]]);
  vi.advanceTimersByTime(100);
  expect(posted).toHaveLength(2);
});
