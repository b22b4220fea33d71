// What must hold before an MMX or SSE instruction runs, and what running it does to the x87 registers.
// SDM vol. 3A 2.5 (CR0.EM, CR0.TS), 12.1 (MMX), 13.1.4 (SSE), table 12-3.
import { Vector, raise, raiseGp, raiseUd } from "../../cpu/exceptions";
import { Cr0, Cr4 } from "../../cpu/registerBits";
import { Vcpu } from "../../cpu/state";
import { hostEvent } from "../../host/imports";
import { HostEvent } from "../../shared/hostEvent";

/** x87 status word: an unmasked exception is pending. */
const ES: u32 = 0x80;

/** False with #UD or #NM pending. */
// @ts-ignore: decorator
@inline
export function isSseReady(cpu: Vcpu): bool {
  if (!(cpu.cr0 & (Cr0.EM | Cr0.TS)) && cpu.cr4 & Cr4.OSFXSR) return true;
  if (cpu.cr0 & Cr0.EM || !(cpu.cr4 & Cr4.OSFXSR)) raiseUd(cpu);
  else raise(cpu, Vector.NM);
  return false;
}

/** False with #UD, #NM or #MF pending. */
// @ts-ignore: decorator
@inline
export function isMmxReady(cpu: Vcpu): bool {
  if (!(cpu.cr0 & (Cr0.EM | Cr0.TS)) && !(cpu.fpuStatus & ES)) return true;
  return notReady(cpu);
}

function notReady(cpu: Vcpu): bool {
  if (cpu.cr0 & Cr0.EM) raiseUd(cpu);
  else if (cpu.cr0 & Cr0.TS) raise(cpu, Vector.NM);
  else return isX87Quiet(cpu);
  return false;
}

/** A pending x87 exception comes first: #MF, or the external interrupt of MS-DOS compatibility mode. */
export function isX87Quiet(cpu: Vcpu): bool {
  if (!(cpu.fpuStatus & ES)) return true;
  if (!(cpu.cr0 & Cr0.NE)) {
    hostEvent(HostEvent.FERR, 1);
    return true;
  }
  raise(cpu, Vector.MF);
  return false;
}

/** Integer operations on MMX registers need no OSFXSR, those on XMM registers do. Insn.size 3 is MMX. */
// @ts-ignore: decorator
@inline
export function isVectorReady(cpu: Vcpu, size: u32): bool {
  return size == 3 ? isMmxReady(cpu) : isSseReady(cpu);
}

/** Every MMX instruction resets TOP and marks all registers valid. */
// @ts-ignore: decorator
@inline
export function enterMmx(cpu: Vcpu): void {
  cpu.fpuTop = 0;
  cpu.fpuEmpty = 0;
}

/** Writes MMn, whose exponent and sign become ones. */
// @ts-ignore: decorator
@inline
export function writeMmx(address: u32, value: u64): void {
  store<u64>(<usize>address, value);
  store<u16>(<usize>address, 0xffff, 8);
}

/** #GP(0) where `linear` is not a multiple of `alignment`; true if it is and no fault is pending. */
// @ts-ignore: decorator
@inline
export function requireAligned(cpu: Vcpu, linear: u64, alignment: u32): bool {
  if ((<u32>linear) & (alignment - 1)) {
    raiseGp(cpu, 0);
    return false;
  }
  return true;
}
