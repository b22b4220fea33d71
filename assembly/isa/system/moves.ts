// Moves to and from segment registers: MOV, PUSH, POP, LDS and its like. SDM vol. 2B.
import { Attention, Seg, segment } from "../../cpu/state";
import { raiseUd } from "../../cpu/exceptions";
import { Insn, Mem, Reg } from "../../decode/insn";
import { Form } from "../../decode/op";
import { Exec } from "../../interp/exec";
import { linearAddress } from "../../mmu/address";
import { loadFarPointerOffset } from "./far";
import { SHADOW_STACK } from "./flags";
import { faulted, loadSegment } from "./segments";
import { pushValue, releaseStack, stackPeek } from "./stack";
import { writeSelector } from "./tables";

export function movFromSegment(cpu: Exec, i: Insn): void {
  writeSelector(cpu, i, segment(cpu, i.regField).selector);
}

/** The rest of the block was decoded for segments as they were: leave it if that no longer holds. */
function loadInBlock(cpu: Exec, seg: u32, selector: u32): bool {
  const mode = cpu.mode;
  if (!loadSegment(cpu, seg, selector)) return false;
  if (cpu.mode != mode) cpu.attention |= Attention.STOP;
  return true;
}

/** A load of SS holds off interrupts and traps, so that the stack pointer can follow (SDM vol. 3A 6.8.3). */
function loadWithShadow(cpu: Exec, seg: u32, selector: u32): bool {
  if (!loadInBlock(cpu, seg, selector)) return false;
  if (seg == Seg.SS) {
    cpu.interruptShadow |= SHADOW_STACK;
    cpu.attention |= Attention.STOP;
  }
  return true;
}

export function movToSegment(cpu: Exec, i: Insn): void {
  const seg = <u32>i.regField;
  if (seg == Seg.CS || seg > <u32>Seg.GS) {
    raiseUd(cpu);
    return;
  }
  const selector = <u32>(i.form == Form.RM ? cpu.readSrc<u16, Mem>(i) : cpu.readSrc<u16, Reg>(i));
  if (!faulted(cpu)) loadWithShadow(cpu, seg, selector);
}

export function pushSegment(cpu: Exec, i: Insn): void {
  cpu.insn = <u32>changetype<usize>(i);
  pushValue(cpu, i.size, <u64>segment(cpu, i.regField).selector);
}

export function popSegment(cpu: Exec, i: Insn): void {
  const seg = <u32>i.regField;
  cpu.insn = <u32>changetype<usize>(i);
  const selector = (<u32>stackPeek(cpu, 0, i.size)) & 0xffff;
  if (faulted(cpu)) return;
  // The stack pointer moves with the old stack size.
  const before = cpu.rsp;
  releaseStack(cpu, (<u64>1) << (<u64>i.size));
  if (!loadWithShadow(cpu, seg, selector)) cpu.rsp = before;
}

/** `imm` is the segment register. */
export function loadFarPointer(cpu: Exec, i: Insn): void {
  const linear = linearAddress(cpu, i);
  if (faulted(cpu)) return;
  const offset = loadFarPointerOffset(cpu, i, linear);
  const selector = <u32>cpu.load<u16>(linear + ((<u64>1) << (<u64>i.size)));
  if (faulted(cpu) || !loadInBlock(cpu, <u32>i.imm, selector)) return;
  if (i.size == 3) cpu.writeReg<u64>(i.dst, offset);
  else if (i.size == 2) cpu.writeReg<u32>(i.dst, offset);
  else cpu.writeReg<u16>(i.dst, offset);
}
