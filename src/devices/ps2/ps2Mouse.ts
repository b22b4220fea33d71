/**
 * PS/2 mouse with the Microsoft IntelliMouse (wheel) and IntelliMouse Explorer (five buttons) extensions.
 *
 * Documents: IBM PS/2 Hardware Interface Technical Reference, "Auxiliary Device"; Microsoft, "PS/2 Protocol of the
 * IntelliMouse". Commands: E6-F6 Y, FE Y, FF Y. Departures: replies and the self-test take no time; a button that changes
 * is reported at once, whatever the sample rate, so that a quick click is not lost; resolution is kept but does not scale.
 */

import type { Clock, Timer } from "../../bus/clock.ts";
import { bool, type Checked, finite, list, object, u8 } from "../../bus/savedState.ts";
import { ACK, MOST_REPLIES, type Ps2Device, RESEND, SELF_TEST_PASSED } from "./ps2Device.ts";

export const PS2_MOUSE_SHAPE = object({
  id: u8,
  streaming: bool,
  wrap: bool,
  reporting: bool,
  doubleScale: bool,
  resolution: u8,
  sampleRate: u8,
  previousRates: list(u8, 2),
  pendingCommand: u8,
  lastByte: u8,
  buttons: u8,
  reportedButtons: u8,
  dx: finite,
  dy: finite,
  dz: finite,
  replies: list(u8),
  packets: list(u8),
  nudged: bool,
  /** Guest time of the next report by the sample rate, in ns. */
  nextReportNs: finite,
});

export type Ps2MouseState = Checked<typeof PS2_MOUSE_SHAPE>;

/** Bytes of movement packets the mouse keeps. */
const BUFFER_BYTES = 16;
/** Movement beyond this is forgotten, as a real mouse's counters would overflow. */
const MAX_PENDING = 4096;
const ID_STANDARD = 0;
const ID_WHEEL = 3;
const ID_FIVE_BUTTONS = 4;

export class Ps2Mouse implements Ps2Device {
  onOutput: (() => void) | undefined;

  private id = ID_STANDARD;
  private streaming = true;
  private wrap = false;
  private reporting = false;
  private doubleScale = false;
  private resolution = 2;
  private sampleRate = 100;
  private previousRates = [0, 0];
  private pendingCommand = 0;
  private lastByte = 0;
  private buttons = 0;
  private reportedButtons = 0;
  private dx = 0;
  private dy = 0;
  private dz = 0;
  private replies: number[] = [];
  private packets: number[] = [];
  private nudged = false;
  private nextReportNs = 0;
  private readonly reportTimer: Timer;

  constructor(
    name: string,
    private readonly clock: Clock,
  ) {
    this.reportTimer = clock.createTimer(`${name} sample`, () => this.report());
  }

  // --- Host side ---

  /**
   * Movement since the last call and the buttons as they are now.
   * @param dx counts to the right
   * @param dy counts downwards, as on a screen
   * @param dz wheel notches towards the user (a page scrolls down)
   * @param buttons as `MouseEvent.buttons`: 1 left, 2 right, 4 middle, 8 back, 16 forward
   */
  move(dx: number, dy: number, dz: number, buttons: number): void {
    this.dx = clamp(this.dx + dx, MAX_PENDING);
    this.dy = clamp(this.dy + dy, MAX_PENDING);
    this.dz = clamp(this.dz + dz, MAX_PENDING);
    this.buttons = buttons & 0x1f;
    this.report();
  }

  /** Sends a packet though nothing has moved: the driver is to look at the absolute pointer that goes with this mouse. */
  nudge(): void {
    this.nudged = this.reporting;
    this.report();
  }

  /** True while the guest listens to the mouse: the host may then capture the pointer. */
  get active(): boolean {
    return this.reporting;
  }

  // --- Controller side ---

  get hasOutput(): boolean {
    if (this.replies.length > 0) return true;
    return this.packets.length > 0 && this.pendingCommand === 0;
  }

  takeOutput(): number {
    const byte = this.replies.shift() ?? this.packets.shift() ?? 0;
    if (byte !== RESEND) this.lastByte = byte;
    if (this.packets.length === 0) this.report();
    return byte;
  }

