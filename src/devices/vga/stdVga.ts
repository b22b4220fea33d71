/**
 * QEMU's "standard VGA" on the board: legacy ports and memory window here, and what a PCI wrapper needs for its BARs.
 * Document: QEMU docs/specs/standard-vga. PCI 1234:1111, BAR 0 linear frame buffer, BAR 2 registers (4 KB).
 */
import type { AccessSize, AddressSpace, IoHandler } from "../../bus/addressSpace.ts";
import type { Clock } from "../../bus/clock.ts";
import type { Device, DeviceState } from "../../bus/device.ts";
import { parseState } from "../../bus/savedState.ts";
import type { DirtyLog } from "./changedPages.ts";
import { makeEdid } from "./edid.ts";
import { VGA_SHAPE, Vga } from "./vga.ts";

/** For the PCI function that carries the device. */
export const STD_VGA_PCI = {
  vendorId: 0x1234,
  deviceId: 0x1111,
  subsystemVendorId: 0x1af4,
  subsystemId: 0x1100,
  /** VGA-compatible display controller. */
  classCode: 0x030000,
  /** Linux's bochs driver uses the register BAR from revision 2 on. */
  revision: 2,
  frameBufferBar: 0,
  registerBar: 2,
  registerBarBytes: 0x1000,
} as const;

export interface StdVgaOptions {
  name: string;
  clock: Clock;
  ports: AddressSpace;
  mmio: AddressSpace;
  /** Video memory, 16 MB on the board; also what BAR 0 shows. */
  vram: Uint8Array;
  /** What the CPU has written through BAR 0, where the engine maps it. */
  dirtyLog?: DirtyLog;
}

const KIND = "std-vga";
const VERSION = 1;
const LEGACY_WINDOW = { base: 0xa0000, length: 0x20000 };
const DISPI_PORT = 0x1ce;
const PREFERRED_MODE = { width: 1024, height: 768 };

/** Offsets in the register BAR. */
const BAR_VGA_PORTS = 0x400;
const BAR_DISPI = 0x500;
const BAR_QEMU_EXTENDED = 0x600;
const DISPI_REGISTERS = 11;
const QEMU_EXTENDED_BYTES = 8;
const LITTLE_ENDIAN_MARK = 0x1e1e1e1e;

export class StdVga implements Device {
  readonly name: string;
  readonly chip: Vga;
  /** Serves BAR 2. Claim it with sizes 1, 2 and 4. */
  readonly registerBar: IoHandler;
  /** Serves BAR 0 where the engine does not map `vram` itself. Claim it with sizes 1, 2 and 4. */
  readonly frameBufferBar: IoHandler;
  private readonly edid = makeEdid(PREFERRED_MODE.width, PREFERRED_MODE.height);

  constructor(options: StdVgaOptions) {
    this.name = options.name;
    this.chip = new Vga(options.clock, options.vram, options.dirtyLog);
    this.registerBar = {
      read: (offset, size) => this.readRegisterBar(offset, size),
      write: (offset, value, size) => this.writeRegisterBar(offset, value, size),
    };
    this.frameBufferBar = {
      read: (offset, size) => this.readFrameBuffer(offset, size),
      write: (offset, value, size) => this.writeFrameBuffer(offset, value, size),
    };
    this.claimVgaPorts(options.ports);
    this.claimDispiPorts(options.ports);
    this.claimWindow(options.mmio);
  }

  reset(): void {
    this.chip.reset();
  }

  save(): DeviceState {
    return { kind: KIND, version: VERSION, state: this.chip.save() };
  }

  restore(saved: DeviceState): void {
    this.chip.restore(parseState(saved, KIND, VERSION, VGA_SHAPE));
  }

  pause(): void {} // no host-side activity: displays only look

  resume(): void {}

  private claimVgaPorts(ports: AddressSpace): void {
    // Of the monochrome set only what a VGA has: 3BCh is a printer port.
    const ranges = [
      [0x3b4, 2],
      [0x3ba, 1],
      [0x3c0, 0x10],
      [0x3d4, 2],
      [0x3da, 1],
    ] as const;
    for (const [base, length] of ranges) {
      const handler = {
        read: (offset: number) => this.chip.registers.readPort(base + offset),
        write: (offset: number, value: number) => this.chip.registers.writePort(base + offset, value),
      };
      ports.claim(base, length, handler, { name: `${this.name} ${base.toString(16)}` });
    }
  }

