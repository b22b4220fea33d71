// Functions of the engine that translated code calls, in the order of their imports. module.ts has their names and types.

export const enum Helper {
  /** (linear i64, size | write << 8) -> host address or 0 */
  PROBE,
  /** (record, fuel left) -> leave? */
  COLD,
  /** (flagOp, flagA i64, flagB i64, cc) -> 0 or 1 */
  CONDITION,
  /** (flagOp, flagA i64, flagB i64) -> 0 or 1 */
  CARRY,
  /** (mask << 12 | bits): EFLAGS of the lazy flags in memory, with the bits under mask replaced */
  OVERRIDE,
  /** (offset, segment | size << 8 | write << 16) -> linear address i64, or -1 */
  SEGMENT,
  /** (high, low, divisor) i64 -> quotient, for high < divisor */
  DIVIDE,
  COUNT,
}
