import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { ConformanceEnv } from "../devices/conformance/describeDevice.ts";
import { StdVga } from "../devices/vga/stdVga.ts";
import { type BiosMode, MODE_03, MODE_04, MODE_12, MODE_13, setMode } from "../devices/vga/testModes.ts";
import { framePng } from "./png.ts";
import { Renderer } from "./renderer.ts";

function shown(mode?: BiosMode) {
  const env = new ConformanceEnv();
  const { clock, ports, mmio } = env;
  const vga = new StdVga({ name: "vga", clock, ports, mmio, vram: new Uint8Array(0x100000) });
  if (mode) setMode(ports, mode);
  const renderer = new Renderer();
  const render = () => renderer.render(vga.chip);
  const pixel = (x: number, y: number) => {
    const frame = renderer.render(vga.chip);
    return new Uint32Array(frame.pixels.buffer)[y * frame.width + x];
  };
  const colour = (entry: number) => vga.chip.dac.rgba(entry);
  const crtc = (index: number, value: number) => ports.write(0x3d4, index | (value << 8), 2);
  return { env, vga, vram: vga.chip.vram, render, pixel, colour, crtc, mmio };
}

/** A font whose every glyph has the lines 81h, character code, 0... */
function loadFont(vram: Uint8Array): void {
  for (let character = 0; character < 256; character++) {
    vram[character * 128 + 2] = 0x81;
    vram[character * 128 + 6] = character;
  }
}

describe("text", () => {
  it("draws glyphs in nine-dot cells with the attribute's colours", () => {
    const { vram, mmio, pixel, colour, render } = shown(MODE_03);
    loadFont(vram);
    mmio.write(0xb8000 + 2 * 80, 0x1ef0, 2); // second row, to keep clear of the cursor
    mmio.write(0xb8000 + 2 * 81, 0x1ec1, 2);
    expect(render()).toMatchObject({ width: 720, height: 400 });
    expect([pixel(0, 16), pixel(1, 16), pixel(7, 16), pixel(8, 16)]).toEqual([
      colour(0x3e),
      colour(1),
      colour(0x3e),
      colour(1),
    ]);
    expect(pixel(9 + 8, 17)).toBe(colour(0x3e)); // C1h: the ninth dot repeats the eighth
  });

  it("redraws only rows that changed", () => {
    const { vram, mmio, render } = shown(MODE_03);
    loadFont(vram);
    expect(render().changedRows).toEqual({ first: 0, end: 400 });
    expect(render().changedRows).toEqual({ first: 0, end: 0 });
    mmio.write(0xb8000 + 160 * 3, 0x0741, 2);
    expect(render().changedRows).toEqual({ first: 48, end: 64 });
  });

  it("shows the cursor, which blinks", () => {
    const { env, pixel, mmio, colour, vga } = shown(MODE_03);
    mmio.write(0xb8000, 0x0700, 2);
    expect([pixel(0, 12), pixel(0, 13), pixel(8, 14)]).toEqual([colour(0), colour(7), colour(7)]);
    env.clock.advance(Math.ceil(8 * vga.chip.frameNs));
    expect(pixel(0, 13)).toBe(colour(0));
  });

  it("underlines and blinks", () => {
    const { env, vram, vga, pixel, mmio, colour, crtc } = shown(MODE_03);
    loadFont(vram);
    crtc(0x14, 15);
    mmio.write(0xb8000 + 160, 0x0120, 2);
    mmio.write(0xb8002 + 160, 0x8741, 2);
    expect(pixel(4, 16 + 15)).toBe(colour(1));
    expect(pixel(9, 16)).toBe(colour(7));
    env.clock.advance(Math.ceil(16 * vga.chip.frameNs));
    expect(pixel(9, 16)).toBe(colour(0));
  });

  it("scrolls smoothly and splits the screen", () => {
    const { vram, mmio, pixel, colour, crtc, env } = shown(MODE_03);
    loadFont(vram);
    crtc(0x0a, 0x20);
    crtc(0x11, 0x0e);
    mmio.write(0xb8000, 0x07ff, 2);
    crtc(0x08, 1); // up one line
    expect(pixel(3, 0)).toBe(colour(7));
    crtc(0x08, 0);
    crtc(0x18, 99);
    crtc(0x07, 0x0f);
    crtc(0x09, 0x0f);
    expect([pixel(3, 100), pixel(3, 101)]).toEqual([colour(0), colour(7)]);
    env.ports.read(0x3da, 1);
    env.ports.write(0x3c0, 0x33, 1);
    env.ports.write(0x3c0, 0, 1); // left one dot
    expect([pixel(0, 0), pixel(6, 0)]).toEqual([colour(0), colour(7)]);
  });
});

