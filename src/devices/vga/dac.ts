/**
 * The VGA's digital-to-analogue converter: 256 palette entries behind ports 3C6h-3C9h.
 * Document: IBM VGA Technical Reference, "Video Digital-to-Analog Converter"; the eight-bit mode is Bochs VBE's.
 */
import { type Checked, list, object, u8 } from "../../bus/savedState.ts";

export const DAC_SHAPE = object({ palette: list(u8, 768), mask: u8, index: u8, component: u8, reading: u8 });
export type DacState = Checked<typeof DAC_SHAPE>;

/** Port 3C7h reads this after the read index was set, 0 after the write index. */
const READ_MODE = 3;

export class Dac {
  /** Red, green, blue of each entry as the guest wrote them: six bits, or eight in eight-bit mode. */
  readonly palette = new Uint8Array(768);
  /** Pixel mask, port 3C6h. */
  mask = 0xff;
  /** Bochs VBE's DISPI_8BIT_DAC. */
  eightBit = false;
  private index = 0;
  private component = 0;
  private reading = 0;

  reset(): void {
    this.palette.fill(0);
    this.mask = 0xff;
    this.eightBit = false;
    this.index = this.component = this.reading = 0;
  }

  get state(): number {
    return this.reading;
  }

  get writeIndex(): number {
    return this.index;
  }

  setReadIndex(index: number): void {
    this.index = index;
    this.component = 0;
    this.reading = READ_MODE;
  }

  setWriteIndex(index: number): void {
    this.index = index;
    this.component = 0;
    this.reading = 0;
  }

  readData(): number {
    const value = this.palette[this.index * 3 + this.component];
    this.advance();
    return value;
  }

  writeData(value: number): void {
    this.palette[this.index * 3 + this.component] = this.eightBit ? value : value & 0x3f;
    this.advance();
  }

  /** The colour of an entry as little-endian RGBA, opaque; the pixel mask applies. */
  rgba(index: number): number {
    const at = (index & this.mask) * 3;
    const r = this.widen(this.palette[at]);
    const g = this.widen(this.palette[at + 1]);
    const b = this.widen(this.palette[at + 2]);
    return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
  }

  save(): DacState {
    const { palette, mask, index, component, reading } = this;
    return { palette: [...palette], mask, index, component, reading };
  }

  restore(state: DacState): void {
    this.palette.set(state.palette);
    this.mask = state.mask;
    this.index = state.index;
    this.component = state.component % 3;
    this.reading = state.reading;
  }

  private advance(): void {
    if (++this.component < 3) return;
    this.component = 0;
    this.index = (this.index + 1) & 0xff;
  }

  private widen(value: number): number {
    return this.eightBit ? value : ((value & 0x3f) << 2) | ((value & 0x3f) >> 4);
  }
}
