// Where the CPU's next instruction lies in linear memory.
import { Mode, Seg, Vcpu, segment } from "./state";

/** Base of CS as it enters linear addresses. */
// @ts-ignore: decorator
@inline
export function codeBase(cpu: Vcpu): u64 {
  return cpu.mode & Mode.FLAT_CS ? 0 : segment(cpu, Seg.CS).base;
}

// @ts-ignore: decorator
@inline
export function codeLinear(cpu: Vcpu): u64 {
  if (cpu.mode & Mode.FLAT_CS) return cpu.rip;
  return (segment(cpu, Seg.CS).base + cpu.rip) & 0xffff_ffff;
}