  receive(byte: number): void {
    if (this.pendingCommand !== 0) this.parameter(byte);
    else if (this.wrap && byte !== 0xec && byte !== 0xff) this.reply(byte);
    else this.command(byte);
    if (this.hasOutput) this.onOutput?.();
  }

  reset(): void {
    this.setDefaults();
    this.id = ID_STANDARD;
    this.wrap = false;
    this.pendingCommand = 0;
    this.lastByte = 0;
    this.previousRates = [0, 0];
    this.buttons = this.reportedButtons = 0;
    this.replies = [];
    this.nextReportNs = 0;
    this.reportTimer.cancel();
  }

  save(): Ps2MouseState {
    return {
      id: this.id,
      streaming: this.streaming,
      wrap: this.wrap,
      reporting: this.reporting,
      doubleScale: this.doubleScale,
      resolution: this.resolution,
      sampleRate: this.sampleRate,
      previousRates: [...this.previousRates],
      pendingCommand: this.pendingCommand,
      lastByte: this.lastByte,
      buttons: this.buttons,
      reportedButtons: this.reportedButtons,
      dx: this.dx,
      dy: this.dy,
      dz: this.dz,
      replies: [...this.replies],
      packets: [...this.packets],
      nudged: this.nudged,
      nextReportNs: this.nextReportNs,
    };
  }

  restore(state: Ps2MouseState): void {
    this.id = state.id;
    this.streaming = state.streaming;
    this.wrap = state.wrap;
    this.reporting = state.reporting;
    this.doubleScale = state.doubleScale;
    this.resolution = state.resolution;
    this.sampleRate = state.sampleRate;
    this.previousRates = [...state.previousRates];
    this.pendingCommand = state.pendingCommand;
    this.lastByte = state.lastByte;
    this.buttons = state.buttons;
    this.reportedButtons = state.reportedButtons;
    this.dx = state.dx;
    this.dy = state.dy;
    this.dz = state.dz;
    this.replies = [...state.replies];
    this.packets = [...state.packets];
    this.nudged = state.nudged;
    this.nextReportNs = state.nextReportNs;
    // derived: the sample timer, from the movement that waits.
    if (this.reporting && this.hasNews) this.reportTimer.arm(this.nextReportNs);
    else this.reportTimer.cancel();
  }

  private command(byte: number): void {
    switch (byte) {
      case 0xe6:
      case 0xe7:
        this.doubleScale = byte === 0xe7;
        this.reply(ACK);
        break;
      case 0xe8:
      case 0xf3:
        this.pendingCommand = byte;
        this.reply(ACK);
        break;
      case 0xe9:
        this.reply(ACK, this.statusByte(), this.resolution, this.sampleRate);
        break;
      case 0xea:
        this.streaming = true;
        this.reply(ACK);
        break;
      case 0xeb:
        this.reply(ACK, ...this.packet());
        break;
      case 0xec:
      case 0xee:
        this.wrap = byte === 0xee;
        this.reply(ACK);
        break;
      case 0xf0:
        this.streaming = false;
        this.packets = [];
        this.reply(ACK);
        break;
      case 0xf2:
        this.reply(ACK, this.id);
        break;
      case 0xf4:
      case 0xf5:
        this.setReporting(byte === 0xf4);
        break;
      case 0xf6:
        this.setDefaults();
        this.reply(ACK);
        break;
      case 0xfe:
        this.resend();
        return;
      case 0xff:
        this.reset();
        this.reply(ACK, SELF_TEST_PASSED, this.id);
        break;
      default:
        this.reply(RESEND);
        break;
    }
  }

  private parameter(byte: number): void {
    const command = this.pendingCommand;
    this.pendingCommand = 0;
    if (command === 0xe8) this.resolution = byte & 3;
    else this.setSampleRate(byte);
    this.reply(ACK);
  }

