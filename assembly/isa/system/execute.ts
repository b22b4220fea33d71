// The system family's dispatch: from operation to meaning.
import { Seg } from "../../cpu/state";
import { raiseGp, raiseUd } from "../../cpu/exceptions";
import { cpuid } from "../../cpu/cpuid";
import { Insn } from "../../decode/insn";
import { Op } from "../../decode/op";
import { Exec } from "../../interp/exec";
import { clts, lmsw, movFromCr, movToCr, smsw } from "./control";
import { movFromDr, movToDr } from "./debug";
import { callFarDirect, callFarIndirect, jumpFarDirect, jumpFarIndirect, returnFar } from "./far";
import { cli, sti } from "./flags";
import { int, int1, int3, into } from "./int";
import { iret } from "./iret";
import {
  hlt,
  invalidateCaches,
  invlpg,
  invpcid,
  rdmsr,
  rdtsc,
  rdtscp,
  readBase,
  setAlignmentFlag,
  swapgs,
  writeBase,
  wrmsr,
  xgetbv,
  xsetbv,
} from "./misc";
import { loadFarPointer, movFromSegment, movToSegment, popSegment, pushSegment } from "./moves";
import { ins, outs, portIn, portOut } from "./ports";
import { syscall, sysenter, sysexit, sysret } from "./syscall";
import { arpl, lar, lldt, loadTable, lsl, ltr, sldt, storeTable, str, verr, verw } from "./tables";

export function executeSystem(cpu: Exec, i: Insn): void {
  switch (<u32>i.op) {
    case Op.HLT:
      hlt(cpu, i);
      break;
    case Op.CLI:
      cli(cpu);
      break;
    case Op.STI:
      sti(cpu, i);
      break;
    case Op.IN:
      portIn(cpu, i);
      break;
    case Op.OUT:
      portOut(cpu, i);
      break;
    case Op.INS:
      ins(cpu, i);
      break;
    case Op.OUTS:
      outs(cpu, i);
      break;
    case Op.INT:
      int(cpu, i);
      break;
    case Op.INT3:
      int3(cpu, i);
      break;
    case Op.INTO:
      into(cpu, i);
      break;
    case Op.INT1:
      int1(cpu, i);
      break;
    case Op.IRET:
      iret(cpu, i);
      break;
    case Op.JMP_FAR:
      jumpFarDirect(cpu, i);
      break;
    case Op.CALL_FAR:
      callFarDirect(cpu, i);
      break;
    case Op.JMP_FAR_INDIRECT:
      jumpFarIndirect(cpu, i);
      break;
    case Op.CALL_FAR_INDIRECT:
      callFarIndirect(cpu, i);
      break;
    case Op.RET_FAR:
      returnFar(cpu, i);
      break;
    case Op.MOV_FROM_SEG:
      movFromSegment(cpu, i);
      break;
    case Op.MOV_TO_SEG:
      movToSegment(cpu, i);
      break;
    case Op.PUSH_SEG:
      pushSegment(cpu, i);
      break;
    case Op.POP_SEG:
      popSegment(cpu, i);
      break;
    case Op.LDS:
      loadFarPointer(cpu, i);
      break;
    case Op.SLDT:
      sldt(cpu, i);
      break;
    case Op.STR:
      str(cpu, i);
      break;
    case Op.LLDT:
      lldt(cpu, i);
      break;
    case Op.LTR:
      ltr(cpu, i);
      break;
    case Op.VERR:
      verr(cpu, i);
      break;
    case Op.VERW:
      verw(cpu, i);
      break;
    case Op.SGDT:
    case Op.SIDT:
      storeTable(cpu, i);
      break;
    case Op.LGDT:
    case Op.LIDT:
      loadTable(cpu, i);
      break;
    case Op.SMSW:
      smsw(cpu, i);
      break;
    case Op.LMSW:
      lmsw(cpu, i);
      break;
    case Op.INVLPG:
      invlpg(cpu, i);
      break;
    case Op.SWAPGS:
      swapgs(cpu);
      break;
    case Op.RDTSCP:
      rdtscp(cpu);
      break;
    case Op.LAR:
      lar(cpu, i);
      break;
    case Op.LSL:
      lsl(cpu, i);
      break;
    case Op.ARPL:
      arpl(cpu, i);
      break;
    case Op.SYSCALL:
      syscall(cpu, i);
      break;
    case Op.SYSRET:
      sysret(cpu, i);
      break;
    case Op.SYSENTER:
      sysenter(cpu);
      break;
    case Op.SYSEXIT:
      sysexit(cpu, i);
      break;
    case Op.CLTS:
      clts(cpu);
      break;
    case Op.INVD:
    case Op.WBINVD:
      invalidateCaches(cpu);
      break;
    case Op.MOV_FROM_CR:
      movFromCr(cpu, i);
      break;
    case Op.MOV_TO_CR:
      movToCr(cpu, i);
      break;
    case Op.MOV_FROM_DR:
      movFromDr(cpu, i);
      break;
    case Op.MOV_TO_DR:
      movToDr(cpu, i);
      break;
    case Op.WRMSR:
      wrmsr(cpu, i);
      break;
    case Op.RDMSR:
      rdmsr(cpu);
      break;
    case Op.RDTSC:
      rdtsc(cpu);
      break;
    case Op.RDPMC:
      raiseGp(cpu, 0); // no counters
      break;
    case Op.CPUID:
      cpuid(cpu);
      break;
    case Op.RDFSBASE:
      readBase(cpu, i, Seg.FS);
      break;
    case Op.RDGSBASE:
      readBase(cpu, i, Seg.GS);
      break;
    case Op.WRFSBASE:
      writeBase(cpu, i, Seg.FS);
      break;
    case Op.WRGSBASE:
      writeBase(cpu, i, Seg.GS);
      break;
    case Op.XGETBV:
      xgetbv(cpu);
      break;
    case Op.XSETBV:
      xsetbv(cpu, i);
      break;
    case Op.CLAC:
      setAlignmentFlag(cpu, false);
      break;
    case Op.STAC:
      setAlignmentFlag(cpu, true);
      break;
    case Op.INVPCID:
      invpcid(cpu, i);
      break;
    default: // UD, MONITOR, MWAIT, VMCALL, RSM and whatever is not claimed
      raiseUd(cpu);
  }
}
