// EMMS, LDMXCSR, STMXCSR and the state savers FXSAVE, FXRSTOR, XSAVE, XRSTOR (SDM vol. 1 10.5, 13; vol. 2A FXSAVE).
//
//   +0    FCW  u16      +2  FSW u16   +4 FTW u8 (bit n: physical register n not empty)   +6 FOP u16
//   +8    FIP  u32 and FCS u16, or u64 with REX.W
//   +16   FDP  u32 and FDS u16, or u64 with REX.W
//   +24   MXCSR u32     +28 MXCSR_MASK u32
//   +32   ST0-ST7 (relative to TOP) or MM0-MM7, 16 bytes each, 10 used
//   +160  XMM0-XMM7, in 64-bit mode XMM0-XMM15; the rest is left alone
//   +512  XSAVE header: XSTATE_BV u64, XCOMP_BV u64, 48 reserved bytes
//
// XSAVE has the standard form only, and x87 and SSE state; both always count as in use.
import { Vector, raise, raiseGp, raiseUd } from "../../cpu/exceptions";
import { Cr0, Cr4 } from "../../cpu/registerBits";
import { Mode, Vcpu, x87Address, xmmAddress } from "../../cpu/state";
import { Insn } from "../../decode/insn";
import { SseOp } from "../../decode/sseOp";
import { linearLoad, linearStore } from "../../mmu/access";
import { faultPending } from "../../mmu/fill";
import { checkRead, checkWrite } from "../../mmu/slow";
import { MXCSR_MASK } from "./mxcsr";
import { linearLoad128, linearOffset, linearStore128, memoryOperand } from "./operand";
import { isMmxReady, isSseReady, requireAligned } from "./ready";

const FXSAVE_SIZE: u32 = 512;
const XSAVE_SIZE: u32 = 576;
const HEADER: u32 = 512;

const X87: u64 = 1;
const SSE: u64 = 2;
/** AVX shares MXCSR with SSE. */
const AVX: u64 = 4;

const FCW_RESET: u32 = 0x37f;
const FSW_TOP: u32 = 0x3800;
const FSW_EXCEPTIONS: u32 = 0x3f;
/** ES and B. */
const FSW_SUMMARY: u32 = 0x8080;

export function executeState(cpu: Vcpu, i: Insn, op: u32): void {
  switch (op) {
    case SseOp.EMMS:
      if (isMmxReady(cpu)) emms(cpu);
      return;
    case SseOp.FXSAVE:
      if (isFxReady(cpu)) fxsave(cpu, i);
      return;
    case SseOp.FXRSTOR:
      if (isFxReady(cpu)) fxrstor(cpu, i);
      return;
    case SseOp.LDMXCSR:
      if (isSseReady(cpu)) ldmxcsr(cpu, i);
      return;
    case SseOp.STMXCSR:
      if (isSseReady(cpu)) linearStore<u32>(cpu, memoryOperand(cpu, i, 4, true), <u64>cpu.mxcsr);
      return;
    case SseOp.XSAVE:
      if (isXsaveReady(cpu)) xsave(cpu, i);
      return;
    default:
      if (isXsaveReady(cpu)) xrstor(cpu, i);
  }
}

function emms(cpu: Vcpu): void {
  cpu.fpuTop = 0;
  cpu.fpuEmpty = 0xff;
}

function ldmxcsr(cpu: Vcpu, i: Insn): void {
  const value = <u32>linearLoad<u32>(cpu, memoryOperand(cpu, i, 4, false));
  if (faultPending(cpu)) return;
  if (value & ~MXCSR_MASK) raiseGp(cpu, 0);
  else cpu.mxcsr = value;
}

/** FXSAVE and FXRSTOR work without CR4.OSFXSR too. */
function isFxReady(cpu: Vcpu): bool {
  if (!(cpu.cr0 & (Cr0.EM | Cr0.TS))) return true;
  if (cpu.cr0 & Cr0.EM) raiseUd(cpu);
  else raise(cpu, Vector.NM);
  return false;
}

function isXsaveReady(cpu: Vcpu): bool {
  if (!(cpu.cr4 & Cr4.OSXSAVE)) raiseUd(cpu);
  else if (cpu.cr0 & Cr0.TS) raise(cpu, Vector.NM);
  else return true;
  return false;
}

