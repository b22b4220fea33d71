/**
 * The local APIC's timer: a 32-bit count down from the initial count at the bus clock over the divider, one-shot or
 * periodic. Document: Intel SDM vol. 3A 11.5.4. TSC-deadline mode is not modelled (CPUID must not offer it).
 *
 * The count is computed from the clock when asked for. After a host pause of more than one period a periodic timer fires
 * once and goes on in its old phase.
 */
import type { Clock, Timer } from "../../bus/clock.ts";
import { bool, type Checked, finite, object, u8, u32 } from "../../bus/savedState.ts";

export const APIC_TIMER_STATE = object({
  initialCount: u32,
  divideConfig: u8,
  periodic: bool,
  running: bool,
  startNs: finite,
});
export type ApicTimerState = Checked<typeof APIC_TIMER_STATE>;

/** Periods below this fire at this rate: no guest handles more, and a stray tiny count must not stop the world. */
const MIN_PERIOD_NS = 10_000;

export class ApicTimer {
  private initialCount = 0;
  private divideConfig = 0;
  private periodic = false;
  private running = false;
  /** When the present count down began. */
  private startNs = 0;
  private readonly timer: Timer;

  /** `busHz`: the bus clock before the divider. `onExpire` is called at each count of zero, masked or not. */
  constructor(
    private readonly clock: Clock,
    private readonly busHz: number,
    private readonly onExpire: () => void,
  ) {
    this.timer = clock.createTimer("lapic timer", () => this.expire());
  }

  reset(): void {
    this.restore({ initialCount: 0, divideConfig: 0, periodic: false, running: false, startNs: 0 });
  }

  save(): ApicTimerState {
    const { initialCount, divideConfig, periodic, running, startNs } = this;
    return { initialCount, divideConfig, periodic, running, startNs };
  }

  restore(state: ApicTimerState): void {
    this.initialCount = state.initialCount;
    this.divideConfig = state.divideConfig & 0xb;
    this.periodic = state.periodic;
    this.running = state.running && state.initialCount > 0;
    this.startNs = state.startNs;
    this.rearm();
  }

  readInitialCount(): number {
    return this.initialCount;
  }

  writeInitialCount(count: number): void {
    this.initialCount = count;
    this.running = count !== 0;
    this.startNs = this.running ? this.clock.nowNs() : 0;
    this.rearm();
  }

  readCurrentCount(): number {
    if (!this.running) return 0;
    const elapsed = Math.floor((this.clock.nowNs() - this.startNs) / this.tickNs());
    if (this.periodic) return this.initialCount - (elapsed % this.initialCount);
    return Math.max(0, this.initialCount - elapsed);
  }

  readDivideConfig(): number {
    return this.divideConfig;
  }

  /** A new divider takes effect at once; the count goes on from where it is. */
  writeDivideConfig(value: number): void {
    const count = this.readCurrentCount();
    this.divideConfig = value & 0xb;
    if (this.running) this.startNs = this.clock.nowNs() - (this.initialCount - count) * this.tickNs();
    this.rearm();
  }

  setPeriodic(periodic: boolean): void {
    if (periodic === this.periodic) return;
    this.periodic = periodic;
    this.rearm();
  }

  private expire(): void {
    if (this.periodic) {
      const period = this.initialCount * this.tickNs();
      this.startNs += Math.max(1, Math.floor((this.clock.nowNs() - this.startNs) / period)) * period;
    } else {
      this.running = false;
      this.startNs = 0;
    }
    this.rearm();
    this.onExpire();
  }

  private rearm(): void {
    if (!this.running) {
      this.timer.cancel();
      return;
    }
    const period = this.initialCount * this.tickNs();
    const earliest = this.periodic && period < MIN_PERIOD_NS ? this.startNs + MIN_PERIOD_NS : 0;
    this.timer.arm(Math.ceil(Math.max(this.startNs + period, earliest)));
  }

  /** Divide configuration register: bits 3, 1, 0 encode 2, 4, ... 128, and 111b encodes 1. */
  private tickNs(): number {
    const code = ((this.divideConfig & 8) >>> 1) | (this.divideConfig & 3);
    const divider = code === 7 ? 1 : 2 << code;
    return (divider * 1e9) / this.busHz;
  }
}
