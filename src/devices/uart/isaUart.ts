/** A 16550A at an ISA address: claims eight byte ports and drives one IRQ line (PC/AT serial adapter). */
import type { AddressSpace } from "../../bus/addressSpace.ts";
import type { Clock } from "../../bus/clock.ts";
import type { Device, DeviceState } from "../../bus/device.ts";
import type { IrqLine } from "../../bus/irqLine.ts";
import { parseState } from "../../bus/savedState.ts";
import { UART16550_SHAPE, Uart16550, type UartBackend } from "./uart16550.ts";

export interface IsaUartOptions {
  name: string;
  clock: Clock;
  ports: AddressSpace;
  /** First of eight ports: 3F8h for COM1, 2F8h for COM2. */
  basePort: number;
  /** IRQ 4 for COM1, IRQ 3 for COM2. */
  irq: IrqLine;
  backend: UartBackend;
}

const KIND = "uart16550";
const VERSION = 1;

export class IsaUart implements Device {
  readonly name: string;
  readonly chip: Uart16550;

  constructor(options: IsaUartOptions) {
    this.name = options.name;
    this.chip = new Uart16550(options.name, options.clock, options.irq, options.backend);
    const handler = {
      read: (offset: number) => this.chip.read(offset),
      write: (offset: number, value: number) => this.chip.write(offset, value),
    };
    options.ports.claim(options.basePort, 8, handler, { name: options.name });
  }

  /** Bytes for the guest; see {@link Uart16550.receive}. */
  receive(bytes: Uint8Array | readonly number[]): void {
    this.chip.receive(bytes);
  }

  get inputDrained(): boolean {
    return this.chip.inputDrained;
  }

  reset(): void {
    this.chip.reset();
  }

  save(): DeviceState {
    return { kind: KIND, version: VERSION, state: this.chip.save() };
  }

  restore(saved: DeviceState): void {
    this.chip.restore(parseState(saved, KIND, VERSION, UART16550_SHAPE));
  }

  pause(): void {} // no host-side activity: input waits in the queue

  resume(): void {}
}
