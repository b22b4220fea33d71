// What the engine exports to the VMM (src/core/engine.ts gives it types). Exports only.
import { MemoryMap } from "./shared/memoryMap";
import { ExitReason } from "./shared/exitReason";
import { VcpuField } from "./shared/vcpuField";
import { Vcpu, segment, vcpu } from "./cpu/state";
import { readEflags } from "./cpu/flags";
import { updateMode } from "./cpu/mode";
import { resetCpu } from "./cpu/reset";
import { Insn } from "./decode/insn";
import { runSlice } from "./interp/run";
import { Exec } from "./interp/exec";
import { dropAllCode } from "./jit/codeCache";
import { configureJit } from "./jit/configure";
import { Helper } from "./jit/helperNumber";
import { helperPlace as placeOfHelper } from "./jit/helperTable";
import { moduleArrived } from "./jit/install";
import { describeTranslation as describeRecord, translationAfter as recordAfter } from "./jit/profile";
import { recordBytesInUse, wasmBytesInUse } from "./jit/segments";
import { takeDirtyPages as takeDirty } from "./mmu/dirtyPages";
import { hostWrote as dropCode } from "./mmu/hostWrote";
import { flushAll, initTlb } from "./mmu/flush";
import { initPhysicalMap, mapMemory as mapPages, setA20 as switchA20 } from "./mmu/mapMemory";

/** Prepares the machine's memory: `ramBytes` of RAM, empty caches, a CPU in its power-on state. */
export function initialize(ramBytes: u32): void {
  const cpu = vcpu();
  memory.fill(<usize>MemoryMap.VCPU, 0, <usize>MemoryMap.VCPU_SIZE);
  cpu.a20Mask = 0xffff_ffff;
  initTlb(cpu);
  initPhysicalMap(ramBytes);
  reset();
}

/** Power-on reset of the CPU and everything derived from memory. */
export function reset(): void {
  const cpu = vcpu();
  resetCpu(cpu);
  flushAll(cpu);
  dropAllCode(cpu);
  updateMode(cpu);
}

/** Runs guest code; `vcpu.instructionLimit` says how far. See ExitReason. */
export function run(): ExitReason {
  return runSlice(changetype<Exec>(vcpu()));
}

/** Instructions retired so far, also from within a host call. As f64: exact to 2^53. */
export function instructionsRetired(): f64 {
  const cpu = vcpu();
  let count = cpu.instructions;
  if (cpu.insn) count += <u64>changetype<Insn>(<usize>cpu.insn).indexInBlock;
  return <f64>count;
}

/** Runs at most `count` more instructions from now; `exact`: stop precisely there. */
export function setInstructionLimit(count: f64, exact: bool): void {
  const cpu = vcpu();
  cpu.instructionLimit = cpu.instructions + <u64>count;
  cpu.exactLimit = exact;
}

/** Address of a Vcpu field, see VcpuField. */
export function vcpuFieldAddress(field: u32): usize {
  const base = <usize>MemoryMap.VCPU;
  switch (field) {
    case VcpuField.ATTENTION:
      return base + offsetof<Vcpu>("attention");
    case VcpuField.INTERRUPT_REQUEST:
      return base + offsetof<Vcpu>("interruptRequest");
    case VcpuField.NMI_REQUEST:
      return base + offsetof<Vcpu>("nmiRequest");
    case VcpuField.EXIT_REQUEST:
      return base + offsetof<Vcpu>("exitRequest");
    case VcpuField.HALTED:
      return base + offsetof<Vcpu>("halted");
    case VcpuField.MODE:
      return base + offsetof<Vcpu>("mode");
    case VcpuField.REGISTERS:
      return base + offsetof<Vcpu>("rax");
    case VcpuField.RIP:
      return base + offsetof<Vcpu>("rip");
    case VcpuField.CR0:
      return base + offsetof<Vcpu>("cr0");
    case VcpuField.CR2:
      return base + offsetof<Vcpu>("cr2");
    case VcpuField.CR3:
      return base + offsetof<Vcpu>("cr3");
    case VcpuField.CR4:
      return base + offsetof<Vcpu>("cr4");
    case VcpuField.EFER:
      return base + offsetof<Vcpu>("efer");
    case VcpuField.GDT_BASE:
      return base + offsetof<Vcpu>("gdtBase");
    case VcpuField.IDT_BASE:
      return base + offsetof<Vcpu>("idtBase");
    case VcpuField.GDT_LIMIT:
      return base + offsetof<Vcpu>("gdtLimit");
    case VcpuField.IDT_LIMIT:
      return base + offsetof<Vcpu>("idtLimit");
    case VcpuField.STAT_TLB_MISSES:
      return base + offsetof<Vcpu>("statTlbMisses");
    case VcpuField.STAT_BLOCKS_BUILT:
      return base + offsetof<Vcpu>("statBlocksBuilt");
    case VcpuField.STAT_INVALIDATIONS:
      return base + offsetof<Vcpu>("statInvalidations");
    case VcpuField.STAT_INTERRUPTS:
      return base + offsetof<Vcpu>("statInterrupts");
    case VcpuField.STAT_EXCEPTIONS:
      return base + offsetof<Vcpu>("statExceptions");
    case VcpuField.STAT_EVICTIONS:
      return base + offsetof<Vcpu>("statEvictions");
    case VcpuField.INSTRUCTIONS:
      return base + offsetof<Vcpu>("instructions");
    case VcpuField.CPL:
      return base + offsetof<Vcpu>("cpl");
    case VcpuField.EFLAGS:
      return base + offsetof<Vcpu>("eflags");
    case VcpuField.STAT_JIT_INSTRUCTIONS:
      return base + offsetof<Vcpu>("statJitInstructions");
    case VcpuField.STAT_REGIONS:
      return base + offsetof<Vcpu>("statRegions");
    case VcpuField.STAT_MODULES:
      return base + offsetof<Vcpu>("statModules");
    case VcpuField.STAT_GUEST_BYTES:
      return base + offsetof<Vcpu>("statGuestBytes");
    case VcpuField.STAT_WASM_BYTES:
      return base + offsetof<Vcpu>("statWasmBytes");
    case VcpuField.STAT_JIT_INVALIDATIONS:
      return base + offsetof<Vcpu>("statJitInvalidations");
    case VcpuField.STAT_JIT_EVICTIONS:
      return base + offsetof<Vcpu>("statJitEvictions");
    case VcpuField.STAT_CHAINED:
      return base + offsetof<Vcpu>("statChained");
    case VcpuField.STAT_DISPATCHES:
      return base + offsetof<Vcpu>("statDispatches");
    case VcpuField.STAT_GUEST_INSTRUCTIONS:
      return base + offsetof<Vcpu>("statGuestInstructions");
    default:
      return 0;
  }
}

