/**
 * NS16550AF universal asynchronous receiver/transmitter: the register model alone, no ports.
 *
 * Document: National Semiconductor PC16550D data sheet (June 1995); section names below are its.
 * Registers: RBR/THR Y, IER Y, IIR Y, FCR Y (DMA mode bit kept out), LCR Y, MCR Y, LSR P, MSR Y, SCR Y, DLL/DLM Y.
 *
 * Departures:
 * - The transmitter is infinitely fast: a byte written to THR is at the backend at once and THRE/TEMT never read 0.
 *   Linux's tests for THRE and TXEN bugs pass with that.
 * - The receiver is paced: at the programmed baud rate, but never slower than 115200 baud, so that text typed by the host
 *   arrives quickly even where a guest stays at 9600. A burst fills the FIFO at once and the next waits for the time its
 *   characters would have taken.
 * - Host input waits in an unbounded queue while the FIFO is full or the guest has dropped RTS after once raising it (as
 *   Linux does to throttle), so it is never lost to an overrun.
 * - Parity, framing and break errors, the DMA pins and the OUT2 gate of the interrupt line are not modelled.
 */

import type { Clock, Timer } from "../../bus/clock.ts";
import type { IrqLine } from "../../bus/irqLine.ts";
import { bool, type Checked, finite, list, nullable, object, u8, u16 } from "../../bus/savedState.ts";
import { ByteQueue } from "./byteQueue.ts";

/** Where transmitted bytes go. */
export interface UartBackend {
  write(byte: number): void;
}

/** Everything the guest can see, plus the host's queue of input not yet received. */
export const UART16550_SHAPE = object({
  ier: u8,
  fcr: u8,
  lcr: u8,
  mcr: u8,
  lsr: u8,
  msr: u8,
  scr: u8,
  divisor: u16,
  fifo: list(u8),
  threPending: bool,
  timeoutPending: bool,
  rtsSeen: bool,
  irq: bool,
  /** Guest time from which the line is free for the next burst, in ns. */
  receiverFreeNs: finite,
  /** Deadline of the character timeout in ns. */
  timeoutNs: nullable(finite),
  hostInput: list(u8),
});

export type Uart16550State = Checked<typeof UART16550_SHAPE>;

const FIFO_DEPTH = 16;
const TRIGGER_LEVELS = [1, 4, 8, 14] as const;
const UART_CLOCK_HZ = 1_843_200;
/** One 10-bit character at 115200 baud. */
const LONGEST_CHARACTER_NS = 86_806;

const IER_RECEIVED = 0x01;
const IER_THRE = 0x02;
const IER_LINE_STATUS = 0x04;
const IER_MODEM_STATUS = 0x08;

const IIR_NONE = 0x01;
const IIR_MODEM_STATUS = 0x00;
const IIR_THRE = 0x02;
const IIR_RECEIVED = 0x04;
const IIR_LINE_STATUS = 0x06;
const IIR_TIMEOUT = 0x0c;
const IIR_FIFO_ID = 0xc0;

const FCR_ENABLE = 0x01;
const FCR_CLEAR_RECEIVER = 0x02;
const LCR_DLAB = 0x80;
const MCR_RTS = 0x02;
const MCR_LOOP = 0x10;

const LSR_DATA_READY = 0x01;
const LSR_OVERRUN = 0x02;
const LSR_ERRORS = 0x1e;
const LSR_THRE_TEMT = 0x60;

/** CTS, DSR and DCD: a cable is plugged in and the other side is ready. */
const MSR_CONNECTED = 0xb0;

export class Uart16550 {
  private ier = 0;
  private fcr = 0;
  private lcr = 0;
  private mcr = 0;
  private lsr = LSR_THRE_TEMT;
  private msr = MSR_CONNECTED;
  private scr = 0;
  private divisor = 12;
  private fifo: number[] = [];
  private threPending = false;
  private timeoutPending = false;
  private rtsSeen = false;
  private receiverFreeNs = 0;
  private readonly hostInput = new ByteQueue();
  private readonly feedTimer: Timer;
  private readonly timeoutTimer: Timer;

