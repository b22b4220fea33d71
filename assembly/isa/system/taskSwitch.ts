// Hardware task switches through 16- and 32-bit TSSs. SDM vol. 3A 7.2 to 7.4.
//
// Checks, reads and the probing of all pages to be written come first; once state is saved the switch is committed, and what
// goes wrong with the new task's segments is a fault of the new task (cpu.rip is then its EIP).
import { Flag, SCRATCH_OFFSET, Seg, Segment, Vcpu, registerAddress, segment } from "../../cpu/state";
import { readEflags } from "../../cpu/flags";
import { Vector, raiseError, raiseGp } from "../../cpu/exceptions";
import { setCpl, updateMode } from "../../cpu/mode";
import { CR0_PG, Cr0, Cr4, Dr6 } from "../../cpu/registerBits";
import { flushNonGlobal } from "../../mmu/flush";
import { loadPdptes } from "../../mmu/paging";
import {
  probeRead,
  probeWrite,
  systemLoad16,
  systemLoad32,
  systemStore16,
  systemStore32,
} from "../../mmu/systemAccess";
import { watchpointsChanged } from "../../mmu/watch";
import {
  Slot,
  SystemType,
  accessByteAddress,
  commitCode,
  copySegment,
  faulted,
  fetchDescriptor,
  isBadLongCode,
  isCode,
  isConforming,
  isNull,
  isPresent,
  isSystem,
  loadProtectedSegment,
  markAccessed,
  privilegeOf,
  scratchSegment,
  selectorError,
  setNull,
  setRealSegment,
  systemType,
  writeAccessByte,
} from "./segments";

export const enum SwitchReason {
  JUMP,
  CALL,
  RETURN,
  INTERRUPT,
}

/** The new task's image, as read before the switch. */
@unmanaged
class TaskImage {
  cr3: u32;
  eip: u32;
  eflags: u32;
  ldt: u32;
  trap: u32;
  _pad: u32;
}

const IMAGE: usize = SCRATCH_OFFSET + 0xe00;
/** EAX … EDI, then ES CS SS DS FS GS, u32 each. */
const IMAGE_REGISTERS: usize = IMAGE + 32;
const IMAGE_SEGMENTS: usize = IMAGE_REGISTERS + 32;
const EFLAGS_WRITABLE: u64 = 0x3f7fd5;
/** DR7: L0-L3, LE. */
const LOCAL_ENABLES: u64 = 0x155;
const BUSY: u32 = 2;

// @ts-ignore: decorator
@inline
function imageRegister(cpu: Vcpu, index: u32): usize {
  return changetype<usize>(cpu) + IMAGE_REGISTERS + ((<usize>index) << 2);
}

// @ts-ignore: decorator
@inline
function imageSegment(cpu: Vcpu, index: u32): u32 {
  return load<u32>(changetype<usize>(cpu) + IMAGE_SEGMENTS + ((<usize>index) << 2));
}

function readImage32(cpu: Vcpu, base: u64, image: TaskImage): void {
  image.cr3 = <u32>systemLoad32(cpu, base + 0x1c);
  image.eip = <u32>systemLoad32(cpu, base + 0x20);
  image.eflags = <u32>systemLoad32(cpu, base + 0x24);
  for (let i: u32 = 0; i < 8; i++)
    store<u32>(imageRegister(cpu, i), <u32>systemLoad32(cpu, base + 0x28 + <u64>(i << 2)));
  for (let i: u32 = 0; i < 6; i++)
    store<u32>(imageRegister(cpu, 8 + i), <u32>systemLoad16(cpu, base + 0x48 + <u64>(i << 2)));
  image.ldt = <u32>systemLoad16(cpu, base + 0x60);
  image.trap = (<u32>systemLoad16(cpu, base + 0x64)) & 1;
}

function readImage16(cpu: Vcpu, base: u64, image: TaskImage): void {
  image.cr3 = 0;
  image.eip = <u32>systemLoad16(cpu, base + 0xe);
  image.eflags = <u32>systemLoad16(cpu, base + 0x10);
  // The upper halves of 32-bit registers become ones on the 386 and after.
  for (let i: u32 = 0; i < 8; i++)
    store<u32>(imageRegister(cpu, i), (<u32>systemLoad16(cpu, base + 0x12 + <u64>(i << 1))) | 0xffff_0000);
  for (let i: u32 = 0; i < 4; i++)
    store<u32>(imageRegister(cpu, 8 + i), <u32>systemLoad16(cpu, base + 0x22 + <u64>(i << 1)));
  store<u32>(imageRegister(cpu, 12), 0);
  store<u32>(imageRegister(cpu, 13), 0);
  image.ldt = <u32>systemLoad16(cpu, base + 0x2a);
  image.trap = 0;
}

