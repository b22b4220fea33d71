/**
 * The indexed registers of the VGA: sequencer, CRT controller, graphics controller, attribute controller, and the external
 * registers; with the ports 3B0h-3DFh in front of them.
 *
 * Document: IBM VGA Technical Reference ("Video Subsystem", PS/2 Hardware Interface Technical Reference). Registers: sequencer
 * 00-04 Y, CRTC 00-18 Y, graphics 00-08 Y, attribute 00-14 Y, misc Y, feature control P (kept), status 0 P, status 1 Y.
 * Not modelled: video enable (3C3h, 46E8h), the light pen, the vertical interrupt (status 0 never shows one).
 */
import { bool, type Checked, list, object, u8 } from "../../bus/savedState.ts";
import type { Dac } from "./dac.ts";

export const VGA_REGISTERS_SHAPE = object({
  sequencer: list(u8, 8),
  crtc: list(u8, 32),
  graphics: list(u8, 16),
  attribute: list(u8, 32),
  sequencerIndex: u8,
  crtcIndex: u8,
  graphicsIndex: u8,
  attributeIndex: u8,
  attributeDataNext: bool,
  misc: u8,
  featureControl: u8,
});
export type VgaRegistersState = Checked<typeof VGA_REGISTERS_SHAPE>;

const MISC_COLOUR_PORTS = 0x01;
/** Attribute index bit 5: the palette belongs to the display, not to the CPU. */
const PALETTE_ADDRESS_SOURCE = 0x20;
const CRTC_PROTECT = 0x80;
const SWITCH_SENSE = 0x10;

export class VgaRegisters {
  readonly sequencer = new Uint8Array(8);
  readonly crtc = new Uint8Array(32);
  readonly graphics = new Uint8Array(16);
  readonly attribute = new Uint8Array(32);
  misc = 0;
  private sequencerIndex = 0;
  private crtcIndex = 0;
  private graphicsIndex = 0;
  private attributeIndex = 0;
  private attributeDataNext = false;
  private featureControl = 0;
  /** Called after CRTC, clocking mode or misc changed: the timing may be another. */
  onTiming: (() => void) | undefined;

  /** @param status1 gives input status register 1, from the beam's position */
  constructor(
    private readonly dac: Dac,
    private readonly status1: () => number,
  ) {}

  reset(): void {
    for (const file of [this.sequencer, this.crtc, this.graphics, this.attribute]) file.fill(0);
    this.misc = this.featureControl = 0;
    this.sequencerIndex = this.crtcIndex = this.graphicsIndex = this.attributeIndex = 0;
    this.attributeDataNext = false;
    this.onTiming?.();
  }

  /** False while the screen is blanked by the attribute controller or the sequencer. */
  get displayOn(): boolean {
    return (this.attributeIndex & PALETTE_ADDRESS_SOURCE) !== 0 && (this.sequencer[1] & 0x20) === 0;
  }

  /** Reads the byte port 3B0h-3DFh. */
  readPort(port: number): number {
    if (this.isOtherCrtc(port)) return 0xff;
    switch (port) {
      case 0x3c0:
        return this.attributeIndex;
      case 0x3c1:
        return this.attribute[this.attributeIndex & 0x1f];
      case 0x3c2:
        return SWITCH_SENSE;
      case 0x3c4:
        return this.sequencerIndex;
      case 0x3c5:
        return this.sequencer[this.sequencerIndex & 7];
      case 0x3c6:
        return this.dac.mask;
      case 0x3c7:
        return this.dac.state;
      case 0x3c8:
        return this.dac.writeIndex;
      case 0x3c9:
        return this.dac.readData();
      case 0x3ca:
        return this.featureControl;
      case 0x3cc:
        return this.misc;
      case 0x3ce:
        return this.graphicsIndex;
      case 0x3cf:
        return this.graphics[this.graphicsIndex & 15];
      case 0x3b4:
      case 0x3d4:
        return this.crtcIndex;
      case 0x3b5:
      case 0x3d5:
        return this.crtcIndex < 32 ? this.crtc[this.crtcIndex] : 0;
      case 0x3ba:
      case 0x3da:
        this.attributeDataNext = false;
        return this.status1();
      default:
        return 0xff;
    }
  }