  constructor(
    name: string,
    private readonly clock: Clock,
    private readonly irq: IrqLine,
    private readonly backend: UartBackend,
  ) {
    this.feedTimer = clock.createTimer(`${name} receiver`, () => this.feed());
    this.timeoutTimer = clock.createTimer(`${name} character timeout`, () => this.characterTimeout());
  }

  /** Master reset pin (data sheet table "UART Reset Configuration"). What the host sent to a guest that is gone is gone. */
  reset(): void {
    this.ier = this.fcr = this.lcr = this.mcr = this.scr = 0;
    this.lsr = LSR_THRE_TEMT;
    this.msr = MSR_CONNECTED;
    this.divisor = 12;
    this.fifo = [];
    this.threPending = this.timeoutPending = this.rtsSeen = false;
    this.receiverFreeNs = 0;
    this.timeoutTimer.cancel();
    this.feedTimer.cancel();
    this.hostInput.clear();
    this.updateIrq();
  }

  /** Bytes from the host for the guest; any number, kept in order until the guest takes them. */
  receive(bytes: Uint8Array | readonly number[]): void {
    this.hostInput.push(bytes);
    this.feed();
  }

  /** True once the guest has read every byte the host gave to {@link receive}. */
  get inputDrained(): boolean {
    return this.hostInput.length === 0 && this.fifo.length === 0;
  }

  /** Forgets host input that has not reached the FIFO (a new snapshot consumer, a cancelled paste). */
  discardInput(): void {
    this.hostInput.clear();
  }

  /** Reads register 0-7. */
  read(register: number): number {
    switch (register & 7) {
      case 0:
        return this.dlab ? this.divisor & 0xff : this.readReceiver();
      case 1:
        return this.dlab ? this.divisor >> 8 : this.ier;
      case 2:
        return this.readInterruptIdentification();
      case 3:
        return this.lcr;
      case 4:
        return this.mcr;
      case 5:
        return this.readLineStatus();
      case 6:
        return this.readModemStatus();
      default:
        return this.scr;
    }
  }

  /** Writes register 0-7 with the byte `value`. */
  write(register: number, value: number): void {
    switch (register & 7) {
      case 0:
        if (this.dlab) this.divisor = (this.divisor & 0xff00) | value;
        else this.transmit(value);
        break;
      case 1:
        if (this.dlab) this.divisor = (this.divisor & 0xff) | (value << 8);
        else this.writeInterruptEnable(value);
        break;
      case 2:
        this.writeFifoControl(value);
        break;
      case 3:
        this.lcr = value;
        break;
      case 4:
        this.writeModemControl(value);
        break;
      case 7:
        this.scr = value;
        break;
      default:
        break; // LSR is for factory test, MSR is read-only
    }
  }

  save(): Uart16550State {
    return {
      ier: this.ier,
      fcr: this.fcr,
      lcr: this.lcr,
      mcr: this.mcr,
      lsr: this.lsr,
      msr: this.msr,
      scr: this.scr,
      divisor: this.divisor,
      fifo: [...this.fifo],
      threPending: this.threPending,
      timeoutPending: this.timeoutPending,
      rtsSeen: this.rtsSeen,
      irq: this.irq.level,
      receiverFreeNs: this.receiverFreeNs,
      timeoutNs: this.timeoutTimer.deadlineNs ?? null,
      hostInput: this.hostInput.toArray(),
    };
  }

