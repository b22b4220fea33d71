// Guest registers as variables of the region: their present node, and reads and writes of their parts.
import { MemoryMap } from "../shared/memoryMap";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState, variableSlot } from "./buildState";
import { IrOp, Var, node } from "./ir";
import { as32, as64, binary, constant, lowBits, newNode, variableType, widthOf } from "./values";

/** The present value of `variable`. */
export function getVariable(b: BuildState, variable: u32): u32 {
  const slot = variableSlot(variable);
  const known = load<u32>(slot);
  if (known) return known;
  return isFlags(variable) ? getFlags(b, variable) : readVariable(b, variable);
}

// @ts-ignore: decorator
@inline
function isFlags(variable: u32): bool {
  return (((<u64>1) << (<u64>variable)) & FLAG_VARIABLES) != 0;
}

/** The lazy flags are read together: the engine may bring those in memory into another form (cpu/flags.ts resolve), where narrow regions have them. */
function getFlags(b: BuildState, variable: u32): u32 {
  for (let other: u32 = Var.FLAG_OP; other <= <u32>Var.FLAG_B; other++)
    if (!load<u32>(variableSlot(other))) readVariable(b, other);
  return load<u32>(variableSlot(variable));
}

function readVariable(b: BuildState, variable: u32): u32 {
  const slot = variableSlot(variable);
  b.used |= (<u64>1) << (<u64>variable);
  const type = variableType(b, variable);
  const id = newNode(b, IrOp.GET, type, 0, 0, 0, <i64>variable);
  if (type == ValueType.I32) node(id).size = 32;
  store<u32>(slot, id);
  store<u32>(slot, 0, 4);
  return id;
}

export function setVariable(b: BuildState, variable: u32, value: u32): void {
  const slot = variableSlot(variable);
  store<u32>(slot, value);
  store<u32>(slot, 0, 4);
  const bit = (<u64>1) << (<u64>variable);
  b.pending |= bit;
  b.changed |= bit;
}

/** Forgets what is known of the variables in `mask`: their locals change, or another block begins. */
export function forgetVariables(mask: u64): void {
  let left = mask;
  while (left) {
    store<u32>(variableSlot(<u32>ctz(left)), 0);
    left &= left - 1;
  }
}

const REGISTERS_END: u32 = MemoryMap.VCPU + 16 * 8;

// @ts-ignore: decorator
@inline
function isRegister(address: u32): bool {
  return address >= <u32>MemoryMap.VCPU && address < REGISTERS_END;
}

/** The `bits` (8 … 64) at `address`: of a register of the vCPU struct, its zero, or an immediate in a record. */
export function readRegister(b: BuildState, address: u32, bits: u32): u32 {
  if (!isRegister(address)) return constant(b, immediate(address, bits));
  const variable = (address - MemoryMap.VCPU) >> 3;
  const high = address & 7;
  const slot = variableSlot(variable);
  if (!high && bits < 32 && load<u32>(slot) && load<u32>(slot, 4) && load<u32>(slot, 8) == bits)
    return load<u32>(slot, 4);
  const whole = getVariable(b, variable);
  if (bits == 64) return whole;
  const low = as32(b, whole);
  if (!high) return lowBits(b, low, bits);
  return lowBits(b, binary(b, Wasm.I32_SHR_U, low, constant(b, 8)), 8);
}

function immediate(address: u32, bits: u32): u64 {
  switch (bits) {
    case 8:
      return <u64>load<u8>(<usize>address);
    case 16:
      return <u64>load<u16>(<usize>address);
    case 32:
      return <u64>load<u32>(<usize>address);
    default:
      return load<u64>(<usize>address);
  }
}

/** Writes a register or a part of it; 32 bits clear the upper half. */
export function writeRegister(b: BuildState, address: u32, bits: u32, value: u32): void {
  const variable = (address - MemoryMap.VCPU) >> 3;
  if (bits >= 32) {
    setVariable(b, variable, bits == 64 ? value : as32(b, value));
    return;
  }
  const shift = (address & 7) << 3;
  const mask = ((<u64>1) << (<u64>bits)) - 1;
  const part = lowBits(b, as32(b, value), bits);
  const placed = shift ? binary(b, Wasm.I32_SHL, part, constant(b, shift)) : part;
  setVariable(b, variable, insertBits(b, getVariable(b, variable), mask << (<u64>shift), placed));
  if (shift) return;
  const slot = variableSlot(variable);
  store<u32>(slot, part, 4);
  store<u32>(slot, bits, 8);
}

/** `whole` with the bits of `mask` from `part`, an I32. */
function insertBits(b: BuildState, whole: u32, mask: u64, part: u32): u32 {
  if (widthOf(whole) <= 32) {
    const kept = binary(b, Wasm.I32_AND, as32(b, whole), constant(b, ~mask & 0xffff_ffff));
    return binary(b, Wasm.I32_OR, kept, part);
  }
  const kept = binary(b, Wasm.I64_AND, as64(b, whole), as64(b, constant(b, ~mask)));
  return binary(b, Wasm.I64_OR, kept, as64(b, part));
}

/** All variables that belong to the general registers. */
export const GENERAL_REGISTERS: u64 = 0xffff;
/** From X87_TOP to X87_INEXACT, and the slots. */
export const X87_VARIABLES: u64 = (0x7ff << Var.X87_TOP) | (0xffff << Var.X87_SIGNIFICAND);
export const FLAG_VARIABLES: u64 = ((<u64>1) << Var.FLAG_OP) | ((<u64>1) << Var.FLAG_A) | ((<u64>1) << Var.FLAG_B);
