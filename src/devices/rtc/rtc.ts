/**
 * MC146818 real-time clock with 128 bytes of CMOS at ports 70h-71h, on IRQ8. Document: Motorola MC146818 datasheet.
 *
 * The time is the clock's epoch plus guest time plus what the guest set, in UTC; nothing ticks. The flags of register C are
 * computed when somebody looks, and a timer runs only while an interrupt is enabled. Not modelled: daylight saving, a
 * weekday that disagrees with the date, the square-wave output. A power-on reset forgets what the guest set.
 */
import type { IoHandler } from "../../bus/addressSpace.ts";
import type { Clock, Timer } from "../../bus/clock.ts";
import type { DeviceState } from "../../bus/device.ts";
import type { IrqLine } from "../../bus/irqLine.ts";
import { PassiveDevice } from "../../bus/passiveDevice.ts";
import type { PortSpace } from "../../bus/portSpace.ts";
import { bool, finite, list, nullable, object, parseState, u8 } from "../../bus/savedState.ts";
import { buildCmos, type CmosConfig } from "./cmosConfig.ts";
import { decodeTime, encodeTimeRegister, nextAlarmMs, TIME_REGISTERS } from "./rtcTime.ts";

export type { BootDevice, CmosConfig } from "./cmosConfig.ts";

const KIND = "mc146818";
const VERSION = 1;
const SHAPE = object({
  cmos: list(u8, 128),
  index: u8,
  nmiMasked: bool,
  offsetMs: finite,
  frozenMs: nullable(finite),
  settledNs: finite,
  irqSuppressed: bool,
  irqLevel: bool,
});

const REG_A = 0x0a;
const REG_B = 0x0b;
const REG_C = 0x0c;
const REG_D = 0x0d;
const A_UIP = 0x80;
const A_DIVIDER_RESET = 0x60;
const B_SET = 0x80;
const B_INTERRUPTS = 0x70;
const C_IRQF = 0x80;
const C_PF = 0x40;
const C_AF = 0x20;
const C_UF = 0x10;
const D_VALID = 0x80;
/** 32.768 kHz time base, UIP clear, periodic rate 1024 Hz. */
const A_RESET = 0x26;
const B_RESET = 0x02;
const UIP_MS = 0.244;
const NMI_MASK = 0x80;

export interface RtcOptions {
  /** Port 70h bit 7 changed: the NMI is masked while it is set. */
  onNmiMask?: (masked: boolean) => void;
}

export class Rtc extends PassiveDevice {
  readonly name = "rtc";
  private readonly cmos = new Uint8Array(128);
  private index = 0;
  private nmiMasked = false;
  /** What the guest added to the clock's time of day. */
  private offsetMs = 0;
  /** The time in the registers while SET or the divider reset holds the clock. */
  private frozenMs: number | null = null;
  /** Events up to here are in register C. */
  private settledNs = 0;
  private irqSuppressed = false;
  private readonly timer: Timer;

  constructor(
    ports: PortSpace,
    private readonly clock: Clock,
    private readonly irq8: IrqLine,
    private readonly config: CmosConfig,
    private readonly options: RtcOptions = {},
  ) {
    super();
    this.timer = clock.createTimer("rtc", () => this.update());
    this.powerOn();
    const handler: IoHandler = {
      read: (offset) => (offset === 0 ? 0xff : this.readRegister(this.index)),
      write: (offset, value) => (offset === 0 ? this.selectRegister(value) : this.writeRegister(this.index, value)),
    };
    ports.claim(0x70, 2, handler, { name: this.name });
  }

  /** A CMOS byte as the guest reads it, without side effects on register C. */
  peek(index: number): number {
    return TIME_REGISTERS.includes(index) ? encodeTimeRegister(index, this.timeMs(), this.mode) : this.cmos[index];
  }

  /** The HPET's legacy replacement route takes IRQ8 away from the RTC. */
  setIrqSuppressed(suppressed: boolean): void {
    this.irqSuppressed = suppressed;
    this.update();
  }

