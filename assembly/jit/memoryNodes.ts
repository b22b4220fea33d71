// Memory operands at translation: effective and linear addresses, probes, loads and stores.
import { MemoryMap } from "../shared/memoryMap";
import { Mode, SEGMENTS_OFFSET, Seg, SegAttr, Segment, vcpu } from "../cpu/state";
import { AddressMode, Insn } from "../decode/insn";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { flush } from "./flush";
import { Helper } from "./helperNumber";
import { IrOp, isConst, node } from "./ir";
import { as32, as64, binary, compare, constant, lowBits, newNode } from "./values";
import { missesOften } from "./misses";
import { distanceTo, findFirst, isProbed, pageOffsetOf, remember } from "./spans";
import { readRegister } from "./variables";

const REGISTERS_END: u32 = MemoryMap.VCPU + 16 * 8;
const SEGMENT_KIND: u32 = SegAttr.WRITABLE | SegAttr.EXPAND_DOWN | SegAttr.CODE | SegAttr.UNUSABLE;

// ---- leaving the region ----

/** Leaves the region for the interpreter, before this instruction, if `condition` is not 0. */
export function bailIf(b: BuildState, condition: u32): void {
  if (isConst(condition) && !node(condition).imm) return;
  flush(b);
  newNode(b, IrOp.BAIL_IF, ValueType.EMPTY, as32(b, condition), 0, 0, 0);
}

/** Whether `target` (an IP) lies past the code segment's limit. */
export function pastCodeLimit(b: BuildState, target: u32): u32 {
  return compare(
    b,
    Wasm.I32_GT_U,
    as32(b, target),
    loadSegment(b, Seg.CS, <u32>offsetof<Segment>("limit"), Wasm.I32_LOAD),
  );
}

/** A field of a segment register, from the vCPU struct. */
function loadSegment(b: BuildState, seg: u32, offset: u32, code: u32): u32 {
  const at = MemoryMap.VCPU + <u32>SEGMENTS_OFFSET + (seg << 5) + offset;
  return loadField(b, at, code);
}

/** What lies at host address `at` now. */
export function loadField(b: BuildState, at: u32, code: u32): u32 {
  const type: u32 = code == Wasm.I64_LOAD ? ValueType.I64 : code == Wasm.V128_LOAD ? ValueType.V128 : ValueType.I32;
  const id = newNode(b, IrOp.LOAD, type, constant(b, 0), 0, 0, <i64>at);
  const n = node(id);
  n.code = code;
  if (code == Wasm.I32_LOAD8_U) n.size = 8;
  else if (code == Wasm.I32_LOAD16_U) n.size = 16;
  else if (type == ValueType.I32) n.size = 32;
  return id;
}

/** Stores `value` at host address `at` (a field of the vCPU struct). */
export function storeField(b: BuildState, at: u32, value: u32, code: u32): void {
  const id = newNode(b, IrOp.STORE, ValueType.EMPTY, constant(b, 0), value, 0, <i64>at);
  node(id).code = code;
}

// ---- addresses ----

// @ts-ignore: decorator
@inline
function isAbsent(address: u32): bool {
  return address < <u32>MemoryMap.VCPU || address >= REGISTERS_END;
}

/** Base + index * scale + displacement + delta in `bits` bits. */
function sumOf(b: BuildState, i: Insn, delta: u32, bits: u32): u32 {
  const wide = bits == 64;
  const add: u32 = wide ? Wasm.I64_ADD : Wasm.I32_ADD;
  let sum: u32 = 0;
  if (!isAbsent(i.base)) sum = fit(b, readRegister(b, i.base, 64), wide);
  if (!isAbsent(i.index)) {
    let index = fit(b, readRegister(b, i.index, 64), wide);
    if (i.scale) index = binary(b, wide ? Wasm.I64_SHL : Wasm.I32_SHL, index, constant(b, i.scale));
    sum = sum ? binary(b, add, sum, index) : index;
  }
  const disp = wide ? <u64>i.disp : (<u64>i.disp) & 0xffff_ffff;
  sum = sum ? binary(b, add, sum, constant(b, disp)) : constant(b, disp);
  return isConst(delta) && !node(delta).imm ? sum : binary(b, add, sum, fit(b, delta, wide));
}

