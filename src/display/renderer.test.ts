import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { ConformanceEnv } from "../devices/conformance/describeDevice.ts";
import { DISPI_BANK, DISPI_BPP, DISPI_ENABLE, DISPI_X_OFFSET, DISPI_XRES, DISPI_YRES } from "../devices/vga/dispi.ts";
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
  /** Writes video memory as the CPU does through BAR 0. */
  const put = (at: number, bytes: Iterable<number>) => {
    for (const byte of bytes) vga.frameBufferBar.write(at++, byte, 1);
  };
  return { env, vga, put, render, pixel, colour, crtc, mmio };
}

function writeDispi({ ports }: ConformanceEnv, index: number, value: number): void {
  ports.write(0x1ce, index, 2);
  ports.write(0x1cf, value, 2);
}

function setVbe(env: ConformanceEnv, mode: { width: number; height: number; bpp: number }): void {
  writeDispi(env, DISPI_XRES, mode.width);
  writeDispi(env, DISPI_YRES, mode.height);
  writeDispi(env, DISPI_BPP, mode.bpp);
  writeDispi(env, DISPI_ENABLE, 0x41);
}

/** A font whose every glyph has the lines 81h, character code, 0... */
function loadFont(put: (at: number, bytes: Iterable<number>) => void): void {
  for (let character = 0; character < 256; character++) {
    put(character * 128 + 2, [0x81]);
    put(character * 128 + 6, [character]);
  }
}

describe("text", () => {
  it("draws glyphs in nine-dot cells with the attribute's colours", () => {
    const { put, mmio, pixel, colour, render } = shown(MODE_03);
    loadFont(put);
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
    const { put, mmio, render } = shown(MODE_03);
    loadFont(put);
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
    const { env, put, vga, pixel, mmio, colour, crtc } = shown(MODE_03);
    loadFont(put);
    crtc(0x14, 15);
    mmio.write(0xb8000 + 160, 0x0120, 2);
    mmio.write(0xb8002 + 160, 0x8741, 2);
    expect(pixel(4, 16 + 15)).toBe(colour(1));
    expect(pixel(9, 16)).toBe(colour(7));
    env.clock.advance(Math.ceil(16 * vga.chip.frameNs));
    expect(pixel(9, 16)).toBe(colour(0));
  });

  it("scrolls smoothly and splits the screen", () => {
    const { put, mmio, pixel, colour, crtc, env } = shown(MODE_03);
    loadFont(put);
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
    const { put, pixel, colour, render } = shown(MODE_12);
    put((80 * 2 + 1) * 4, [0x80, 0x40, 0xc0, 0x00]);
    expect(render()).toMatchObject({ width: 640, height: 480 });
    expect([pixel(8, 2), pixel(9, 2), pixel(10, 2)]).toEqual([colour(5), colour(0x14), colour(0)]);
  });

  it("draws mode 13h doubled both ways, and pans it", () => {
    const { env, put, pixel, colour, render, crtc } = shown(MODE_13);
    put(320 * 5 + 7, [0x9c]);
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
    const { put, pixel, colour, crtc } = shown(MODE_13);
    put(0, [5]);
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
    const { env, put, pixel, colour, render } = shown(MODE_03);
    setVbe(env, { width: 320, height: 200, bpp });
    render();
    const pitch = 320 * ((bpp + 7) >> 3);
    put(pitch * 100 + 5 * ((bpp + 7) >> 3), bytes);
    const { first, end } = render().changedRows;
    const page = (pitch * 100) & ~0xfff;
    expect([first, end]).toEqual([Math.floor(page / pitch), Math.ceil((page + 0x1000) / pitch)]);
    expect(render().changedRows).toEqual({ first: 0, end: 0 });
    expect(pixel(5, 100)).toBe(expected(colour));
    expect(pixel(6, 100)).toBe(bpp === 8 ? colour(0) : 0xff000000);
  });

  it("draws what is written through the window at A0000h, in any bank", () => {
    const { env, mmio, pixel, render } = shown(MODE_03);
    setVbe(env, { width: 640, height: 200, bpp: 32 });
    render();
    writeDispi(env, DISPI_BANK, 2);
    mmio.write(0xa0000 + 4 * 9, 0x010203, 4); // BGRX
    const at = 0x20000 / 4 + 9;
    const y = Math.floor(at / 640);
    const { first, end } = render().changedRows;
    expect([first <= y, y < end]).toEqual([true, true]);
    expect(pixel(at % 640, y)).toBe(0xff030201);
  });

  it("follows a start address", () => {
    const { env, put, pixel } = shown(MODE_03);
    setVbe(env, { width: 320, height: 200, bpp: 24 });
    put(3, [1, 2, 3]);
    writeDispi(env, DISPI_X_OFFSET, 1);
    expect(pixel(0, 0)).toBe(0xff010203);
  });

  it("is black when blanked, and comes back", () => {
    const { env, put, vga, render, pixel, colour } = shown(MODE_13);
    put(0, new Uint8Array(0x40000).fill(9));
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

it("shows each of two displays what has changed since it looked", () => {
  const { vga, put, render } = shown(MODE_13);
  const other = new Renderer();
  render();
  put(320 * 50, [1]);
  expect(render().changedRows.end).toBeGreaterThan(0);
  expect(other.render(vga.chip).changedRows).toEqual({ first: 0, end: 400 });
  put(320 * 150, [1]);
  expect(other.render(vga.chip).changedRows.first).toBeGreaterThan(200);
  expect(render().changedRows.first).toBeGreaterThan(200);
});

it("draws everything after a restore", () => {
  const { vga, render } = shown(MODE_13);
  render();
  vga.restore(vga.save());
  expect(render().changedRows).toEqual({ first: 0, end: 400 });
});

describe("framePng", () => {
  it("writes a PNG of the screen", () => {
    const { put, render } = shown(MODE_13);
    put(0, [0x15]);
    const image = decode(framePng(render()));
    expect(image).toMatchObject({ width: 640, height: 400, channels: 3 });
    expect([...image.data.slice(0, 3)]).toEqual([0x55, 0x28, 0xaa]);
  });
});
