/**
 * High Precision Event Timers: a 64-bit counter at 100 MHz and three comparators at FED00000h.
 * Document: IA-PC HPET specification 1.0a.
 *
 * Every comparator can be periodic and 64 bits wide. Not modelled: FSB (MSI) delivery, which the capabilities deny.
 * Comparators look for equality, as hardware does: one set in the past waits for the counter to come round.
 */
import type { IoHandler } from "../../bus/addressSpace.ts";
import type { Clock } from "../../bus/clock.ts";
import type { DeviceState } from "../../bus/device.ts";
import type { IrqLine } from "../../bus/irqLine.ts";
import type { MmioSpace } from "../../bus/mmioSpace.ts";
import { PassiveDevice } from "../../bus/passiveDevice.ts";
import { bool, finite, list, object, parseState, u32 } from "../../bus/savedState.ts";
import { HPET_TIMER_STATE, HpetTimer } from "./hpetTimer.ts";

export const HPET_BASE = 0xfed00000;
/** Nanoseconds per tick of the main counter. */
export const HPET_TICK_NS = 10;
/** GCAP_ID bits 31-0: Intel, legacy route capable, 64-bit counter, 3 timers, revision 1. Also the ACPI table's block id. */
export const HPET_BLOCK_ID = 0x8086a201;

const KIND = "hpet";
const VERSION = 1;
const TIMERS = 3;
const SHAPE = object({
  config: u32,
  status: u32,
  counterLow: u32,
  counterHigh: u32,
  startNs: finite,
  timers: list(HPET_TIMER_STATE, TIMERS),
  lines: list(bool, TIMERS),
});

const FEMTOSECONDS_PER_TICK = HPET_TICK_NS * 1_000_000;
const ENABLE = 1;
const LEGACY_ROUTE = 2;
const TWO_32 = 2 ** 32;

export interface HpetOptions {
  clock: Clock;
  mmio: MmioSpace;
  /** Makes timer 0-2's own source on a global system interrupt (routes are 2 and 20-23); asked once per timer and route. */
  gsi: (timer: number, gsi: number) => IrqLine;
  /** Timer 0 and 1's own sources on ISA IRQ0 and IRQ8, for the legacy replacement route. */
  legacyIrq0: IrqLine;
  legacyIrq8: IrqLine;
  /** The guest switches the legacy replacement route: the PIT's IRQ0 and the RTC's IRQ8 are cut off while it is on. */
  onLegacyRoute?: (active: boolean) => void;
  base?: number;
}

export class Hpet extends PassiveDevice {
  readonly name = "hpet";
  private config = 0;
  private status = 0;
  /** The counter at `startNs`, or while it stands still. Two halves, because a JS number is exact to 2^53 only. */
  private counterLow = 0;
  private counterHigh = 0;
  private startNs = 0;
  private readonly timers: HpetTimer[];

  constructor(private readonly options: HpetOptions) {
    super();
    this.timers = Array.from({ length: TIMERS }, (_unused, index) => {
      const own = new Map<number, IrqLine>();
      return new HpetTimer(options.clock, index, {
        counter: () => this.counter(),
        running: () => (this.config & ENABLE) !== 0,
        fire: () => this.fire(index),
        line: (gsi) => {
          const line = own.get(gsi) ?? options.gsi(index, gsi);
          own.set(gsi, line);
          return line;
        },
      });
    });
    const handler: IoHandler = {
      read: (offset) => this.readRegister(offset),
      write: (offset, value) => this.writeRegister(offset, value),
    };
    options.mmio.claim(options.base ?? HPET_BASE, 0x400, handler, { name: this.name, sizes: [4] });
  }

  reset(): void {
    for (let index = 0; index < TIMERS; index++) this.lineOf(index)?.lower();
    if (this.config & LEGACY_ROUTE) this.options.onLegacyRoute?.(false);
    this.config = 0;
    this.status = 0;
    this.counterLow = 0;
    this.counterHigh = 0;
    this.startNs = 0;
    for (const timer of this.timers) timer.reset();
  }

  save(): DeviceState {
    const { config, status, counterLow, counterHigh, startNs } = this;
    const timers = this.timers.map((timer) => timer.save());
    const lines = this.timers.map((_timer, index) => this.lineOf(index)?.level ?? false);
    const state = { config, status, counterLow, counterHigh, startNs, timers, lines };
    return { kind: KIND, version: VERSION, state };
  }

