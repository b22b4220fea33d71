/**
 * Intel 8042 keyboard controller as in the PS/2 and every PC since: registers only, no ports.
 *
 * Document: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller".
 * Commands: 20-3F Y, 60-7F Y, A4 Y (no password), A7-AB Y, AD/AE Y, C0 Y, D0-D4 Y, DD/DF Y, E0 Y, F0-FF P (reset bit only).
 * Not modelled: the password, the keylock, time-out and parity errors, the multiplexing extension.
 *
 * A controller reply is in the output buffer at once. A byte of a device follows the last read of port 60h by
 * DEVICE_BYTE_NS: interrupt handlers of DOS programs read port 60h twice and expect the same byte.
 */

import type { Clock, Timer } from "../../bus/clock.ts";
import type { IrqLine } from "../../bus/irqLine.ts";
import { bool, type Checked, finite, list, object, u8, u16 } from "../../bus/savedState.ts";
import { trace } from "../../util/trace.ts";
import { MOST_REPLIES, type Ps2Device } from "./ps2Device.ts";
import { translateToSet1 } from "./scanCodes.ts";

export interface I8042Options {
  name: string;
  clock: Clock;
  keyboard: Ps2Device;
  mouse: Ps2Device;
  /** IRQ 1 and IRQ 12. */
  keyboardIrq: IrqLine;
  mouseIrq: IrqLine;
  /** The output port drives gate A20. */
  onA20(enabled: boolean): void;
  /** The guest pulled the CPU's reset line. */
  onReset(): void;
}

export const I8042_SHAPE = object({
  commandByte: u8,
  status: u8,
  outputPort: u8,
  outputBuffer: u8,
  pendingCommand: u8,
  releasePrefix: bool,
  replies: list(u16),
  ram: list(u8, 32),
  nextByteNs: finite,
  keyboardIrq: bool,
  mouseIrq: bool,
});

export type I8042State = Checked<typeof I8042_SHAPE>;

const DEVICE_BYTE_NS = 200_000;

const STATUS_OBF = 0x01;
const STATUS_SYSTEM = 0x04;
const STATUS_COMMAND = 0x08;
const STATUS_UNLOCKED = 0x10;
const STATUS_AUX_OBF = 0x20;

const MODE_KEYBOARD_IRQ = 0x01;
const MODE_MOUSE_IRQ = 0x02;
const MODE_SYSTEM = 0x04;
const MODE_KEYBOARD_OFF = 0x10;
const MODE_MOUSE_OFF = 0x20;
const MODE_TRANSLATE = 0x40;

/** The firmware chooses; this is what QEMU starts with, for guests that are booted without any. */
const POWER_ON_MODE = MODE_KEYBOARD_IRQ | MODE_MOUSE_IRQ;

const OUTPUT_RESET = 0x01;
const OUTPUT_A20 = 0x02;
const OUTPUT_KEYBOARD_OBF = 0x10;
const OUTPUT_MOUSE_OBF = 0x20;

/** Where a reply of the controller appears to come from: added to its byte in the reply queue. */
const FROM_MOUSE = 0x100;

export class I8042 {
  private readonly name: string;
  private readonly clock: Clock;
  private readonly keyboard: Ps2Device;
  private readonly mouse: Ps2Device;
  private readonly timer: Timer;

  private commandByte = POWER_ON_MODE;
  private status = STATUS_UNLOCKED;
  private outputPort = OUTPUT_RESET | OUTPUT_A20;
  private outputBuffer = 0;
  private pendingCommand = 0;
  private releasePrefix = false;
  private replies: number[] = [];
  private readonly ram = new Uint8Array(32);
  private nextByteNs = 0;
  /** A device is handing over a byte and may find more; they come after it. */
  private taking = false;

  constructor(private readonly options: I8042Options) {
    this.name = options.name;
    this.clock = options.clock;
    this.keyboard = options.keyboard;
    this.mouse = options.mouse;
    this.timer = options.clock.createTimer(`${options.name} byte`, () => this.fillOutputBuffer());
    this.keyboard.onOutput = () => this.fillOutputBuffer();
    this.mouse.onOutput = () => this.fillOutputBuffer();
  }

  reset(): void {
    this.commandByte = POWER_ON_MODE;
    this.status = STATUS_UNLOCKED;
    this.outputPort = OUTPUT_RESET | OUTPUT_A20;
    this.outputBuffer = 0;
    this.pendingCommand = 0;
    this.releasePrefix = false;
    this.replies = [];
    this.ram.fill(0);
    this.nextByteNs = 0;
    this.timer.cancel();
    this.updateIrqs();
    this.options.onA20(true);
  }