  /** The sequence of rates 200, 100, 80 turns the wheel on; 200, 200, 80 after that the five buttons. */
  private setSampleRate(rate: number): void {
    const [first, second] = this.previousRates;
    if (first === 200 && second === 100 && rate === 80) this.id = ID_WHEEL;
    if (first === 200 && second === 200 && rate === 80 && this.id !== ID_STANDARD) this.id = ID_FIVE_BUTTONS;
    this.previousRates = [second, rate];
    this.sampleRate = rate;
  }

  private setReporting(on: boolean): void {
    this.reporting = on;
    this.packets = [];
    this.nudged = false;
    this.dx = this.dy = this.dz = 0;
    this.reply(ACK);
  }

  private setDefaults(): void {
    this.streaming = true;
    this.reporting = false;
    this.doubleScale = false;
    this.resolution = 2;
    this.sampleRate = 100;
    this.dx = this.dy = this.dz = 0;
    this.packets = [];
    this.nudged = false;
  }

  private statusByte(): number {
    const buttons = (this.buttons & 1 ? 4 : 0) | (this.buttons & 4 ? 2 : 0) | (this.buttons & 2 ? 1 : 0);
    return (this.streaming ? 0 : 0x40) | (this.reporting ? 0x20 : 0) | (this.doubleScale ? 0x10 : 0) | buttons;
  }

  private get hasNews(): boolean {
    return (
      this.nudged ||
      Math.abs(this.dx) >= 1 ||
      Math.abs(this.dy) >= 1 ||
      Math.abs(this.dz) >= 1 ||
      this.buttons !== this.reportedButtons
    );
  }

  /** Queues packets for what has happened, at most one per sample period unless a button changed. */
  private report(): void {
    if (!this.reporting || !this.streaming || this.wrap || !this.hasNews) return;
    if (this.packets.length + 4 > BUFFER_BYTES) return;
    const now = this.clock.nowNs();
    if (this.buttons === this.reportedButtons && now < this.nextReportNs) {
      this.reportTimer.arm(this.nextReportNs);
      return;
    }
    this.nextReportNs = now + Math.round(1e9 / (this.sampleRate || 100));
    this.packets.push(...this.packet(this.doubleScale));
    if (this.hasNews) this.reportTimer.arm(this.nextReportNs);
    this.onOutput?.();
  }

  /** Takes the pending movement as far as nine bits carry it; the rest is for the next packet. */
  private packet(scaled = false): number[] {
    const x = this.takeX();
    const y = -this.takeY();
    const sentX = scaled ? scaleTwoToOne(x) : x;
    const sentY = scaled ? scaleTwoToOne(y) : y;
    const flags = 0x08 | (this.buttons & 7) | (sentX < 0 ? 0x10 : 0) | (sentY < 0 ? 0x20 : 0);
    this.reportedButtons = this.buttons;
    this.nudged = false;
    const bytes = [flags, sentX & 0xff, sentY & 0xff];
    if (this.id === ID_STANDARD) this.dz = 0;
    else bytes.push(this.wheelByte());
    return bytes;
  }

  private wheelByte(): number {
    const range = this.id === ID_FIVE_BUTTONS ? 7 : 127;
    const z = clamp(Math.trunc(this.dz), range);
    this.dz -= z;
    if (this.id === ID_FIVE_BUTTONS) return (z & 0x0f) | ((this.buttons & 0x18) << 1);
    return z & 0xff;
  }

  private takeX(): number {
    const x = clamp(Math.trunc(this.dx), this.doubleScale ? 127 : 255);
    this.dx -= x;
    return x;
  }

  private takeY(): number {
    const y = clamp(Math.trunc(this.dy), this.doubleScale ? 127 : 255);
    this.dy -= y;
    return y;
  }

  /** FEh. */
  private resend(): void {
    if (this.replies.length < MOST_REPLIES) this.replies.unshift(this.lastByte);
  }

  private reply(...bytes: number[]): void {
    if (this.replies.length + bytes.length <= MOST_REPLIES) this.replies.push(...bytes);
  }
}

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}

/** Scaling 2:1 of the technical reference: 1,1,3,6,9, then doubled. */
function scaleTwoToOne(count: number): number {
  const table = [0, 1, 1, 3, 6, 9];
  const size = Math.abs(count);
  return Math.sign(count) * (table[size] ?? size * 2);
}
