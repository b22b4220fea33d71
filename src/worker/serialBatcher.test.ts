import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Pace } from "./pace.ts";
import { SerialBatcher } from "./serialBatcher.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function collect(): { batcher: SerialBatcher; posted: number[][] } {
  const posted: number[][] = [];
  const pace = new Pace({ shortestMs: 8, longestMs: 32, busyMs: 32 }, () => 0);
  return { batcher: new SerialBatcher((bytes) => posted.push([...bytes]), pace), posted };
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

it("gathers more at a time the longer a flood lasts, and is quick again after it", () => {
  const { batcher, posted } = collect();
  const times: number[] = [];
  for (let ms = 0; ms < 125; ms++) {
    batcher.write(Uint8Array.of(ms));
    if (posted.splice(0).length > 0) times.push(ms);
    vi.advanceTimersByTime(1);
    if (posted.splice(0).length > 0) times.push(ms + 1);
  }
  expect(times).toEqual([0, 8, 24, 56, 88, 120]);
  vi.advanceTimersByTime(100);
  posted.length = 0;
  batcher.write(Uint8Array.of(1));
  batcher.write(Uint8Array.of(2));
  vi.advanceTimersByTime(8);
  expect(posted).toEqual([[1], [2]]);
});

it("is quick to tell an answer in the middle of a flood", () => {
  const { batcher, posted } = collect();
  for (let ms = 0; ms < 60; ms++) {
    batcher.write(Uint8Array.of(ms));
    vi.advanceTimersByTime(1);
  }
  posted.length = 0;
  batcher.expectAnswer();
  batcher.write(Uint8Array.of(1));
  vi.advanceTimersByTime(8);
  expect(posted).toEqual([[56, 57, 58, 59, 1]]);
});
