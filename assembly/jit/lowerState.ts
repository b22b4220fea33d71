// The locals of the function being written, and where its code goes. Locals are made as they are needed; those of temporary
// values are used again when the last use has been emitted.
import { Encoder } from "../wasm/encoder";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { Var, node } from "./ir";
import { BUILD_STATE } from "./layout";
import { variableType } from "./values";

const LOWER_STATE: u32 = BUILD_STATE + 0x1000;
/** Type of each local, a byte each. */
const LOCAL_TYPES: u32 = BUILD_STATE + 0x2000;
export const MAX_LOCALS: u32 = 0x1000;
/** Local of each variable (-1: none), and the node of its present value. */
const VARIABLE_LOCALS: u32 = LOWER_STATE + 0x100;
const VARIABLE_NODES: u32 = LOWER_STATE + 0x200;
/** Free temporaries: for each of the five types a count and up to 255 local numbers. */
const FREE_LISTS: u32 = BUILD_STATE + 0x4000;
const FREE_LIST_BYTES: u32 = 0x400;


@unmanaged
export class LowerState {
  code: Encoder;
  locals: u32;
  /** Labels open. */
  depth: u32;
  /** Labels that lead to the ways out: absolute depths. */
  exitLabel: u32;
  bailLabel: u32;
  /** Locals that every function has. */
  exitLocal: u32;
  leftLocal: u32;
  tlbLocal: u32;
  bailLocal: u32;
  /** The fuel that it was given, where instructions are counted (profile.ts). */
  startLocal: u32;
  /** The entry at which the call that the function leaves by comes back, or 0. No local: no such calls, or the function leaves in place. */
  siteLocal: u32;
  /** Nothing but fuel is to be stored on the way out: so each is where it is taken (waysOut.ts). */
  leavesInPlace: bool;
  /** Leaving in place: the block at which the call comes back that is the next way out, or NO_SITE; whether there was one. */
  site: i8;
  hasCalls: bool;
  /** Slot of TOP (x87State.ts): at `deltaTable` a byte for each block of the region, or `delta` if that is 0. */
  deltaTable: u32;
  delta: u32;
  /** Region-wide: variables that have a local, and those that are changed. */
  used: u64;
  changed: u64;
  /** Variables that lie in memory, and so have no local: not in `used` and `changed`. */
  inMemory: u64;
  wide: bool;
  /** LMA: a 32-bit linear address has to be compared with a whole tag. */
  longMode: bool;
}

// @ts-ignore: decorator
@inline
export function lowerState(): LowerState {
  return changetype<LowerState>(<usize>LOWER_STATE);
}

/** The parameter: number of the block to go to, at the entry and in each br_table further on. */
export const TARGET_LOCAL: u32 = 0;

export function beginLocals(s: LowerState): void {
  s.locals = 1;
  s.depth = 0;
  memory.fill(<usize>VARIABLE_LOCALS, 0xff, Var.COUNT << 2);
  memory.fill(<usize>VARIABLE_NODES, 0, Var.COUNT << 2);
  memory.fill(<usize>FREE_LISTS, 0, FREE_LIST_BYTES * 5);
  s.exitLocal = newLocal(s, ValueType.I32);
  s.leftLocal = newLocal(s, ValueType.I32);
  s.tlbLocal = newLocal(s, ValueType.I32);
  s.bailLocal = newLocal(s, ValueType.I32);
}

export function newLocal(s: LowerState, type: u32): u32 {
  const index = s.locals++;
  store<u8>(<usize>(LOCAL_TYPES + min<u32>(index, MAX_LOCALS - 1)), <u8>type);
  return index;
}

export function localType(index: u32): u32 {
  return <u32>load<u8>(<usize>(LOCAL_TYPES + index));
}

// @ts-ignore: decorator
@inline
function freeList(type: u32): usize {
  return <usize>(FREE_LISTS + (ValueType.I32 - type) * FREE_LIST_BYTES);
}

export function takeTemporary(s: LowerState, type: u32): u32 {
  const list = freeList(type);
  const count = load<u32>(list);
  if (!count) return newLocal(s, type);
  store<u32>(list, count - 1);
  return load<u32>(list + <usize>(count << 2));
}

export function releaseTemporary(index: u32, type: u32): void {
  const list = freeList(type);
  const count = load<u32>(list) + 1;
  if (count >= FREE_LIST_BYTES >> 2) return;
  store<u32>(list, count);
  store<u32>(list + <usize>(count << 2), index);
}

/** The local of `variable`; made when first asked for. */
export function variableLocal(b: BuildState, s: LowerState, variable: u32): u32 {
  const slot = <usize>(VARIABLE_LOCALS + (variable << 2));
  let index = load<u32>(slot);
  if (<i32>index < 0) {
    index = newLocal(s, variableType(b, variable));
    store<u32>(slot, index);
  }
  return index;
}

/** Slot of the GET node that stands for the variable's local now (0: none). */
// @ts-ignore: decorator
@inline
export function variableNodeSlot(variable: u32): usize {
  return <usize>(VARIABLE_NODES + (variable << 2));
}

/** The local of `variable` is about to change: a value of it that is wanted later moves to a temporary. */
export function saveVariable(b: BuildState, s: LowerState, variable: u32): void {
  const slot = variableNodeSlot(variable);
  const id = load<u32>(slot);
  if (!id) return;
  store<u32>(slot, 0);
  const n = node(id);
  if (!n.uses || n.local >= 0) return;
  const temporary = takeTemporary(s, n.type);
  s.code.local(Wasm.LOCAL_GET, variableLocal(b, s, variable));
  s.code.local(Wasm.LOCAL_SET, temporary);
  n.local = <i32>temporary;
}
