// Delivery of interrupts and exceptions: through the vector table, 16- and 32-bit gates, task gates and the 64-bit IDT.
// SDM vol. 3A 6.10 to 6.15 (protected mode), 6.14 (64-bit), 20.1.4 (real), 20.3 (virtual-8086).
//
// A delivery checks and pushes first and changes state last, so a fault in it leaves everything as before; then
// the double-fault rules (6.15, table 6-5) say what is delivered instead.
import { Attention, Flag, Mode, Seg, SegAttr, Vcpu, segment } from "../../cpu/state";
import { readEflags } from "../../cpu/flags";
import { Vector, raiseError, raiseGp } from "../../cpu/exceptions";
import { isCanonical, setCpl, updateMode, updateTlbKind } from "../../cpu/mode";
import { Dr7 } from "../../cpu/registerBits";
import { systemLoad32, systemLoad64 } from "../../mmu/systemAccess";
import {
  Frame,
  fetchInnerStackSegment,
  framePush,
  innerStack,
  innerStack64,
  openCurrentFrame,
  openFrame,
  setStackPointer,
  stackMaskOf,
} from "./stack";
import {
  Slot,
  SystemType,
  commitCode,
  copySegment,
  faulted,
  fetchDescriptor,
  isCode,
  isConforming,
  isNull,
  isPresent,
  markAccessed,
  privilegeOf,
  scratchSegment,
  selectorError,
  setNull,
  setNullStack,
  setRealSegment,
} from "./segments";
import { SwitchReason, fetchAvailableTss, switchTask } from "./taskSwitch";

export const enum InterruptKind {
  /** INTR or NMI. */
  EXTERNAL,
  EXCEPTION,
  /** INT n, INT3, INTO: the gate's DPL is checked. */
  SOFTWARE,
  /** INT1: no DPL check. */
  INT1,
}

/** Faults in a row before it is hopeless: more than any legal chain. */
const MAX_CHAIN: u32 = 6;

/** Gate fields, on their way. */
const GATE_IS_TRAP: u32 = 1;

/** Fault class of SDM table 6-4: 0 benign, 1 contributory, 2 page fault. */
function faultClass(vector: u32): u32 {
  if (vector == Vector.PF) return 2;
  const contributory = (1 << Vector.DE) | (1 << Vector.TS) | (1 << Vector.NP) | (1 << Vector.SS) | (1 << Vector.GP);
  return vector < 32 && ((<u32>contributory) >> vector) & 1 ? 1 : 0;
}

/** The pending exception (clears Attention.FAULT), at the IP in `cpu.rip`. Shutdown on a triple fault. */
export function deliverException(cpu: Vcpu): void {
  cpu.attention &= ~Attention.FAULT;
  cpu.pendingDebug = 0;
  const vector = cpu.exceptionVector;
  deliver(cpu, vector, InterruptKind.EXCEPTION, cpu.exceptionHasError != 0, cpu.exceptionError, cpu.rip);
}

/** Delivers, whatever comes of it: faults on the way are delivered too. `returnIp` goes on the stack. */
export function deliverInterrupt(cpu: Vcpu, vector: u32, kind: u32, hasError: bool, error: u32, returnIp: u64): void {
  cpu.attention &= ~Attention.FAULT;
  deliver(cpu, vector, kind, hasError, error, returnIp);
}

function deliver(cpu: Vcpu, vector: u32, kind: u32, hasError: bool, error: u32, returnIp: u64): void {
  cpu.rip = returnIp;
  for (let chain: u32 = 0; chain < MAX_CHAIN; chain++) {
    tryDeliver(cpu, vector, kind, hasError, error, cpu.rip);
    if (!faulted(cpu)) return;
    cpu.attention &= ~Attention.FAULT;
    const second = cpu.exceptionVector;
    const firstClass = kind == InterruptKind.EXCEPTION ? faultClass(vector) : 0;
    const secondClass = faultClass(second);
    if (kind == InterruptKind.EXCEPTION && vector == Vector.DF && secondClass) break;
    if ((firstClass == 1 && secondClass == 1) || (firstClass == 2 && secondClass)) {
      vector = Vector.DF;
      hasError = true;
      error = 0;
    } else {
      vector = second;
      hasError = cpu.exceptionHasError != 0;
      error = cpu.exceptionError;
    }
    kind = InterruptKind.EXCEPTION;
  }
  cpu.shutdown = 1;
}