function save32(cpu: Vcpu, base: u64, eip: u64, eflags: u64): void {
  systemStore32(cpu, base + 0x20, eip);
  systemStore32(cpu, base + 0x24, eflags);
  for (let i: u32 = 0; i < 8; i++) systemStore32(cpu, base + 0x28 + <u64>(i << 2), load<u32>(registerAddress(cpu, i)));
  for (let i: u32 = 0; i < 6; i++) systemStore16(cpu, base + 0x48 + <u64>(i << 2), <u64>segment(cpu, i).selector);
}

function save16(cpu: Vcpu, base: u64, eip: u64, eflags: u64): void {
  systemStore16(cpu, base + 0xe, eip);
  systemStore16(cpu, base + 0x10, eflags);
  for (let i: u32 = 0; i < 8; i++) systemStore16(cpu, base + 0x12 + <u64>(i << 1), load<u16>(registerAddress(cpu, i)));
  for (let i: u32 = 0; i < 4; i++) systemStore16(cpu, base + 0x22 + <u64>(i << 1), <u64>segment(cpu, i).selector);
}

/** Whether everything the switch writes or reads can be had; false with the fault pending. */
function probeSwitch(cpu: Vcpu, old: Segment, next: Segment, reason: SwitchReason): bool {
  const from32 = (old.attributes & 8) != 0;
  const to32 = (next.attributes & 8) != 0;
  if (!probeRead(cpu, next.base, to32 ? 0x68 : 0x2c, true)) return false;
  if (reason == SwitchReason.CALL || reason == SwitchReason.INTERRUPT) {
    if (!probeWrite(cpu, next.base, 2, true)) return false;
  }
  if (!probeWrite(cpu, old.base + (from32 ? 0x20 : 0xe), from32 ? 0x40 : 0x1c, true)) return false;
  if (!isNull(old.selector) && !probeWrite(cpu, accessByteAddress(cpu, old.selector), 1, true)) return false;
  return probeWrite(cpu, accessByteAddress(cpu, next.selector), 1, true);
}

/**
 * Switches to the TSS in `next` (fetched, its type and presence checked). `returnIp` is saved as the old task's EIP. False:
 * nothing happened and a fault is pending. True: switched; a fault of the new task may be pending.
 */
export function switchTask(cpu: Vcpu, next: Segment, reason: SwitchReason, returnIp: u64, ext: u32): bool {
  const tss = scratchSegment(cpu, Slot.TSS);
  if (tss != next) copySegment(tss, next);
  const old = segment(cpu, Seg.TR);
  const to32 = (tss.attributes & 8) != 0;
  if (tss.limit < <u32>(to32 ? 0x67 : 0x2b)) {
    raiseError(cpu, Vector.TS, selectorError(tss.selector) | ext);
    return false;
  }
  if (!probeSwitch(cpu, old, tss, reason)) return false;
  const image = changetype<TaskImage>(changetype<usize>(cpu) + IMAGE);
  if (to32) readImage32(cpu, tss.base, image);
  else readImage16(cpu, tss.base, image);
  if (faulted(cpu)) return false;

  let eflags = readEflags(cpu);
  if (reason == SwitchReason.JUMP || reason == SwitchReason.RETURN)
    writeAccessByte(cpu, old.selector, old.attributes & 0xff & ~BUSY);
  if (reason == SwitchReason.RETURN) eflags &= ~(<u64>Flag.NT);
  if (old.attributes & 8) save32(cpu, old.base, returnIp, eflags);
  else save16(cpu, old.base, returnIp, eflags);
  const nested = reason == SwitchReason.CALL || reason == SwitchReason.INTERRUPT;
  if (nested) {
    systemStore16(cpu, tss.base, <u64>old.selector);
    image.eflags |= Flag.NT;
  }
  tss.attributes |= BUSY;
  if (reason != SwitchReason.RETURN) writeAccessByte(cpu, tss.selector, tss.attributes & 0xff);
  copySegment(old, tss);
  enterTask(cpu, image, to32);
  return true;
}

