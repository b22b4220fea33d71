import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FrameBuffer } from "../display/frameBuffer.ts";
import { FramePoster } from "./framePoster.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it("posts changed rows, one frame at a time", () => {
  const frame = new FrameBuffer(4, 10);
  const posted: { first: number; pixels: Uint8ClampedArray }[] = [];
  const poster = new FramePoster(
    () => frame.take(),
    (message) => posted.push(message),
  );
  poster.start();
  vi.advanceTimersByTime(100);
  expect(posted).toHaveLength(0);

  frame.words.fill(0xffffffff);
  frame.markRows(2, 5);
  vi.advanceTimersByTime(40);
  expect(posted).toHaveLength(1);
  expect(posted[0]).toMatchObject({ kind: "frame", width: 4, height: 10, first: 2 });
  expect(posted[0].pixels).toEqual(new Uint8ClampedArray(4 * 3 * 4).fill(255));

  frame.markRows(0, 1);
  vi.advanceTimersByTime(200);
  expect(posted).toHaveLength(1);
  poster.stop();
  poster.drawn();
  expect(posted[1].first).toBe(0);
});
