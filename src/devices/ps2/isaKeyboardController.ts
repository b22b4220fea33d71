/** The 8042 with its keyboard and mouse on the board: ports 60h and 64h, IRQ 1 and IRQ 12. */
import type { AddressSpace } from "../../bus/addressSpace.ts";
import type { Clock } from "../../bus/clock.ts";
import type { Device, DeviceState } from "../../bus/device.ts";
import type { IrqLine } from "../../bus/irqLine.ts";
import { object, parseState } from "../../bus/savedState.ts";
import { I8042, I8042_SHAPE } from "./i8042.ts";
import { PS2_KEYBOARD_SHAPE, Ps2Keyboard } from "./ps2Keyboard.ts";
import { PS2_MOUSE_SHAPE, Ps2Mouse } from "./ps2Mouse.ts";

export interface IsaKeyboardControllerOptions {
  name: string;
  clock: Clock;
  ports: AddressSpace;
  keyboardIrq: IrqLine;
  mouseIrq: IrqLine;
  onA20(enabled: boolean): void;
  /** Raised when the guest pulses the reset line; the VM decides what happens. */
  onReset(): void;
}

const KIND = "i8042";
const VERSION = 2;
const SHAPE = object({ controller: I8042_SHAPE, keyboard: PS2_KEYBOARD_SHAPE, mouse: PS2_MOUSE_SHAPE });
const PORT_DATA = 0x60;
const PORT_COMMAND = 0x64;

export class IsaKeyboardController implements Device {
  readonly name: string;
  readonly keyboard: Ps2Keyboard;
  readonly mouse: Ps2Mouse;
  readonly chip: I8042;

  constructor(options: IsaKeyboardControllerOptions) {
    this.name = options.name;
    this.keyboard = new Ps2Keyboard(`${options.name} keyboard`, options.clock);
    this.mouse = new Ps2Mouse(`${options.name} mouse`, options.clock);
    this.chip = new I8042({ ...options, keyboard: this.keyboard, mouse: this.mouse });
    this.claimPorts(options.ports);
  }

  reset(): void {
    this.keyboard.reset();
    this.mouse.reset();
    this.chip.reset();
  }

  save(): DeviceState {
    return { kind: KIND, version: VERSION, state: this.state() };
  }

  restore(saved: DeviceState): void {
    const state = parseState(saved, KIND, VERSION, SHAPE);
    this.keyboard.restore(state.keyboard);
    this.mouse.restore(state.mouse);
    this.chip.restore(state.controller);
  }

  pause(): void {} // no host-side activity

  resume(): void {}

  private state() {
    return { controller: this.chip.save(), keyboard: this.keyboard.save(), mouse: this.mouse.save() };
  }

  private claimPorts(ports: AddressSpace): void {
    const data = {
      read: () => this.chip.readData(),
      write: (_offset: number, value: number) => this.chip.writeData(value),
    };
    const command = {
      read: () => this.chip.readStatus(),
      write: (_offset: number, value: number) => this.chip.writeCommand(value),
    };
    ports.claim(PORT_DATA, 1, data, { name: `${this.name} data` });
    ports.claim(PORT_COMMAND, 1, command, { name: `${this.name} command` });
  }
}
