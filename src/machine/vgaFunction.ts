/** The standard VGA's PCI function: shows video memory at BAR 0 (mapped by the engine) and its registers at BAR 2. */
import type { AddressRange, IoHandler } from "../bus/addressSpace.ts";
import { PciDevice, type PciSpaces } from "../devices/pci/pciDevice.ts";
import { STD_VGA_PCI } from "../devices/vga/stdVga.ts";

export interface VgaFunctionOptions {
  registerBar: IoHandler;
  vramBytes: number;
  /** Video memory shows from `base` on, in these parts of the address space; in none where it is unmapped. */
  onFrameBuffer: (parts: readonly AddressRange[], base: number) => void;
  /** VGA BIOS, for the ROM BAR. */
  rom?: Uint8Array;
}

export class VgaFunction extends PciDevice {
  constructor(spaces: PciSpaces, options: VgaFunctionOptions) {
    super("vga-pci", "std-vga-pci", 1, STD_VGA_PCI, spaces);
    this.addBar(STD_VGA_PCI.frameBufferBar, {
      kind: "memory",
      sizeBytes: options.vramBytes,
      prefetchable: true,
      onVisible: options.onFrameBuffer,
    });
    this.addBar(STD_VGA_PCI.registerBar, {
      kind: "memory",
      sizeBytes: STD_VGA_PCI.registerBarBytes,
      handler: options.registerBar,
    });
    if (options.rom) this.addRom(options.rom);
  }

  protected resetDevice(): void {} // the adapter itself is StdVga

  protected saveDevice(): null {
    return null;
  }

  protected parseDevice(state: unknown): () => void {
    if (state !== null) throw new Error(`${this.name}: it has no state of its own, yet some was saved`);
    return () => {};
  }
}
