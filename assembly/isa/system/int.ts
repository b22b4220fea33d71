// INT n, INT3, INTO, INT1. SDM vol. 2A, INT n. CR4.VME is not claimed, so in virtual-8086 mode IOPL decides.
import { Flag, Seg, segment } from "../../cpu/state";
import { getOverflow } from "../../cpu/flags";
import { Vector, raiseGp } from "../../cpu/exceptions";
import { Insn } from "../../decode/insn";
import { Exec } from "../../interp/exec";
import { InterruptKind, deliverException, tryDeliver } from "./deliver";
import { faulted } from "./segments";

/** A fault before the handler is entered is the instruction's own; after a task switch it is the new task's. */
function softwareInterrupt(cpu: Exec, i: Insn, vector: u32, kind: u32): void {
  const returnIp = i.nextRip;
  const task = segment(cpu, Seg.TR).selector;
  tryDeliver(cpu, vector, kind, false, 0, returnIp);
  if (!faulted(cpu)) {
    cpu.leaveTo(cpu.rip);
    return;
  }
  if (segment(cpu, Seg.TR).selector == task) return;
  deliverException(cpu);
  cpu.leaveTo(cpu.rip);
}

export function int(cpu: Exec, i: Insn): void {
  if (cpu.eflags & Flag.VM && (cpu.eflags & Flag.IOPL) != Flag.IOPL) {
    raiseGp(cpu, 0);
    return;
  }
  softwareInterrupt(cpu, i, (<u32>i.imm) & 0xff, InterruptKind.SOFTWARE);
}

/** IOPL does not matter to INT3 and INTO. */
export function int3(cpu: Exec, i: Insn): void {
  softwareInterrupt(cpu, i, Vector.BP, InterruptKind.SOFTWARE);
}

export function into(cpu: Exec, i: Insn): void {
  if (getOverflow(cpu)) softwareInterrupt(cpu, i, Vector.OF, InterruptKind.SOFTWARE);
  else cpu.leaveTo(i.nextRip);
}

export function int1(cpu: Exec, i: Insn): void {
  softwareInterrupt(cpu, i, Vector.DB, InterruptKind.INT1);
}
