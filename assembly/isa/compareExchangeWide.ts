// CMPXCHG8B, CMPXCHG16B and BOUND, helper instructions. ZF alone changes; the memory is written in any case.
import { Vector, raise, raiseGp } from "../cpu/exceptions";
import { updateArithmeticFlags } from "../cpu/flags";
import { Flag } from "../cpu/state";
import { Mem, Insn } from "../decode/insn";
import { Exec } from "../interp/exec";
import { checkWrite } from "../mmu/slow";

const RAX: u32 = 0;
const RDX: u32 = 2;

export function cmpxchg8b(cpu: Exec, i: Insn): void {
  const before = cpu.readModify<u64, Mem>(i);
  if (cpu.faulted()) return;
  const equal = before == ((cpu.rdx << 32) | (cpu.rax & 0xffff_ffff));
  cpu.writeBack<u64, Mem>(i, equal ? (cpu.rcx << 32) | (cpu.rbx & 0xffff_ffff) : before);
  if (!equal) {
    cpu.writeReg<u32>(cpu.gpr(RAX), before);
    cpu.writeReg<u32>(cpu.gpr(RDX), before >> 32);
  }
  updateArithmeticFlags(cpu, Flag.ZF, equal ? Flag.ZF : 0);
}

/** Its operand must be aligned: #GP(0). */
export function cmpxchg16b(cpu: Exec, i: Insn): void {
  const linear = cpu.linear(i);
  if (cpu.faulted()) return;
  if (linear & 15) {
    raiseGp(cpu, 0);
    return;
  }
  if (!checkWrite(cpu, linear, 16)) return;
  const low = cpu.load<u64>(linear);
  const high = cpu.load<u64>(linear + 8);
  const equal = low == cpu.rax && high == cpu.rdx;
  cpu.store<u64>(linear, equal ? cpu.rbx : low);
  cpu.store<u64>(linear + 8, equal ? cpu.rcx : high);
  if (!equal) {
    cpu.rax = low;
    cpu.rdx = high;
  }
  updateArithmeticFlags(cpu, Flag.ZF, equal ? Flag.ZF : 0);
}

/** #BR when the signed index in dst is not within the two bounds in memory. Not in 64-bit mode. */
export function bound<T>(cpu: Exec, i: Insn): void {
  const linear = cpu.linear(i);
  if (cpu.faulted()) return;
  const lower = <i64>cpu.signExtend<T, u64>(cpu.load<T>(linear));
  if (cpu.faulted()) return;
  const upper = <i64>cpu.signExtend<T, u64>(cpu.load<T>((linear + sizeof<T>()) & 0xffff_ffff));
  if (cpu.faulted()) return;
  const index = <i64>cpu.signExtend<T, u64>(cpu.readReg<T>(i.dst));
  if (index < lower || index > upper) raise(cpu, Vector.BR);
}
