// A whole board whose guest moves the ranges of all PCI functions about, the frame buffer's among them, which the engine serves as
// memory: RAM and ROM stay what they are, nothing throws, and after a reset everything is where the firmware puts it.
import { expect, it } from "vitest";
import { Machine } from "../../src/machine/machine.ts";
import { engineModules } from "../support/engine.ts";
import { fuzzRounds } from "../support/fuzz.ts";
import type { Random } from "../support/random.ts";

const ROUNDS = 6;
const STEPS = 250;
const HLT = 0xf4;
const BIOS = new Uint8Array(0x1_0000).fill(HLT);
const RAM_MIB = 40;
const RAM_MARK = 0x5a;
const [COMMAND, BAR0, ROM_BAR] = [0x04, 0x10, 0x30];
const FUNCTIONS = [
  [0, 0],
  [1, 0],
  [1, 1],
  [1, 3],
  [2, 0],
  [30, 0],
] as const;
/** Over RAM's end, over APICs and HPET, over the ROM, far above. */
const PLACES = [0x0200_0000, 0x0280_0000, 0xfe00_0000, 0xfec0_0000, 0xfed0_0000, 0xfee0_0000, 0xff00_0000, 0xfffc_0000];

async function start(): Promise<Machine> {
  return Machine.create(
    { memoryMib: RAM_MIB, engine: "interp", clock: "icount", boot: { kind: "firmware" }, bios: BIOS },
    await engineModules("shared"),
    { com1: { write: () => {} }, com2: { write: () => {} }, onDebugByte: () => {} },
  );
}

function write(
  machine: Machine,
  [slot, fn]: readonly [number, number],
  offset: number,
  value: number,
  size: 1 | 2 | 4,
) {
  const { ports } = machine.board;
  ports.write(0xcf8, (0x8000_0000 | (slot << 11) | (fn << 8) | (offset & 0xfc)) >>> 0, 4);
  ports.write(0xcfc + (offset & 3), value, size);
}

function move(machine: Machine, random: Random): void {
  const target = random.pick(FUNCTIONS);
  const place = (random.pick(PLACES) + random.below(0x40) * 0x4000) >>> 0;
  switch (random.below(8)) {
    case 0:
      write(machine, target, COMMAND, random.below(8), 2);
      break;
    case 1:
      write(machine, target, ROM_BAR, place | 1, 4);
      break;
    case 2:
      write(machine, target, random.below(64) * 4, random.u32(), 4);
      break;
    case 3:
      machine.board.localApic.setBase(random.pick(PLACES) + 0x900);
      break;
    default:
      write(machine, target, BAR0 + 4 * random.below(6), random.below(6) ? place : 0xffff_ffff, 4);
  }
}

it("stands frame buffers and other ranges anywhere", { timeout: 120_000 }, async () => {
  await fuzzRounds(ROUNDS, async (random) => {
    const machine = await start();
    const mark = new Uint8Array(0x1000).fill(RAM_MARK);
    const places = Array.from({ length: 8 }, () => 0x10_0000 + random.below(RAM_MIB * 256 - 0x101) * 0x1000);
    for (const place of places) machine.engine.write(place, mark);
    for (const target of FUNCTIONS) write(machine, target, COMMAND, 7, 2);
    for (let step = 0; step < STEPS; step++) {
      move(machine, random);
      const { mmio, ports } = machine.board;
      mmio.read(random.pick(PLACES) + random.below(0x10000), 4);
      mmio.write(random.pick(PLACES) + random.below(0x10000), random.u32(), 4);
      ports.read(random.below(0x10000), 2);
      if (random.below(10) === 0) expect(machine.runSlice().kind).not.toBe("stopped");
    }
    for (const place of places) {
      const found = new Uint8Array(0x1000);
      machine.engine.read(place, found);
      expect(found).toEqual(mark);
    }
    machine.powerCycle();
    expect(machine.board.mmio.claims().map(({ name }) => name)).not.toContain("vga-pci bar0");
    expect(machine.runSlice().kind).toBe("idle");
  });
});
