// What the tests of mmu/ call. The harness compiles it next to a copy of the engine's mmu with jit/codeCache stubbed.
import { MemoryMap } from "../shared/memoryMap";
import { Vcpu, vcpu } from "../cpu/state";
import { linearLoad, linearModify, linearStore, linearWriteBack } from "../mmu/access";
import { currentKind, selectTlb } from "../mmu/fill";
import { ADDEND, EXECUTE_TAG, PHYSICAL_PAGE, READ_TAG, WRITE_TAG, tlbEntry } from "../mmu/tlb";
import { flushAll, flushNonGlobal, flushPage, initTlb } from "../mmu/flush";
import { fetchBytes, fetchBytesRaising, fetchHost, fetchPage, peekCode } from "../mmu/fetch";
import { loadPdptes, translate } from "../mmu/paging";
import { checkRead, checkWrite } from "../mmu/slow";
import { physicalHost, isCacheableCode } from "../mmu/physical";
import { initPhysicalMap, mapMemory, setA20 } from "../mmu/mapMemory";
import { clearCodePage, markCodePage, isCodePage, checkWriteTags, clearAllCodePages } from "../mmu/codePages";
import { takeDirtyPages } from "../mmu/dirtyPages";
import { hostWrote } from "../mmu/hostWrote";
import { probeRead, probeWrite, systemLoad32, systemLoad64, systemStore32, physicalLoad32, physicalLoad64 } from "../mmu/systemAccess";
import { watchpointsChanged } from "../mmu/watch";
import { updateTlbKind } from "../cpu/mode";

export { mapMemory, setA20, physicalHost, markCodePage, clearCodePage, isCodePage, hostWrote, checkWriteTags, isCacheableCode };
export { physicalLoad32, physicalLoad64, takeDirtyPages };