  /** Keeps the output port in step when gate A20 is moved by port 92h. */
  noteA20(enabled: boolean): void {
    this.outputPort = enabled ? this.outputPort | OUTPUT_A20 : this.outputPort & ~OUTPUT_A20;
  }

  /** Port 64h. */
  readStatus(): number {
    return this.status;
  }

  /** Port 60h. Reading an empty buffer gives the last byte again. */
  readData(): number {
    const byte = this.outputBuffer;
    if (this.status & STATUS_OBF) {
      this.status &= ~(STATUS_OBF | STATUS_AUX_OBF);
      this.nextByteNs = this.clock.nowNs() + DEVICE_BYTE_NS;
      this.updateIrqs();
      this.fillOutputBuffer();
    }
    return byte;
  }

  /** Port 60h: the parameter of a controller command, else a byte for the keyboard. */
  writeData(value: number): void {
    this.status &= ~STATUS_COMMAND;
    const command = this.pendingCommand;
    this.pendingCommand = 0;
    if (command !== 0) {
      this.commandParameter(command, value);
    } else {
      // Talking to the keyboard starts its clock again.
      this.commandByte &= ~MODE_KEYBOARD_OFF;
      this.keyboard.receive(value);
    }
    this.fillOutputBuffer();
  }

  /** Port 64h. */
  writeCommand(command: number): void {
    this.status |= STATUS_COMMAND;
    this.pendingCommand = 0;
    if (command >= 0x20 && command <= 0x3f) this.reply(this.readRam(command & 0x1f));
    else if (command >= 0xf0) this.pulseOutputPort(command & 0x0f);
    else if (takesParameter(command)) this.pendingCommand = command;
    else this.plainCommand(command);
    this.fillOutputBuffer();
  }

  save(): I8042State {
    return {
      commandByte: this.commandByte,
      status: this.status,
      outputPort: this.outputPort,
      outputBuffer: this.outputBuffer,
      pendingCommand: this.pendingCommand,
      releasePrefix: this.releasePrefix,
      replies: [...this.replies],
      ram: [...this.ram],
      nextByteNs: this.nextByteNs,
      keyboardIrq: this.options.keyboardIrq.level,
      mouseIrq: this.options.mouseIrq.level,
    };
  }

  /** The devices on the cables must have been restored before. */
  restore(state: I8042State): void {
    this.commandByte = state.commandByte;
    this.status = state.status;
    this.outputPort = state.outputPort;
    this.outputBuffer = state.outputBuffer;
    this.pendingCommand = state.pendingCommand;
    this.releasePrefix = state.releasePrefix;
    this.replies = [...state.replies];
    this.ram.set(state.ram);
    this.nextByteNs = state.nextByteNs;
    this.options.keyboardIrq.restoreLevel(state.keyboardIrq);
    this.options.mouseIrq.restoreLevel(state.mouseIrq);
    // derived: the byte timer, from what waits on the cables.
    if (this.waitingDevice() === undefined) this.timer.cancel();
    else this.timer.arm(Math.max(this.nextByteNs, this.clock.nowNs()));
  }

  // --- Commands ---

  private plainCommand(command: number): void {
    switch (command) {
      case 0xa4: // test password: none
        this.reply(0xf1);
        break;
      case 0xa7:
        this.commandByte |= MODE_MOUSE_OFF;
        return;
      case 0xa8:
        this.commandByte &= ~MODE_MOUSE_OFF;
        return;
      case 0xa9: // test mouse interface: fine
      case 0xab: // test keyboard interface: fine
        this.reply(0x00);
        break;
      case 0xaa: // self-test
        this.status |= STATUS_SYSTEM;
        this.commandByte |= MODE_SYSTEM;
        this.reply(0x55);
        break;
      case 0xad:
        this.commandByte |= MODE_KEYBOARD_OFF;
        return;
      case 0xae:
        this.commandByte &= ~MODE_KEYBOARD_OFF;
        return;
      case 0xc0: // input port: keyboard not locked, colour display, 256 KB on the board
        this.reply(0xa0);
        break;
      case 0xd0:
        this.reply(this.readOutputPort());
        break;
      case 0xdd:
      case 0xdf:
        this.setA20(command === 0xdf);
        break;
      case 0xe0: // test inputs: both clocks high
        this.reply(0x03);
        break;
      default:
        trace(this.name, `unknown command ${command.toString(16)}`);
    }
  }

