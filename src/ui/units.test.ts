import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatSpeed } from "./format.ts";
import { fitScreen } from "./screenFit.ts";
import { SpeedMeter } from "./speedMeter.ts";

describe("figures", () => {
  it("have three significant digits and a word", () => {
    expect(formatCount(1_618_000_000)).toBe("1.62 billion");
    expect(formatCount(12_345_678)).toBe("12.3 million");
    expect(formatCount(950_000)).toBe("950,000");
    expect(formatSpeed(148.4)).toBe("148 MIPS");
    expect(formatSpeed(0.07)).toBe("idle");
    expect([512, 1_474_560, 4 << 28].map(formatBytes)).toEqual(["512 bytes", "1.41 MiB", "1.00 GiB"]);
  });
});

describe("fitScreen", () => {
  const screen = { width: 720, height: 400 };
  it("takes a whole multiple where it fits well", () => {
    expect(fitScreen(screen, { width: 800, height: 700 }, 1)).toEqual({ width: 720, height: 400, sharp: true });
    expect(fitScreen(screen, { width: 1500, height: 900 }, 1)).toEqual({ width: 1440, height: 800, sharp: true });
  });
  it("counts device pixels", () => {
    expect(fitScreen(screen, { width: 390, height: 400 }, 2)).toEqual({ width: 360, height: 200, sharp: true });
  });
  it("fills the room where a whole multiple would waste it", () => {
    expect(fitScreen(screen, { width: 360, height: 400 }, 1)).toEqual({ width: 360, height: 200, sharp: false });
    expect(fitScreen(screen, { width: 1296, height: 4000 }, 1)).toEqual({ width: 1296, height: 720, sharp: false });
  });
  it("bears a hidden element", () => {
    expect(fitScreen(screen, { width: 0, height: 0 }, 1)).toEqual({ width: 0, height: 0, sharp: false });
  });
});

describe("SpeedMeter", () => {
  it("tells the speed of the last second or so", () => {
    const meter = new SpeedMeter();
    expect(meter.note(0, 0)).toBe(0);
    expect(meter.note(50e6, 500)).toBeCloseTo(100);
    for (let ms = 1000; ms <= 5000; ms += 500) meter.note(50e6, ms);
    expect(meter.note(50e6, 5500)).toBe(0);
  });
  it("begins anew after a reset", () => {
    const meter = new SpeedMeter();
    meter.note(100e6, 0);
    meter.note(200e6, 1000);
    expect(meter.note(0, 1500)).toBe(0);
    expect(meter.note(50e6, 2000)).toBeCloseTo(100);
  });
});
