// Guests that put the ranges of PCI functions anywhere, with decoding on: over each other, over the board's, over nothing. After each
// move every address answers as a model without any cleverness says, and nothing throws.
import { expect, it } from "vitest";
import { IrqLine } from "../../bus/irqLine.ts";
import { MmioSpace } from "../../bus/mmioSpace.ts";
import { PortSpace } from "../../bus/portSpace.ts";
import { fuzzRounds } from "../conformance/fuzzRounds.ts";
import type { Random } from "../conformance/fuzzTraffic.ts";
import type { PciBarOptions } from "./pciBar.ts";
import { PciBus } from "./pciBus.ts";
import { PciDevice, type PciSpaces } from "./pciDevice.ts";
import { PciReg } from "./pciRegisters.ts";

const ROUNDS = 30;
const STEPS = 120;
const PROBES = 25;
const SLOTS = [2, 5, 9];
const RANGES: readonly (Pick<PciBarOptions, "kind" | "sizeBytes"> & { index: number })[] = [
  { index: 0, kind: "io", sizeBytes: 0x40 },
  { index: 1, kind: "memory", sizeBytes: 0x1000 },
  { index: 2, kind: "memory64", sizeBytes: 0x4000 },
  { index: 4, kind: "io", sizeBytes: 0x100 },
  { index: 5, kind: "memory", sizeBytes: 0x10_0000 },
];
const ROM_BYTES = 0x800;
const ROM_VALUE = 0xee;
const COMMAND_IO = 1;
const COMMAND_MEMORY = 2;
const BOARD = [
  { base: 0x3f8, length: 8, io: true },
  { base: 0x60, length: 1, io: true },
  { base: 0xfec0_0000, length: 0x1000, io: false },
  { base: 0xfee0_0000, length: 0x1000, io: false },
];
const BOARD_VALUE = 0xbb;
const NOBODY = 0xff;

class Card extends PciDevice {
  constructor(spaces: PciSpaces, slot: number) {
    super(`card${slot}`, "card", 1, { vendorId: 1, deviceId: slot, classCode: 0xff0000, interruptPin: 1 }, spaces);
    for (const { index, kind, sizeBytes } of RANGES) {
      const value = byteOf(slot, index);
      this.addBar(index, { kind, sizeBytes, sizes: [1], handler: { read: () => value, write: () => {} } });
    }
    this.addRom(new Uint8Array(ROM_BYTES).fill(ROM_VALUE));
  }

  protected resetDevice(): void {}

  protected saveDevice(): null {
    return null;
  }

  protected parseDevice(): () => void {
    return () => {};
  }
}

/** What a range's bytes read as. */
function byteOf(slot: number, index: number): number {
  return slot * 8 + index;
}

/** The configuration registers of the functions, as the guest last read them, decide. */
class Model {
  constructor(private readonly config: (slot: number, offset: number, size: 1 | 2 | 4) => number) {}

  read(io: boolean, address: number): number {
    const board = BOARD.some(
      (range) => range.io === io && address >= range.base && address < range.base + range.length,
    );
    if (board && !io) return BOARD_VALUE;
    for (const slot of SLOTS) {
      const value = this.readFunction(slot, io, address);
      if (value !== undefined) return value;
    }
    return board ? BOARD_VALUE : NOBODY;
  }

  private readFunction(slot: number, io: boolean, address: number): number | undefined {
    const command = this.config(slot, PciReg.Command, 2);
    if (!(command & (io ? COMMAND_IO : COMMAND_MEMORY))) return undefined;
    for (const { index, kind, sizeBytes } of RANGES) {
      if ((kind === "io") !== io) continue;
      const register = PciReg.Bar0 + 4 * index;
      const low = this.config(slot, register, 4);
      const high = kind === "memory64" ? this.config(slot, register + 4, 4) : 0;
      const base = high * 2 ** 32 + ((low & (io ? ~3 : ~15)) >>> 0);
      const top = io ? 0xffff : kind === "memory" ? 0xffff_fffe : 2 ** 40 - 2;
      if (base !== 0 && base + sizeBytes - 1 <= top && address >= base && address < base + sizeBytes)
        return byteOf(slot, index);
    }
    const rom = this.config(slot, PciReg.RomBar, 4);
    const romBase = (rom & ~0x7ff) >>> 0;
    const inRom =
      romBase !== 0 && romBase + ROM_BYTES - 1 < 0xffff_ffff && address >= romBase && address < romBase + ROM_BYTES;
    return !io && rom & 1 && inRom ? ROM_VALUE : undefined;
  }
}

