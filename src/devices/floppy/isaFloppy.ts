/** The 82077AA on the ISA bus: ports 3F0h-3F5h and 3F7h (3F6h is the IDE channel's), IRQ 6, DMA channel 2. */
import type { IoHandler } from "../../bus/addressSpace.ts";
import type { Clock } from "../../bus/clock.ts";
import type { DeviceState } from "../../bus/device.ts";
import type { Disk } from "../../bus/disk.ts";
import type { IrqLine } from "../../bus/irqLine.ts";
import { PassiveDevice } from "../../bus/passiveDevice.ts";
import type { PortSpace } from "../../bus/portSpace.ts";
import { parseState } from "../../bus/savedState.ts";
import type { IsaDma } from "../dma/isaDma.ts";
import { FDC_STATE, Fdc82077, MAX_DRIVES } from "./fdc82077.ts";
import { FdcReg } from "./fdcCommands.ts";
import { FloppyDrive } from "./floppyDrive.ts";
import { DriveType } from "./floppyFormats.ts";

const KIND = "fdc";
const VERSION = 1;
const BASE = 0x3f0;
const DMA_CHANNEL = 2;

export interface IsaFloppyOptions {
  ports: PortSpace;
  clock: Clock;
  irq: IrqLine;
  dma: IsaDma;
  drives: readonly { index: number; disk: Disk }[];
}

export class IsaFloppy extends PassiveDevice {
  readonly name = "fdc";
  /** Of A: and B:, for CMOS. */
  readonly driveTypes: readonly [number, number];
  private readonly chip: Fdc82077;

  constructor({ ports, clock, irq, dma, drives: attached }: IsaFloppyOptions) {
    super();
    const drives = Array.from({ length: MAX_DRIVES }, (_, index) => {
      const found = attached.find((drive) => drive.index === index);
      return found && new FloppyDrive(found.disk);
    });
    this.driveTypes = [drives[0]?.type ?? DriveType.None, drives[1]?.type ?? DriveType.None];
    this.chip = new Fdc82077({
      clock,
      irq,
      drives,
      dma: {
        toMemory: (source) => dma.writeMemory(DMA_CHANNEL, source),
        fromMemory: (target) => dma.readMemory(DMA_CHANNEL, target),
        get atTerminalCount() {
          return dma.isTerminalCount(DMA_CHANNEL);
        },
      },
    });
    const from = (first: number): IoHandler => ({
      read: (offset) => this.chip.read(first + offset),
      write: (offset, value) => this.chip.write(first + offset, value),
    });
    ports.claim(BASE, FdcReg.Fifo + 1, from(0), { name: this.name });
    ports.claim(BASE + FdcReg.DigitalInput, 1, from(FdcReg.DigitalInput), { name: `${this.name} dir` });
  }

  reset(): void {
    this.chip.reset();
  }

  save(): DeviceState {
    return { kind: KIND, version: VERSION, state: this.chip.save() };
  }

  restore(saved: DeviceState): void {
    this.chip.restore(parseState(saved, KIND, VERSION, FDC_STATE));
  }
}
