/**
 * ACPI fixed hardware registers: PM1a event and control, PM timer, and a GPE0 block, as a register model.
 * Document: ACPI Specification 6.4, 4.8.3 and 4.8.4. Not modelled: global lock and bus-master events (the bits can be
 * enabled, nothing sets them), throttling.
 */
import type { Clock, Timer } from "../../bus/clock.ts";
import { nsForTicks, ticksInNs } from "../../bus/frequency.ts";
import type { IrqLine } from "../../bus/irqLine.ts";
import { bool, type Checked, list, object, u8, u16 } from "../../bus/savedState.ts";

export const PM_TIMER_HZ = 3579545;
/** Bytes of GPE0: half status, half enable. */
export const GPE0_LENGTH = 4;

export const ACPI_PM_STATE = object({
  status: u16,
  enable: u16,
  control: u16,
  /** The timer's top bit when status was last brought up to date. */
  timerTop: bool,
  gpeStatus: list(u8, GPE0_LENGTH / 2),
  gpeEnable: list(u8, GPE0_LENGTH / 2),
  sci: bool,
});
export type AcpiPmState = Checked<typeof ACPI_PM_STATE>;

/** PM1 status and enable bits. */
const TMR = 0x0001;
const PWRBTN = 0x0100;
const RTC = 0x0400;
const STATUS_BITS = 0x8f31;
const ENABLE_BITS = 0x4721;
/** PM1 control bits. */
const SCI_EN = 0x0001;
const SLP_EN = 0x2000;
const CONTROL_BITS = 0x1c07;

export interface AcpiPmOptions {
  clock: Clock;
  /** The system control interrupt, level. */
  sci: IrqLine;
  /** SLP_EN was written with this SLP_TYP (0-7). */
  onSleep: (sleepType: number) => void;
  /** Width of the PM timer (default 24, as the PIIX4's). */
  timerBits?: 24 | 32;
}

export class AcpiPm {
  private status = 0;
  private enable = 0;
  private control = 0;
  private timerTop = false;
  private readonly gpeStatus = new Uint8Array(GPE0_LENGTH / 2);
  private readonly gpeEnable = new Uint8Array(GPE0_LENGTH / 2);
  private readonly timerRange: number;
  private readonly overflow: Timer;

  constructor(private readonly options: AcpiPmOptions) {
    this.timerRange = 2 ** (options.timerBits ?? 24);
    this.overflow = options.clock.createTimer("acpi pm timer", () => this.update());
    this.timerTop = this.readTimer() >= this.timerRange / 2;
  }

  reset(): void {
    this.status = 0;
    this.enable = 0;
    this.control = 0;
    this.timerTop = this.readTimer() >= this.timerRange / 2;
    this.gpeStatus.fill(0);
    this.gpeEnable.fill(0);
    this.options.sci.lower();
    this.overflow.cancel();
  }

  save(): AcpiPmState {
    this.settle();
    const { status, enable, control, timerTop } = this;
    const gpe = { gpeStatus: [...this.gpeStatus], gpeEnable: [...this.gpeEnable] };
    return { status, enable, control, timerTop, ...gpe, sci: this.options.sci.level };
  }

  restore(state: AcpiPmState): void {
    this.status = state.status;
    this.enable = state.enable;
    this.control = state.control;
    this.timerTop = state.timerTop;
    this.gpeStatus.set(state.gpeStatus);
    this.gpeEnable.set(state.gpeEnable);
    this.options.sci.restoreLevel(state.sci);
    this.scheduleOverflow();
  }

  /** The free-running counter, in PM timer ticks since power-on. */
  readTimer(): number {
    return ticksInNs(this.options.clock.nowNs(), PM_TIMER_HZ) % this.timerRange;
  }

  /** PM1a_EVT as a dword: status low, enable high. */
  readEvent(): number {
    this.settle();
    return this.status | (this.enable << 16);
  }

  /** Clears the status bits that are ones. */
  clearStatus(ones: number): void {
    this.settle();
    this.status &= ~ones | ~STATUS_BITS;
    this.update();
  }

  writeEnable(value: number): void {
    this.enable = value & ENABLE_BITS;
    this.update();
  }

  readControl(): number {
    return this.control;
  }

  writeControl(value: number): void {
    this.control = value & CONTROL_BITS;
    this.update();
    if ((value & SLP_EN) !== 0) this.options.onSleep((value >>> 10) & 7);
  }

  /** The board's SMI handler in one line: ACPI_ENABLE and ACPI_DISABLE of the FADT set and clear SCI_EN. */
  setAcpiEnabled(enabled: boolean): void {
    this.writeControl(enabled ? this.control | SCI_EN : this.control & ~SCI_EN);
  }

  readGpe(offset: number): number {
    const half = GPE0_LENGTH / 2;
    return offset < half ? this.gpeStatus[offset] : this.gpeEnable[offset - half];
  }

  writeGpe(offset: number, value: number): void {
    const half = GPE0_LENGTH / 2;
    if (offset < half) this.gpeStatus[offset] &= ~value;
    else this.gpeEnable[offset - half] = value;
    this.update();
  }

  /** Raises general-purpose event `event` (hot plug and the like). */
  raiseGpe(event: number): void {
    this.gpeStatus[event >>> 3] |= 1 << (event & 7);
    this.update();
  }

  /** The power button was pressed; an ACPI guest shuts down. */
  pressPowerButton(): void {
    this.status |= PWRBTN;
    this.update();
  }

  /** The RTC's alarm, as a wake event. */
  signalRtc(): void {
    this.status |= RTC;
    this.update();
  }

  /** TMR_STS is set whenever the timer's top bit changes. */
  private settle(): void {
    const top = this.readTimer() >= this.timerRange / 2;
    if (top !== this.timerTop) this.status |= TMR;
    this.timerTop = top;
  }

  private update(): void {
    this.settle();
    const fixed = (this.status & this.enable & ENABLE_BITS) !== 0;
    const general = this.gpeStatus.some((status, index) => (status & this.gpeEnable[index]) !== 0);
    // Without SCI_EN events are SMIs, which nobody hears here.
    this.options.sci.set((this.control & SCI_EN) !== 0 && (fixed || general));
    this.scheduleOverflow();
  }

  private scheduleOverflow(): void {
    if ((this.enable & TMR) === 0 || (this.status & TMR) !== 0) {
      this.overflow.cancel();
      return;
    }
    const half = this.timerRange / 2;
    const ticks = ticksInNs(this.options.clock.nowNs(), PM_TIMER_HZ);
    this.overflow.arm(nsForTicks((Math.floor(ticks / half) + 1) * half, PM_TIMER_HZ));
  }
}