  reset(): void {
    this.powerOn();
    this.irq8.lower();
    this.timer.cancel();
  }

  save(): DeviceState {
    const { index, nmiMasked, offsetMs, frozenMs, settledNs, irqSuppressed } = this;
    const registers = { index, nmiMasked, offsetMs, frozenMs, settledNs, irqSuppressed };
    return {
      kind: KIND,
      version: VERSION,
      state: { ...registers, cmos: [...this.cmos], irqLevel: this.irq8.level },
    };
  }

  restore(saved: DeviceState): void {
    const { cmos, irqLevel, ...registers } = parseState(saved, KIND, VERSION, SHAPE);
    Object.assign(this, registers);
    this.index &= 0x7f;
    this.cmos.set(cmos);
    this.irq8.restoreLevel(irqLevel);
    this.schedule();
  }

  private powerOn(): void {
    this.cmos.set(buildCmos(this.config));
    this.cmos[REG_A] = A_RESET;
    this.cmos[REG_B] = B_RESET;
    this.cmos[REG_C] = 0;
    this.cmos[REG_D] = D_VALID;
    this.index = 0;
    if (this.nmiMasked) this.options.onNmiMask?.(false);
    this.nmiMasked = false;
    this.offsetMs = 0;
    this.frozenMs = null;
    this.irqSuppressed = false;
    this.settledNs = this.clock.nowNs();
  }

  private get mode(): number {
    return this.cmos[REG_B];
  }

  private timeMs(atNs = this.clock.nowNs()): number {
    return this.frozenMs ?? this.clock.epochMs + atNs / 1e6 + this.offsetMs;
  }

  private selectRegister(value: number): void {
    this.index = value & 0x7f;
    const masked = (value & NMI_MASK) !== 0;
    if (masked === this.nmiMasked) return;
    this.nmiMasked = masked;
    this.options.onNmiMask?.(masked);
  }

  private readRegister(index: number): number {
    if (index === REG_A) return this.cmos[REG_A] | (this.updateInProgress() ? A_UIP : 0);
    if (index === REG_C) return this.readFlags();
    return this.peek(index);
  }

  private writeRegister(index: number, value: number): void {
    if (TIME_REGISTERS.includes(index)) this.writeTime(index, value);
    else if (index === REG_A || index === REG_B) this.writeControl(index, value);
    else if (index !== REG_C && index !== REG_D) {
      this.settle();
      this.cmos[index] = value;
      this.update();
    }
  }

  private writeTime(index: number, value: number): void {
    this.settle();
    const read = (register: number): number => (register === index ? value : this.peek(register));
    // Keeps the position within the second, except that setting the seconds begins a new one.
    const decoded = decodeTime(read, this.mode);
    if (!Number.isFinite(decoded)) return;
    if (this.frozenMs !== null) this.frozenMs = decoded;
    else this.offsetMs += decoded + (((this.timeMs() % 1000) + 1000) % 1000) - this.timeMs();
    this.update();
  }

  private writeControl(index: number, value: number): void {
    this.settle();
    const now = this.timeMs();
    if (index === REG_A) this.cmos[REG_A] = value & ~A_UIP;
    // SET clears UIE (datasheet, register B).
    else this.cmos[REG_B] = (value & B_SET) !== 0 ? value & ~C_UF : value;
    const held = (this.cmos[REG_B] & B_SET) !== 0 || (this.cmos[REG_A] & A_DIVIDER_RESET) === A_DIVIDER_RESET;
    if (held && this.frozenMs === null) this.frozenMs = Math.floor(now / 1000) * 1000;
    if (!held && this.frozenMs !== null) {
      // The first update comes half a second after the hold ends (datasheet, divider control).
      this.offsetMs += this.frozenMs + 500 - (this.clock.epochMs + this.clock.nowNs() / 1e6 + this.offsetMs);
      this.frozenMs = null;
    }
    this.update();
  }

