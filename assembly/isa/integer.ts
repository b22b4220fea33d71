// Cold integer instructions by op, size and form: the ones with no case of their own in interp/dispatch.ts.
import { raiseUd } from "../cpu/exceptions";
import { Insn, Mem, Reg } from "../decode/insn";
import { Form, Op } from "../decode/op";
import { Exec } from "../interp/exec";
import { aaa, aad, aam, aas, daa, das } from "./bcd";
import { BT_CHANGE, BT_CHANGE_MEMORY, BitAction } from "./bit";
import { bound, cmpxchg16b, cmpxchg8b } from "./compareExchangeWide";
import { JCXZ, LOOP, LoopKind } from "./control";
import { SHLD, SHRD } from "./doubleShift";
import { popf, pushf } from "./eflags";
import { CLC, CLD, CMC, LAHF, SAHF, SALC, STC, STD } from "./flagops";
import { enter, popa, pusha } from "./frame";
import { CLFLUSH, MOV, XLAT } from "./mov";
import { rcl, rcr } from "./rotateCarry";
import { lods, movs, stos } from "./string";
import { cmps, scas } from "./stringCompare";

export function executeInteger(cpu: Exec, i: Insn): void {
  switch (<u32>i.op) {
    case Op.RCL:
      rotateLeft(cpu, i);
      return;
    case Op.RCR:
      rotateRight(cpu, i);
      return;
    case Op.SHLD:
      shiftLeftDouble(cpu, i);
      return;
    case Op.SHRD:
      shiftRightDouble(cpu, i);
      return;
    case Op.BTS:
      changeBit(cpu, i, BitAction.SET);
      return;
    case Op.BTR:
      changeBit(cpu, i, BitAction.RESET);
      return;
    case Op.BTC:
      changeBit(cpu, i, BitAction.COMPLEMENT);
      return;
    case Op.PUSHA:
      if (i.size == 1) pusha<u16>(cpu, i);
      else pusha<u32>(cpu, i);
      return;
    case Op.POPA:
      if (i.size == 1) popa<u16>(cpu, i);
      else popa<u32>(cpu, i);
      return;
    case Op.PUSHF:
      if (i.size == 1) pushf<u16>(cpu, i);
      else if (i.size == 2) pushf<u32>(cpu, i);
      else pushf<u64>(cpu, i);
      return;
    case Op.POPF:
      if (i.size == 1) popf<u16>(cpu, i);
      else if (i.size == 2) popf<u32>(cpu, i);
      else popf<u64>(cpu, i);
      return;
    case Op.ENTER:
      if (i.size == 1) enter<u16>(cpu, i);
      else if (i.size == 2) enter<u32>(cpu, i);
      else enter<u64>(cpu, i);
      return;
    case Op.CLC:
      CLC<Exec>(cpu, i);
      return;
    case Op.STC:
      STC<Exec>(cpu, i);
      return;
    case Op.CMC:
      CMC<Exec>(cpu, i);
      return;
    case Op.CLD:
      CLD<Exec>(cpu, i);
      return;
    case Op.STD:
      STD<Exec>(cpu, i);
      return;
    case Op.LAHF:
      LAHF<Exec>(cpu, i);
      return;
    case Op.SAHF:
      SAHF<Exec>(cpu, i);
      return;
    case Op.SALC:
      SALC<Exec>(cpu, i);
      return;
    case Op.DAA:
      daa(cpu, i);
      return;
    case Op.DAS:
      das(cpu, i);
      return;
    case Op.AAA:
      aaa(cpu, i);
      return;
    case Op.AAS:
      aas(cpu, i);
      return;
    case Op.AAM:
      aam(cpu, i);
      return;
    case Op.AAD:
      aad(cpu, i);
      return;
    case Op.XLAT:
      XLAT<Exec>(cpu, i);
      return;
    case Op.BOUND:
      if (i.size == 1) bound<u16>(cpu, i);
      else bound<u32>(cpu, i);
      return;
    case Op.CMPXCHG8B:
      if (i.size == 3) cmpxchg16b(cpu, i);
      else cmpxchg8b(cpu, i);
      return;
    case Op.LOOP:
      loop(cpu, i, LoopKind.ALWAYS);
      return;
    case Op.LOOPE:
      loop(cpu, i, LoopKind.EQUAL);
      return;
    case Op.LOOPNE:
      loop(cpu, i, LoopKind.NOT_EQUAL);
      return;
    case Op.JCXZ:
      if (i.addressSize == 1) JCXZ<Exec, u16>(cpu, i);
      else if (i.addressSize == 2) JCXZ<Exec, u32>(cpu, i);
      else JCXZ<Exec, u64>(cpu, i);
      return;
    case Op.MOVS:
      if (i.size == 0) movs<u8>(cpu, i);
      else if (i.size == 1) movs<u16>(cpu, i);
      else if (i.size == 2) movs<u32>(cpu, i);
      else movs<u64>(cpu, i);
      return;
    case Op.CMPS:
      if (i.size == 0) cmps<u8>(cpu, i);
      else if (i.size == 1) cmps<u16>(cpu, i);
      else if (i.size == 2) cmps<u32>(cpu, i);
      else cmps<u64>(cpu, i);
      return;
    case Op.STOS:
      if (i.size == 0) stos<u8>(cpu, i);
      else if (i.size == 1) stos<u16>(cpu, i);
      else if (i.size == 2) stos<u32>(cpu, i);
      else stos<u64>(cpu, i);
      return;
    case Op.LODS:
      if (i.size == 0) lods<u8>(cpu, i);
      else if (i.size == 1) lods<u16>(cpu, i);
      else if (i.size == 2) lods<u32>(cpu, i);
      else lods<u64>(cpu, i);
      return;
    case Op.SCAS:
      if (i.size == 0) scas<u8>(cpu, i);
      else if (i.size == 1) scas<u16>(cpu, i);
      else if (i.size == 2) scas<u32>(cpu, i);
      else scas<u64>(cpu, i);
      return;
    case Op.PAUSE:
    case Op.FENCE:
      return;
    case Op.CLFLUSH:
      CLFLUSH<Exec>(cpu, i);
      return;
    case Op.MOVNTI:
      if (i.size == 3) MOV<Exec, u64, Mem, Reg>(cpu, i);
      else MOV<Exec, u32, Mem, Reg>(cpu, i);
      return;
    default:
      raiseUd(cpu);
  }
}

