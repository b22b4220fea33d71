/** One comparator of the HPET. Document: IA-PC HPET specification 1.0a, 2.3.8 and 2.3.9. */
import type { Clock, Timer } from "../../bus/clock.ts";
import type { IrqLine } from "../../bus/irqLine.ts";
import { type Checked, nullable, object, u32, uint } from "../../bus/savedState.ts";

export const HPET_TIMER_STATE = object({
  config: u32,
  comparatorLow: u32,
  comparatorHigh: u32,
  periodLow: u32,
  periodHigh: u32,
  deadlineNs: nullable(uint),
});
export type HpetTimerState = Checked<typeof HPET_TIMER_STATE>;

/** Configuration register, low dword. */
const INT_LEVEL = 1 << 1;
const INT_ENABLE = 1 << 2;
const PERIODIC = 1 << 3;
const PERIODIC_CAPABLE = 1 << 4;
const SIZE_64_CAPABLE = 1 << 5;
const VALUE_SET = 1 << 6;
const MODE_32 = 1 << 8;
const ROUTE_SHIFT = 9;
const WRITABLE = INT_LEVEL | INT_ENABLE | PERIODIC | VALUE_SET | MODE_32 | (0x1f << ROUTE_SHIFT);
const CAPABILITIES = PERIODIC_CAPABLE | SIZE_64_CAPABLE;
/** High dword: global system interrupts a timer can be routed to: 2 (the ISA timer's pin) and 20 to 23. */
const ROUTE_CAPABILITIES = 0x00f00004;
const TICK_NS = 10;
/** Periods below this are served at this rate. */
const MIN_PERIOD_TICKS = 1000;
const MAX_WAIT_TICKS = 2n ** 48n;

export interface HpetTimerHost {
  counter(): bigint;
  running(): boolean;
  /** The comparator matched. */
  fire(): void;
  /** This timer's source on a global system interrupt. */
  line(gsi: number): IrqLine;
}

export class HpetTimer {
  private config = 0;
  private comparator = 0n;
  private period = 0n;
  private readonly timer: Timer;

  constructor(
    private readonly clock: Clock,
    index: number,
    private readonly host: HpetTimerHost,
  ) {
    this.timer = clock.createTimer(`hpet timer ${index}`, () => this.match());
    this.reset();
  }

  reset(): void {
    this.config = 0;
    this.comparator = 2n ** 64n - 1n;
    this.period = 0n;
    this.timer.cancel();
  }

  get isLevel(): boolean {
    return (this.config & INT_LEVEL) !== 0;
  }

  get isEnabled(): boolean {
    return (this.config & INT_ENABLE) !== 0;
  }

  /** The wire of its interrupt route field, when the capabilities allow that route. */
  routedLine(): IrqLine | undefined {
    const route = (this.config >>> ROUTE_SHIFT) & 0x1f;
    return (ROUTE_CAPABILITIES & (1 << route)) !== 0 ? this.host.line(route) : undefined;
  }

  save(): HpetTimerState {
    return {
      config: this.config,
      comparatorLow: Number(this.comparator & 0xffffffffn),
      comparatorHigh: Number(this.comparator >> 32n),
      periodLow: Number(this.period & 0xffffffffn),
      periodHigh: Number(this.period >> 32n),
      deadlineNs: this.timer.deadlineNs ?? null,
    };
  }

  restore(state: HpetTimerState): void {
    this.config = state.config & WRITABLE;
    this.comparator = (BigInt(state.comparatorHigh) << 32n) | BigInt(state.comparatorLow);
    this.period = (BigInt(state.periodHigh) << 32n) | BigInt(state.periodLow);
    if (state.deadlineNs === null) this.timer.cancel();
    else this.timer.arm(state.deadlineNs);
  }

  read(offset: number): number {
    switch (offset) {
      case 0x00:
        return this.config | CAPABILITIES;
      case 0x04:
        return ROUTE_CAPABILITIES;
      case 0x08:
        return Number(this.comparator & 0xffffffffn);
      case 0x0c:
        return Number(this.comparator >> 32n);
      default:
        return 0;
    }
  }

  write(offset: number, value: number): void {
    if (offset === 0x00) this.writeConfig(value);
    else if (offset === 0x08) this.writeComparator(BigInt(value), 0xffffffffn);
    else if (offset === 0x0c) this.writeComparator(BigInt(value) << 32n, 0xffffffff00000000n);
    else return;
    this.rearm();
  }

  /** Sets the clock timer for the next match; after the counter or a register changed. */
  rearm(): void {
    if (!this.host.running()) {
      this.timer.cancel();
      return;
    }
    const counter = this.host.counter();
    let wait = BigInt.asUintN(this.width, this.comparator - counter);
    if (wait === 0n) wait = 1n << BigInt(this.width);
    if (wait > MAX_WAIT_TICKS) {
      this.timer.cancel();
      return;
    }
    const now = this.clock.nowNs();
    // The counter's ticks are aligned to when it was started, at most one tick from `now`.
    this.timer.arm(now + Number(wait) * TICK_NS);
  }

  private get width(): number {
    return (this.config & MODE_32) !== 0 ? 32 : 64;
  }

  private writeConfig(value: number): void {
    this.config = value & WRITABLE;
    if ((this.config & MODE_32) === 0) return;
    this.comparator &= 0xffffffffn;
    this.period &= 0xffffffffn;
  }

  /**
   * A periodic timer's comparator register takes the period; the accumulator only after VAL_SET, which then falls. Linux
   * (hpet_clkevt_set_state_periodic) writes first the first deadline with VAL_SET, then the period.
   */
  private writeComparator(value: bigint, mask: bigint): void {
    const isPeriodic = (this.config & PERIODIC) !== 0;
    const limit = BigInt.asUintN(this.width, mask);
    if (!isPeriodic || (this.config & VALUE_SET) !== 0) this.comparator = (this.comparator & ~mask) | (value & limit);
    if (isPeriodic) this.period = (this.period & ~mask) | (value & limit);
    // A 64-bit value comes in two halves: VAL_SET stays for the second.
    if (this.width === 32 || mask !== 0xffffffffn) this.config &= ~VALUE_SET;
  }

  private match(): void {
    if ((this.config & PERIODIC) !== 0 && this.period > 0n) this.advance();
    this.rearm();
    this.host.fire();
  }

  /** Moves a periodic comparator past the counter: matches missed while the host was away are one. */
  private advance(): void {
    const step = this.period < BigInt(MIN_PERIOD_TICKS) ? BigInt(MIN_PERIOD_TICKS) : this.period;
    const behind = BigInt.asUintN(this.width, this.host.counter() - this.comparator);
    // More than half the range "behind" is in truth just ahead, by rounding.
    const missed = behind >> BigInt(this.width - 1) === 0n ? behind / step : 0n;
    this.comparator = BigInt.asUintN(this.width, this.comparator + (missed + 1n) * step);
  }
}