  writePort(port: number, value: number): void {
    if (this.isOtherCrtc(port)) return;
    switch (port) {
      case 0x3c0:
        this.writeAttribute(value);
        break;
      case 0x3c2:
        this.misc = value;
        this.onTiming?.();
        break;
      case 0x3c4:
        this.sequencerIndex = value & 7;
        break;
      case 0x3c5:
        this.writeSequencer(value);
        break;
      case 0x3c6:
        this.dac.mask = value;
        break;
      case 0x3c7:
        this.dac.setReadIndex(value);
        break;
      case 0x3c8:
        this.dac.setWriteIndex(value);
        break;
      case 0x3c9:
        this.dac.writeData(value);
        break;
      case 0x3ce:
        this.graphicsIndex = value & 15;
        break;
      case 0x3cf:
        this.graphics[this.graphicsIndex] = value & GRAPHICS_MASKS[this.graphicsIndex];
        break;
      case 0x3b4:
      case 0x3d4:
        this.crtcIndex = value;
        break;
      case 0x3b5:
      case 0x3d5:
        this.writeCrtc(value);
        break;
      case 0x3ba:
      case 0x3da:
        this.featureControl = value & 0x10;
        break;
      default:
        break;
    }
  }

  save(): VgaRegistersState {
    return {
      sequencer: [...this.sequencer],
      crtc: [...this.crtc],
      graphics: [...this.graphics],
      attribute: [...this.attribute],
      sequencerIndex: this.sequencerIndex,
      crtcIndex: this.crtcIndex,
      graphicsIndex: this.graphicsIndex,
      attributeIndex: this.attributeIndex,
      attributeDataNext: this.attributeDataNext,
      misc: this.misc,
      featureControl: this.featureControl,
    };
  }

  restore(state: VgaRegistersState): void {
    this.sequencer.set(state.sequencer);
    this.crtc.set(state.crtc);
    this.graphics.set(state.graphics);
    this.attribute.set(state.attribute);
    this.sequencerIndex = state.sequencerIndex & 7;
    this.crtcIndex = state.crtcIndex;
    this.graphicsIndex = state.graphicsIndex & 15;
    this.attributeIndex = state.attributeIndex;
    this.attributeDataNext = state.attributeDataNext;
    this.misc = state.misc;
    this.featureControl = state.featureControl;
    this.onTiming?.();
  }

  /** The CRTC and status 1 answer at 3Bxh or 3Dxh, as misc bit 0 says; the other set is dead. */
  private isOtherCrtc(port: number): boolean {
    if (port >= 0x3c0 && port < 0x3d0) return false;
    const colour = (this.misc & MISC_COLOUR_PORTS) !== 0;
    return colour ? port < 0x3c0 : port >= 0x3d0;
  }

  private writeAttribute(value: number): void {
    this.attributeDataNext = !this.attributeDataNext;
    if (this.attributeDataNext) {
      this.attributeIndex = value & 0x3f;
      return;
    }
    const index = this.attributeIndex & 0x1f;
    if (index <= 0x14) this.attribute[index] = value & (ATTRIBUTE_MASKS[index] ?? 0x3f);
  }

  private writeSequencer(value: number): void {
    this.sequencer[this.sequencerIndex] = value & SEQUENCER_MASKS[this.sequencerIndex];
    if (this.sequencerIndex === 1) this.onTiming?.();
  }

  private writeCrtc(value: number): void {
    const index = this.crtcIndex;
    if (index > 0x18) return;
    if (index <= 7 && this.crtc[0x11] & CRTC_PROTECT) {
      // Protected, but for the line compare bit of the overflow register.
      if (index === 7) this.crtc[7] = (this.crtc[7] & ~0x10) | (value & 0x10);
    } else {
      this.crtc[index] = value;
    }
    this.onTiming?.();
  }
}

const SEQUENCER_MASKS = [0x03, 0x3d, 0x0f, 0x3f, 0x0e, 0, 0, 0xff];
const GRAPHICS_MASKS = [0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff, 0, 0, 0, 0, 0, 0, 0];
/** Attribute registers 10h-14h; the palette before them has six bits. */
const ATTRIBUTE_MASKS: Readonly<Record<number, number>> = { 16: 0xef, 17: 0xff, 18: 0x3f, 19: 0x0f, 20: 0x0f };