/** Loads the new task's state. From here on faults are its own. */
function enterTask(cpu: Vcpu, image: TaskImage, is32: bool): void {
  cpu.cr0 |= Cr0.TS;
  if (is32 && cpu.cr0 & CR0_PG) {
    cpu.cr3 = <u64>image.cr3;
    if (cpu.cr4 & Cr4.PAE && !loadPdptes(cpu)) raiseError(cpu, Vector.TS, selectorError(segment(cpu, Seg.TR).selector));
    flushNonGlobal(cpu);
  }
  cpu.rip = <u64>image.eip;
  cpu.eflags = ((<u64>image.eflags) & EFLAGS_WRITABLE) | Flag.ONE;
  cpu.flagOp = 0;
  for (let i: u32 = 0; i < 8; i++) store<u64>(registerAddress(cpu, i), <u64>load<u32>(imageRegister(cpu, i)));
  if (cpu.dr7 & LOCAL_ENABLES) {
    cpu.dr7 &= ~LOCAL_ENABLES;
    watchpointsChanged(cpu);
  }
  // Selectors first, unusable until their descriptors are in; CPL 3 so that a fault switches stacks.
  for (let i: u32 = 0; i < 6; i++) setNull(segment(cpu, i), imageSegment(cpu, i));
  setNull(segment(cpu, Seg.LDTR), image.ldt);
  setCpl(cpu, 3);
  updateMode(cpu);
  loadTaskSegments(cpu, image);
  updateMode(cpu);
  if (image.trap) {
    cpu.dr6 |= Dr6.BT;
    cpu.pendingDebug = 1;
  }
  if (!faulted(cpu) && cpu.rip > <u64>segment(cpu, Seg.CS).limit) raiseGp(cpu, 0);
}

function loadTaskSegments(cpu: Vcpu, image: TaskImage): void {
  if (faulted(cpu) || !loadTaskLdt(cpu, image.ldt)) return;
  if (cpu.eflags & Flag.VM) {
    for (let i: u32 = 0; i < 6; i++) setRealSegment(cpu, i, imageSegment(cpu, i));
    return;
  }
  if (!loadTaskCode(cpu, imageSegment(cpu, Seg.CS))) return;
  if (!loadProtectedSegment(cpu, Seg.SS, imageSegment(cpu, Seg.SS), Vector.TS)) return;
  if (!loadProtectedSegment(cpu, Seg.DS, imageSegment(cpu, Seg.DS), Vector.TS)) return;
  if (!loadProtectedSegment(cpu, Seg.ES, imageSegment(cpu, Seg.ES), Vector.TS)) return;
  if (!loadProtectedSegment(cpu, Seg.FS, imageSegment(cpu, Seg.FS), Vector.TS)) return;
  loadProtectedSegment(cpu, Seg.GS, imageSegment(cpu, Seg.GS), Vector.TS);
}

function loadTaskLdt(cpu: Vcpu, selector: u32): bool {
  if (isNull(selector)) return true;
  const error = selectorError(selector);
  const s = scratchSegment(cpu, Slot.DATA);
  if (selector & 4) {
    raiseError(cpu, Vector.TS, error);
    return false;
  }
  if (!fetchDescriptor(cpu, s, selector, Vector.TS, error)) return false;
  if (!isSystem(s) || systemType(s) != SystemType.LDT || !isPresent(s)) {
    raiseError(cpu, Vector.TS, error);
    return false;
  }
  copySegment(segment(cpu, Seg.LDTR), s);
  return true;
}

function loadTaskCode(cpu: Vcpu, selector: u32): bool {
  const error = selectorError(selector);
  const s = scratchSegment(cpu, Slot.CODE);
  const cpl = selector & 3;
  if (isNull(selector)) {
    raiseError(cpu, Vector.TS, error);
    return false;
  }
  if (!fetchDescriptor(cpu, s, selector, Vector.TS, error)) return false;
  const right = isConforming(s) ? privilegeOf(s) <= cpl : privilegeOf(s) == cpl;
  if (!isCode(s) || !right || isBadLongCode(cpu, s)) raiseError(cpu, Vector.TS, error);
  else if (!isPresent(s)) raiseError(cpu, Vector.NP, error);
  if (faulted(cpu) || !markAccessed(cpu, s)) return false;
  commitCode(cpu, s, cpl);
  setCpl(cpu, cpl);
  updateMode(cpu);
  return true;
}

/** Fetches the available TSS `selector` names into slot TSS; false with `vector`-class faults pending. */
export function fetchAvailableTss(cpu: Vcpu, selector: u32, vector: u32, ext: u32): bool {
  const s = scratchSegment(cpu, Slot.TSS);
  const error = selectorError(selector) | ext;
  if (isNull(selector) || selector & 4) {
    raiseError(cpu, vector, error);
    return false;
  }
  if (!fetchDescriptor(cpu, s, selector, vector, error)) return false;
  const type = systemType(s);
  if (!isSystem(s) || (type != SystemType.TSS16 && type != SystemType.TSS32)) raiseError(cpu, vector, error);
  else if (!isPresent(s)) raiseError(cpu, Vector.NP, error);
  return !faulted(cpu);
}
