/** What the run loop has to look at after an instruction (`Vcpu.attention`). */
export const enum Attention {
  /** An exception is pending in `exceptionVector`; the instruction did not complete. */
  FAULT = 1,
  /** Leave the block after this instruction (its code was overwritten, an interrupt came up, a host request). */
  STOP = 2,
  /** The instruction set `rip` itself. */
  JUMPED = 4,
  /** The instruction has done a part of its work and comes again (REP): it does not count as retired yet. */
  RESTART = 8,
}