// @ts-ignore: decorator
@inline
function fit(b: BuildState, id: u32, wide: bool): u32 {
  return wide ? as64(b, id) : as32(b, id);
}

/** The effective address, truncated to the address size. */
export function offsetOf(b: BuildState, i: Insn, delta: u32): u32 {
  if (i.addressSize == 3) return sumOf(b, i, delta, 64);
  const sum = sumOf(b, i, delta, 32);
  return i.addressSize == 2 ? sum : lowBits(b, sum, 16);
}

/** The linear address of `size` bytes at the memory operand moved by `delta`; a segment violation leaves the region. */
export function linearOf(b: BuildState, i: Insn, delta: u32, size: u32, write: bool): u32 {
  const offset = offsetOf(b, i, delta);
  if (i.addressMode != AddressMode.GENERAL) return offset;
  return segmentLinearOf(b, i.segment, offset, size, write);
}

export function segmentLinearOf(b: BuildState, seg: u32, offset: u32, size: u32, write: bool): u32 {
  if (b.wide) {
    if (seg != <u32>Seg.FS && seg != <u32>Seg.GS) return offset;
    const base = loadSegment(b, seg, <u32>offsetof<Segment>("base"), Wasm.I64_LOAD);
    return binary(b, Wasm.I64_ADD, base, as64(b, offset));
  }
  const start = as32(b, offset);
  const base = as32(b, loadSegment(b, seg, <u32>offsetof<Segment>("base"), Wasm.I64_LOAD));
  const id = newNode(
    b,
    IrOp.CHOOSE_CALL,
    ValueType.I64,
    as64(b, binary(b, Wasm.I32_ADD, base, start)),
    start,
    isUnusual(b, seg, start, size),
    <i64>(seg | (size << 8) | (write ? 0x1_0000 : 0)),
  );
  const n = node(id);
  n.code = Helper.SEGMENT;
  n.flag = 1;
  bailIf(b, compare(b, Wasm.I32_EQ, id, constant(b, <u64>-1)));
  return as32(b, id);
}

/** Whether an access is not certainly within the limit of a writable data segment that does not expand down. */
function isUnusual(b: BuildState, seg: u32, offset: u32, size: u32): u32 {
  const attributes = loadSegment(b, seg, <u32>offsetof<Segment>("attributes"), Wasm.I32_LOAD);
  const kind = binary(b, Wasm.I32_AND, attributes, constant(b, SEGMENT_KIND));
  const limit = loadSegment(b, seg, <u32>offsetof<Segment>("limit"), Wasm.I32_LOAD);
  const last = binary(b, Wasm.I64_ADD, as64(b, offset), as64(b, constant(b, size - 1)));
  const past = compare(b, Wasm.I32_GT_U, last, as64(b, limit));
  return binary(b, Wasm.I32_OR, compare(b, Wasm.I32_NE, kind, constant(b, SegAttr.WRITABLE)), past);
}

/** The linear address of `size` bytes at `pointer` on the stack. */
export function stackLinearOf(b: BuildState, pointer: u32, size: u32, write: bool): u32 {
  const mode = b.mode;
  if (b.wide) return pointer;
  const flat = (mode & Mode.FLAT_SS) != 0;
  const width = mode & Mode.STACK_SIZE;
  if (width == 2 << Mode.STACK_SHIFT) {
    if (flat) return as32(b, pointer);
    return segmentLinearOf(b, Seg.SS, as32(b, pointer), size, write);
  }
  if (width == 1 << Mode.STACK_SHIFT) return segmentLinearOf(b, Seg.SS, lowBits(b, as32(b, pointer), 16), size, write);
  return pointer;
}

// ---- accesses ----

