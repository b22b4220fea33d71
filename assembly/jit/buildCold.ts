// Build for what has no row in the hot table: the meanings that isa/integer.ts dispatches, divisions, and for all others a call of
// the engine (COLD) with the state in memory.
import { Mode, Seg, vcpu } from "../cpu/state";
import { Insn, Mem, Reg } from "../decode/insn";
import { Form, Op } from "../decode/op";
import { BT_CHANGE, BT_CHANGE_MEMORY, BitAction } from "../isa/bit";
import { JCXZ, LOOP, LoopKind } from "../isa/control";
import { SHLD, SHRD } from "../isa/doubleShift";
import { CLC, CMC, SALC, STC } from "../isa/flagops";
import { MOV, XLAT } from "../isa/mov";
import { JitFeature } from "../shared/jit";
import { Build } from "./build";
import { callCold } from "./coldNodes";
import { divide } from "./divide";
import {
  clearInterruptFlag,
  isKernelFlagImage,
  popFlags,
  pushFlags,
  setDirection,
  setInterruptFlag,
} from "./flagImage";
import { movFromSegment, movToSegment, popSegment, pushSegment } from "./segmentNodes";
import { buildSse } from "./sse";
import { movFromCr, readBase, readTime, setAlignmentFlag, swapGs, writeBase } from "./systemNodes";
import { compareExchange16, compareExchange8 } from "./wideExchange";
import { buildX87, isX87 } from "./x87";

export function buildCold(b: Build, i: Insn): void {
  switch (<u32>i.op) {
    case Op.DIV:
      divide(b, i, false);
      return;
    case Op.IDIV:
      divide(b, i, true);
      return;
    case Op.SHLD:
      doubleShift(b, i, true);
      return;
    case Op.SHRD:
      doubleShift(b, i, false);
      return;
    case Op.BTS:
      changeBit(b, i, BitAction.SET);
      return;
    case Op.BTR:
      changeBit(b, i, BitAction.RESET);
      return;
    case Op.BTC:
      changeBit(b, i, BitAction.COMPLEMENT);
      return;
    case Op.PUSHF:
      if (!isKernelFlagImage(b, i)) callCold(b, i);
      else if (i.size == 2) pushFlags<u32>(b, i);
      else pushFlags<u64>(b, i);
      return;
    case Op.POPF:
      if (!isKernelFlagImage(b, i)) callCold(b, i);
      else if (i.size == 2) popFlags<u32>(b, i);
      else popFlags<u64>(b, i);
      return;
    case Op.CLI:
      if (b.mode & (Mode.USER | Mode.V86)) callCold(b, i);
      else clearInterruptFlag(b);
      return;
    case Op.STI:
      if (b.mode & (Mode.USER | Mode.V86) || b.atEnd) callCold(b, i);
      else setInterruptFlag(b);
      return;
    case Op.PUSH_SEG:
      pushSegment(b, i);
      return;
    case Op.POP_SEG:
      popSegment(b, i);
      return;
    case Op.MOV_FROM_SEG:
      movFromSegment(b, i);
      return;
    case Op.MOV_TO_SEG:
      movToSegment(b, i);
      return;
    case Op.SWAPGS:
      swapGs(b, i);
      return;
    case Op.RDFSBASE:
      readBase(b, i, Seg.FS);
      return;
    case Op.RDGSBASE:
      readBase(b, i, Seg.GS);
      return;
    case Op.WRFSBASE:
      writeBase(b, i, Seg.FS);
      return;
    case Op.WRGSBASE:
      writeBase(b, i, Seg.GS);
      return;
    case Op.MOV_FROM_CR:
      movFromCr(b, i);
      return;
    case Op.STAC:
      setAlignmentFlag(b, i, true);
      return;
    case Op.CLAC:
      setAlignmentFlag(b, i, false);
      return;
    case Op.RDTSC:
      readTime(b, i, false);
      return;
    case Op.RDTSCP:
      readTime(b, i, true);
      return;
    case Op.CMPXCHG8B:
      if (i.size == 3) compareExchange16(b, i);
      else compareExchange8(b, i);
      return;
    case Op.CLD:
      setDirection(b, false);
      return;
    case Op.STD:
      setDirection(b, true);
      return;
    case Op.CLC:
      CLC<Build>(b, i);
      return;
    case Op.STC:
      STC<Build>(b, i);
      return;
    case Op.CMC:
      CMC<Build>(b, i);
      return;
    case Op.SALC:
      SALC<Build>(b, i);
      return;
    case Op.XLAT:
      XLAT<Build>(b, i);
      return;
    case Op.LOOP:
      loop(b, i, LoopKind.ALWAYS);
      return;
    case Op.LOOPE:
      loop(b, i, LoopKind.EQUAL);
      return;
    case Op.LOOPNE:
      loop(b, i, LoopKind.NOT_EQUAL);
      return;
    case Op.JCXZ:
      if (i.addressSize == 1) JCXZ<Build, u16>(b, i);
      else if (i.addressSize == 2) JCXZ<Build, u32>(b, i);
      else JCXZ<Build, u64>(b, i);
      return;
    case Op.PAUSE:
    case Op.FENCE:
      return;
    case Op.MOVNTI:
      if (i.size == 3) MOV<Build, u64, Mem, Reg>(b, i);
      else MOV<Build, u32, Mem, Reg>(b, i);
      return;
    default:
      if (!buildFloat(b, i)) callCold(b, i);
  }
}

/** x87 and SSE, as far as they are translated. */
function buildFloat(b: Build, i: Insn): bool {
  if (isX87(i)) return buildX87(b, i);
  return <u32>i.op >= <u32>Op.SSE && (vcpu().jitFeatures & JitFeature.SIMD) != 0 && buildSse(b, i);
}

function doubleShift(b: Build, i: Insn, left: bool): void {
  switch (<u32>i.size) {
    case 1:
      doubleShiftOf<u16>(b, i, left);
      return;
    case 2:
      doubleShiftOf<u32>(b, i, left);
      return;
    default:
      doubleShiftOf<u64>(b, i, left);
  }
}

function doubleShiftOf<T>(b: Build, i: Insn, left: bool): void {
  if (i.form == Form.MR) {
    if (left) SHLD<Build, u32, T, Mem>(b, i);
    else SHRD<Build, u32, T, Mem>(b, i);
  } else if (left) SHLD<Build, u32, T, Reg>(b, i);
  else SHRD<Build, u32, T, Reg>(b, i);
}

function changeBit(b: Build, i: Insn, action: u32): void {
  switch (<u32>i.size) {
    case 1:
      changeBitOf<u16>(b, i, action);
      return;
    case 2:
      changeBitOf<u32>(b, i, action);
      return;
    default:
      changeBitOf<u64>(b, i, action);
  }
}

function changeBitOf<T>(b: Build, i: Insn, action: u32): void {
  if (i.form == Form.MR) BT_CHANGE_MEMORY<Build, u32, T>(b, i, action);
  else BT_CHANGE<Build, u32, T>(b, i, action);
}

function loop(b: Build, i: Insn, kind: u32): void {
  switch (<u32>i.addressSize) {
    case 1:
      LOOP<Build, u16>(b, i, kind);
      return;
    case 2:
      LOOP<Build, u32>(b, i, kind);
      return;
    default:
      LOOP<Build, u64>(b, i, kind);
  }
}
