import { describe, expect, it } from "vitest";
import { ConformanceEnv, describeDevice } from "../conformance/describeDevice.ts";
import { cp437 } from "./cp437.ts";
import { StdVga } from "./stdVga.ts";
import { MODE_03, MODE_12, MODE_13, setMode } from "./testModes.ts";
import { readTextScreen } from "./textScreen.ts";

const MEGABYTE = 0x100000;

function makeVga(env: ConformanceEnv, vramBytes = MEGABYTE) {
  const { clock, ports, mmio } = env;
  return new StdVga({ name: "vga", clock, ports, mmio, vram: new Uint8Array(vramBytes) });
}

function plugged(vramBytes?: number) {
  const env = new ConformanceEnv();
  const vga = makeVga(env, vramBytes);
  const poke = (address: number, value: number) => env.mmio.write(address, value, 1);
  const peek = (address: number) => env.mmio.read(address, 1);
  const sequencer = (index: number, value: number) => env.ports.write(0x3c4, index | (value << 8), 2);
  const graphics = (index: number, value: number) => env.ports.write(0x3ce, index | (value << 8), 2);
  const crtc = (index: number, value: number) => env.ports.write(0x3d4, index | (value << 8), 2);
  const dispi = (index: number, value?: number) => {
    env.ports.write(0x1ce, index, 2);
    if (value !== undefined) env.ports.write(0x1cf, value, 2);
    return env.ports.read(0x1cf, 2);
  };
  return { env, vga, vram: vga.chip.vram, poke, peek, sequencer, graphics, crtc, dispi };
}

describeDevice("StdVga", makeVga, (_vga, env) => {
  setMode(env.ports, MODE_12);
  env.mmio.read(0xa0000, 1);
  env.ports.write(0x1ce, 5, 2);
});

describe("text mode", () => {
  it("keeps characters in plane 0 and attributes in plane 1", () => {
    const { env, vram, poke, peek } = plugged();
    setMode(env.ports, MODE_03);
    env.mmio.write(0xb8000, 0x0748, 2);
    poke(0xb8002, 0x69);
    expect([...vram.subarray(0, 5)]).toEqual([0x48, 0x07, 0, 0, 0x69]);
    expect([peek(0xb8000), peek(0xb8001), peek(0xb8002)]).toEqual([0x48, 7, 0x69]);
    expect(peek(0xa0000)).toBe(0xff);
  });

  it("reads the screen from the start address with the CRTC's pitch", () => {
    const { env, vga, crtc, poke } = plugged();
    setMode(env.ports, MODE_03);
    [..."scrolled"].forEach((character, i) => {
      poke(0xb8000 + 2 * (160 + i), character.charCodeAt(0));
    });
    poke(0xb8000 + 2 * 240, 0xc9);
    crtc(0x0d, 160);
    const lines = readTextScreen(vga.chip);
    expect(lines).toHaveLength(25);
    expect(lines?.slice(0, 3)).toEqual(["scrolled", "╔", ""]);
    expect(vga.chip.isTextMode).toBe(true);
  });

  it("takes fonts into plane 2 with odd/even off", () => {
    const { env, vram, poke, sequencer, graphics } = plugged();
    setMode(env.ports, MODE_03);
    sequencer(2, 4);
    sequencer(4, 7);
    graphics(5, 0);
    graphics(6, 4);
    poke(0xa0000 + 0x41 * 32, 0x7e);
    expect(vram[0x41 * 32 * 4 + 2]).toBe(0x7e);
  });

  it("is no text screen in graphics modes", () => {
    const { env, vga } = plugged();
    setMode(env.ports, MODE_13);
    expect(readTextScreen(vga.chip)).toBeUndefined();
    expect(vga.chip.isTextMode).toBe(false);
  });

  it("has a character for each byte", () => {
    expect(new Set(Array.from({ length: 256 }, (_, byte) => cp437(byte))).size).toBeGreaterThanOrEqual(254);
    expect([cp437(0x41), cp437(0xb3), cp437(0xdb), cp437(0x9b)]).toEqual(["A", "│", "█", "¢"]);
  });
});

