/**
 * The VGA with Bochs VBE: registers, DAC, planar memory and DISPI put together; no board in it.
 * Documents: IBM VGA Technical Reference; Bochs VBE Display API; QEMU docs/specs/standard-vga (MMIO BAR).
 *
 * Video memory is handed in and is not part of the saved state: the machine saves it as memory pages. A reset leaves it.
 */
import type { Clock } from "../../bus/clock.ts";
import { type Checked, object, u8, u32 } from "../../bus/savedState.ts";
import { Beam } from "./beam.ts";
import { ChangedPages, type DirtyLog } from "./changedPages.ts";
import { DAC_SHAPE, Dac } from "./dac.ts";
import { DISPI_SHAPE, Dispi } from "./dispi.ts";
import { PlanarMemory } from "./planarMemory.ts";
import { describeScanout, isTextMode, type Scanout } from "./scanout.ts";
import { VGA_REGISTERS_SHAPE, VgaRegisters } from "./vgaRegisters.ts";

export const VGA_SHAPE = object({
  registers: VGA_REGISTERS_SHAPE,
  dac: DAC_SHAPE,
  dispi: DISPI_SHAPE,
  latches: u32,
  dispiLow: u8,
});
export type VgaState = Checked<typeof VGA_SHAPE>;

const MIN_VRAM_BYTES = 0x40000;

/** What draws and reads the screen needs of a display adapter. */
export interface ScanoutSource {
  readonly vram: Uint8Array;
  readonly changes: ChangedPages;
  scanout(): Scanout;
}

export class Vga implements ScanoutSource {
  readonly dac = new Dac();
  readonly dispi: Dispi;
  readonly registers: VgaRegisters;
  readonly memory: PlanarMemory;
  /** derived: displays draw everything after a restore. */
  readonly changes: ChangedPages;
  private readonly beam: Beam;
  /** Low byte of a 16-bit access to the odd DISPI data port, which the bus splits. */
  private dispiLow = 0;

  /**
   * @param vram the video memory, a power of two of at least 256 KB, 4-byte aligned; may alias shared memory
   * @param log of writes to it that do not pass through here
   */
  constructor(
    clock: Clock,
    readonly vram: Uint8Array,
    log?: DirtyLog,
  ) {
    if (vram.length < MIN_VRAM_BYTES || (vram.length & (vram.length - 1)) !== 0) {
      throw new RangeError(`video memory of ${vram.length} bytes is not a power of two of at least 256 KB`);
    }
    this.beam = new Beam(clock, () => this.registers);
    this.registers = new VgaRegisters(this.dac, () => this.beam.status1());
    this.registers.onTiming = () => this.beam.invalidate();
    this.dispi = new Dispi(vram.length, (clear) => this.vbeModeSet(clear));
    this.changes = new ChangedPages(vram.length, log);
    this.memory = new PlanarMemory(
      vram,
      this.changes,
      this.registers,
      () => this.dispi.bankBytes,
      () => this.dispi.enabled,
    );
  }

  /** Time of one frame in ns: how often a display need look. */
  get frameNs(): number {
    return this.beam.frameNs;
  }

  get isTextMode(): boolean {
    return isTextMode(this.registers, this.dispi);
  }

  scanout(): Scanout {
    const { registers, dac, dispi } = this;
    return describeScanout({ registers, dac, dispi, frameNumber: this.beam.frameNumber });
  }

  reset(): void {
    this.registers.reset();
    this.dac.reset();
    this.dispi.reset();
    this.memory.latches = 0;
    this.dispiLow = 0;
  }

  save(): VgaState {
    return {
      registers: this.registers.save(),
      dac: this.dac.save(),
      dispi: this.dispi.save(),
      latches: this.memory.latches >>> 0,
      dispiLow: this.dispiLow,
    };
  }

  restore(state: VgaState): void {
    this.registers.restore(state.registers);
    this.dac.restore(state.dac);
    this.dispi.restore(state.dispi);
    this.dac.eightBit = this.dispi.eightBitDac;
    this.memory.latches = state.latches | 0;
    this.dispiLow = state.dispiLow;
    this.changes.markRange(0, this.vram.length);
  }

  // --- DISPI ports 1CEh (index) and 1CFh (data), 16 bits each; 1D0h is the data port of other architectures ---

  readDispiIndex(): number {
    return this.dispi.index;
  }

  writeDispiIndex(value: number): void {
    this.dispi.index = value;
  }

  /** Reads one byte of the data register, `high` or low. */
  readDispiByte(high: boolean): number {
    const value = this.dispi.read();
    return high ? value >> 8 : value & 0xff;
  }

  /** The low byte waits for the high byte: the register takes effect as a whole. */
  writeDispiByte(high: boolean, value: number): void {
    if (high) this.writeDispi(this.dispi.index, (value << 8) | this.dispiLow);
    else this.dispiLow = value;
  }

  writeDispi(index: number, value: number): void {
    this.dispi.write(value, index);
    this.dac.eightBit = this.dispi.eightBitDac;
  }

  /** Programs the plain registers to match, as the Bochs adapter does: drivers find a sane VGA behind the mode. */
  private vbeModeSet(clear: boolean): void {
    const { graphics, sequencer, crtc } = this.registers;
    const planar = this.dispi.bitsPerPixel === 4;
    graphics[6] = (graphics[6] & ~0x0c) | 0x05;
    graphics[5] = (graphics[5] & ~0x60) | (planar ? 0 : 0x40);
    crtc[0x17] |= 3;
    crtc[0x13] = this.dispi.pitchBytes >> 3;
    crtc[0x01] = (this.dispi.width >> 3) - 1;
    this.setShownLines(this.dispi.height);
    crtc[0x09] &= ~0x9f;
    if (planar) {
      sequencer[1] &= ~8;
    } else {
      sequencer[4] |= 8;
      sequencer[2] |= 15;
    }
    this.beam.invalidate();
    if (clear) this.clear(Math.min(this.vram.length, this.dispi.pitchBytes * this.dispi.height));
  }

  private clear(bytes: number): void {
    this.vram.fill(0, 0, bytes);
    this.changes.markRange(0, bytes);
  }

  private setShownLines(height: number): void {
    const { crtc } = this.registers;
    crtc[0x12] = height - 1;
    crtc[0x07] = (crtc[0x07] & ~0x42) | (((height - 1) >> 7) & 0x02) | (((height - 1) >> 3) & 0x40);
    crtc[0x18] = 0xff;
    crtc[0x07] |= 0x10;
    crtc[0x09] |= 0x40;
  }
}
