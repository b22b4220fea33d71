/**
 * The CPU's window on video memory, A0000h-BFFFFh: graphics controller data path, chain-4 and odd/even addressing, latches.
 * Document: IBM VGA Technical Reference, "Video Memory Organization", "Graphics Controller".
 *
 * The four planes are interleaved: plane p, address a is byte `4 * a + p`, so chain-4 memory is linear and a text cell is one
 * 32-bit word. As in Bochs and QEMU chained addresses are packed (chain-4 address A is plane A & 3, address A >> 2; odd/even
 * is A >> 1), where the hardware leaves gaps; only a guest that draws in one mode and shows in another could tell.
 */
import type { ChangedPages } from "./changedPages.ts";
import type { VgaRegisters } from "./vgaRegisters.ts";

/** Bit p of the index spread over byte p. */
const SPREAD = Uint32Array.from({ length: 16 }, (_, bits) => {
  let mask = 0;
  for (let plane = 0; plane < 4; plane++) if (bits & (1 << plane)) mask |= 0xff << (8 * plane);
  return mask >>> 0;
});
const EVEN_PLANES = 0x00ff00ff;
const ODD_PLANES = 0xff00ff00;
/** Words in the 256 KB that the plain VGA addresses. */
const PLANAR_WORDS = 0x10000;

/** Windows by graphics register 6 bits 2-3: start after A0000h and length. */
const WINDOWS = [
  [0, 0x20000],
  [0, 0x10000],
  [0x10000, 0x8000],
  [0x18000, 0x8000],
] as const;

export class PlanarMemory {
  /** The four latches, plane p in byte p. */
  latches = 0;
  private readonly words: Uint32Array;

  /**
   * @param vram video memory, 4-byte aligned, at least 256 KB
   * @param changes told of every write
   * @param bankBytes offset of the Bochs VBE bank, 0 while it is off
   */
  constructor(
    private readonly vram: Uint8Array,
    private readonly changes: ChangedPages,
    private readonly registers: VgaRegisters,
    private readonly bankBytes: () => number,
    private readonly vbeEnabled: () => boolean,
  ) {
    this.words = new Uint32Array(vram.buffer, vram.byteOffset, vram.byteLength >>> 2);
  }

  /** Reads the byte `offset` after A0000h. */
  read(offset: number): number {
    const address = this.windowAddress(offset);
    if (address < 0) return 0xff;
    if (this.registers.sequencer[4] & 0x08) return address < this.vram.length ? this.vram[address] : 0xff;
    if (this.registers.graphics[5] & 0x10) return this.readOddEven(address);
    this.latches = this.words[this.wordIndex(address)];
    return this.registers.graphics[5] & 0x08 ? this.compareColours() : this.latchByte(this.registers.graphics[4] & 3);
  }

  /** Writes the byte `offset` after A0000h. */
  write(offset: number, value: number): void {
    const address = this.windowAddress(offset);
    if (address < 0) return;
    const planes = this.registers.sequencer[2];
    if (this.registers.sequencer[4] & 0x08) {
      if (planes & (1 << (address & 3))) this.storeChained(address, value);
    } else if ((this.registers.sequencer[4] & 0x04) === 0) {
      this.store(this.wordIndex(address >> 1), value, SPREAD[planes] & (address & 1 ? ODD_PLANES : EVEN_PLANES));
    } else {
      this.store(this.wordIndex(address), value, SPREAD[planes]);
    }
  }

  /** Offset in the window that is open, with the bank added; -1 outside it. */
  private windowAddress(offset: number): number {
    const [start, length] = WINDOWS[(this.registers.graphics[6] >> 2) & 3];
    const address = offset - start;
    if (address < 0 || address >= length) return -1;
    return address + this.bankBytes();
  }

  /** The planes repeat after 64 KB each, unless VBE gives the planar modes more. */
  private wordIndex(address: number): number {
    return address & ((this.vbeEnabled() ? this.words.length : PLANAR_WORDS) - 1);
  }

  private readOddEven(address: number): number {
    this.latches = this.words[this.wordIndex(address >> 1)];
    return this.latchByte((this.registers.graphics[4] & 2) | (address & 1));
  }

  private latchByte(plane: number): number {
    return (this.latches >>> (plane * 8)) & 0xff;
  }

  /** Read mode 1: a bit is 1 where the pixel has the compared colour in all planes that count. */
  private compareColours(): number {
    const { graphics } = this.registers;
    const differ = (this.latches ^ SPREAD[graphics[2] & 15]) & SPREAD[graphics[7] & 15];
    const folded = differ | (differ >>> 16);
    return ~(folded | (folded >>> 8)) & 0xff;
  }

  private storeChained(address: number, value: number): void {
    if (address >= this.vram.length) return;
    this.vram[address] = value;
    this.changes.mark(address);
  }

  private store(index: number, value: number, planes: number): void {
    const data = this.dataPath(value);
    this.words[index] = (this.words[index] & ~planes) | (data & planes);
    this.changes.mark(index << 2);
  }

  /** What the graphics controller makes of a byte from the CPU: write modes 0 to 3. */
  private dataPath(value: number): number {
    const { graphics } = this.registers;
    switch (graphics[5] & 3) {
      case 0:
        return this.combine(this.setReset(spreadByte(rotate(value, graphics[3] & 7))), graphics[8]);
      case 1:
        return this.latches;
      case 2:
        return this.combine(SPREAD[value & 15], graphics[8]);
      default:
        return this.combine(SPREAD[graphics[0] & 15], graphics[8] & rotate(value, graphics[3] & 7));
    }
  }

  private setReset(data: number): number {
    const { graphics } = this.registers;
    const enabled = SPREAD[graphics[1] & 15];
    return (data & ~enabled) | (SPREAD[graphics[0] & 15] & enabled);
  }

  /** The logical function with the latches, then the bit mask. */
  private combine(data: number, bitMask: number): number {
    const mask = spreadByte(bitMask);
    return (this.logicalFunction(data) & mask) | (this.latches & ~mask);
  }

  private logicalFunction(data: number): number {
    switch ((this.registers.graphics[3] >> 3) & 3) {
      case 0:
        return data;
      case 1:
        return data & this.latches;
      case 2:
        return data | this.latches;
      default:
        return data ^ this.latches;
    }
  }
}

function spreadByte(byte: number): number {
  return Math.imul(byte, 0x01010101);
}

function rotate(byte: number, count: number): number {
  return ((byte >> count) | (byte << (8 - count))) & 0xff;
}