function fxsave(cpu: Vcpu, i: Insn): void {
  const at = memoryOperand(cpu, i, FXSAVE_SIZE, true);
  if (!requireAligned(cpu, at, 16) || !checkWrite(cpu, at, FXSAVE_SIZE)) return;
  saveX87(cpu, at, i.size == 3);
  saveMxcsr(cpu, at);
  saveXmm(cpu, at);
}

function fxrstor(cpu: Vcpu, i: Insn): void {
  const at = memoryOperand(cpu, i, FXSAVE_SIZE, false);
  if (!requireAligned(cpu, at, 16) || !checkRead(cpu, at, FXSAVE_SIZE)) return;
  const mxcsr = <u32>linearLoad<u32>(cpu, linearOffset(cpu, at, 24));
  if (mxcsr & ~MXCSR_MASK) {
    raiseGp(cpu, 0);
    return;
  }
  cpu.mxcsr = mxcsr;
  restoreX87(cpu, at, i.size == 3);
  restoreXmm(cpu, at);
}

/** The requested components that XCR0 enables: XCR0 and EDX:EAX. */
function requested(cpu: Vcpu): u64 {
  return cpu.xcr0 & ((<u64>(<u32>cpu.rax)) | ((<u64>(<u32>cpu.rdx)) << 32));
}

function xsave(cpu: Vcpu, i: Insn): void {
  const at = memoryOperand(cpu, i, XSAVE_SIZE, true);
  if (!requireAligned(cpu, at, 64) || !checkWrite(cpu, at, XSAVE_SIZE)) return;
  const components = requested(cpu);
  const header = linearOffset(cpu, at, HEADER);
  const saved = linearLoad<u64>(cpu, header);
  if (components & X87) saveX87(cpu, at, i.size == 3);
  if (components & (SSE | AVX)) saveMxcsr(cpu, at);
  if (components & SSE) saveXmm(cpu, at);
  linearStore<u64>(cpu, header, (saved & ~components) | components);
}

function xrstor(cpu: Vcpu, i: Insn): void {
  const at = memoryOperand(cpu, i, XSAVE_SIZE, false);
  if (!requireAligned(cpu, at, 64) || !checkRead(cpu, at, XSAVE_SIZE)) return;
  const components = requested(cpu);
  const present = linearLoad<u64>(cpu, linearOffset(cpu, at, HEADER));
  const reserved =
    linearLoad<u64>(cpu, linearOffset(cpu, at, HEADER + 8)) | linearLoad<u64>(cpu, linearOffset(cpu, at, HEADER + 16));
  const mxcsr = <u32>linearLoad<u32>(cpu, linearOffset(cpu, at, 24));
  // MXCSR is loaded whether or not XSTATE_BV has SSE state.
  const loadsMxcsr = (components & (SSE | AVX)) != 0;
  if (present & ~cpu.xcr0 || reserved || (loadsMxcsr && mxcsr & ~MXCSR_MASK)) {
    raiseGp(cpu, 0);
    return;
  }
  if (components & X87) {
    if (present & X87) restoreX87(cpu, at, i.size == 3);
    else initX87(cpu);
  }
  if (loadsMxcsr) cpu.mxcsr = mxcsr;
  if (components & SSE) {
    if (present & SSE) restoreXmm(cpu, at);
    else initXmm(cpu);
  }
}

// ---- components; the area is checked, accesses do not fault ----

/** Address of ST(n). */
// @ts-ignore: decorator
@inline
function stackRegister(cpu: Vcpu, n: u32): usize {
  return x87Address(cpu, (cpu.fpuTop + n) & 7);
}

function saveX87(cpu: Vcpu, at: u64, wide: bool): void {
  const status = (cpu.fpuStatus & ~FSW_TOP) | (cpu.fpuTop << 11);
  const control = (cpu.fpuControl & 0xffff) | (status << 16);
  linearStore<u32>(cpu, at, <u64>control);
  linearStore<u32>(cpu, linearOffset(cpu, at, 4), <u64>((~cpu.fpuEmpty & 0xff) | ((cpu.fpuOpcode & 0x7ff) << 16)));
  linearStore<u64>(cpu, linearOffset(cpu, at, 8), wide ? cpu.fpuIp : pointer(cpu.fpuIp, cpu.fpuCs));
  linearStore<u64>(cpu, linearOffset(cpu, at, 16), wide ? cpu.fpuDp : pointer(cpu.fpuDp, cpu.fpuDs));
  for (let n: u32 = 0; n < 8; n++) {
    const register = stackRegister(cpu, n);
    const offset = 32 + (n << 4);
    linearStore<u64>(cpu, linearOffset(cpu, at, offset), load<u64>(register));
    linearStore<u64>(cpu, linearOffset(cpu, at, offset + 8), <u64>load<u16>(register, 8));
  }
}