  /**
   * The index port is 16 bits at 1CEh. The data port is 16 bits at the odd address 1CFh, so the bus splits it into
   * 1CFh and 1D0h.
   */
  private claimDispiPorts(ports: AddressSpace): void {
    const index: IoHandler = {
      read: (_offset, size) => (size === 1 ? this.chip.readDispiIndex() & 0xff : this.chip.readDispiIndex()),
      write: (_offset, value) => this.chip.writeDispiIndex(value),
    };
    const handler: IoHandler = {
      read: (offset, size) => (offset === 0 ? index.read(0, size) : this.chip.readDispiByte(offset === 2)),
      write: (offset, value, size) => {
        if (offset === 0) index.write(0, value, size);
        else this.chip.writeDispiByte(offset === 2, value);
      },
    };
    ports.claim(DISPI_PORT, 3, handler, { name: `${this.name} dispi`, sizes: [1, 2] });
  }

  private claimWindow(mmio: AddressSpace): void {
    const { memory } = this.chip;
    const handler: IoHandler = {
      read: (offset) => memory.read(offset),
      write: (offset, value) => memory.write(offset, value),
    };
    mmio.claim(LEGACY_WINDOW.base, LEGACY_WINDOW.length, handler, { name: `${this.name} window` });
  }

  private readRegisterBar(offset: number, size: AccessSize): number {
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.readBarByte(offset + i) << (8 * i);
    return value >>> 0;
  }

  private readBarByte(offset: number): number {
    if (offset < this.edid.length) return this.edid[offset];
    if (offset >= BAR_VGA_PORTS && offset < BAR_VGA_PORTS + 0x20) {
      return this.chip.registers.readPort(0x3c0 + offset - BAR_VGA_PORTS);
    }
    if (isDispiOffset(offset)) {
      const value = this.chip.dispi.read((offset - BAR_DISPI) >> 1);
      return offset & 1 ? value >> 8 : value & 0xff;
    }
    if (offset >= BAR_QEMU_EXTENDED && offset < BAR_QEMU_EXTENDED + 4) {
      return offset === BAR_QEMU_EXTENDED ? QEMU_EXTENDED_BYTES : 0;
    }
    if (offset >= BAR_QEMU_EXTENDED + 4 && offset < BAR_QEMU_EXTENDED + 8) return LITTLE_ENDIAN_MARK & 0xff;
    return offset < BAR_VGA_PORTS ? 0 : 0xff;
  }

  private writeRegisterBar(offset: number, value: number, size: AccessSize): void {
    if (isDispiOffset(offset)) {
      this.writeDispiBar(offset, value, size);
      return;
    }
    for (let i = 0; i < size; i++) {
      const at = offset + i - BAR_VGA_PORTS;
      if (at >= 0 && at < 0x20) this.chip.registers.writePort(0x3c0 + at, (value >>> (8 * i)) & 0xff);
    }
  }

  /** 16-bit registers; a 32-bit write sets two, a byte write does nothing. */
  private writeDispiBar(offset: number, value: number, size: AccessSize): void {
    if (size === 1) return;
    const index = (offset - BAR_DISPI) >> 1;
    this.chip.writeDispi(index, value & 0xffff);
    if (size === 4 && isDispiOffset(offset + 2)) this.chip.writeDispi(index + 1, value >>> 16);
  }

  private readFrameBuffer(offset: number, size: AccessSize): number {
    const { vram } = this.chip;
    let value = 0;
    for (let i = 0; i < size; i++) value |= (vram[offset + i] ?? 0xff) << (8 * i);
    return value >>> 0;
  }

  private writeFrameBuffer(offset: number, value: number, size: AccessSize): void {
    for (let i = 0; i < size; i++) this.chip.vram[offset + i] = value >>> (8 * i);
    this.chip.changes.markRange(offset, offset + size);
  }
}

function isDispiOffset(offset: number): boolean {
  return offset >= BAR_DISPI && offset < BAR_DISPI + 2 * DISPI_REGISTERS;
}