  private commandParameter(command: number, value: number): void {
    switch (command) {
      case 0xd1:
        this.writeOutputPort(value);
        break;
      case 0xd2:
        this.reply(value);
        break;
      case 0xd3:
        this.reply(value | FROM_MOUSE);
        break;
      case 0xd4:
        this.commandByte &= ~MODE_MOUSE_OFF;
        this.mouse.receive(value);
        break;
      default:
        this.writeRam(command & 0x1f, value);
        break;
    }
  }

  private readRam(index: number): number {
    return index === 0 ? this.commandByte : this.ram[index];
  }

  private writeRam(index: number, value: number): void {
    if (index !== 0) {
      this.ram[index] = value;
      return;
    }
    this.commandByte = value;
    this.status = value & MODE_SYSTEM ? this.status | STATUS_SYSTEM : this.status & ~STATUS_SYSTEM;
    this.updateIrqs();
  }

  // --- Output port ---

  private readOutputPort(): number {
    const full = (this.status & STATUS_OBF) !== 0;
    const aux = (this.status & STATUS_AUX_OBF) !== 0;
    return this.outputPort | (full ? (aux ? OUTPUT_MOUSE_OBF : OUTPUT_KEYBOARD_OBF) : 0);
  }

  private writeOutputPort(value: number): void {
    this.setA20((value & OUTPUT_A20) !== 0);
    if ((value & OUTPUT_RESET) === 0) this.options.onReset();
  }

  private setA20(enabled: boolean): void {
    this.noteA20(enabled);
    this.options.onA20(enabled);
  }

  /** Commands F0-FF pull the output bits that are 0 low for 6 us; bit 0 is the CPU's reset line. */
  private pulseOutputPort(mask: number): void {
    if ((mask & OUTPUT_RESET) === 0) this.options.onReset();
  }

  // --- Output buffer ---

  private reply(byte: number): void {
    if (this.replies.length < MOST_REPLIES) this.replies.push(byte);
  }

  private fillOutputBuffer(): void {
    if (this.taking || this.status & STATUS_OBF) return;
    const reply = this.replies.shift();
    if (reply !== undefined) {
      this.putByte(reply & 0xff, reply >= FROM_MOUSE);
      return;
    }
    const device = this.waitingDevice();
    if (device === undefined) return;
    if (this.clock.nowNs() < this.nextByteNs) this.timer.arm(this.nextByteNs);
    else this.takeFrom(device);
  }

  private waitingDevice(): Ps2Device | undefined {
    if (this.keyboard.hasOutput && (this.commandByte & MODE_KEYBOARD_OFF) === 0) return this.keyboard;
    if (this.mouse.hasOutput && (this.commandByte & MODE_MOUSE_OFF) === 0) return this.mouse;
    return undefined;
  }

  private takeFrom(device: Ps2Device): void {
    this.taking = true;
    const byte = device.takeOutput();
    this.taking = false;
    if (device === this.mouse) this.putByte(byte, true);
    else if ((this.commandByte & MODE_TRANSLATE) === 0) this.putByte(byte, false);
    else this.putTranslated(byte);
  }

  /** The break prefix F0 is swallowed and becomes bit 7 of the next code. */
  private putTranslated(byte: number): void {
    if (byte === 0xf0) {
      this.releasePrefix = true;
      this.fillOutputBuffer();
      return;
    }
    const release = this.releasePrefix ? 0x80 : 0;
    this.releasePrefix = false;
    this.putByte(translateToSet1(byte) | release, false);
  }

  private putByte(byte: number, fromMouse: boolean): void {
    this.outputBuffer = byte;
    this.status |= STATUS_OBF | (fromMouse ? STATUS_AUX_OBF : 0);
    this.updateIrqs();
  }

  private updateIrqs(): void {
    const full = (this.status & STATUS_OBF) !== 0;
    const aux = (this.status & STATUS_AUX_OBF) !== 0;
    this.options.keyboardIrq.set(full && !aux && (this.commandByte & MODE_KEYBOARD_IRQ) !== 0);
    this.options.mouseIrq.set(full && aux && (this.commandByte & MODE_MOUSE_IRQ) !== 0);
  }
}

function takesParameter(command: number): boolean {
  return (command >= 0x60 && command <= 0x7f) || (command >= 0xd1 && command <= 0xd4);
}