// @ts-ignore: decorator
@inline
function pointer(offset: u64, selector: u32): u64 {
  return (offset & 0xffff_ffff) | ((<u64>(selector & 0xffff)) << 32);
}

function restoreX87(cpu: Vcpu, at: u64, wide: bool): void {
  const control = <u32>linearLoad<u32>(cpu, at);
  const tags = <u32>linearLoad<u32>(cpu, linearOffset(cpu, at, 4));
  const ip = linearLoad<u64>(cpu, linearOffset(cpu, at, 8));
  const dp = linearLoad<u64>(cpu, linearOffset(cpu, at, 16));
  setControlAndStatus(cpu, control & 0xffff, control >> 16);
  cpu.fpuEmpty = ~tags & 0xff;
  cpu.fpuOpcode = (tags >> 16) & 0x7ff;
  cpu.fpuIp = wide ? ip : ip & 0xffff_ffff;
  cpu.fpuDp = wide ? dp : dp & 0xffff_ffff;
  cpu.fpuCs = wide ? 0 : (<u32>(ip >> 32)) & 0xffff;
  cpu.fpuDs = wide ? 0 : (<u32>(dp >> 32)) & 0xffff;
  for (let n: u32 = 0; n < 8; n++) {
    const register = stackRegister(cpu, n);
    const offset = 32 + (n << 4);
    store<u64>(register, linearLoad<u64>(cpu, linearOffset(cpu, at, offset)));
    store<u16>(register, <u16>linearLoad<u16>(cpu, linearOffset(cpu, at, offset + 8)), 8);
  }
}

/** The error summary follows from exceptions and masks. */
function setControlAndStatus(cpu: Vcpu, control: u32, status: u32): void {
  cpu.fpuControl = (control & 0x1f3f) | 0x40;
  cpu.fpuTop = (status >> 11) & 7;
  const pending = status & ~control & FSW_EXCEPTIONS;
  cpu.fpuStatus = (status & ~(FSW_TOP | FSW_SUMMARY)) | (pending ? FSW_SUMMARY : 0);
}

function initX87(cpu: Vcpu): void {
  setControlAndStatus(cpu, FCW_RESET, 0);
  cpu.fpuEmpty = 0xff;
  cpu.fpuOpcode = 0;
  cpu.fpuIp = 0;
  cpu.fpuDp = 0;
  cpu.fpuCs = 0;
  cpu.fpuDs = 0;
  memory.fill(x87Address(cpu, 0), 0, 128);
}

function saveMxcsr(cpu: Vcpu, at: u64): void {
  linearStore<u64>(cpu, linearOffset(cpu, at, 24), (<u64>cpu.mxcsr) | ((<u64>MXCSR_MASK) << 32));
}

/** XMM8 to XMM15 are saved in 64-bit mode only. */
// @ts-ignore: decorator
@inline
function xmmCount(cpu: Vcpu): u32 {
  return (cpu.mode & Mode.CODE_SIZE) == 3 ? 16 : 8;
}

function saveXmm(cpu: Vcpu, at: u64): void {
  const count = xmmCount(cpu);
  for (let n: u32 = 0; n < count; n++)
    linearStore128(cpu, linearOffset(cpu, at, 160 + (n << 4)), v128.load(xmmAddress(cpu, n)));
}

function restoreXmm(cpu: Vcpu, at: u64): void {
  const count = xmmCount(cpu);
  for (let n: u32 = 0; n < count; n++)
    v128.store(xmmAddress(cpu, n), linearLoad128(cpu, linearOffset(cpu, at, 160 + (n << 4))));
}

function initXmm(cpu: Vcpu): void {
  memory.fill(xmmAddress(cpu, 0), 0, <usize>(xmmCount(cpu) << 4));
}