describe("graphics", () => {
  it("draws mode 12h from four planes", () => {
    const { vram, pixel, colour, render } = shown(MODE_12);
    vram.set([0x80, 0x40, 0xc0, 0x00], (80 * 2 + 1) * 4);
    expect(render()).toMatchObject({ width: 640, height: 480 });
    expect([pixel(8, 2), pixel(9, 2), pixel(10, 2)]).toEqual([colour(5), colour(0x14), colour(0)]);
  });

  it("draws mode 13h doubled both ways, and pans it", () => {
    const { env, vram, pixel, colour, render, crtc } = shown(MODE_13);
    vram[320 * 5 + 7] = 0x9c;
    expect(render()).toMatchObject({ width: 640, height: 400 });
    expect([pixel(14, 10), pixel(15, 11), pixel(16, 10)]).toEqual([colour(0x9c), colour(0x9c), colour(0)]);
    crtc(0x0d, 80);
    expect(pixel(14, 8)).toBe(colour(0x9c));
    env.ports.read(0x3da, 1);
    env.ports.write(0x3c0, 0x33, 1);
    env.ports.write(0x3c0, 2, 1);
    expect(pixel(12, 8)).toBe(colour(0x9c));
  });

  it("draws CGA mode 4 with odd rows in the second bank", () => {
    const { mmio, pixel, colour, render } = shown(MODE_04);
    mmio.write(0xb8000, 0x1b, 1);
    mmio.write(0xb8001, 0xc0, 1);
    mmio.write(0xba000, 0xff, 1);
    expect(render()).toMatchObject({ width: 640, height: 400 });
    expect([0, 2, 4, 6, 8].map((x) => pixel(x, 0))).toEqual([0, 1, 2, 3, 3].map(colour));
    expect(pixel(0, 2)).toBe(colour(3));
    expect(pixel(8, 2)).toBe(colour(0));
  });

  it("starts again at address 0 after the line compare", () => {
    const { vram, pixel, colour, crtc } = shown(MODE_13);
    vram[0] = 5;
    crtc(0x11, 0x0e);
    crtc(0x0c, 0x40);
    crtc(0x18, 99);
    crtc(0x07, 0x0f);
    crtc(0x09, 0x01);
    expect([pixel(0, 99), pixel(0, 100), pixel(0, 101), pixel(0, 102)]).toEqual([0, 5, 5, 0].map(colour));
  });

  it.each([
    [8, [3], (colour: (entry: number) => number) => colour(3)],
    [15, [0x1f, 0x7c], () => 0xffff00ff],
    [16, [0xe0, 0x07], () => 0xff00ff00],
    [24, [1, 2, 3], () => 0xff010203],
    [32, [1, 2, 3, 0], () => 0xff010203],
  ] as const)("draws VBE at %i bits per pixel", (bpp, bytes, expected) => {
    const { env, vram, pixel, colour, render } = shown(MODE_03);
    for (const [index, value] of [
      [1, 320],
      [2, 200],
      [3, bpp],
      [4, 0x41],
    ]) {
      env.ports.write(0x1ce, index, 2);
      env.ports.write(0x1cf, value, 2);
    }
    render();
    vram.set(bytes, (320 * 3 + 5) * ((bpp + 7) >> 3));
    const { changedRows } = render();
    expect(changedRows.first).toBeGreaterThanOrEqual(2);
    expect(changedRows.end).toBe(4);
    expect(pixel(5, 3)).toBe(expected(colour));
    expect(pixel(6, 3)).toBe(bpp === 8 ? colour(0) : 0xff000000);
  });

  it("is black when blanked, and comes back", () => {
    const { env, vram, vga, render, pixel, colour } = shown(MODE_13);
    vram.fill(9);
    expect(pixel(3, 3)).toBe(colour(9));
    env.ports.read(0x3da, 1);
    env.ports.write(0x3c0, 0, 1);
    expect(vga.chip.scanout().kind).toBe("blank");
    expect(pixel(3, 3)).toBe(0xff000000);
    env.ports.read(0x3da, 1);
    env.ports.write(0x3c0, 0x20, 1);
    expect(render().changedRows).toEqual({ first: 0, end: 400 });
  });
});

describe("framePng", () => {
  it("writes a PNG of the screen", () => {
    const { vram, render } = shown(MODE_13);
    vram[0] = 0x15;
    const image = decode(framePng(render()));
    expect(image).toMatchObject({ width: 640, height: 400, channels: 3 });
    expect([...image.data.slice(0, 3)]).toEqual([0x55, 0x28, 0xaa]);
  });
});
