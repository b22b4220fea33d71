// PUSHF and POPF, helper instructions (SDM vol. 2B). Without CR4.VME, which CPUID does not show, virtual-8086 mode needs
// IOPL 3. PUSHF clears RF and VM in the image; POPF never changes VM, VIF and VIP and clears RF.
import { raiseGp } from "../cpu/exceptions";
import { readEflags, setArithmeticFlags } from "../cpu/flags";
import { updateTlbKind } from "../cpu/mode";
import { Flag, Mode } from "../cpu/state";
import { Insn } from "../decode/insn";
import { Exec } from "../interp/exec";
import { setStackPointer, stackLinear } from "./stackAccess";

const CHANGEABLE_16: u32 = Flag.ARITHMETIC | Flag.TF | Flag.IF | Flag.DF | Flag.IOPL | Flag.NT;
const CHANGEABLE: u32 = CHANGEABLE_16 | Flag.AC | Flag.ID | Flag.RF;

// @ts-ignore: decorator
@inline
function ioPrivilege(cpu: Exec): u32 {
  return ((<u32>cpu.eflags) & Flag.IOPL) >> 12;
}

/** #GP(0) in virtual-8086 mode with IOPL below 3. */
function checkVirtual(cpu: Exec): bool {
  if (!(cpu.mode & Mode.V86) || ioPrivilege(cpu) == 3) return true;
  raiseGp(cpu, 0);
  return false;
}

export function pushf<T>(cpu: Exec, i: Insn): void {
  if (!checkVirtual(cpu)) return;
  const image = readEflags(cpu) & ~(<u64>(Flag.RF | Flag.VM));
  const sp = cpu.rsp - sizeof<T>();
  cpu.store<T>(stackLinear<T>(cpu, i, sp, true), image);
  if (cpu.faulted()) return;
  setStackPointer<T>(cpu, sp);
}

export function popf<T>(cpu: Exec, i: Insn): void {
  if (!checkVirtual(cpu)) return;
  const value = <u32>cpu.load<T>(stackLinear<T>(cpu, i, cpu.rsp, false));
  if (cpu.faulted()) return;
  setStackPointer<T>(cpu, cpu.rsp + sizeof<T>());
  let mask: u32 = sizeof<T>() == 2 ? CHANGEABLE_16 : CHANGEABLE;
  if (cpu.mode & Mode.V86) mask &= ~Flag.IOPL;
  else if (cpu.mode & Mode.PROTECTED) {
    if (cpu.cpl) mask &= ~Flag.IOPL;
    if (cpu.cpl > ioPrivilege(cpu)) mask &= ~Flag.IF;
  }
  const taken = sizeof<T>() == 2 ? value : value & ~Flag.RF;
  const before = cpu.eflags;
  cpu.eflags = (before & ~(<u64>mask)) | (<u64>(taken & mask));
  setArithmeticFlags(cpu, value & Flag.ARITHMETIC);
  if ((before ^ cpu.eflags) & Flag.AC) updateTlbKind(cpu);
}
