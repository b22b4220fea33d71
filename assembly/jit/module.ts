// A wasm module with the functions of one or more regions: (entry i32) -> i32, exported as "0", "1", ...
// It imports the VM's memory as m.memory and the table of the engine's helpers (helperTable.ts) as m.helpers.
import { vcpu } from "../cpu/state";
import { JitFeature } from "../shared/jit";
import { Encoder } from "../wasm/encoder";
import { ValueType } from "../wasm/opcodes";
import { beginHints, endFunctionHints, writeHints } from "./branchHints";
import { Helper } from "./helperNumber";
import { FUNCTION_CODE_SIZE, MODULE_CODE, MODULE_HINTS_SIZE, MODULE_CODE_SIZE, MODULE_STATE } from "./layout";


@unmanaged
class ModuleState {
  code: Encoder;
  functions: u32;
  /** Where the number of functions and the section lengths go. */
  functionSection: u32;
  codeSection: u32;
  end: u32;
}

// @ts-ignore: decorator
@inline
function state(): ModuleState {
  return changetype<ModuleState>(<usize>MODULE_STATE);
}

/** The functions of a module are at most this many, so that their count is one byte (two with the helpers'). */
export const MAX_FUNCTIONS: u32 = 100;

const enum Section {
  TYPE = 1,
  IMPORT = 2,
  FUNCTION = 3,
  EXPORT = 7,
  CODE = 10,
}

/** Kinds of imports. */
const enum External {
  FUNCTION,
  TABLE,
  MEMORY,
}

const FUNCREF: u32 = 0x70;

/** Parameter types of a helper, a digit each from the lowest: 1 I32, 2 I64, 3 F32, 4 F64; the ninth digit is the result (0: none). */
function helperSignature(helper: u32): u32 {
  switch (helper) {
    case Helper.PROBE:
      return 0x1000_0012;
    case Helper.COLD:
    case Helper.LOAD_SEGMENT:
    case Helper.CALL:
      return 0x1000_0011;
    case Helper.TIME:
      return 0x2000_0001;
    case Helper.CONDITION:
      return 0x1000_1221;
    case Helper.CARRY:
      return 0x1000_0221;
    case Helper.EFLAGS:
      return 0;
    case Helper.SEGMENT:
      return 0x2000_0011;
    case Helper.FLOAT64:
      return 0x4000_0144;
    case Helper.FLOAT32:
      return 0x3000_0133;
    case Helper.VECTOR:
      return 0x0000_0001;
    case Helper.NARROW:
      return 0x3000_0004;
    case Helper.WIDEN:
      return 0x4000_0003;
    case Helper.FROM_INTEGER64:
      return 0x4000_0002;
    case Helper.FROM_INTEGER32:
      return 0x3000_0002;
    case Helper.TO_INTEGER:
      return 0x2000_0014;
    case Helper.X87_SQRT:
    case Helper.X87_ROUND:
    case Helper.X87_WIDEN:
    case Helper.X87_DOUBLE:
    case Helper.X87_SINGLE:
      return 0x2000_0012;
    case Helper.X87_INTEGER:
      return 0x2000_0112;
    case Helper.X87_COMPARE:
      return 0x1000_1222;
    case Helper.X87_ORDER:
      return 0x4000_1222;
    default:
      return 0x2000_0222;
  }
}

// @ts-ignore: decorator
@inline
function typeOfDigit(digit: u32): u32 {
  // 0x7f I32, 0x7e I64, 0x7d F32, 0x7c F64.
  return digit ? <u32>ValueType.I32 + 1 - digit : <u32>ValueType.I32;
}

/** Type of parameter `index` of a helper. */
export function helperParameter(helper: u32, index: u32): u32 {
  return typeOfDigit((helperSignature(helper) >> (index << 2)) & 15);
}

function writeSignature(e: Encoder, signature: u32): void {
  e.byte(0x60);
  let parameters: u32 = 0;
  for (let rest = signature & 0xfff_ffff; rest; rest >>= 4) parameters++;
  e.unsigned(parameters);
  for (let rest = signature & 0xfff_ffff; rest; rest >>= 4) e.byte(typeOfDigit(rest & 15));
  const result = signature >> 28;
  e.byte(result ? 1 : 0);
  if (result) e.byte(typeOfDigit(result));
}

function writeName(e: Encoder, name: string): void {
  e.unsigned(name.length);
  for (let i = 0; i < name.length; i++) e.byte(name.charCodeAt(i));
}

/** Calls a helper, whose arguments are on the stack. */
export function callHelper(e: Encoder, helper: u32): void {
  e.i32Const(<i32>helper);
  e.callIndirect(1 + helper);
}