/** One attempt. A fault leaves state alone (a task switch apart) and stays pending. Sets `cpu.rip` on success. */
export function tryDeliver(cpu: Vcpu, vector: u32, kind: u32, hasError: bool, error: u32, returnIp: u64): void {
  let flags = readEflags(cpu);
  if (kind == InterruptKind.EXCEPTION && pushesResumeFlag(vector)) flags |= Flag.RF;
  const withError = hasError && kind == InterruptKind.EXCEPTION;
  if (cpu.mode & Mode.LONG) deliverLong(cpu, vector, kind, withError, error, returnIp, flags);
  else if (cpu.mode & (Mode.PROTECTED | Mode.V86))
    deliverProtected(cpu, vector, kind, withError, error, returnIp, flags);
  else deliverReal(cpu, vector, returnIp, flags);
  if (faulted(cpu)) return;
  if (vector == Vector.DB && (kind == InterruptKind.EXCEPTION || kind == InterruptKind.INT1)) cpu.dr7 &= ~(<u64>Dr7.GD);
  cpu.interruptShadow = 0;
  cpu.halted = 0;
  cpu.stepSuppressed = 1;
}

/** Faults push RF set, so that the restarted instruction does not hit its breakpoint again (SDM vol. 3B 17.3.1.1). */
function pushesResumeFlag(vector: u32): bool {
  return (
    vector != Vector.DB &&
    vector != Vector.NMI &&
    vector != Vector.BP &&
    vector != Vector.OF &&
    vector != Vector.DF &&
    vector != Vector.MC
  );
}

function deliverReal(cpu: Vcpu, vector: u32, returnIp: u64, flags: u64): void {
  if ((vector << 2) + 3 > cpu.idtLimit) {
    raiseGp(cpu, (vector << 3) | 2);
    return;
  }
  const entry = <u32>systemLoad32(cpu, cpu.idtBase + <u64>(vector << 2));
  if (faulted(cpu)) return;
  const cs = segment(cpu, Seg.CS);
  if ((entry & 0xffff) > cs.limit) {
    raiseGp(cpu, 0);
    return;
  }
  const frame = openCurrentFrame(cpu, 0);
  framePush(cpu, frame, 1, flags);
  framePush(cpu, frame, 1, <u64>cs.selector);
  framePush(cpu, frame, 1, returnIp);
  if (faulted(cpu)) return;
  setStackPointer(cpu, frame.sp, frame.mask);
  setRealSegment(cpu, Seg.CS, entry >> 16);
  cpu.rip = <u64>(entry & 0xffff);
  clearFlags(cpu, Flag.IF | Flag.TF | Flag.RF | Flag.AC);
  updateTlbKind(cpu);
  updateMode(cpu);
}

function clearFlags(cpu: Vcpu, bits: u32): void {
  cpu.eflags &= ~(<u64>bits);
}

/** EFLAGS after going through a gate. */
function enterGateFlags(cpu: Vcpu, isInterruptGate: bool): void {
  clearFlags(cpu, Flag.TF | Flag.NT | Flag.RF | Flag.VM | (isInterruptGate ? Flag.IF : 0));
}

/** Error code for IDT entry `vector`. */
// @ts-ignore: decorator
@inline
function idtError(vector: u32, ext: u32): u32 {
  return (vector << 3) | 2 | ext;
}

// @ts-ignore: decorator
@inline
function externalBit(kind: u32): u32 {
  return kind == InterruptKind.SOFTWARE ? 0 : 1;
}

/** Checks a gate's DPL (software interrupts) and presence; false with the fault pending. */
function checkGate(cpu: Vcpu, access: u32, vector: u32, kind: u32, ext: u32): bool {
  if (kind == InterruptKind.SOFTWARE && ((access >> 5) & 3) < cpu.cpl) raiseGp(cpu, idtError(vector, ext));
  else if (!(access & 0x80)) raiseError(cpu, Vector.NP, idtError(vector, ext));
  return !faulted(cpu);
}

/**
 * Fetches and checks the handler's code segment into slot CODE; gives the new CPL. With a fault pending the result means nothing.
 */