describe("planar memory", () => {
  function planar() {
    const machine = plugged();
    setMode(machine.env.ports, MODE_12);
    return { ...machine, planes: (at: number) => [...machine.vram.subarray(at * 4, at * 4 + 4)] };
  }

  it("write mode 0: map mask, rotate, set/reset, bit mask, function", () => {
    const { poke, peek, sequencer, graphics, planes } = planar();
    sequencer(2, 0x05);
    poke(0xa0000, 0x81);
    expect(planes(0)).toEqual([0x81, 0, 0x81, 0]);
    sequencer(2, 0x0f);
    graphics(0, 0x02);
    graphics(1, 0x0f);
    graphics(8, 0xf0);
    peek(0xa0000);
    poke(0xa0000, 0);
    expect(planes(0)).toEqual([0x01, 0xf0, 0x01, 0]);
    graphics(1, 0);
    graphics(8, 0xff);
    graphics(3, 0x18 | 1);
    peek(0xa0000);
    poke(0xa0000, 0x03);
    expect(planes(0)).toEqual([0x80, 0x71, 0x80, 0x81]);
  });

  it("write modes 1, 2 and 3", () => {
    const { poke, peek, graphics, planes } = planar();
    graphics(5, 2);
    poke(0xa0000, 0x0a);
    expect(planes(0)).toEqual([0, 0xff, 0, 0xff]);
    graphics(5, 1);
    peek(0xa0000);
    poke(0xa0001, 0x55);
    expect(planes(1)).toEqual([0, 0xff, 0, 0xff]);
    graphics(5, 3);
    graphics(0, 0x01);
    graphics(8, 0x3c);
    peek(0xa0000);
    poke(0xa0000, 0x0f);
    expect(planes(0)).toEqual([0x0c, 0xf3, 0, 0xf3]);
  });

  it("read modes 0 and 1", () => {
    const { poke, peek, sequencer, graphics } = planar();
    sequencer(2, 1);
    poke(0xa0000, 0xf0);
    sequencer(2, 8);
    poke(0xa0000, 0x3c);
    graphics(4, 3);
    expect(peek(0xa0000)).toBe(0x3c);
    graphics(5, 8);
    graphics(2, 0x09);
    graphics(7, 0x0f);
    expect(peek(0xa0000)).toBe(0x30);
    graphics(7, 0x01);
    expect(peek(0xa0000)).toBe(0xf0);
  });

  it("chain-4 is linear, and unchained is a plane at a time", () => {
    const { env, vram, poke, sequencer } = plugged();
    setMode(env.ports, MODE_13);
    for (let i = 0; i < 6; i++) poke(0xa0000 + i, i + 1);
    expect([...vram.subarray(0, 6)]).toEqual([1, 2, 3, 4, 5, 6]);
    sequencer(4, 6);
    sequencer(2, 2);
    poke(0xa0001, 0x99);
    expect(vram[5]).toBe(0x99);
  });
});

