/**
 * The 82441FX host bridge (PMC) at 00:00.0: shadow RAM control (PAM) and SMRAM. Document: Intel 82441FX datasheet (290549).
 * Not modelled: DRAM rows, timing and error registers beyond being there; SMM itself (SMRAM is stored and reported).
 */
import type { AccessSize } from "../../bus/addressSpace.ts";
import { SavedStateError } from "../../bus/savedState.ts";
import { PciDevice, type PciSpaces } from "../pci/pciDevice.ts";
import { PciReg } from "../pci/pciRegisters.ts";

const PAM0 = 0x59;
const PAM_LAST = 0x5f;
const SMRAM = 0x72;
const SMRAM_LOCKED = 0x10;
const SMRAM_OPEN = 0x40;

/** A stretch of the 768 KiB-1 MiB area that is switched as one. */
export interface PamSegment {
  base: number;
  length: number;
}

/** Segment 0 is the BIOS at F0000h; 1-12 are 16 KiB each from C0000h. */
export const PAM_SEGMENTS: readonly PamSegment[] = [
  { base: 0xf0000, length: 0x10000 },
  ...Array.from({ length: 12 }, (_unused, index) => ({ base: 0xc0000 + index * 0x4000, length: 0x4000 })),
];

export interface I440FxOptions {
  /**
   * Segment `segment` of {@link PAM_SEGMENTS}: reads come from RAM (else from ROM or PCI), writes go to RAM (else are lost).
   * Called for each change by the guest and at reset; after a restore, read {@link I440Fx.pam}.
   */
  onPam: (segment: number, readEnable: boolean, writeEnable: boolean) => void;
  /** The SMRAM register (72h) was written. */
  onSmram?: (value: number) => void;
}

export class I440Fx extends PciDevice {
  private readonly told = new Uint8Array(PAM_SEGMENTS.length);

  constructor(
    spaces: PciSpaces,
    private readonly options: I440FxOptions,
  ) {
    const identity = { vendorId: 0x8086, deviceId: 0x1237, classCode: 0x060000, revision: 0x02 };
    super("i440fx", "i440fx", 1, identity, spaces);
    // Command: memory and master hardwired on; only SERR# can be written.
    this.config.define(PciReg.Command, 2, 0x0006, 0x0100);
    this.config.define(PciReg.Status, 2, 0x0280, 0, 0x7000);
    this.config.define(0x50, 2, 0x0000, 0xffff); // PMCCFG
    this.config.define(0x57, 1, 0x01, 0xff); // DRAMC
    this.config.define(PAM0, 1, 0x00, 0x30);
    for (let register = PAM0 + 1; register <= PAM_LAST; register++) this.config.define(register, 1, 0x00, 0x33);
    for (let row = 0x60; row <= 0x67; row++) this.config.define(row, 1, 0x01, 0xff); // DRB
    this.config.define(SMRAM, 1, 0x02, 0x78);
  }

  /** Whether a segment reads from and writes to RAM. */
  pam(segment: number): { readEnable: boolean; writeEnable: boolean } {
    const bits = this.pamBits(segment);
    return { readEnable: (bits & 1) !== 0, writeEnable: (bits & 2) !== 0 };
  }

  /** D_LCK makes the SMRAM register read-only until reset, and closes D_OPEN. */
  override writeConfig(offset: number, value: number, size: AccessSize): void {
    const before = this.config.bytes[SMRAM];
    super.writeConfig(offset, value, size);
    const { bytes } = this.config;
    if ((before & SMRAM_LOCKED) !== 0) bytes[SMRAM] = before;
    else if ((bytes[SMRAM] & SMRAM_LOCKED) !== 0) bytes[SMRAM] &= ~SMRAM_OPEN;
    if (bytes[SMRAM] !== before) this.options.onSmram?.(bytes[SMRAM]);
    if (offset <= PAM_LAST && offset + size > PAM0) this.tellPam();
  }

  protected resetDevice(): void {
    this.tellPam();
    this.options.onSmram?.(this.config.bytes[SMRAM]);
  }

  protected saveDevice(): unknown {
    return null;
  }

  protected parseDevice(state: unknown): () => void {
    if (state !== null) throw new SavedStateError("i440fx.device: expected null");
    return () => {
      for (let segment = 0; segment < PAM_SEGMENTS.length; segment++) this.told[segment] = this.pamBits(segment);
    };
  }

  /** RE and WE: PAM0 has segment 0 in its high half, PAM1-6 two segments each. */
  private pamBits(segment: number): number {
    if (segment === 0) return (this.config.bytes[PAM0] >>> 4) & 3;
    const register = this.config.bytes[PAM0 + 1 + ((segment - 1) >>> 1)];
    return ((segment - 1) & 1) === 0 ? register & 3 : (register >>> 4) & 3;
  }

  private tellPam(): void {
    for (let segment = 0; segment < PAM_SEGMENTS.length; segment++) {
      const bits = this.pamBits(segment);
      if (bits === this.told[segment]) continue;
      this.told[segment] = bits;
      this.options.onPam(segment, (bits & 1) !== 0, (bits & 2) !== 0);
    }
  }
}