function rotateLeft(cpu: Exec, i: Insn): void {
  const memory = i.form == Form.MR;
  switch (<u32>i.size) {
    case 0:
      if (memory) rcl<u8, Mem>(cpu, i);
      else rcl<u8, Reg>(cpu, i);
      return;
    case 1:
      if (memory) rcl<u16, Mem>(cpu, i);
      else rcl<u16, Reg>(cpu, i);
      return;
    case 2:
      if (memory) rcl<u32, Mem>(cpu, i);
      else rcl<u32, Reg>(cpu, i);
      return;
    default:
      if (memory) rcl<u64, Mem>(cpu, i);
      else rcl<u64, Reg>(cpu, i);
  }
}

function rotateRight(cpu: Exec, i: Insn): void {
  const memory = i.form == Form.MR;
  switch (<u32>i.size) {
    case 0:
      if (memory) rcr<u8, Mem>(cpu, i);
      else rcr<u8, Reg>(cpu, i);
      return;
    case 1:
      if (memory) rcr<u16, Mem>(cpu, i);
      else rcr<u16, Reg>(cpu, i);
      return;
    case 2:
      if (memory) rcr<u32, Mem>(cpu, i);
      else rcr<u32, Reg>(cpu, i);
      return;
    default:
      if (memory) rcr<u64, Mem>(cpu, i);
      else rcr<u64, Reg>(cpu, i);
  }
}

function shiftLeftDouble(cpu: Exec, i: Insn): void {
  const memory = i.form == Form.MR;
  switch (<u32>i.size) {
    case 1:
      if (memory) SHLD<Exec, u64, u16, Mem>(cpu, i);
      else SHLD<Exec, u64, u16, Reg>(cpu, i);
      return;
    case 2:
      if (memory) SHLD<Exec, u64, u32, Mem>(cpu, i);
      else SHLD<Exec, u64, u32, Reg>(cpu, i);
      return;
    default:
      if (memory) SHLD<Exec, u64, u64, Mem>(cpu, i);
      else SHLD<Exec, u64, u64, Reg>(cpu, i);
  }
}

function shiftRightDouble(cpu: Exec, i: Insn): void {
  const memory = i.form == Form.MR;
  switch (<u32>i.size) {
    case 1:
      if (memory) SHRD<Exec, u64, u16, Mem>(cpu, i);
      else SHRD<Exec, u64, u16, Reg>(cpu, i);
      return;
    case 2:
      if (memory) SHRD<Exec, u64, u32, Mem>(cpu, i);
      else SHRD<Exec, u64, u32, Reg>(cpu, i);
      return;
    default:
      if (memory) SHRD<Exec, u64, u64, Mem>(cpu, i);
      else SHRD<Exec, u64, u64, Reg>(cpu, i);
  }
}

function changeBit(cpu: Exec, i: Insn, action: u32): void {
  const memory = i.form == Form.MR;
  switch (<u32>i.size) {
    case 1:
      if (memory) BT_CHANGE_MEMORY<Exec, u64, u16>(cpu, i, action);
      else BT_CHANGE<Exec, u64, u16>(cpu, i, action);
      return;
    case 2:
      if (memory) BT_CHANGE_MEMORY<Exec, u64, u32>(cpu, i, action);
      else BT_CHANGE<Exec, u64, u32>(cpu, i, action);
      return;
    default:
      if (memory) BT_CHANGE_MEMORY<Exec, u64, u64>(cpu, i, action);
      else BT_CHANGE<Exec, u64, u64>(cpu, i, action);
  }
}

function loop(cpu: Exec, i: Insn, kind: u32): void {
  switch (<u32>i.addressSize) {
    case 1:
      LOOP<Exec, u16>(cpu, i, kind);
      return;
    case 2:
      LOOP<Exec, u32>(cpu, i, kind);
      return;
    default:
      LOOP<Exec, u64>(cpu, i, kind);
  }
}
