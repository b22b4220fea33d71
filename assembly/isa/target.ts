// Checks of near jump targets: the code segment's limit, and in 64-bit mode canonicality of what comes from a register or
// memory (SDM vol. 2A "CALL", "JMP", "RET": #GP(0)). A direct jump in 64-bit mode that runs off the canonical half faults
// when its target is fetched.
import { Mode, Seg, Vcpu, segment } from "../cpu/state";
import { raiseGp } from "../cpu/exceptions";
import { isCanonical } from "../cpu/mode";

function checkLimit(cpu: Vcpu, target: u64): void {
  if (target > <u64>segment(cpu, Seg.CS).limit) raiseGp(cpu, 0);
}

// @ts-ignore: decorator
@inline
export function checkDirectTarget(cpu: Vcpu, target: u64): void {
  if (!(cpu.mode & Mode.FLAT_CS)) checkLimit(cpu, target);
}

// @ts-ignore: decorator
@inline
export function checkIndirectTarget(cpu: Vcpu, target: u64): void {
  const mode = cpu.mode;
  if ((mode & Mode.CODE_SIZE) == 3) {
    if (!isCanonical(target)) raiseGp(cpu, 0);
  } else if (!(mode & Mode.FLAT_CS)) checkLimit(cpu, target);
}
