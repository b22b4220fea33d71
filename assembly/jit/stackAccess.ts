// Accesses a constant distance from the stack pointer, by the window on the stack's page (mmu/stackWindow.ts). A region looks
// whether the window is where the stack pointer is when it is entered, and moves it if not.
import { Mode } from "../cpu/state";
import { MemoryMap } from "../shared/memoryMap";
import { OPEN_LIMIT, StackWindow, WINDOW_ACCESS, stackWindowAddress } from "../mmu/stackWindow";
import { ValueType, Wasm } from "../wasm/opcodes";
import { Hint, hintBranch } from "./branchHints";
import { BuildState } from "./buildState";
import { Helper } from "./helperNumber";
import { IrOp, node } from "./ir";
import { LowerState, takeTemporary, variableLocal } from "./lowerState";
import { callHelper } from "./module";
import { baseOf } from "./nearby";

const RSP: u32 = 4;
/** Accesses that a region must have for the window to be worth the look at it on entry. */
const LEAST: u32 = 3;

/** Whether `linear` is RSP as the block found it and a constant, and the access goes through a window. */
export function isStackAccess(linear: u32, size: u32): bool {
  if (size > WINDOW_ACCESS) return false;
  const n = node(baseOf(linear));
  return n.op == IrOp.GET && n.imm == RSP;
}

/** At the start of the function: the window's locals, after a look at whether it is where the stack pointer is. */
export function openWindow(b: BuildState, s: LowerState): void {
  s.usesWindow = b.stackAccesses >= LEAST;
  if (!s.usesWindow) return;
  s.windowPage = takeTemporary(s, ValueType.I64);
  if (s.wide) s.windowLimit = takeTemporary(s, ValueType.I64);
  s.windowAddend = takeTemporary(s, ValueType.I32);
  const e = s.code;
  const rsp = localOfRsp(b, s);
  loadWindow(b, s);
  emitWindowCheck(s, rsp, s.wide);
  e.op(Wasm.I32_EQZ);
  hintBranch(e.at, Hint.UNLIKELY);
  e.open(Wasm.IF, ValueType.EMPTY);
  e.local(Wasm.LOCAL_GET, rsp);
  if (!s.wide) e.op(Wasm.I64_EXTEND_I32_U);
  callHelper(e, Helper.STACK_WINDOW);
  loadWindow(b, s);
  e.end();
}

/** Its own one, or a temporary. */
function localOfRsp(b: BuildState, s: LowerState): u32 {
  if (!s.inMemory) return variableLocal(b, s, RSP);
  const local = takeTemporary(s, s.wide ? ValueType.I64 : ValueType.I32);
  s.code.i32Const(0);
  s.code.memory(s.wide ? Wasm.I64_LOAD : Wasm.I32_LOAD, MemoryMap.VCPU + (RSP << 3));
  s.code.local(Wasm.LOCAL_SET, local);
  return local;
}

function loadField(b: BuildState, s: LowerState, offset: usize, code: u32, local: u32): void {
  s.code.i32Const(0);
  s.code.memory(code, stackWindowAddress(b.mode & Mode.USER ? 1 : 0) + <u32>offset);
  s.code.local(Wasm.LOCAL_SET, local);
}

function loadWindow(b: BuildState, s: LowerState): void {
  lookAtWindow(b, s);
  loadField(b, s, offsetof<StackWindow>("addend"), Wasm.I32_LOAD, s.windowAddend);
}

/** Reads whether the window is open: after what may have shut it. */
export function lookAtWindow(b: BuildState, s: LowerState): void {
  if (!s.usesWindow) return;
  loadField(b, s, offsetof<StackWindow>("page"), Wasm.I64_LOAD, s.windowPage);
  if (s.wide) loadField(b, s, offsetof<StackWindow>("limit"), Wasm.I64_LOAD, s.windowLimit);
}

/** Whether the address in local `linear` lies in the window, on the stack. No address of 32 bits lies in one that is shut, whatever the limit. */
export function emitWindowCheck(s: LowerState, linear: u32, isWide: bool): void {
  const e = s.code;
  e.local(Wasm.LOCAL_GET, linear);
  if (!isWide) e.op(Wasm.I64_EXTEND_I32_U);
  e.local(Wasm.LOCAL_GET, s.windowPage);
  e.op(Wasm.I64_SUB);
  if (s.wide) e.local(Wasm.LOCAL_GET, s.windowLimit);
  else e.i64Const(OPEN_LIMIT);
  e.op(Wasm.I64_LT_U);
}
