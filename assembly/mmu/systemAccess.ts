// The processor's own accesses - descriptor tables, TSS, exception frames - with supervisor privilege whatever the CPL.
// EFLAGS.AC neither checks their alignment nor lets them past SMAP (SDM vol. 3A 4.6.1).
import { Mode, Vcpu, vcpu } from "../cpu/state";
import { faultPending, systemKind } from "./fill";
import { Access } from "./paging";
import { a20 } from "./physical";
import { loadAs, probe, readPhysical, storeAs } from "./slow";
import { ADDEND, PAGE_MASK, READ_TAG, TlbKind, WRITE_TAG, tlbBase, tlbEntry } from "./tlb";

/** System structures have 64-bit linear addresses in IA-32e mode, compatibility mode included. */
// @ts-ignore: decorator
@inline
function isWideSystem(cpu: Vcpu): bool {
  return (cpu.mode & Mode.LONG) != 0;
}

// @ts-ignore: decorator
@inline
function systemLoad<T>(cpu: Vcpu, linear: u64): u64 {
  if (faultPending(cpu)) return 0;
  const kind = systemKind(cpu);
  const entry = tlbEntry(tlbBase(kind), linear);
  if (load<u64>(entry, READ_TAG) == ((linear + (sizeof<T>() - 1)) & PAGE_MASK))
    return <u64>load<T>(<usize>(<u32>linear + load<u32>(entry, ADDEND)));
  return loadAs(cpu, kind, linear, <u32>sizeof<T>(), Access.READ | Access.SYSTEM, isWideSystem(cpu));
}

// @ts-ignore: decorator
@inline
function systemStore<T>(cpu: Vcpu, linear: u64, value: u64): void {
  if (faultPending(cpu)) return;
  const kind = systemKind(cpu);
  const entry = tlbEntry(tlbBase(kind), linear);
  if (load<u64>(entry, WRITE_TAG) == ((linear + (sizeof<T>() - 1)) & PAGE_MASK))
    store<T>(<usize>(<u32>linear + load<u32>(entry, ADDEND)), <T>value);
  else storeAs(cpu, kind, linear, value, <u32>sizeof<T>(), Access.WRITE | Access.SYSTEM, isWideSystem(cpu));
}

/** Zero-extended; 0 with the fault pending. */
export function systemLoad8(cpu: Vcpu, linear: u64): u64 {
  return systemLoad<u8>(cpu, linear);
}

export function systemLoad16(cpu: Vcpu, linear: u64): u64 {
  return systemLoad<u16>(cpu, linear);
}

export function systemLoad32(cpu: Vcpu, linear: u64): u64 {
  return systemLoad<u32>(cpu, linear);
}

export function systemLoad64(cpu: Vcpu, linear: u64): u64 {
  return systemLoad<u64>(cpu, linear);
}

export function systemStore8(cpu: Vcpu, linear: u64, value: u64): void {
  systemStore<u8>(cpu, linear, value);
}

export function systemStore16(cpu: Vcpu, linear: u64, value: u64): void {
  systemStore<u16>(cpu, linear, value);
}

export function systemStore32(cpu: Vcpu, linear: u64, value: u64): void {
  systemStore<u32>(cpu, linear, value);
}

export function systemStore64(cpu: Vcpu, linear: u64, value: u64): void {
  systemStore<u64>(cpu, linear, value);
}

/** Whether all `size` bytes can be written, as the system (`supervisor`) or at CPL 3; false with the fault pending. */
export function probeWrite(cpu: Vcpu, linear: u64, size: u32, supervisor: bool): bool {
  return probeAs(cpu, linear, size, supervisor, Access.WRITE);
}

export function probeRead(cpu: Vcpu, linear: u64, size: u32, supervisor: bool): bool {
  return probeAs(cpu, linear, size, supervisor, Access.READ);
}

function probeAs(cpu: Vcpu, linear: u64, size: u32, supervisor: bool, access: u32): bool {
  if (faultPending(cpu)) return false;
  const kind = supervisor ? systemKind(cpu) : <u32>TlbKind.USER;
  return probe(cpu, kind, linear, size, access | Access.SYSTEM, isWideSystem(cpu));
}

// Physical accesses; A20 is applied. They must not cross a page.

export function physicalLoad32(physical: u64): u32 {
  return <u32>readPhysical(a20(vcpu(), physical), 4);
}

export function physicalLoad64(physical: u64): u64 {
  return readPhysical(a20(vcpu(), physical), 8);
}