/** Begins a module: everything up to its functions. */
export function beginModule(): void {
  const m = state();
  m.functions = 0;
  beginHints();
  // The code section is written first, at a distance; finishModule puts the rest in front of it.
  m.code = changetype<Encoder>(<usize>MODULE_STATE + 64);
  m.code.at = MODULE_CODE + PREAMBLE;
}

/** Room for everything before the bodies: types of helpers and functions, imports, exports, branch hints. */
const PREAMBLE: u32 = 0x1000 + MODULE_HINTS_SIZE;

/** The encoder for a function's body, which follows the bodies before; the caller begins with `reserve` for its length. */
export function moduleEncoder(): Encoder {
  return state().code;
}

/** Whether there is room for one more function. */
export function hasRoom(): bool {
  const m = state();
  return m.functions < MAX_FUNCTIONS && m.code.at + FUNCTION_CODE_SIZE + 0x4000 < MODULE_CODE + MODULE_CODE_SIZE;
}

/** The number of the function that is being written; no function is imported. */
export function functionNumber(): u32 {
  return state().functions;
}

/** A function has been written; what had been written at `start` + n before it moved is byte n of its body. Gives its number. */
export function functionWritten(start: u32): u32 {
  const index = state().functions++;
  endFunctionHints(index, start);
  return index;
}

/** Completes the module; gives the address of its bytes. */
export function finishModule(): u32 {
  const m = state();
  const bodiesEnd = m.code.at;
  const e = changetype<Encoder>(<usize>MODULE_STATE + 80);
  e.at = MODULE_CODE;
  writeHeader(e);
  writeTypes(e);
  writeImports(e, vcpu().jitFeatures);
  writeFunctions(e, m.functions);
  writeExports(e, m.functions);
  writeHints(e, writeName);
  const bodies = MODULE_CODE + PREAMBLE;
  const bodyBytes = bodiesEnd - bodies;
  e.byte(Section.CODE);
  e.unsigned(bodyBytes + (m.functions < 0x80 ? 1 : 2));
  e.unsigned(m.functions);
  // What is in front moves up to the bodies.
  const front = e.at - MODULE_CODE;
  const start = bodies - front;
  memory.copy(<usize>start, <usize>MODULE_CODE, <usize>front);
  m.end = bodiesEnd;
  m.codeSection = start;
  return start;
}

export function moduleLength(): u32 {
  const m = state();
  return m.end - m.codeSection;
}

function writeHeader(e: Encoder): void {
  e.byte(0);
  e.byte(0x61);
  e.byte(0x73);
  e.byte(0x6d);
  e.byte(1);
  e.byte(0);
  e.byte(0);
  e.byte(0);
}

/** Type 0 is that of regions; 1 + helper that of a helper. */
function writeTypes(e: Encoder): void {
  e.byte(Section.TYPE);
  const length = e.reserve();
  e.unsigned(Helper.COUNT + 1);
  writeSignature(e, 0x1000_0001);
  for (let helper: u32 = 0; helper < <u32>Helper.COUNT; helper++) writeSignature(e, helperSignature(helper));
  e.patch(length, e.at - length - 5);
}

function writeImports(e: Encoder, features: u32): void {
  e.byte(Section.IMPORT);
  const length = e.reserve();
  e.unsigned(2);
  writeName(e, "m");
  writeName(e, "helpers");
  e.byte(External.TABLE);
  e.byte(FUNCREF);
  e.byte(0);
  e.unsigned(Helper.COUNT);
  writeName(e, "m");
  writeName(e, "memory");
  e.byte(External.MEMORY);
  // The size of this VM's memory, which never grows: of one that might, hosts look up the place again after each call.
  const shared = (features & JitFeature.SHARED_MEMORY) != 0;
  e.byte(shared ? 3 : 1);
  e.unsigned(<u32>memory.size());
  e.unsigned(<u32>memory.size());
  e.patch(length, e.at - length - 5);
}

function writeFunctions(e: Encoder, count: u32): void {
  e.byte(Section.FUNCTION);
  e.unsigned(count + (count < 0x80 ? 1 : 2));
  e.unsigned(count);
  for (let i: u32 = 0; i < count; i++) e.byte(0);
}

function writeExports(e: Encoder, count: u32): void {
  e.byte(Section.EXPORT);
  const length = e.reserve();
  e.unsigned(count);
  for (let i: u32 = 0; i < count; i++) {
    const digits: u32 = i < 10 ? 1 : i < 100 ? 2 : 3;
    e.unsigned(digits);
    if (digits > 2) e.byte(0x30 + i / 100);
    if (digits > 1) e.byte(0x30 + ((i / 10) % 10));
    e.byte(0x30 + (i % 10));
    e.byte(External.FUNCTION);
    e.unsigned(i);
  }
  e.patch(length, e.at - length - 5);
}