  private updateInProgress(): boolean {
    if (this.frozenMs !== null) return false;
    const withinSecond = ((this.timeMs() % 1000) + 1000) % 1000;
    return withinSecond >= 1000 - UIP_MS;
  }

  private readFlags(): number {
    this.settle();
    const flags = this.cmos[REG_C];
    this.cmos[REG_C] = 0;
    // Releases IRQ8 even where the next event is due at once, so that there is an edge for that too.
    this.irq8.lower();
    this.update();
    return flags;
  }

  /** Period of the periodic interrupt in ns, or undefined when rate 0 turns it off. */
  private periodNs(): number | undefined {
    const rate = this.cmos[REG_A] & 0xf;
    if (rate === 0) return undefined;
    // Rates 1 and 2 repeat 8 and 9 with the 32 kHz time base.
    const shift = rate <= 2 ? rate + 6 : rate - 1;
    return ((1 << shift) * 1e9) / 32768;
  }

  /** Puts into register C what has happened since it was last looked at. */
  private settle(): void {
    const now = this.clock.nowNs();
    const from = this.settledNs;
    this.settledNs = now;
    const period = this.periodNs();
    if (period !== undefined && Math.floor(now / period) > Math.floor(from / period)) this.cmos[REG_C] |= C_PF;
    if (this.frozenMs !== null) return;
    const fromMs = this.timeMs(from);
    const nowMs = this.timeMs(now);
    if (Math.floor(nowMs / 1000) > Math.floor(fromMs / 1000)) {
      this.cmos[REG_C] |= C_UF;
      const alarm = nextAlarmMs((index) => this.cmos[index], this.mode, fromMs);
      if (alarm !== undefined && alarm <= nowMs) this.cmos[REG_C] |= C_AF;
    }
  }

  /** Settles, drives IRQ8, and sets the timer for the next event that would raise it. */
  private update(): void {
    this.settle();
    const active = (this.cmos[REG_C] & this.cmos[REG_B] & B_INTERRUPTS) !== 0;
    if (active) this.cmos[REG_C] |= C_IRQF;
    else this.cmos[REG_C] &= ~C_IRQF;
    this.irq8.set(active && !this.irqSuppressed);
    this.schedule();
  }

  private schedule(): void {
    const waitedFor = this.cmos[REG_B] & B_INTERRUPTS & ~this.cmos[REG_C];
    const next = Math.min(this.nextPeriodicNs(waitedFor), this.nextUpdateNs(waitedFor), this.nextAlarmNs(waitedFor));
    if (next === Number.POSITIVE_INFINITY) this.timer.cancel();
    // From the settled time, so that a restored device arms what the saved one had; a microsecond at least, because the
    // time of day in ms is rounded and a timer that came just short of its second must not spin.
    else this.timer.arm(Math.max(Math.ceil(next), this.settledNs + 1000));
  }

  private nextPeriodicNs(waitedFor: number): number {
    const period = this.periodNs();
    if ((waitedFor & C_PF) === 0 || period === undefined) return Number.POSITIVE_INFINITY;
    return (Math.floor(this.settledNs / period) + 1) * period;
  }

  private nextUpdateNs(waitedFor: number): number {
    if ((waitedFor & C_UF) === 0 || this.frozenMs !== null) return Number.POSITIVE_INFINITY;
    return this.nsOfTime((Math.floor(this.timeMs(this.settledNs) / 1000) + 1) * 1000);
  }

  private nextAlarmNs(waitedFor: number): number {
    if ((waitedFor & C_AF) === 0 || this.frozenMs !== null) return Number.POSITIVE_INFINITY;
    const alarm = nextAlarmMs((index) => this.cmos[index], this.mode, this.timeMs(this.settledNs));
    return alarm === undefined ? Number.POSITIVE_INFINITY : this.nsOfTime(alarm);
  }

  private nsOfTime(timeMs: number): number {
    return (timeMs - this.clock.epochMs - this.offsetMs) * 1e6;
  }
}
