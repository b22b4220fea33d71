// Debug registers and instruction breakpoints. SDM vol. 3B 17.2, 17.3. Data breakpoints are mmu/watch.ts.
// Not modelled: I/O breakpoints (CR4.DE with R/W 10), RTM.
import { Vcpu } from "../../cpu/state";
import { Vector, raise, raiseGp, raiseUd } from "../../cpu/exceptions";
import { Cr4, DR6_FIXED, Dr6, Dr7 } from "../../cpu/registerBits";
import { Insn } from "../../decode/insn";
import { Exec } from "../../interp/exec";
import { watchpointsChanged } from "../../mmu/watch";

const DR6_WRITABLE: u64 = Dr6.HITS | Dr6.BD | Dr6.BS | Dr6.BT;
const DR7_RESERVED: u64 = 0xd800; // 11, 12, 14, 15: zero (11 is RTM)

// @ts-ignore: decorator
@inline
function addressRegister(cpu: Vcpu, index: u32): usize {
  return changetype<usize>(cpu) + offsetof<Vcpu>("dr0") + ((<usize>index) << 3);
}

/** Adds causes of a #DB to DR6; old hits go (DR6 is otherwise never cleared by the processor). */
export function noteDebug(cpu: Vcpu, causes: u64): void {
  cpu.dr6 = (cpu.dr6 & ~(<u64>Dr6.HITS)) | causes;
}

/**
 * Whether an instruction breakpoint lies at `linear`; then DR6 says which, and the caller raises #DB (a fault). The caller has
 * looked at EFLAGS.RF.
 */
export function checkCodeBreakpoints(cpu: Vcpu, linear: u64): bool {
  const dr7 = cpu.dr7;
  let hits: u64 = 0;
  let enabled = false;
  for (let index: u64 = 0; index < 4; index++) {
    if ((dr7 >> (16 + (index << 2))) & 3) continue; // not for execution
    if (load<u64>(addressRegister(cpu, <u32>index)) != linear) continue;
    hits |= (<u64>1) << index;
    if ((dr7 >> (index << 1)) & 3) enabled = true;
  }
  if (enabled) noteDebug(cpu, hits);
  return enabled;
}

/** The register number after aliasing (DR4 is DR6, DR5 is DR7), or with a fault pending nothing. */
function checkAccess(cpu: Vcpu, i: Insn): u32 {
  let number = <u32>i.regField;
  if (number == 4 || number == 5) {
    if (cpu.cr4 & Cr4.DE) raiseUd(cpu);
    number += 2;
  }
  if (cpu.cpl != 0) raiseGp(cpu, 0);
  else if (cpu.dr7 & Dr7.GD) {
    if (!(cpu.attention & 1)) cpu.dr6 |= Dr6.BD;
    raise(cpu, Vector.DB);
  }
  return number;
}

export function movFromDr(cpu: Exec, i: Insn): void {
  const number = checkAccess(cpu, i);
  if (cpu.faulted()) return;
  let value: u64;
  if (number < 4) value = load<u64>(addressRegister(cpu, number));
  else value = number == 6 ? (cpu.dr6 & DR6_WRITABLE) | DR6_FIXED : (cpu.dr7 & ~DR7_RESERVED) | Dr7.FIXED;
  store<u64>(<usize>i.dst, i.size == 3 ? value : value & 0xffff_ffff);
}

export function movToDr(cpu: Exec, i: Insn): void {
  const number = checkAccess(cpu, i);
  if (cpu.faulted()) return;
  const value = i.size == 3 ? load<u64>(<usize>i.src) : <u64>load<u32>(<usize>i.src);
  if (number >= 6 && value >> 32) {
    raiseGp(cpu, 0);
    return;
  }
  if (number == 6) {
    cpu.dr6 = (value & DR6_WRITABLE) | DR6_FIXED;
    return;
  }
  const before = cpu.dr7;
  if (number == 7) cpu.dr7 = (value & ~DR7_RESERVED) | Dr7.FIXED;
  else store<u64>(addressRegister(cpu, number), value);
  if ((before | cpu.dr7) & Dr7.ENABLES) watchpointsChanged(cpu);
  cpu.leaveTo(i.nextRip);
}
