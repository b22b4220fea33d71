// Before a node that may leave the region, and at the end of a block, all locals get their present values.
import { ValueType } from "../wasm/opcodes";
import { BuildState, variableSlot } from "./buildState";
import { storeFlags } from "./flagNodes";
import { IrOp, Var } from "./ir";
import { as32, as64, newNode, variableType } from "./values";
import { FLAG_VARIABLES } from "./variables";
import { storeX87 } from "./x87State";

/** The lazy flags are written together, as they are read (variables.ts): but for those that nobody has asked for. */
function withAllFlags(pending: u64): u64 {
  if (!(pending & FLAG_VARIABLES)) return pending;
  for (let variable: u32 = Var.FLAG_OP; variable <= <u32>Var.FLAG_B; variable++)
    if (load<u32>(variableSlot(variable))) pending |= (<u64>1) << (<u64>variable);
  return pending;
}

export function flush(b: BuildState): void {
  storeX87(b);
  storeFlags(b);
  let left = withAllFlags(b.pending);
  b.pending = 0;
  while (left) {
    const variable = <u32>ctz(left);
    left &= left - 1;
    const value = load<u32>(variableSlot(variable));
    const type = variableType(b, variable);
    const fitted = type == ValueType.I64 ? as64(b, value) : type == ValueType.I32 ? as32(b, value) : value;
    newNode(b, IrOp.SET, ValueType.EMPTY, fitted, 0, 0, <i64>variable);
  }
}
