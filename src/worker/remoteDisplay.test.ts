import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ConformanceEnv } from "../devices/conformance/describeDevice.ts";
import { StdVga } from "../devices/vga/stdVga.ts";
import { MODE_03, MODE_13, setMode } from "../devices/vga/testModes.ts";
import type { DisplayRequest } from "./displayProtocol.ts";
import { RemoteDisplay } from "./remoteDisplay.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const SOME_FRAMES_MS = 100;

function attached(countRests = () => 0) {
  const env = new ConformanceEnv();
  const { clock, ports, mmio } = env;
  const vga = new StdVga({ name: "vga", clock, ports, mmio, vram: new Uint8Array(0x100000) });
  setMode(ports, MODE_13);
  const posted: DisplayRequest[] = [];
  const sizes: string[] = [];
  const display = new RemoteDisplay(
    vga.chip,
    (request) => posted.push(request),
    (width, height) => sizes.push(`${width}x${height}`),
    countRests,
  );
  const takePages = () =>
    posted.splice(0).map((request) => {
      if (request.kind !== "frame") return request.kind;
      return [...request.changed].flatMap((word, index) => (word ? [`${index}:${(word >>> 0).toString(16)}`] : []));
    });
  return { mmio, ports, display, posted, sizes, takePages };
}

describe("RemoteDisplay", () => {
  it("posts what has changed, and nothing while nothing has", () => {
    const { mmio, display, posted, takePages } = attached();
    display.start();
    vi.advanceTimersByTime(SOME_FRAMES_MS);
    expect(posted[0]).toMatchObject({ kind: "frame", scanout: { kind: "graphics", width: 640 } });
    expect(takePages()).toHaveLength(1);
    display.receive({ kind: "drawn" });
    vi.advanceTimersByTime(SOME_FRAMES_MS);
    expect(posted).toHaveLength(0);
    mmio.write(0xa2000, 7, 1);
    vi.advanceTimersByTime(SOME_FRAMES_MS);
    expect(takePages()).toEqual([["0:4"]]);
    display.stop();
  });

  it("posts a change of registers alone", () => {
    const { ports, display, posted, takePages } = attached();
    display.drawNow();
    display.receive({ kind: "drawn" });
    posted.length = 0;
    ports.write(0x3c8, 1, 1);
    ports.write(0x3c9, 9, 1);
    ports.write(0x3c9, 9, 1);
    ports.write(0x3c9, 9, 1);
    display.drawNow();
    expect(takePages()).toEqual([[]]);
  });

  it("has one frame under way; what comes meanwhile follows together", () => {
    const { mmio, display, takePages } = attached();
    display.start();
    vi.advanceTimersByTime(SOME_FRAMES_MS);
    takePages();
    mmio.write(0xa0000, 1, 1);
    vi.advanceTimersByTime(SOME_FRAMES_MS);
    mmio.write(0xa1000, 1, 1);
    vi.advanceTimersByTime(SOME_FRAMES_MS);
    display.stop();
    expect(takePages()).toEqual([]);
    display.receive({ kind: "drawn" });
    expect(takePages()).toEqual([["0:3"]]);
  });

  it("draws running text less often than pictures, and least of a guest that does not rest; its first change at once", () => {
    const count = (text: boolean, rests: boolean) => {
      let rested = 0;
      const { ports, mmio, display, posted } = attached(() => (rests ? ++rested : 0));
      if (text) setMode(ports, MODE_03);
      display.start();
      vi.advanceTimersByTime(SOME_FRAMES_MS);
      display.receive({ kind: "drawn" });
      posted.length = 0;
      for (let ms = 0; ms < 300; ms++) {
        mmio.write(text ? 0xb8000 : 0xa0000, ms & 0xff, 1);
        vi.advanceTimersByTime(1);
        if (ms === 14) expect(posted).toHaveLength(1);
        display.receive({ kind: "drawn" });
      }
      display.stop();
      return posted.length;
    };
    expect([count(false, false), count(true, true), count(true, false)]).toEqual([20, 11, 5]); // after 15, 30, 60, 90 … and after 15, 30, 60, 120, 240 ms
  });

  it("draws what a key changes soon, also while text runs", () => {
    const { ports, mmio, display, posted } = attached();
    setMode(ports, MODE_03);
    display.start();
    const run = (ms: number) => {
      for (let at = 0; at < ms; at++) {
        mmio.write(0xb8000, at & 0xff, 1);
        vi.advanceTimersByTime(1);
        display.receive({ kind: "drawn" });
      }
    };
    run(300);
    while (posted.splice(0).length === 0) run(1);
    display.expectAnswer();
    run(16);
    display.stop();
    expect(posted).toHaveLength(1);
  });

  it("passes the size on", () => {
    const { display, sizes } = attached();
    display.receive({ kind: "size", width: 800, height: 600 });
    expect(sizes).toEqual(["800x600"]);
  });
});
