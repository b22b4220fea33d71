// Functions of the engine that translated code calls, by their places in the table that it imports. helperTable.ts says which
// they are, module.ts has their types.

export const enum Helper {
  /** (linear i64, size | write << 8) -> host address or 0 */
  PROBE,
  /** (record, fuel left) -> leave? */
  COLD,
  /** (flagOp, flagA i64, flagB i64, cc) -> 0 or 1 */
  CONDITION,
  /** (flagOp, flagA i64, flagB i64) -> 0 or 1 */
  CARRY,
  /** (): makes EFLAGS definite from the lazy flags in memory */
  EFLAGS,
  /** (offset, segment | size << 8 | write << 16) -> linear address i64, or -1 */
  SEGMENT,
  /** (high, low, divisor) i64 -> quotient, for high < divisor */
  DIVIDE,
  /** SseOp on f64 a, b -> f64; likewise on f32 (sseHelpers.ts) */
  FLOAT64,
  FLOAT32,
  /** Insn record with VECTOR_SCRATCH as its registers */
  VECTOR,
  /** f64 -> f32 and back */
  NARROW,
  WIDEN,
  /** i64 -> f64, f32 */
  FROM_INTEGER64,
  FROM_INTEGER32,
  /** (f64, ToInteger bits) -> i64 */
  TO_INTEGER,
  // x87 (x87Helpers.ts). Exponents are sign and exponent of a, and those of b << 32; that of a result lies in X87_EXPONENT.
  /** (significand a, that of b, exponents) i64 -> significand */
  X87_ADD,
  X87_SUB,
  X87_MUL,
  X87_DIV,
  /** (significand, exponent) -> significand */
  X87_SQRT,
  X87_ROUND,
  /** (bits i64, X87Widen) -> significand */
  X87_WIDEN,
  /** (significand, exponent) -> bits i64 */
  X87_DOUBLE,
  X87_SINGLE,
  /** (significand, exponent, bits) -> integer i64 */
  X87_INTEGER,
  /** (significand a, that of b, exponents, quiet) -> C3, C2, C0 */
  X87_COMPARE,
  /** The same -> f64 that compares with 0 as a with b */
  X87_ORDER,
  /** (selector, segment register) -> 1 where the interpreter has to load it */
  LOAD_SEGMENT,
  /** (fuel left) -> time-stamp counter i64 */
  TIME,
  /** (exit code, entry of the return site) -> exit code (jit/nestedCalls.ts) */
  CALL,
  COUNT,
}

/** Argument of Helper.TO_INTEGER beside RC: RC_CHOP whatever MXCSR says. */
export const enum ToInteger {
  TRUNCATE = 1,
  WIDE = 2,
  /** The number was single precision. */
  SINGLE = 4,
}
