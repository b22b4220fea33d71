// PUSHA, POPA and ENTER, helper instructions: several stack accesses, all before rSP and rBP change.
import { Mode } from "../cpu/state";
import { Insn } from "../decode/insn";
import { Exec } from "../interp/exec";
import { checkWrite } from "../mmu/slow";
import { setStackPointer, stackLinear, stackLinearSlow, truncateStackPointer } from "./stackAccess";

const RSP: u32 = 4;
const RBP: u32 = 5;

/** SP is pushed as it was before. */
export function pusha<T>(cpu: Exec, i: Insn): void {
  let sp = cpu.rsp;
  for (let register: u32 = 0; register < 8; register++) {
    sp -= sizeof<T>();
    cpu.store<T>(stackLinear<T>(cpu, i, sp, true), cpu.readReg<T>(cpu.gpr(register)));
    if (cpu.faulted()) return;
  }
  setStackPointer<T>(cpu, sp);
}

/** The image of SP is skipped. Faults are found by reading once more than needed, before anything is written. */
export function popa<T>(cpu: Exec, i: Insn): void {
  const sp = cpu.rsp;
  for (let slot: u64 = 0; slot < 8; slot++) {
    cpu.load<T>(stackLinear<T>(cpu, i, sp + slot * sizeof<T>(), false));
    if (cpu.faulted()) return;
  }
  for (let slot: u32 = 0; slot < 8; slot++) {
    const register = 7 - slot;
    if (register == RSP) continue;
    cpu.writeReg<T>(cpu.gpr(register), cpu.load<T>(stackLinear<T>(cpu, i, sp + <u64>slot * sizeof<T>(), false)));
  }
  setStackPointer<T>(cpu, sp + 8 * sizeof<T>());
}

/** The whole rSP after setting the stack's width of it to `sp`. */
function withOldUpperHalf(cpu: Exec, sp: u64): u64 {
  const low = truncateStackPointer(cpu, sp);
  return (cpu.mode & Mode.STACK_SIZE) == 1 << Mode.STACK_SHIFT ? (cpu.rsp & ~(<u64>0xffff)) | low : low;
}

/**
 * imm = frame size | nesting level << 16. Besides its pushes it faults when a push at the final stack pointer would
 * (SDM vol. 2A "ENTER").
 */
export function enter<T>(cpu: Exec, i: Insn): void {
  const level = ((<u32>i.imm) >> 16) & 31;
  let sp = cpu.rsp - sizeof<T>();
  let frame = cpu.rbp;
  cpu.store<T>(stackLinear<T>(cpu, i, sp, true), cpu.readReg<T>(cpu.gpr(RBP)));
  if (cpu.faulted()) return;
  const newFrame = withOldUpperHalf(cpu, sp);
  if (level) {
    for (let n: u32 = 1; n < level; n++) {
      frame -= sizeof<T>();
      const value = cpu.load<T>(stackLinear<T>(cpu, i, frame, false));
      if (cpu.faulted()) return;
      sp -= sizeof<T>();
      cpu.store<T>(stackLinear<T>(cpu, i, sp, true), value);
      if (cpu.faulted()) return;
    }
    sp -= sizeof<T>();
    cpu.store<T>(stackLinear<T>(cpu, i, sp, true), newFrame);
    if (cpu.faulted()) return;
  }
  sp -= (<u64>i.imm) & 0xffff;
  const final = stackLinearSlow(cpu, sp, <u32>sizeof<T>(), true);
  if (cpu.faulted() || !checkWrite(cpu, final, <u32>sizeof<T>())) return;
  setStackPointer<T>(cpu, sp);
  cpu.writeReg<T>(cpu.gpr(RBP), newFrame);
}