function machine() {
  const [ports, mmio] = [new PortSpace(), new MmioSpace()];
  for (const { base, length, io } of BOARD)
    (io ? ports : mmio).claim(base, length, { read: () => BOARD_VALUE, write: () => {} }, { name: base.toString(16) });
  const bus = new PciBus(ports, () => new IrqLine(() => {}));
  const cards = SLOTS.map((slot) => {
    const card = new Card({ ports, mmio }, slot);
    bus.attach(card, slot);
    return card;
  });
  const select = (slot: number, offset: number) => {
    ports.write(0xcf8, (0x8000_0000 | (slot << 11) | (offset & 0xfc)) >>> 0, 4);
    return 0xcfc + (offset & 3);
  };
  const read = (slot: number, offset: number, size: 1 | 2 | 4) => ports.read(select(slot, offset), size);
  const write = (slot: number, offset: number, value: number, size: 1 | 2 | 4) =>
    ports.write(select(slot, offset), value, size);
  return { ports, mmio, cards, read, write };
}

/** Places that collide, that are at edges, or that are anything. */
function somewhere(random: Random, io: boolean): number {
  if (random.below(8) === 0) return random.u32();
  if (random.below(8) === 0) return 0xffff_ffff;
  if (io) return [0, 0x3c0, 0x40, 0xcc0, 0xff00, 0xffc0, 0xc000, 0xc040][random.below(8)]! + random.below(4) * 0x40;
  return (
    [0xfec0_0000, 0xfee0_0000, 0xfeb0_0000, 0xfff0_0000, 0, 0xe000_0000][random.below(6)]! + random.below(5) * 0x1000
  );
}

function moveSomething(random: Random, { write, cards }: ReturnType<typeof machine>): void {
  const slot = SLOTS[random.below(SLOTS.length)]!;
  const { index, kind } = RANGES[random.below(RANGES.length)]!;
  const register = PciReg.Bar0 + 4 * index;
  const card = cards[random.below(cards.length)]!;
  switch (random.below(12)) {
    case 0:
      write(slot, PciReg.Command, random.below(4), 2);
      break;
    case 1:
      write(slot, PciReg.RomBar, somewhere(random, false) | random.below(2), 4);
      break;
    case 2:
      write(slot, PciReg.Bar0 + random.below(24), random.below(256), 1);
      break;
    case 3:
      write(slot, PciReg.Bar0 + 2 * random.below(12), random.below(0x10000), 2);
      break;
    case 4:
      if (kind === "memory64") write(slot, register + 4, random.below(4) ? random.below(0x100) : random.u32(), 4);
      break;
    case 5:
      if (random.below(6) === 0) card.reset();
      else card.restore(structuredClone(card.save()));
      break;
    default:
      write(slot, register, somewhere(random, kind === "io"), 4);
  }
}

/** Without `expect`, which would take most of the time. */
function compare(what: string, at: number, found: number, wanted: number): void {
  if (found !== wanted)
    throw new Error(`${what} ${at.toString(16)}: ${found.toString(16)}, not ${wanted.toString(16)}`);
}

it("answers as the registers say, wherever ranges are put", () => {
  fuzzRounds("moving BARs", ROUNDS, (random) => {
    const made = machine();
    const { ports, mmio, cards, read, write } = made;
    const model = new Model(read);
    for (const slot of SLOTS) write(slot, PciReg.Command, COMMAND_IO | COMMAND_MEMORY, 2);
    for (let step = 0; step < STEPS; step++) {
      moveSomething(random, made);
      for (let probe = 0; probe < PROBES; probe++) {
        const port = (somewhere(random, true) + random.below(0x48)) & 0xffff;
        // The configuration ports are the host bridge's, whatever lies there.
        if (port < 0xcf8 || port >= 0xd00) compare("port", port, ports.read(port, 1), model.read(true, port));
        const high = random.below(4) ? 0 : random.below(0x100);
        const address = high * 2 ** 32 + somewhere(random, false) + random.below(0x2008);
        compare("address", address, mmio.read(address, 1), model.read(false, address));
        const aligned = address - (address % 4);
        const bytes = [3, 2, 1, 0].map((offset) => model.read(false, aligned + offset));
        const word = bytes.reduce((value, byte) => value * 256 + byte, 0);
        compare("word", aligned, mmio.read(aligned, 4), word);
      }
    }
    for (const card of cards) card.reset();
    expect(ports.claims()).toHaveLength(BOARD.filter(({ io }) => io).length + 1);
    expect(mmio.claims()).toHaveLength(BOARD.filter(({ io }) => !io).length);
  });
});