  restore(state: Uart16550State): void {
    this.ier = state.ier;
    this.fcr = state.fcr;
    this.lcr = state.lcr;
    this.mcr = state.mcr;
    this.lsr = state.lsr;
    this.msr = state.msr;
    this.scr = state.scr;
    this.divisor = state.divisor;
    this.fifo = [...state.fifo];
    this.threPending = state.threPending;
    this.timeoutPending = state.timeoutPending;
    this.rtsSeen = state.rtsSeen;
    this.receiverFreeNs = state.receiverFreeNs;
    this.hostInput.clear();
    this.hostInput.push(state.hostInput);
    this.irq.restoreLevel(state.irq);
    if (state.timeoutNs !== null) this.timeoutTimer.arm(state.timeoutNs);
    else this.timeoutTimer.cancel();
    // derived: the feed timer follows from the queue, the FIFO and receiverFreeNs.
    this.feedTimer.cancel();
    if (this.hostInput.length > 0) this.feedTimer.arm(Math.max(this.receiverFreeNs, this.clock.nowNs()));
  }

  private get dlab(): boolean {
    return (this.lcr & LCR_DLAB) !== 0;
  }

  private get fifoEnabled(): boolean {
    return (this.fcr & FCR_ENABLE) !== 0;
  }

  private get depth(): number {
    return this.fifoEnabled ? FIFO_DEPTH : 1;
  }

  private get triggerLevel(): number {
    return this.fifoEnabled ? TRIGGER_LEVELS[(this.fcr >> 6) & 3] : 1;
  }

  /** Time one received character takes, in ns. */
  private get characterNs(): number {
    const stopBits = this.lcr & 4 ? 2 : 1;
    const bits = 1 + 5 + (this.lcr & 3) + (this.lcr & 8 ? 1 : 0) + stopBits;
    const bitNs = (16e9 * (this.divisor || 1)) / UART_CLOCK_HZ;
    return Math.min(Math.round(bits * bitNs), LONGEST_CHARACTER_NS);
  }

  // --- Transmitter ---

  private transmit(byte: number): void {
    // THR full: the THRE interrupt is withdrawn. Then the byte leaves at once and it comes back, as a fresh edge for the
    // edge-triggered interrupt controller.
    this.threPending = false;
    this.updateIrq();
    if (this.mcr & MCR_LOOP) this.accept(byte);
    else this.backend.write(byte);
    this.threPending = true;
    this.updateIrq();
  }

  // --- Receiver ---

  private readReceiver(): number {
    this.timeoutPending = false;
    const byte = this.fifo.shift();
    if (byte === undefined) return 0;
    if (this.fifo.length === 0) this.lsr &= ~LSR_DATA_READY;
    this.armCharacterTimeout();
    this.updateIrq();
    this.feed();
    return byte;
  }

  /** A character has arrived from the line or from the loopback path. */
  private accept(byte: number): void {
    if (this.fifo.length >= this.depth) {
      this.lsr |= LSR_OVERRUN;
      if (!this.fifoEnabled) this.fifo[0] = byte;
    } else {
      this.fifo.push(byte);
    }
    this.lsr |= LSR_DATA_READY;
    this.armCharacterTimeout();
    this.updateIrq();
  }

  /** Moves host input into an empty FIFO when the line is free, else makes sure it will happen later. */
  private feed(): void {
    if (this.hostInput.length === 0 || this.fifo.length > 0 || this.receiverHeld) return;
    const now = this.clock.nowNs();
    if (now < this.receiverFreeNs) {
      this.feedTimer.arm(this.receiverFreeNs);
      return;
    }
    const burst = Math.min(this.depth, this.hostInput.length);
    this.receiverFreeNs = now + burst * this.characterNs;
    for (let i = 0; i < burst; i++) this.accept(this.hostInput.shift());
  }

  private get receiverHeld(): boolean {
    if (this.mcr & MCR_LOOP) return true;
    return this.rtsSeen && (this.mcr & MCR_RTS) === 0;
  }

  /** Data sheet "FIFO Interrupt Mode Operation": four character times with characters below the trigger level. */
  private armCharacterTimeout(): void {
    const wanted = this.fifoEnabled && this.fifo.length > 0 && this.fifo.length < this.triggerLevel;
    if (wanted) this.timeoutTimer.arm(this.clock.nowNs() + 4 * this.characterNs);
    else this.timeoutTimer.cancel();
  }

