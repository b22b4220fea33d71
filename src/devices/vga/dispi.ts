/**
 * Bochs VBE "DISPI" display interface, as QEMU's standard VGA has it.
 * Document: Bochs `vbe.h`/"VBE Display API" (vbe_display_api.txt); QEMU docs/specs/standard-vga.
 * Ids B0C0h-B0C5h. Not modelled: DISPI_GETCAPS for anything but resolution and depth.
 */
import { type Checked, object, u16 } from "../../bus/savedState.ts";
import { trace } from "../../util/trace.ts";

export const DISPI_ID = 0;
export const DISPI_XRES = 1;
export const DISPI_YRES = 2;
export const DISPI_BPP = 3;
export const DISPI_ENABLE = 4;
export const DISPI_BANK = 5;
export const DISPI_VIRT_WIDTH = 6;
export const DISPI_VIRT_HEIGHT = 7;
export const DISPI_X_OFFSET = 8;
export const DISPI_Y_OFFSET = 9;
export const DISPI_VIDEO_MEMORY_64K = 10;

const ENABLED = 0x01;
const GETCAPS = 0x02;
const EIGHT_BIT_DAC = 0x20;
const NO_CLEAR_MEMORY = 0x80;
const KEPT_ENABLE_BITS = 0xe3;

const ID_FIRST = 0xb0c0;
const ID_LAST = 0xb0c5;
const MAX_XRES = 2560;
const MAX_YRES = 1600;
const DEPTHS = [4, 8, 15, 16, 24, 32];

export const DISPI_SHAPE = object({
  index: u16,
  id: u16,
  xres: u16,
  yres: u16,
  bpp: u16,
  enable: u16,
  bank: u16,
  virtWidth: u16,
  xOffset: u16,
  yOffset: u16,
});
export type DispiState = Checked<typeof DISPI_SHAPE>;

function powerOn(): DispiState {
  return {
    index: 0,
    id: ID_LAST,
    xres: 0,
    yres: 0,
    bpp: 8,
    enable: 0,
    bank: 0,
    virtWidth: 0,
    xOffset: 0,
    yOffset: 0,
  };
}

export class Dispi {
  private state = powerOn();

  /**
   * @param memoryBytes size of the video memory
   * @param onEnable called when a mode is set, `clear` when the guest wants its memory zeroed
   */
  constructor(
    private readonly memoryBytes: number,
    private readonly onEnable: (clear: boolean) => void,
  ) {}

  reset(): void {
    this.state = powerOn();
  }

  get enabled(): boolean {
    return (this.state.enable & ENABLED) !== 0;
  }

  get eightBitDac(): boolean {
    return (this.state.enable & EIGHT_BIT_DAC) !== 0;
  }

  get width(): number {
    return this.state.xres;
  }

  get height(): number {
    return this.state.yres;
  }

  get bitsPerPixel(): number {
    return this.state.bpp;
  }

  /** Bytes from one scan line to the next in video memory. */
  get pitchBytes(): number {
    return this.lineBytes(this.state.virtWidth);
  }

  /** Offset of the first visible pixel in video memory, in bytes. */
  get startBytes(): number {
    return this.pitchBytes * this.state.yOffset + this.lineBytes(this.state.xOffset);
  }

  /** Offset that the 64 KB window at A0000h adds. */
  get bankBytes(): number {
    return this.enabled ? this.state.bank << 16 : 0;
  }

  get index(): number {
    return this.state.index;
  }

  set index(value: number) {
    this.state.index = value;
  }

  read(index = this.state.index): number {
    const caps = (this.state.enable & GETCAPS) !== 0;
    switch (index) {
      case DISPI_ID:
        return this.state.id;
      case DISPI_XRES:
        return caps ? MAX_XRES : this.state.xres;
      case DISPI_YRES:
        return caps ? MAX_YRES : this.state.yres;
      case DISPI_BPP:
        return caps ? 32 : this.state.bpp;
      case DISPI_ENABLE:
        return this.state.enable;
      case DISPI_BANK:
        return this.state.bank;
      case DISPI_VIRT_WIDTH:
        return this.state.virtWidth;
      case DISPI_VIRT_HEIGHT:
        return this.virtualHeight;
      case DISPI_X_OFFSET:
        return this.state.xOffset;
      case DISPI_Y_OFFSET:
        return this.state.yOffset;
      case DISPI_VIDEO_MEMORY_64K:
        return this.memoryBytes >>> 16;
      default:
        return 0;
    }
  }

  write(value: number, index = this.state.index): void {
    switch (index) {
      case DISPI_ID:
        if (value >= ID_FIRST && value <= ID_LAST) this.state.id = value;
        break;
      case DISPI_XRES:
        if (!this.enabled && value <= MAX_XRES && (value & 7) === 0) this.state.xres = value;
        break;
      case DISPI_YRES:
        if (!this.enabled && value <= MAX_YRES) this.state.yres = value;
        break;
      case DISPI_BPP:
        if (!this.enabled) this.writeDepth(value);
        break;
      case DISPI_ENABLE:
        this.writeEnable(value);
        break;
      case DISPI_BANK:
        if (value << 16 < this.memoryBytes) this.state.bank = value;
        break;
      case DISPI_VIRT_WIDTH:
        this.writeVirtualWidth(value);
        break;
      case DISPI_X_OFFSET:
        this.writeOffsets(value, this.state.yOffset);
        break;
      case DISPI_Y_OFFSET:
        this.writeOffsets(this.state.xOffset, value);
        break;
      default:
        trace("dispi", `write ${value.toString(16)} to index ${index.toString(16)}`);
    }
  }

  save(): DispiState {
    return { ...this.state };
  }

  restore(state: DispiState): void {
    this.state = { ...state };
  }

  private get virtualHeight(): number {
    const pitch = this.pitchBytes;
    return pitch === 0 ? 0 : Math.min(0xffff, Math.floor(this.memoryBytes / pitch));
  }

  /** Bytes that `pixels` take; 4 bpp is planar and counts all four planes. */
  private lineBytes(pixels: number): number {
    if (this.state.bpp === 4) return pixels >> 1;
    return pixels * ((this.state.bpp + 7) >> 3);
  }

  /** Depth 0 is 8, as Bochs has it for its first version. */
  private writeDepth(value: number): void {
    const depth = value === 0 ? 8 : value;
    if (DEPTHS.includes(depth)) this.state.bpp = depth;
  }

  private writeEnable(value: number): void {
    const before = this.enabled;
    this.state.enable = value & KEPT_ENABLE_BITS;
    if (!this.enabled) {
      this.state.bank = 0;
      return;
    }
    if (before) return;
    this.state.virtWidth = this.state.xres;
    this.state.xOffset = this.state.yOffset = 0;
    this.fitMode();
    this.onEnable((value & NO_CLEAR_MEMORY) === 0);
  }

  /** A mode larger than the memory loses lines at the bottom. */
  private fitMode(): void {
    if (this.virtualHeight < this.state.yres) this.state.yres = this.virtualHeight;
  }

  private writeVirtualWidth(value: number): void {
    const wanted = this.lineBytes(value) * this.state.yres;
    if (value < this.state.xres || wanted > this.memoryBytes) return;
    this.state.virtWidth = value;
  }

  private writeOffsets(x: number, y: number): void {
    const end = this.pitchBytes * (y + this.state.yres) + this.lineBytes(x);
    if (end > this.memoryBytes) return;
    this.state.xOffset = x;
    this.state.yOffset = y;
  }
}
