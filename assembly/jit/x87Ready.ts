// What has to be so before an x87 instruction changes anything; otherwise the region is left for the interpreter.
import { PC_64, PC_MASK, RC_MASK } from "../softfloat/env";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { IrOp, Var } from "./ir";
import { bailIf } from "./memoryNodes";
import { binary, constant, newNode } from "./values";
import { forgetVariables, getVariable } from "./variables";
import { knowX87, unlessTags, x87State } from "./x87State";

/** The six exceptions, as flags and as masks. */
export const EXCEPTIONS: u32 = 0x3f;
/** X87_MODE: from the fields of the control word, at bit 8, to above any exponent. */
export const MODE_SHIFT: u32 = 12;
/** X87_MODE: its sign says that the x87 cannot be used in translated code. */
export const UNUSABLE: u32 = 31;

/** Once in a block: the x87 can be used (SDM vol. 3A 2.5), nothing is pending, all exceptions are masked. */
export function beginX87(b: BuildState): void {
  if (!b.x87Checked) {
    bailIf(b, binary(b, Wasm.I32_SHR_U, getVariable(b, Var.X87_MODE), constant(b, UNUSABLE)));
    b.x87Checked = true;
  }
  if (!x87State().known) knowX87();
}

/**
 * Sets X87_MODE for a control word that masks all exceptions: 0 for rounding to nearest and 64 bits, else what makes any exponent it is
 * added to impossible.
 */
export function noteMode(b: BuildState, control: u32): void {
  const fields = binary(b, Wasm.I32_AND, control, constant(b, PC_MASK | RC_MASK));
  const unusual = binary(b, Wasm.I32_XOR, fields, constant(b, PC_64));
  const mode = binary(b, Wasm.I32_SHL, unusual, constant(b, MODE_SHIFT));
  newNode(b, IrOp.SET, ValueType.EMPTY, mode, 0, 0, <i64>Var.X87_MODE);
  forgetVariables((<u64>1) << Var.X87_MODE);
}

/** Not 0 if a control word has an exception unmasked. */
export function unmaskedIn(b: BuildState, control: u32): u32 {
  const all = constant(b, EXCEPTIONS);
  return binary(b, Wasm.I32_XOR, binary(b, Wasm.I32_AND, control, all), all);
}

/** A bit for each ST(n) that has to have a value. */
export function requireFull(b: BuildState, registers: u32): void {
  const empty = unlessTags(b, registers, false);
  if (empty) bailIf(b, empty);
}

/** The register below TOP has to be empty. */
export function requireRoom(b: BuildState): void {
  const full = unlessTags(b, 1 << 7, true);
  if (full) bailIf(b, full);
}