function fetchHandlerCode(cpu: Vcpu, selector: u32, ext: u32): u32 {
  const error = selectorError(selector) | ext;
  if (isNull(selector)) {
    raiseGp(cpu, ext);
    return 0;
  }
  const cs = scratchSegment(cpu, Slot.CODE);
  if (!fetchDescriptor(cpu, cs, selector, Vector.GP, error)) return 0;
  if (!isCode(cs) || privilegeOf(cs) > cpu.cpl) raiseGp(cpu, error);
  else if (!isPresent(cs)) raiseError(cpu, Vector.NP, error);
  if (isConforming(cs)) return cpu.cpl;
  return privilegeOf(cs);
}

function deliverProtected(
  cpu: Vcpu,
  vector: u32,
  kind: u32,
  withError: bool,
  error: u32,
  returnIp: u64,
  flags: u64,
): void {
  const ext = externalBit(kind);
  if ((vector << 3) + 7 > cpu.idtLimit) {
    raiseGp(cpu, idtError(vector, ext));
    return;
  }
  const gate = systemLoad64(cpu, cpu.idtBase + <u64>(vector << 3));
  if (faulted(cpu)) return;
  const access = (<u32>(gate >> 40)) & 0xff;
  const type = access & 0x1f;
  const isTask = type == SystemType.TASK_GATE;
  if (!isTask && (type & ~9) != SystemType.INTERRUPT_GATE16) {
    raiseGp(cpu, idtError(vector, ext));
    return;
  }
  if (!checkGate(cpu, access, vector, kind, ext)) return;
  const selector = (<u32>(gate >> 16)) & 0xffff;
  if (isTask) {
    deliverToTask(cpu, selector, withError, error, returnIp, ext);
    return;
  }
  const newCpl = fetchHandlerCode(cpu, selector, ext);
  if (faulted(cpu)) return;
  const is32 = (type & 8) != 0;
  const target = (gate & 0xffff) | (is32 ? (gate >> 32) & 0xffff_0000 : 0);
  const wasV86 = (cpu.eflags & Flag.VM) != 0;
  if (wasV86 && newCpl != 0) {
    raiseGp(cpu, selectorError(selector) | ext);
    return;
  }
  const size: u32 = is32 ? 2 : 1;
  let frame: Frame;
  if (newCpl < cpu.cpl) {
    const inner = innerStack(cpu, newCpl, ext);
    if (faulted(cpu) || !fetchInnerStackSegment(cpu, inner.selector, newCpl, ext)) return;
    const ss = scratchSegment(cpu, Slot.STACK);
    frame = openFrame(cpu, ss, inner.sp, stackMaskOf(ss), newCpl, selectorError(inner.selector) | ext);
    if (wasV86) pushDataSegments(cpu, frame, size);
    framePush(cpu, frame, size, <u64>segment(cpu, Seg.SS).selector);
    framePush(cpu, frame, size, cpu.rsp);
  } else {
    frame = openCurrentFrame(cpu, ext);
  }
  framePush(cpu, frame, size, flags);
  framePush(cpu, frame, size, <u64>segment(cpu, Seg.CS).selector);
  framePush(cpu, frame, size, returnIp);
  if (withError) framePush(cpu, frame, size, <u64>error);
  if (faulted(cpu)) return;
  const cs = scratchSegment(cpu, Slot.CODE);
  if (target > <u64>cs.limit) {
    raiseGp(cpu, ext);
    return;
  }
  commitGate(cpu, frame, newCpl, target, !(type & GATE_IS_TRAP), wasV86);
}

function pushDataSegments(cpu: Vcpu, frame: Frame, size: u32): void {
  framePush(cpu, frame, size, <u64>segment(cpu, Seg.GS).selector);
  framePush(cpu, frame, size, <u64>segment(cpu, Seg.FS).selector);
  framePush(cpu, frame, size, <u64>segment(cpu, Seg.DS).selector);
  framePush(cpu, frame, size, <u64>segment(cpu, Seg.ES).selector);
}

