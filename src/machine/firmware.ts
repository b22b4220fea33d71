/** Firmware images: the BIOS ROM below 4 GiB and its window below 1 MiB, under PAM control. */
import { MemoryKind } from "../../assembly/shared/memoryKind.ts";
import { MemoryMap } from "../../assembly/shared/memoryMap.ts";
import type { Engine } from "../core/engine.ts";
import { PAM_SEGMENTS } from "../devices/piix/i440fx.ts";
import { LOW_ROM_END, ROM_TOP, ROM_WINDOW_BYTES } from "./pc.ts";
import { VmError } from "./vmError.ts";

const PAGE = 0x1000;

/** Checks and places the BIOS image; gives what PAM needs. */
export class FirmwareRom {
  private readonly windowHost: number;
  private readonly windowBase: number;

  constructor(
    private readonly engine: Engine,
    bios: Uint8Array,
  ) {
    const size = bios.length;
    if (size < 0x10000 || size > MemoryMap.ROM_SIZE || size % 0x10000 !== 0)
      throw new VmError("bad-firmware", `the BIOS image is ${size} bytes; it must be a multiple of 64 KiB up to 1 MiB`);
    engine.rom.set(bios, 0);
    engine.mapMemory((ROM_TOP - size) / PAGE, size / PAGE, MemoryKind.ROM, MemoryMap.ROM);
    const window = Math.min(size, ROM_WINDOW_BYTES);
    this.windowBase = LOW_ROM_END - window;
    this.windowHost = MemoryMap.ROM + size - window;
  }

  /** As after a reset: all reads come from the ROM, no write reaches RAM. */
  reset(): void {
    for (let index = 0; index < PAM_SEGMENTS.length; index++) this.setPam(index, false, false);
  }

  /** PAM segment `index`: reads from RAM or ROM, writes to RAM or nowhere (i440FX datasheet 3.2.19). */
  setPam(index: number, readRam: boolean, writeRam: boolean): void {
    const { base, length } = PAM_SEGMENTS[index];
    for (let at = base; at < base + length; at += PAGE) this.mapPage(at, readRam, writeRam);
  }

  private mapPage(at: number, readRam: boolean, writeRam: boolean): void {
    const ram = MemoryMap.GUEST_RAM + at;
    const rom = at >= this.windowBase ? this.windowHost + at - this.windowBase : 0;
    if (readRam) this.engine.mapMemory(at / PAGE, 1, writeRam ? MemoryKind.RAM : MemoryKind.ROM, ram);
    else if (writeRam) this.engine.mapMemory(at / PAGE, 1, MemoryKind.SHADOW_WRITE, rom);
    else this.engine.mapMemory(at / PAGE, 1, rom ? MemoryKind.ROM : MemoryKind.MMIO, rom);
  }
}

/** Without firmware the whole area below 1 MiB that is not video memory is RAM. */
export function mapShadowAsRam(engine: Engine): void {
  const pages = (LOW_ROM_END - 0xc0000) / PAGE;
  engine.mapMemory(0xc0000 / PAGE, pages, MemoryKind.RAM, MemoryMap.GUEST_RAM + 0xc0000);
}
