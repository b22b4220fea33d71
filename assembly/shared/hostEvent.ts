/** What the engine tells the board through `hostEvent(kind, value)`. */
export const enum HostEvent {
  /** IA32_APIC_BASE was written; value: bits 0-31 (enable, BSP, base). */
  APIC_BASE = 0,
  /** CR8 was written; value: the new task priority class (0-15). */
  TASK_PRIORITY = 1,
  /** x87 error with CR0.NE clear: FERR# (IRQ 13). value: 1 asserted. */
  FERR = 2,
  /** Debug aid: a trace point in the engine. */
  TRACE = 3,
}

export const enum HostQuery {
  /** CR8: task priority class. */
  TASK_PRIORITY = 1,
}
