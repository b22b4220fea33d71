/**
 * 82093AA I/O APIC with 24 pins at FEC00000h, version 20h (with the EOI register of later parts, as QEMU).
 * Document: Intel 82093AA datasheet (290566).
 *
 * The lines are logical: asserted means "requests an interrupt", so the polarity bit is stored but not applied (as QEMU and
 * KVM do). An edge on a masked pin is lost, as in the datasheet.
 */
import type { IoHandler } from "../../bus/addressSpace.ts";
import type { DeviceState } from "../../bus/device.ts";
import { IrqLine } from "../../bus/irqLine.ts";
import type { MmioSpace } from "../../bus/mmioSpace.ts";
import { PassiveDevice } from "../../bus/passiveDevice.ts";
import { bool, list, object, parseState, u8, u32 } from "../../bus/savedState.ts";
import { type ApicBus, DeliveryMode } from "./apicMessage.ts";

export const IOAPIC_PINS = 24;
export const IOAPIC_BASE = 0xfec00000;

const KIND = "ioapic";
const VERSION = 1;
const SHAPE = object({
  id: u8,
  select: u8,
  low: list(u32, IOAPIC_PINS),
  high: list(u32, IOAPIC_PINS),
  lines: list(bool, IOAPIC_PINS),
});

const VERSION_REGISTER = 0x00000020 | ((IOAPIC_PINS - 1) << 16);
const REDIRECTION_BASE = 0x10;
/** Redirection entry, low dword. */
const REMOTE_IRR = 1 << 14;
const LEVEL = 1 << 15;
const MASKED = 1 << 16;
const LOW_WRITABLE = 0x1afff;

export class IoApic extends PassiveDevice {
  readonly name = "ioapic";
  private id = 0;
  private select = 0;
  private readonly low = new Uint32Array(IOAPIC_PINS).fill(MASKED);
  private readonly high = new Uint32Array(IOAPIC_PINS);
  private readonly inputs: IrqLine[];

  /** `bus` takes the messages; `base` is the physical address of the register window. */
  constructor(
    mmio: MmioSpace,
    private readonly bus: ApicBus,
    base = IOAPIC_BASE,
  ) {
    super();
    this.inputs = Array.from(
      { length: IOAPIC_PINS },
      (_unused, pin) => new IrqLine((level) => this.changed(pin, level)),
    );
    const handler: IoHandler = {
      read: (offset) => this.readWindow(offset),
      write: (offset, value) => this.writeWindow(offset, value),
    };
    mmio.claim(base, 0x1000, handler, { name: this.name, sizes: [4] });
  }

  irqLine(pin: number): IrqLine {
    return this.inputs[pin];
  }

  /** The local APIC's EOI broadcast: level entries of that vector may interrupt again. */
  endOfInterrupt(vector: number): void {
    for (let pin = 0; pin < IOAPIC_PINS; pin++) {
      const entry = this.low[pin];
      if ((entry & 0xff) !== vector || (entry & LEVEL) === 0 || (entry & REMOTE_IRR) === 0) continue;
      this.low[pin] &= ~REMOTE_IRR;
      this.serviceLevel(pin);
    }
  }

  reset(): void {
    this.id = 0;
    this.select = 0;
    this.low.fill(MASKED);
    this.high.fill(0);
    for (const line of this.inputs) line.restoreLevel(false);
  }

  save(): DeviceState {
    const lines = this.inputs.map((line) => line.level);
    const state = { id: this.id, select: this.select, low: [...this.low], high: [...this.high], lines };
    return { kind: KIND, version: VERSION, state };
  }

  restore(saved: DeviceState): void {
    const state = parseState(saved, KIND, VERSION, SHAPE);
    this.id = state.id;
    this.select = state.select;
    this.low.set(state.low);
    this.high.set(state.high);
    this.inputs.forEach((line, pin) => {
      line.restoreLevel(state.lines[pin]);
    });
  }

  private changed(pin: number, asserted: boolean): void {
    if (!asserted) return;
    if ((this.low[pin] & LEVEL) !== 0) this.serviceLevel(pin);
    else if ((this.low[pin] & MASKED) === 0) this.send(pin);
  }

  private serviceLevel(pin: number): void {
    const entry = this.low[pin];
    if (!this.inputs[pin].level || (entry & (MASKED | REMOTE_IRR)) !== 0) return;
    // Set before it is sent: the EOI may come back within the call.
    this.low[pin] |= REMOTE_IRR;
    if (!this.send(pin)) this.low[pin] &= ~REMOTE_IRR;
  }

  private send(pin: number): boolean {
    const entry = this.low[pin];
    const deliveryMode = (entry >>> 8) & 7;
    const fixed = deliveryMode === DeliveryMode.Fixed || deliveryMode === DeliveryMode.LowestPriority;
    return this.bus.deliver({
      vector: entry & 0xff,
      deliveryMode,
      destination: this.high[pin] >>> 24,
      logical: (entry & 0x800) !== 0,
      level: fixed && (entry & LEVEL) !== 0,
    });
  }

  private readWindow(offset: number): number {
    if (offset === 0x00) return this.select;
    return offset === 0x10 ? this.readRegister(this.select) : 0;
  }

  private writeWindow(offset: number, value: number): void {
    if (offset === 0x00) this.select = value & 0xff;
    else if (offset === 0x10) this.writeRegister(this.select, value);
    else if (offset === 0x40) this.endOfInterrupt(value & 0xff);
  }

  private readRegister(index: number): number {
    if (index === 0 || index === 2) return this.id << 24;
    if (index === 1) return VERSION_REGISTER;
    const pin = (index - REDIRECTION_BASE) >> 1;
    if (pin < 0 || pin >= IOAPIC_PINS) return 0;
    return (index & 1) === 0 ? this.low[pin] : this.high[pin];
  }

  private writeRegister(index: number, value: number): void {
    if (index === 0) this.id = (value >>> 24) & 0xf;
    const pin = (index - REDIRECTION_BASE) >> 1;
    if (pin < 0 || pin >= IOAPIC_PINS) return;
    if ((index & 1) !== 0) {
      this.high[pin] = value & 0xff000000;
      return;
    }
    this.low[pin] = (value & LOW_WRITABLE) | (this.low[pin] & REMOTE_IRR);
    // Linux clears a stuck remote IRR by a turn to edge and back (__eoi_ioapic_pin).
    if ((value & LEVEL) === 0) this.low[pin] &= ~REMOTE_IRR;
    else this.serviceLevel(pin);
  }
}
