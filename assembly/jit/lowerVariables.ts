// Variables of the region (guest registers and flags) at lowering: in wasm locals, which are loaded at each entry and stored on each way out, or
// where they lie in the vCPU struct (Region.inMemory).
import { Vcpu, XMM_OFFSET } from "../cpu/state";
import { MemoryMap } from "../shared/memoryMap";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { Node, Var } from "./ir";
import { LowerState, saveVariable, variableLocal, variableNodeSlot } from "./lowerState";
import { emitValue, settleResult } from "./lowerValues";
import { region } from "./region";
import { variableType } from "./values";
import { FLAG_VARIABLES, GENERAL_REGISTERS, X87_VARIABLES } from "./variables";
import { isX87Image, loadX87Image, storeX87Image, x87FieldAddress } from "./x87Variables";

/** Which variables the function has locals for, and which of these it stores. */
export function placeVariables(b: BuildState, s: LowerState): void {
  s.changed = b.changed;
  // All of the lazy flags or none: the engine may have brought those in memory into another form (cpu/flags.ts resolve).
  if (s.changed & FLAG_VARIABLES) s.changed |= FLAG_VARIABLES;
  s.used = b.used | s.changed;
  s.inMemory = region().inMemory ? GENERAL_REGISTERS | FLAG_VARIABLES : 0;
  s.used &= ~s.inMemory;
  s.changed &= ~s.inMemory;
  if (s.used & X87_VARIABLES) s.used |= (<u64>1) << Var.X87_BASE;
  s.leavesInPlace = s.inMemory != 0 && !s.changed;
}

// @ts-ignore: decorator
@inline
function isInMemory(s: LowerState, variable: u32): bool {
  return (s.inMemory & ((<u64>1) << (<u64>variable))) != 0;
}

/** The variable as it is now becomes the value of `n`. */
export function lowerGet(b: BuildState, s: LowerState, n: Node): void {
  const variable = <u32>n.imm;
  if (!isInMemory(s, variable)) {
    store<u32>(variableNodeSlot(variable), <u32>changetype<usize>(n));
    return;
  }
  if (!n.uses) return;
  emitLoad(b, s, variable);
  settleResult(s, n);
}

export function lowerSet(b: BuildState, s: LowerState, n: Node): void {
  const variable = <u32>n.imm;
  const type = variableType(b, variable);
  if (isInMemory(s, variable)) {
    s.code.i32Const(0);
    emitValue(b, s, n.a, type);
    s.code.memory(storeOf(type), variableAddress(variable));
    return;
  }
  emitValue(b, s, n.a, type);
  saveVariable(b, s, variable);
  s.code.local(Wasm.LOCAL_SET, variableLocal(b, s, variable));
}

/** Puts what lies in memory of `variable` on the stack. */
function emitLoad(b: BuildState, s: LowerState, variable: u32): void {
  s.code.i32Const(0);
  s.code.memory(loadOf(variableType(b, variable)), variableAddress(variable));
}

function loadOf(type: u32): u32 {
  return type == ValueType.I64 ? Wasm.I64_LOAD : type == ValueType.I32 ? Wasm.I32_LOAD : Wasm.V128_LOAD;
}

function storeOf(type: u32): u32 {
  return type == ValueType.I64 ? Wasm.I64_STORE : type == ValueType.I32 ? Wasm.I32_STORE : Wasm.V128_STORE;
}

/** Where `variable` lies in the vCPU struct. */
function variableAddress(variable: u32): u32 {
  if (variable < 16) return MemoryMap.VCPU + (variable << 3);
  if (variable >= <u32>Var.XMM) return MemoryMap.VCPU + <u32>XMM_OFFSET + ((variable - Var.XMM) << 4);
  if (variable >= <u32>Var.X87_TOP) return x87FieldAddress(variable);
  if (variable == Var.FLAG_OP) return MemoryMap.VCPU + <u32>offsetof<Vcpu>("flagOp");
  if (variable == Var.FLAG_A) return MemoryMap.VCPU + <u32>offsetof<Vcpu>("flagA");
  return MemoryMap.VCPU + <u32>offsetof<Vcpu>("flagB");
}

/** All that the region changes, to memory. */
export function storeVariables(b: BuildState, s: LowerState): void {
  let left = s.changed;
  while (left) {
    const variable = <u32>ctz(left);
    left &= left - 1;
    if (isX87Image(variable)) {
      storeX87Image(b, s, variable);
      continue;
    }
    s.code.i32Const(0);
    s.code.local(Wasm.LOCAL_GET, variableLocal(b, s, variable));
    s.code.memory(storeOf(variableType(b, variable)), variableAddress(variable));
  }
}

/** Variables in `mask` from memory; with `save`, values of them that are still wanted move to temporaries. */
export function loadVariables(b: BuildState, s: LowerState, mask: u64, save: bool): void {
  let left = mask;
  while (left) {
    const variable = <u32>ctz(left);
    left &= left - 1;
    if (save) saveVariable(b, s, variable);
    if (isX87Image(variable)) {
      loadX87Image(b, s, variable);
      continue;
    }
    emitLoad(b, s, variable);
    s.code.local(Wasm.LOCAL_SET, variableLocal(b, s, variable));
  }
}