/** The host address of `size` bytes at `linear`, checked for the access. */
export function probe(b: BuildState, linear: u32, size: u32, write: bool): u32 {
  const isRelative = !isConst(linear);
  const first = isRelative ? findFirst(linear, size, write) : 0;
  if (first && node(first).op == IrOp.SPAN)
    return newNode(b, IrOp.AT, ValueType.I32, first, 0, 0, distanceTo(linear, first));
  flush(b);
  if (first) return probeNearby(b, first, linear, size, write);
  if (missesOften(vcpu(), b.ip) || (isRelative && isProbed(linear))) return beginProbe(b, linear, size, write);
  return beginSpan(b, linear, size, write);
}

function beginSpan(b: BuildState, linear: u32, size: u32, write: bool): u32 {
  const span = newNode(b, IrOp.SPAN, ValueType.I32, linear, 0, 0, 0);
  const n = node(span);
  n.code = size;
  n.flag = write ? 1 : 0;
  if (!isConst(linear)) remember(span);
  return newNode(b, IrOp.AT, ValueType.I32, span, 0, 0, 0);
}

function beginProbe(b: BuildState, linear: u32, size: u32, write: bool): u32 {
  const id = newNode(b, IrOp.PROBE, ValueType.I32, linear, 0, 0, 0);
  describeAccess(id, size, write);
  newNode(b, IrOp.RESULT, ValueType.I32, 0, 0, 0, 0);
  if (!isConst(linear)) remember(id);
  return id;
}

function probeNearby(b: BuildState, first: u32, linear: u32, size: u32, write: bool): u32 {
  const distance = distanceTo(linear, first);
  const id = newNode(b, IrOp.NEARBY, ValueType.I32, first, pageOffsetOf(first), node(first).a, distance);
  describeAccess(id, size, write);
  return id;
}

// @ts-ignore: decorator
@inline
function describeAccess(id: u32, size: u32, write: bool): void {
  const n = node(id);
  n.size = <u8>size;
  n.flag = write ? 1 : 0;
}

function loadCode(size: u32): u32 {
  switch (size) {
    case 1:
      return Wasm.I32_LOAD8_U;
    case 2:
      return Wasm.I32_LOAD16_U;
    case 4:
      return Wasm.I32_LOAD;
    case 8:
      return Wasm.I64_LOAD;
    default:
      return Wasm.V128_LOAD;
  }
}

export function loadHost(b: BuildState, host: u32, size: u32): u32 {
  const type: u32 = size == 8 ? ValueType.I64 : size == 16 ? ValueType.V128 : ValueType.I32;
  const id = newNode(b, IrOp.LOAD, type, host, 0, 0, 0);
  const n = node(id);
  n.code = loadCode(size);
  n.size = <u8>min<u32>(64, size << 3);
  return id;
}

export function storeHost(b: BuildState, host: u32, value: u32, size: u32): void {
  const fitted = size == 8 ? as64(b, value) : size == 16 ? value : as32(b, value);
  const id = newNode(b, IrOp.STORE, ValueType.EMPTY, host, fitted, 0, 0);
  node(id).code = storeCode(size);
}

function storeCode(size: u32): u32 {
  switch (size) {
    case 1:
      return Wasm.I32_STORE8;
    case 2:
      return Wasm.I32_STORE16;
    case 4:
      return Wasm.I32_STORE;
    case 8:
      return Wasm.I64_STORE;
    default:
      return Wasm.V128_STORE;
  }
}

export function loadAt(b: BuildState, linear: u32, size: u32): u32 {
  return loadHost(b, probe(b, linear, size, false), size);
}

export function storeAt(b: BuildState, linear: u32, value: u32, size: u32): void {
  storeHost(b, probe(b, linear, size, true), value, size);
}

export function modifyAt(b: BuildState, linear: u32, size: u32): u32 {
  b.rmwHost = probe(b, linear, size, true);
  return loadHost(b, b.rmwHost, size);
}
