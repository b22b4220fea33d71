// Data breakpoints: DR0-DR3 with R/W 01 (write) or 11 (read or write) in DR7. SDM vol. 3B 17.2.
// A page with one gets no plain TLB tags, so each access to it is checked here. Whoever writes DR0-DR3 or DR7 calls
// watchpointsChanged. Instruction and I/O breakpoints are not here.
import { Attention, Vcpu } from "../cpu/state";
import { flushAll } from "./flush";
import { PAGE_MASK } from "./tlb";

const ENABLES: u64 = 0xff;

/** Whether DR7 enables any breakpoint at all. */
// @ts-ignore: decorator
@inline
export function watching(cpu: Vcpu): bool {
  return (cpu.dr7 & ENABLES) != 0;
}

// @ts-ignore: decorator
@inline
function watchedAddress(cpu: Vcpu, index: u32): u64 {
  return load<u64>(changetype<usize>(cpu) + <usize>(index << 3), offsetof<Vcpu>("dr0"));
}

/** Bytes watched by data breakpoint `index`, or 0 if it is not an enabled one of this direction. */
function watchedLength(cpu: Vcpu, index: u32, write: bool): u64 {
  if (!((cpu.dr7 >> ((<u64>index) << 1)) & 3)) return 0;
  const control = (<u32>(cpu.dr7 >> (16 + ((<u64>index) << 2)))) & 15;
  const kind = control & 3;
  if (!(kind & 1) || (kind == 1 && !write)) return 0;
  const length = control >> 2;
  return length == 2 ? 8 : <u64>(length + 1);
}

/** Whether a data breakpoint lies on `page`. */
export function watchesPage(cpu: Vcpu, page: u64): bool {
  for (let i: u32 = 0; i < 4; i++) {
    if (watchedLength(cpu, i, true) && (watchedAddress(cpu, i) & PAGE_MASK) == page) return true;
  }
  return false;
}

/** Notes the data breakpoints that an access hits: a #DB trap follows the instruction. */
export function checkWatchpoints(cpu: Vcpu, linear: u64, size: u32, write: bool): void {
  for (let i: u32 = 0; i < 4; i++) {
    const length = watchedLength(cpu, i, write);
    if (!length) continue;
    const start = watchedAddress(cpu, i) & ~(length - 1);
    if (linear - start < length || start - linear < <u64>size) {
      cpu.dr6 |= (<u64>1) << (<u64>i);
      cpu.pendingDebug = 1;
      cpu.attention |= Attention.STOP;
    }
  }
}

/** DR0-DR3 or DR7 were written. */
export function watchpointsChanged(cpu: Vcpu): void {
  flushAll(cpu);
}