/**
 * When guest code is translated (JitMode), after how many runs of a block (AUTO), how much memory that may take (1 MiB at least; 0: all there
 * is), what the host can do (JitFeature), and which place of the exported table is the first of JitTable.PLACES free ones.
 */
export function setJit(mode: u32, threshold: u32, cacheBytes: u32, features: u32, firstPlace: u32): void {
  configureJit(vcpu(), mode, threshold, cacheBytes, features, firstPlace);
}

/** The module whose functions are to be in the `count` places from `place` on (installModule) is there; `ok`: in its places. */
export function moduleReady(place: u32, count: u32, ok: bool): void {
  moduleArrived(vcpu(), place, count, ok);
}

/** The functions that translated code calls: how many, and which place of the exported table each has. */
export function helperCount(): u32 {
  return Helper.COUNT;
}

export function helperPlace(helper: u32): u32 {
  return placeOfHelper(helper);
}

/** Bytes of wasm that hold the translations there are. */
export function translatedWasmBytes(): u32 {
  return wasmBytesInUse();
}

/** Bytes that the engine keeps of them in the code cache. */
export function translationRecordBytes(): u32 {
  return recordBytesInUse();
}

/** The record of the translation after the one at `address`; the first for 0; 0 after the last. */
export function translationAfter(address: u32): u32 {
  return recordAfter(address);
}

/** What jit/profile.ts describes of the translation at `address`, to `target`; gives its length in bytes. */
export function describeTranslation(address: u32, target: usize): u32 {
  return describeRecord(address, target);
}

/** EFLAGS with the lazy flags worked out. */
export function eflags(): u32 {
  return <u32>readEflags(vcpu());
}

/** Sets a segment register's hidden part: direct kernel boot and tests. Attributes as SegAttr. */
export function setSegment(index: u32, selector: u32, base: u32, limit: u32, attributes: u32): void {
  const s = segment(vcpu(), index);
  s.selector = selector;
  s.base = <u64>base;
  s.limit = limit;
  s.attributes = attributes;
}

/** {selector, base low, base high, limit, attributes} of segment register `index`, at the given address as u32s. */
export function readSegment(index: u32, target: usize): void {
  const s = segment(vcpu(), index);
  store<u32>(target, s.selector);
  store<u64>(target, s.base, 4);
  store<u32>(target, s.limit, 12);
  store<u32>(target, s.attributes, 16);
}

/** After control registers or segments were set from outside: derived state (mode, TLBs, blocks) afresh. */
export function stateChanged(): void {
  const cpu = vcpu();
  flushAll(cpu);
  dropAllCode(cpu);
  updateMode(cpu);
}

/** See mmu/physical.ts mapMemory. */
export function mapMemory(physicalPage: u32, pages: u32, kind: u32, host: u32): bool {
  // Code above 1 MiB that is not RAM is not tracked by page (codePages.ts); that it changes is rare.
  if (physicalPage + pages > 0x100) dropAllCode(vcpu());
  return mapPages(physicalPage, pages, kind, host);
}

/** A device or the host wrote guest RAM: drops code decoded from it, notes it for dirty logging. */
export function hostWrote(physical: u32, length: u32): void {
  dropCode(physical, length);
}

/** See mmu/dirtyPages.ts. Between slices only. */
export function takeDirtyPages(firstPage: u32, pages: u32, target: usize): u32 {
  return takeDirty(firstPage, pages, target);
}

/** A20 gate. */
export function setA20(open: bool): void {
  switchA20(open);
}
