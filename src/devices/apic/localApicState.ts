/** What a local APIC is plugged into, and the shape of its saved state. */
import type { Clock } from "../../bus/clock.ts";
import type { MmioSpace } from "../../bus/mmioSpace.ts";
import { bool, list, object, u8, u16, u32, uint } from "../../bus/savedState.ts";
import type { ApicBus } from "./apicMessage.ts";
import { APIC_TIMER_STATE } from "./apicTimer.ts";

export const LOCAL_APIC_KIND = "local-apic";
export const LOCAL_APIC_VERSION = 1;
export const LOCAL_APIC_STATE = object({
  base: uint,
  id: u8,
  tpr: u8,
  ldr: u8,
  dfr: u32,
  svr: u16,
  esr: u8,
  pendingErrors: u8,
  icrLow: u32,
  icrHigh: u32,
  lvt: list(u32, 6),
  isr: list(u32, 8),
  tmr: list(u32, 8),
  irr: list(u32, 8),
  lint0: bool,
  lint1: bool,
  intr: bool,
  timer: APIC_TIMER_STATE,
});

export interface LocalApicOptions {
  clock: Clock;
  mmio: MmioSpace;
  /** Hears changes of "the CPU has an interrupt to take": a local vector above PPR, or the PIC through LINT0. */
  setIntr: (asserted: boolean) => void;
  /** The PIC's acknowledge, asked when the interrupt to take is an ExtINT. */
  acknowledgePic: () => number;
  apicId?: number;
  /** The bootstrap processor (default). */
  isBsp?: boolean;
  /** Bus clock of the timer in Hz (default 1 GHz, as QEMU). */
  busHz?: number;
  onNmi?: () => void;
  onInit?: () => void;
  /** STARTUP: the CPU begins at `vector << 12`. */
  onStartup?: (vector: number) => void;
  /** EOI of a level-triggered vector, for the IOAPICs. */
  onEoi?: (vector: number) => void;
  /** Interprocessor interrupts to others; without it only this APIC hears its own. */
  bus?: ApicBus;
}
