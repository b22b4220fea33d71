/** Why `run` came back. */
export const enum ExitReason {
  /** The instruction limit was reached. */
  LIMIT = 0,
  /** HLT with interrupts possible: sleep until one comes. */
  HALT = 1,
  /** Triple fault: the CPU is in shutdown until a reset. */
  SHUTDOWN = 2,
  /** The host asked for a stop (`Vcpu.exitRequest`). */
  REQUESTED = 3,
}
