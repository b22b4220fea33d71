/** A parallel port on the board: data, status and control from a base port on, and an interrupt. */
import type { AddressSpace } from "../../bus/addressSpace.ts";
import type { Clock } from "../../bus/clock.ts";
import type { DeviceState } from "../../bus/device.ts";
import type { IrqLine } from "../../bus/irqLine.ts";
import { PassiveDevice } from "../../bus/passiveDevice.ts";
import { parseState } from "../../bus/savedState.ts";
import { PARALLEL_SHAPE, ParallelPort } from "./parallelPort.ts";

export interface IsaParallelOptions {
  name: string;
  clock: Clock;
  ports: AddressSpace;
  basePort: number;
  irq: IrqLine;
  /** The guest prints a byte. */
  onByte(byte: number): void;
}

const KIND = "parallel";
const VERSION = 1;
const REGISTER = { DATA: 0, STATUS: 1, CONTROL: 2 } as const;
const REGISTER_COUNT = 3;

export class IsaParallel extends PassiveDevice {
  readonly name: string;
  private readonly chip: ParallelPort;

  constructor(options: IsaParallelOptions) {
    super();
    this.name = options.name;
    this.chip = new ParallelPort(options);
    const handler = {
      read: (offset: number) => this.read(offset),
      write: (offset: number, value: number) => this.write(offset, value),
    };
    options.ports.claim(options.basePort, REGISTER_COUNT, handler, { name: this.name });
  }

  reset(): void {
    this.chip.reset();
  }

  save(): DeviceState {
    return { kind: KIND, version: VERSION, state: this.chip.save() };
  }

  restore(saved: DeviceState): void {
    this.chip.restore(parseState(saved, KIND, VERSION, PARALLEL_SHAPE));
  }

  private read(offset: number): number {
    if (offset === REGISTER.DATA) return this.chip.readData();
    return offset === REGISTER.STATUS ? this.chip.readStatus() : this.chip.readControl();
  }

  /** The status register takes no writes. */
  private write(offset: number, value: number): void {
    if (offset === REGISTER.DATA) this.chip.writeData(value);
    else if (offset === REGISTER.CONTROL) this.chip.writeControl(value);
  }
}