export function init(ramBytes: u32): void {
  const cpu = vcpu();
  memory.fill(changetype<usize>(cpu), 0, offsetof<Vcpu>());
  cpu.a20Mask = <u32>-1;
  clearAllCodePages();
  memory.fill(<usize>MemoryMap.CLEAN_PAGES, 0, <usize>MemoryMap.CLEAN_PAGES_SIZE);
  initPhysicalMap(ramBytes);
  initTlb(cpu);
  selectTlb(cpu);
}
export function vcpuSize(): u32 { return offsetof<Vcpu>(); }
export function setState(cr0: u64, cr3: u64, cr4: u64, efer: u64): void {
  const cpu = vcpu();
  cpu.cr0 = cr0; cpu.cr3 = cr3; cpu.cr4 = cr4; cpu.efer = efer;
  flushAll(cpu);
  selectTlb(cpu);
}
export function setCpl(cpl: u32, eflags: u64): void {
  const cpu = vcpu();
  cpu.cpl = cpl; cpu.eflags = eflags;
  selectTlb(cpu);
}
export function setMode(mode: u32): void { vcpu().mode = mode; }
export function setInsn(address: u32): void { vcpu().insn = address; }
export function setDebug(dr0: u64, dr7: u64): void { const cpu = vcpu(); cpu.dr0 = dr0; cpu.dr7 = dr7; cpu.dr6 = 0; cpu.pendingDebug = 0; watchpointsChanged(cpu); }
export function dr6(): u64 { return vcpu().dr6; }
export function pendingDebug(): u32 { return vcpu().pendingDebug; }
export function attention(): u32 { return vcpu().attention; }
export function kind(): u32 { return currentKind(vcpu()); }
export function pdptes(): bool { return loadPdptes(vcpu()); }
/** The pending exception as vector << 16 | error code, or -1; and clears it. */
export function takeFault(): i32 {
  const cpu = vcpu();
  if (!(cpu.attention & 1)) { cpu.attention = 0; return -1; }
  cpu.attention = 0;
  return <i32>((cpu.exceptionVector << 16) | cpu.exceptionError);
}
export function cr2(): u64 { return vcpu().cr2; }
export function epoch(): u32 { return vcpu().mappingEpoch; }
export function misses(): u64 { return vcpu().statTlbMisses; }
export function translateTo(linear: u64, access: u32): u64 { return translate(vcpu(), linear, access); }
export function load8(a: u64): u64 { return linearLoad<u8>(vcpu(), a); }
export function load16(a: u64): u64 { return linearLoad<u16>(vcpu(), a); }
export function load32(a: u64): u64 { return linearLoad<u32>(vcpu(), a); }
export function load64(a: u64): u64 { return linearLoad<u64>(vcpu(), a); }
export function store8(a: u64, v: u64): void { linearStore<u8>(vcpu(), a, v); }
export function store16(a: u64, v: u64): void { linearStore<u16>(vcpu(), a, v); }
export function store32(a: u64, v: u64): void { linearStore<u32>(vcpu(), a, v); }
export function store64(a: u64, v: u64): void { linearStore<u64>(vcpu(), a, v); }
export function add32(a: u64, v: u64): void { const cpu = vcpu(); const old = linearModify<u32>(cpu, a); if (cpu.attention & 1) return; linearWriteBack<u32>(cpu, old + v); }
export function add64(a: u64, v: u64): void { const cpu = vcpu(); const old = linearModify<u64>(cpu, a); if (cpu.attention & 1) return; linearWriteBack<u64>(cpu, old + v); }
export function fetch(a: u64): u64 { return fetchPage(vcpu(), a); }
export function peek(a: u64): u64 { return peekCode(vcpu(), a); }
export function codeHost(a: u64): u32 { return fetchHost(vcpu(), a); }
export function bytes(a: u64, target: u32, n: u32): u32 { return fetchBytes(vcpu(), a, <usize>target, n); }
export function bytesRaising(a: u64, target: u32, n: u32): u32 { return fetchBytesRaising(vcpu(), a, <usize>target, n); }
export function all(): void { flushAll(vcpu()); }
export function nonGlobal(): void { flushNonGlobal(vcpu()); }
export function page(a: u64): void { flushPage(vcpu(), a); }
export function canWrite(a: u64, n: u32): bool { return checkWrite(vcpu(), a, n); }
export function canRead(a: u64, n: u32): bool { return checkRead(vcpu(), a, n); }
export function sysLoad32(a: u64): u64 { return systemLoad32(vcpu(), a); }
export function sysLoad64(a: u64): u64 { return systemLoad64(vcpu(), a); }
export function sysStore32(a: u64, v: u64): void { systemStore32(vcpu(), a, v); }
export function mayWrite(a: u64, n: u32, s: bool): bool { return probeWrite(vcpu(), a, n, s); }
export function mayRead(a: u64, n: u32, s: bool): bool { return probeRead(vcpu(), a, n, s); }
/** Whether the inline probe would hit: bit 0 read, 1 write, 2 execute. */
export function tags(a: u64): u32 {
  const e = tlbEntry(vcpu().tlb, a);
  const p = a & ~(<u64>0xfff);
  return (load<u64>(e, READ_TAG) == p ? 1 : 0) | (load<u64>(e, WRITE_TAG) == p ? 2 : 0) | (load<u64>(e, EXECUTE_TAG) == p ? 4 : 0);
}
export function entryPhysical(a: u64): u32 { return load<u32>(tlbEntry(vcpu().tlb, a), PHYSICAL_PAGE) + 0 * load<u32>(tlbEntry(vcpu().tlb, a), ADDEND); }
/** Loads a byte of each of `pages` pages from `linear`, `rounds` times; flushes before each round if asked. */
export function sweep(linear: u64, pages: u32, rounds: u32, flush: bool): u64 {
  let sum: u64 = 0;
  const cpu = vcpu();
  for (let r: u32 = 0; r < rounds; r++) {
    if (flush) flushNonGlobal(cpu);
    for (let i: u32 = 0; i < pages; i++) sum += linearLoad<u8>(cpu, linear + ((<u64>i) << 12));
  }
  return sum;
}
export function invlpgs(linear: u64, count: u32): void {
  for (let i: u32 = 0; i < count; i++) flushPage(vcpu(), linear + ((<u64>i) << 12));
}
/** CPL and EFLAGS as the processor changes them. */
export function switchTo(cpl: u32, eflags: u64): void { const cpu = vcpu(); cpu.cpl = cpl; cpu.eflags = eflags; updateTlbKind(cpu); }
