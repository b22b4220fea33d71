/**
 * A PC's parallel port with a printer that takes every byte at once: registers only, no ports.
 *
 * Documents: IBM PC/AT Technical Reference, "Parallel Adapter"; IEEE 1284-1994, compatibility mode and the bidirectional port of the
 * PS/2. Not modelled: EPP, ECP, the other modes of IEEE 1284, which drivers find missing.
 *
 * A byte is taken when STROBE begins. The printer is then busy, and ends that with a pulse on ACK, whose end is the interrupt.
 */
import type { Clock, Timer } from "../../bus/clock.ts";
import type { IrqLine } from "../../bus/irqLine.ts";
import { bool, type Checked, nullable, object, u8, uint } from "../../bus/savedState.ts";
import { trace } from "../../util/trace.ts";

export const PARALLEL_SHAPE = object({
  data: u8,
  control: u8,
  /** Guest time at which the printer has done with its byte. */
  doneNs: nullable(uint),
  irq: bool,
});

export type ParallelState = Checked<typeof PARALLEL_SHAPE>;

/** The status register; BUSY is inverted by the port, ACK and ERROR are active low. */
export const ParallelStatus = { NOT_ERROR: 0x08, SELECTED: 0x10, NOT_ACK: 0x40, NOT_BUSY: 0x80 } as const;
export const ParallelControl = {
  STROBE: 0x01,
  NOT_INIT: 0x04,
  SELECT_IN: 0x08,
  INTERRUPT: 0x10,
  /** The data lines are inputs. */
  DIRECTION: 0x20,
} as const;

/** Bits without a meaning read as ones. */
const STATUS_UNUSED = 0x07;
const CONTROL_UNUSED = 0xc0;
const CONTROL_BITS = 0x3f;
/** From the strobe to the end of ACK, and how long that lasts. */
const BYTE_NS = 10_000;
const ACK_NS = 5_000;
/** Nobody drives the data lines. */
const FLOATING = 0xff;

export interface ParallelPortOptions {
  name: string;
  clock: Clock;
  irq: IrqLine;
  /** A byte for the printer. */
  onByte(byte: number): void;
}

export class ParallelPort {
  private data = 0;
  private control = 0;
  private doneNs: number | undefined;
  private readonly timer: Timer;

  constructor(private readonly options: ParallelPortOptions) {
    this.timer = options.clock.createTimer(`${options.name} ack`, () => this.acknowledge());
  }

  readData(): number {
    return this.control & ParallelControl.DIRECTION ? FLOATING : this.data;
  }

  writeData(value: number): void {
    this.data = value;
  }

  readStatus(): number {
    const leftNs = this.busyNs();
    const ready = ParallelStatus.NOT_ERROR | ParallelStatus.SELECTED | STATUS_UNUSED;
    const isBusy = leftNs > 0 || !(this.control & ParallelControl.NOT_INIT);
    const isAcknowledging = leftNs > 0 && leftNs <= ACK_NS;
    return ready | (isBusy ? 0 : ParallelStatus.NOT_BUSY) | (isAcknowledging ? 0 : ParallelStatus.NOT_ACK);
  }

  readControl(): number {
    return this.control | CONTROL_UNUSED;
  }

  writeControl(value: number): void {
    const rises = value & ~this.control;
    this.control = value & CONTROL_BITS;
    if (!(value & ParallelControl.NOT_INIT)) this.forgetByte();
    else if (rises & ParallelControl.STROBE) this.strobe();
    if (!(value & ParallelControl.INTERRUPT)) this.options.irq.lower();
  }

  reset(): void {
    this.data = 0;
    this.control = 0;
    this.forgetByte();
    this.options.irq.lower();
  }

  save(): ParallelState {
    const { data, control, doneNs = null } = this;
    return { data, control, doneNs, irq: this.options.irq.level };
  }

  restore(state: ParallelState): void {
    this.data = state.data;
    this.control = state.control & CONTROL_BITS;
    this.doneNs = state.doneNs ?? undefined;
    this.options.irq.restoreLevel(state.irq);
    if (this.doneNs === undefined) this.timer.cancel();
    else this.timer.arm(this.doneNs);
  }

  private busyNs(): number {
    return this.doneNs === undefined ? 0 : this.doneNs - this.options.clock.nowNs();
  }

  private strobe(): void {
    const { name, clock, onByte } = this.options;
    if (!(this.control & ParallelControl.SELECT_IN) || this.busyNs() > 0) {
      trace(name, "a byte for a printer that is busy or not selected");
      return;
    }
    onByte(this.data);
    this.doneNs = Math.ceil(clock.nowNs()) + BYTE_NS;
    this.timer.arm(this.doneNs);
  }

  private acknowledge(): void {
    this.doneNs = undefined;
    // The end of ACK is an edge, which an 8259A latches.
    if (this.control & ParallelControl.INTERRUPT) this.options.irq.pulse();
  }

  private forgetByte(): void {
    this.doneNs = undefined;
    this.timer.cancel();
  }
}