  private characterTimeout(): void {
    if (this.fifo.length === 0) return;
    this.timeoutPending = true;
    this.updateIrq();
  }

  // --- Control and status ---

  private writeInterruptEnable(value: number): void {
    const before = this.ier;
    this.ier = value & 0x0f;
    // Enabling ETBEI while the holding register is empty interrupts at once: Linux tests for parts that do not.
    if ((before ^ this.ier) & IER_THRE) this.threPending = (this.ier & IER_THRE) !== 0;
    this.updateIrq();
  }

  private writeFifoControl(value: number): void {
    const toggled = ((value ^ this.fcr) & FCR_ENABLE) !== 0;
    if (toggled || (value & FCR_ENABLE && value & FCR_CLEAR_RECEIVER)) this.clearReceiver();
    // The other bits are writable only together with the enable bit.
    this.fcr = value & FCR_ENABLE ? value & 0xc9 : 0;
    this.armCharacterTimeout();
    this.updateIrq();
    this.feed();
  }

  private clearReceiver(): void {
    this.fifo = [];
    this.lsr &= ~LSR_DATA_READY;
    this.timeoutPending = false;
    this.timeoutTimer.cancel();
  }

  private writeModemControl(value: number): void {
    this.mcr = value & 0x1f;
    if (this.mcr & MCR_RTS) this.rtsSeen = true;
    this.setModemLines(this.mcr & MCR_LOOP ? this.loopedModemLines() : MSR_CONNECTED);
    this.feed();
  }

  /** In loopback RTS, DTR, OUT1 and OUT2 drive CTS, DSR, RI and DCD. */
  private loopedModemLines(): number {
    return (
      (this.mcr & 0x02 ? 0x10 : 0) |
      (this.mcr & 0x01 ? 0x20 : 0) |
      (this.mcr & 0x04 ? 0x40 : 0) |
      (this.mcr & 0x08 ? 0x80 : 0)
    );
  }

  private setModemLines(lines: number): void {
    const changed = (this.msr ^ lines) >> 4;
    const ringEnded = this.msr & ~lines & 0x40 ? 0x04 : 0;
    this.msr = lines | (this.msr & 0x0f) | (changed & 0x0b) | ringEnded;
    this.updateIrq();
  }

  private readModemStatus(): number {
    const value = this.msr;
    this.msr &= 0xf0;
    this.updateIrq();
    return value;
  }

  private readLineStatus(): number {
    const value = this.lsr;
    this.lsr &= ~LSR_ERRORS;
    this.updateIrq();
    return value;
  }

  /** Reading IIR withdraws the THRE interrupt, but only where IIR names it as the source. */
  private readInterruptIdentification(): number {
    const source = this.interruptSource();
    if (source === IIR_THRE) {
      this.threPending = false;
      this.updateIrq();
    }
    return source | (this.fifoEnabled ? IIR_FIFO_ID : 0);
  }

  /** Data sheet table "Interrupt Control Functions", highest priority first. */
  private interruptSource(): number {
    if (this.ier & IER_LINE_STATUS && this.lsr & LSR_ERRORS) return IIR_LINE_STATUS;
    if (this.ier & IER_RECEIVED && this.fifo.length >= this.triggerLevel) return IIR_RECEIVED;
    if (this.ier & IER_RECEIVED && this.timeoutPending) return IIR_TIMEOUT;
    if (this.ier & IER_THRE && this.threPending) return IIR_THRE;
    if (this.ier & IER_MODEM_STATUS && this.msr & 0x0f) return IIR_MODEM_STATUS;
    return IIR_NONE;
  }

  private updateIrq(): void {
    this.irq.set(this.interruptSource() !== IIR_NONE);
  }
}
