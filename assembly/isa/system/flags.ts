// CLI and STI. SDM vol. 2. VME and PVI are not claimed: IOPL alone decides.
import { Flag, Mode, Vcpu } from "../../cpu/state";
import { raiseGp } from "../../cpu/exceptions";
import { Insn } from "../../decode/insn";
import { Exec } from "../../interp/exec";

/** Interrupts (bit 0 of interruptShadow) are held off until the next instruction is done. */
export const SHADOW_INTERRUPTS: u32 = 1;
/** After a load of SS: interrupts and debug traps. */
export const SHADOW_STACK: u32 = 3;

function mayChangeInterruptFlag(cpu: Vcpu): bool {
  if (!(cpu.mode & (Mode.PROTECTED | Mode.V86))) return true;
  if (cpu.cpl <= ((<u32>cpu.eflags) & Flag.IOPL) >> 12) return true;
  raiseGp(cpu, 0);
  return false;
}

export function cli(cpu: Exec): void {
  if (mayChangeInterruptFlag(cpu)) cpu.eflags &= ~(<u64>Flag.IF);
}

export function sti(cpu: Exec, i: Insn): void {
  if (!mayChangeInterruptFlag(cpu)) return;
  if (!(cpu.eflags & Flag.IF)) cpu.interruptShadow |= SHADOW_INTERRUPTS;
  cpu.eflags |= Flag.IF;
  cpu.leaveTo(i.nextRip);
}