  restore(saved: DeviceState): void {
    const { timers, lines, ...registers } = parseState(saved, KIND, VERSION, SHAPE);
    Object.assign(this, registers);
    this.timers.forEach((timer, index) => {
      timer.restore(timers[index]);
      this.lineOf(index)?.restoreLevel(lines[index]);
    });
  }

  /** The main counter now. */
  private counter(): bigint {
    return BigInt.asUintN(64, (BigInt(this.counterHigh) << 32n) + BigInt(this.counterLow) + BigInt(this.ticks()));
  }

  private ticks(): number {
    if ((this.config & ENABLE) === 0) return 0;
    return Math.floor((this.options.clock.nowNs() - this.startNs) / HPET_TICK_NS);
  }

  /** Guests read the low half as their clock, so it does without BigInt. */
  private counterLowHalf(): number {
    return (this.counterLow + (this.ticks() % TWO_32)) % TWO_32;
  }

  private setCounter(value: bigint): void {
    this.counterLow = Number(value & 0xffffffffn);
    this.counterHigh = Number(value >> 32n);
    this.startNs = (this.config & ENABLE) !== 0 ? this.options.clock.nowNs() : 0;
  }

  /** The wire timer `index` drives now; none when it is routed nowhere. */
  private lineOf(index: number): IrqLine | undefined {
    if ((this.config & LEGACY_ROUTE) !== 0 && index < 2) {
      return index === 0 ? this.options.legacyIrq0 : this.options.legacyIrq8;
    }
    return this.timers[index].routedLine();
  }

  private fire(index: number): void {
    const timer = this.timers[index];
    if (timer.isLevel) this.status |= 1 << index;
    if (!timer.isEnabled) return;
    const line = this.lineOf(index);
    if (timer.isLevel) line?.raise();
    else line?.pulse();
  }

  /** A timer may have changed its wire or its mode: the old wire falls, a level-triggered pending one rises on the new. */
  private rewire(change: () => void): void {
    const before = this.timers.map((_timer, index) => this.lineOf(index));
    change();
    this.timers.forEach((timer, index) => {
      const line = this.lineOf(index);
      if (before[index] !== line) before[index]?.lower();
      line?.set(timer.isLevel && timer.isEnabled && (this.status & (1 << index)) !== 0);
    });
  }

  private readRegister(offset: number): number {
    if (offset >= 0x100) return this.readTimer(offset - 0x100);
    switch (offset) {
      case 0x000:
        return HPET_BLOCK_ID;
      case 0x004:
        return FEMTOSECONDS_PER_TICK;
      case 0x010:
        return this.config;
      case 0x020:
        return this.status;
      case 0x0f0:
        return this.counterLowHalf();
      case 0x0f4:
        return Number(this.counter() >> 32n);
      default:
        return 0;
    }
  }

  private writeRegister(offset: number, value: number): void {
    if (offset >= 0x100) this.writeTimer(offset - 0x100, value);
    else if (offset === 0x010) this.writeConfig(value);
    else if (offset === 0x020) this.rewire(() => (this.status &= ~value));
    else if (offset === 0x0f0) this.writeCounter((this.counter() & ~0xffffffffn) | BigInt(value));
    else if (offset === 0x0f4) this.writeCounter((this.counter() & 0xffffffffn) | (BigInt(value) << 32n));
  }

  private writeCounter(value: bigint): void {
    this.setCounter(value);
    for (const timer of this.timers) timer.rearm();
  }

  private writeConfig(value: number): void {
    const next = value & (ENABLE | LEGACY_ROUTE);
    const changed = this.config ^ next;
    const counter = this.counter();
    this.rewire(() => (this.config = next));
    if ((changed & ENABLE) !== 0) this.writeCounter(counter);
    if ((changed & LEGACY_ROUTE) !== 0) this.options.onLegacyRoute?.((next & LEGACY_ROUTE) !== 0);
  }

  private readTimer(offset: number): number {
    return this.timers[offset >>> 5]?.read(offset & 0x1f) ?? 0;
  }

  private writeTimer(offset: number, value: number): void {
    const timer = this.timers[offset >>> 5];
    if (timer !== undefined) this.rewire(() => timer.write(offset & 0x1f, value));
  }
}