describe("registers", () => {
  it("protects CRTC 0-7 but for the line compare bit", () => {
    const { env, vga, crtc } = plugged();
    setMode(env.ports, MODE_03);
    const before = vga.chip.registers.crtc[7];
    crtc(0x01, 0x11);
    crtc(0x07, ~before & 0xff);
    expect(vga.chip.registers.crtc[1]).toBe(0x4f);
    expect(vga.chip.registers.crtc[7]).toBe(before ^ 0x10);
  });

  it("answers at one CRTC address and resets the attribute flip-flop", () => {
    const { env, vga } = plugged();
    setMode(env.ports, MODE_03);
    expect(env.ports.read(0x3b4, 1)).toBe(0xff);
    env.ports.write(0x3c0, 0x31, 1);
    env.ports.read(0x3da, 1);
    env.ports.write(0x3c0, 0x31, 1);
    env.ports.write(0x3c0, 0x2a, 1);
    expect(vga.chip.registers.attribute[0x11]).toBe(0x2a);
  });

  it("shows the retrace for about two lines of a 70 Hz frame", () => {
    const { env, vga } = plugged();
    setMode(env.ports, MODE_03);
    expect(1e9 / vga.chip.frameNs).toBeCloseTo(70.09, 1);
    let retraces = 0;
    let edges = 0;
    let last = 0;
    for (let i = 0; i < 10_000; i++) {
      const now = env.ports.read(0x3da, 1) & 8;
      if (now) retraces++;
      if (now && !last) edges++;
      last = now;
      env.clock.advance(10_000);
    }
    expect(edges).toBe(7);
    expect(retraces / 10_000).toBeCloseTo(2 / 449, 2);
  });

  it("reads back the palette and applies the pixel mask", () => {
    const { env, vga } = plugged();
    setMode(env.ports, MODE_13);
    env.ports.write(0x3c7, 10, 1);
    expect([0, 0, 0].map(() => env.ports.read(0x3c9, 1))).toEqual([10, 5, 53]);
    env.ports.write(0x3c6, 0x0f, 1);
    expect(vga.chip.dac.rgba(0x1a)).toBe(vga.chip.dac.rgba(0x0a));
  });
});

describe("Bochs VBE", () => {
  it("identifies itself to the VGA BIOS", () => {
    const { dispi } = plugged(16 * MEGABYTE);
    expect(dispi(0, 0xb0c0)).toBe(0xb0c0);
    expect(dispi(0, 0xb0c5)).toBe(0xb0c5);
    expect(dispi(10)).toBe(256);
    dispi(4, 2);
    expect([dispi(1), dispi(2), dispi(3)]).toEqual([2560, 1600, 32]);
  });

  it("sets a mode, pans within a larger screen and clears memory", () => {
    const { vga, vram, dispi } = plugged(16 * MEGABYTE);
    vram.fill(0xaa);
    for (const [index, value] of [
      [4, 0],
      [1, 1024],
      [2, 768],
      [3, 32],
      [4, 0x41],
      [6, 2048],
      [8, 100],
      [9, 50],
    ]) {
      dispi(index, value);
    }
    vga.chip.registers.writePort(0x3c0, 0x20);
    expect(vram[1024 * 768 * 4 - 1]).toBe(0);
    expect(vram[1024 * 768 * 4]).toBe(0xaa);
    expect(vga.chip.scanout()).toMatchObject({
      kind: "graphics",
      format: "rgb8888",
      width: 1024,
      height: 768,
      pitchBytes: 8192,
      startBytes: 50 * 8192 + 400,
    });
    expect(dispi(7)).toBe(2048);
  });

  it("banks the window at A0000h", () => {
    const { vram, poke, dispi } = plugged();
    for (const [index, value] of [
      [1, 640],
      [2, 480],
      [3, 8],
      [4, 1],
      [5, 2],
    ]) {
      dispi(index, value);
    }
    poke(0xa0010, 0x77);
    expect(vram[0x20010]).toBe(0x77);
  });

  it("has ports, DISPI and an EDID in the register BAR", () => {
    const { vga } = plugged(16 * MEGABYTE);
    const { registerBar } = vga;
    const edid = Array.from({ length: 128 }, (_, i) => registerBar.read(i, 1));
    expect(edid.slice(0, 8)).toEqual([0, 255, 255, 255, 255, 255, 255, 0]);
    expect(edid.reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0);
    expect(registerBar.read(0x500, 2) & 0xfff0).toBe(0xb0c0);
    expect(registerBar.read(0x514, 2)).toBe(256);
    registerBar.write(0x502, 800, 2);
    expect(registerBar.read(0x502, 2)).toBe(800);
    registerBar.write(0x402, 0x01, 1);
    expect(registerBar.read(0x40c, 1)).toBe(1);
    expect(registerBar.read(0x600, 4)).toBe(8);
  });
});