/** Takes over code segment (slot CODE), stack (slot STACK, for an inner level) and flags of a 16- or 32-bit gate. */
function commitGate(cpu: Vcpu, frame: Frame, newCpl: u32, target: u64, isInterruptGate: bool, wasV86: bool): void {
  const cs = scratchSegment(cpu, Slot.CODE);
  if (!markAccessed(cpu, cs)) return;
  if (newCpl < cpu.cpl) {
    const ss = scratchSegment(cpu, Slot.STACK);
    if (!markAccessed(cpu, ss)) return;
    copySegment(segment(cpu, Seg.SS), ss);
    cpu.rsp = frame.sp & 0xffff_ffff;
  } else setStackPointer(cpu, frame.sp, frame.mask);
  if (wasV86) {
    setNull(segment(cpu, Seg.ES), 0);
    setNull(segment(cpu, Seg.DS), 0);
    setNull(segment(cpu, Seg.FS), 0);
    setNull(segment(cpu, Seg.GS), 0);
  }
  commitCode(cpu, cs, newCpl);
  cpu.rip = target;
  enterGateFlags(cpu, isInterruptGate);
  setCpl(cpu, newCpl);
  updateMode(cpu);
}

function deliverToTask(cpu: Vcpu, selector: u32, withError: bool, error: u32, returnIp: u64, ext: u32): void {
  if (!fetchAvailableTss(cpu, selector, Vector.GP, ext)) return;
  const tss = scratchSegment(cpu, Slot.TSS);
  if (!switchTask(cpu, tss, SwitchReason.INTERRUPT, returnIp, ext)) return;
  if (faulted(cpu) || !withError) return;
  const frame = openCurrentFrame(cpu, ext);
  framePush(cpu, frame, segment(cpu, Seg.TR).attributes & 8 ? 2 : 1, <u64>error);
  if (!faulted(cpu)) setStackPointer(cpu, frame.sp, frame.mask);
}

/** IA-32e mode: 16-byte gates, 8-byte pushes, IST (SDM vol. 3A 6.14). */
function deliverLong(cpu: Vcpu, vector: u32, kind: u32, withError: bool, error: u32, returnIp: u64, flags: u64): void {
  const ext = externalBit(kind);
  if ((vector << 4) + 15 > cpu.idtLimit) {
    raiseGp(cpu, idtError(vector, ext));
    return;
  }
  const at = cpu.idtBase + <u64>(vector << 4);
  const gate = systemLoad64(cpu, at);
  const upper = systemLoad64(cpu, at + 8);
  if (faulted(cpu)) return;
  const access = (<u32>(gate >> 40)) & 0xff;
  const type = access & 0x1f;
  if (type != SystemType.INTERRUPT_GATE32 && type != SystemType.TRAP_GATE32) {
    raiseGp(cpu, idtError(vector, ext));
    return;
  }
  if (!checkGate(cpu, access, vector, kind, ext)) return;
  const selector = (<u32>(gate >> 16)) & 0xffff;
  const newCpl = fetchHandlerCode(cpu, selector, ext);
  if (faulted(cpu)) return;
  const cs = scratchSegment(cpu, Slot.CODE);
  if ((cs.attributes & (SegAttr.LONG | SegAttr.BIG)) != SegAttr.LONG) {
    raiseGp(cpu, selectorError(selector) | ext);
    return;
  }
  const target = (gate & 0xffff) | ((gate >> 32) & 0xffff_0000) | (upper << 32);
  const ist = (<u32>(gate >> 32)) & 7;
  const ss = segment(cpu, Seg.SS);
  let sp = cpu.rsp;
  if (ist) sp = innerStack64(cpu, 0x1c + (ist << 3), ext);
  else if (newCpl < cpu.cpl) sp = innerStack64(cpu, 4 + (newCpl << 3), ext);
  if (faulted(cpu)) return;
  const frame = openFrame(cpu, ss, sp & ~(<u64>15), <u64>-1, newCpl, ext);
  framePush(cpu, frame, 3, <u64>ss.selector);
  framePush(cpu, frame, 3, cpu.rsp);
  framePush(cpu, frame, 3, flags);
  framePush(cpu, frame, 3, <u64>segment(cpu, Seg.CS).selector);
  framePush(cpu, frame, 3, returnIp);
  if (withError) framePush(cpu, frame, 3, <u64>error);
  if (faulted(cpu)) return;
  if (!isCanonical(target)) {
    raiseGp(cpu, ext);
    return;
  }
  if (!markAccessed(cpu, cs)) return;
  const outer = newCpl < cpu.cpl;
  commitCode(cpu, cs, newCpl);
  if (outer) setNullStack(cpu, newCpl);
  cpu.rsp = frame.sp;
  cpu.rip = target;
  enterGateFlags(cpu, type == SystemType.INTERRUPT_GATE32);
  if (outer) setCpl(cpu, newCpl);
  updateMode(cpu);
}
