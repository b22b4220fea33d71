/** Names and bits of the xAPIC registers. Document: Intel SDM vol. 3A table 11-1 and figures 11-5 to 11-23. */

/** Register numbers: page offset / 16. */
export const Reg = {
  Id: 0x02,
  Version: 0x03,
  Tpr: 0x08,
  Apr: 0x09,
  Ppr: 0x0a,
  Eoi: 0x0b,
  Ldr: 0x0d,
  Dfr: 0x0e,
  Svr: 0x0f,
  Isr: 0x10,
  Tmr: 0x18,
  Irr: 0x20,
  Esr: 0x28,
  LvtCmci: 0x2f,
  IcrLow: 0x30,
  IcrHigh: 0x31,
  LvtTimer: 0x32,
  LvtError: 0x37,
  InitialCount: 0x38,
  CurrentCount: 0x39,
  DivideConfig: 0x3e,
} as const;

/** Order of the LVT registers from 320h. */
export const Lvt = { Timer: 0, Thermal: 1, Perf: 2, Lint0: 3, Lint1: 4, Error: 5 } as const;

export const LVT_DELIVERY_STATUS = 1 << 12;
export const LVT_REMOTE_IRR = 1 << 14;
export const LVT_LEVEL = 1 << 15;
export const LVT_MASKED = 1 << 16;
export const LVT_PERIODIC = 1 << 17;
export const LVT_RESET = LVT_MASKED;
/** Writable bits: timer mode for the timer; polarity and trigger mode for the LINTs. */
export const LVT_WRITABLE: readonly number[] = [0x300ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff];

export const SVR_ENABLE = 0x100;

/** Version 14h, six LVT entries, no suppression of EOI broadcasts. */
export const VERSION_REGISTER = 0x00050014;

export const Esr = { SendIllegalVector: 0x20, ReceivedIllegalVector: 0x40, IllegalRegister: 0x80 } as const;

/** IA32_APIC_BASE. */
export const DEFAULT_BASE = 0xfee00000;
export const BASE_BSP = 0x100;
export const BASE_ENABLE = 0x800;
