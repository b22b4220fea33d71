/**
 * The 82371SB ISA bridge (PIIX3) at 00:01.0: PIRQ routing and the reset control register CF9h.
 * Document: Intel 82371SB datasheet (290550). Its PIC, DMA, timers and port 92h are devices of their own; the other
 * configuration registers keep what is written and do nothing.
 */
import type { AccessSize } from "../../bus/addressSpace.ts";
import { object, u8 } from "../../bus/savedState.ts";
import type { PciBus } from "../pci/pciBus.ts";
import { PciDevice, type PciSpaces } from "../pci/pciDevice.ts";
import { PciReg } from "../pci/pciRegisters.ts";

const PIRQ_ROUTE = 0x60;
const PIRQ_DISABLED = 0x80;
/** IRQs a PIRQ can be routed to; others are reserved (PIRQRC register). */
const PIRQ_TARGETS = 0xdef8;
const RESET_CPU = 0x04;
const HARD_RESET = 0x02;

/** Registers without function here: offset, reset value, writable bits. From QEMU's piix3_reset. */
const PLAIN_REGISTERS: readonly [number, number, number][] = [
  [0x4c, 0x4d, 0xff],
  [0x4e, 0x03, 0xff],
  [0x4f, 0x00, 0xff],
  [0x69, 0x02, 0xfe],
  [0x6a, 0x00, 0xff],
  [0x70, 0x80, 0xff],
  [0x71, 0x80, 0xff],
  [0x76, 0x0c, 0x8f],
  [0x77, 0x0c, 0x8f],
  [0x78, 0x02, 0xff],
  [0x79, 0x00, 0xff],
  [0x80, 0x00, 0x7f],
  [0x82, 0x00, 0x0f],
  [0xa0, 0x08, 0x1f],
  [0xa2, 0x00, 0xff],
  [0xa3, 0x00, 0xff],
  [0xa4, 0x00, 0xff],
  [0xa5, 0x00, 0xff],
  [0xa6, 0x00, 0xff],
  [0xa7, 0x00, 0xff],
  [0xa8, 0x0f, 0xff],
  [0xaa, 0x00, 0xff],
  [0xab, 0x00, 0xff],
  [0xac, 0x00, 0xff],
  [0xae, 0x00, 0xff],
];
const SHAPE = object({ resetControl: u8 });

export interface Piix3Options {
  /** Port CF9h: the whole board is to be reset. */
  onReset: () => void;
  /** The guest wrote a PIRQ register: the interrupt router looks again. */
  onPirqChange: () => void;
}

export class Piix3 extends PciDevice {
  private resetControl = 0;

  /** `bus` lends port CF9h, which lies within the configuration address register. */
  constructor(
    spaces: PciSpaces,
    bus: PciBus,
    private readonly options: Piix3Options,
  ) {
    const identity = { vendorId: 0x8086, deviceId: 0x7000, classCode: 0x060100, multifunction: true };
    super("piix3", "piix3", 1, identity, spaces);
    this.config.define(PciReg.Command, 2, 0x0007, 0x0108);
    this.config.define(PciReg.Status, 2, 0x0200, 0, 0x7800);
    for (let pirq = 0; pirq < 4; pirq++) this.config.define(PIRQ_ROUTE + pirq, 1, PIRQ_DISABLED, 0x8f);
    for (const [offset, value, writable] of PLAIN_REGISTERS) this.config.define(offset, 1, value, writable);
    bus.resetControl = {
      read: () => this.resetControl,
      write: (_offset, value) => this.writeResetControl(value),
    };
  }

  /** The ISA IRQ that PIRQ 0-3 (A-D) goes to, or -1. */
  pirqTarget(pirq: number): number {
    const value = this.config.bytes[PIRQ_ROUTE + pirq];
    const irq = value & 0xf;
    return (value & PIRQ_DISABLED) === 0 && (PIRQ_TARGETS & (1 << irq)) !== 0 ? irq : -1;
  }

  /** Routes a PIRQ as firmware would; for the direct kernel boot, which has none. */
  routePirq(pirq: number, irq: number): void {
    this.writeConfig(PIRQ_ROUTE + pirq, irq, 1);
  }

  override writeConfig(offset: number, value: number, size: AccessSize): void {
    super.writeConfig(offset, value, size);
    if (offset < PIRQ_ROUTE + 4 && offset + size > PIRQ_ROUTE) this.options.onPirqChange();
  }

  protected resetDevice(): void {
    this.resetControl = 0;
    this.options.onPirqChange();
  }

  protected saveDevice(): unknown {
    return { resetControl: this.resetControl };
  }

  protected parseDevice(state: unknown): () => void {
    const { resetControl } = SHAPE(state, "piix3.device");
    return () => {
      this.resetControl = resetControl;
    };
  }

  /** CF9h: the rise of bit 2 resets; bit 1 chooses a hard reset. Both kinds reset the board here, as in QEMU. */
  private writeResetControl(value: number): void {
    const rises = (value & ~this.resetControl & RESET_CPU) !== 0;
    this.resetControl = value & HARD_RESET;
    if (rises) this.options.onReset();
  }
}
