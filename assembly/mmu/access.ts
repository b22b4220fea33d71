// Loads and stores of guest linear memory: the inline TLB probe, and the way to the slow path (mmu/slow.ts).
import { Vcpu } from "../cpu/state";
import { linearLoadSlow, linearModifySlow, linearStoreSlow, linearWriteBackSlow } from "./slow";
import { ADDEND, READ_TAG, WRITE_TAG, tlbEntry } from "./tlb";

const PAGE_MASK: u64 = ~(<u64>0xfff);

/** The value at `linear`, zero-extended; 0 when it faulted. T is u8, u16, u32 or u64. */
// @ts-ignore: decorator
@inline
export function linearLoad<T>(cpu: Vcpu, linear: u64): u64 {
  const entry = tlbEntry(cpu.tlb, linear);
  if (load<u64>(entry, READ_TAG) == ((linear + (sizeof<T>() - 1)) & PAGE_MASK))
    return <u64>load<T>(<usize>(<u32>linear + load<u32>(entry, ADDEND)));
  return linearLoadSlow(cpu, linear, <u32>sizeof<T>());
}

// @ts-ignore: decorator
@inline
export function linearStore<T>(cpu: Vcpu, linear: u64, value: u64): void {
  const entry = tlbEntry(cpu.tlb, linear);
  if (load<u64>(entry, WRITE_TAG) == ((linear + (sizeof<T>() - 1)) & PAGE_MASK))
    store<T>(<usize>(<u32>linear + load<u32>(entry, ADDEND)), <T>value);
  else linearStoreSlow(cpu, linear, value, <u32>sizeof<T>());
}

/**
 * First half of a read-modify-write: checks that `linear` may be written, reads it, and remembers where for
 * linearWriteBack, which cannot fault.
 */
// @ts-ignore: decorator
@inline
export function linearModify<T>(cpu: Vcpu, linear: u64): u64 {
  const entry = tlbEntry(cpu.tlb, linear);
  if (load<u64>(entry, WRITE_TAG) == ((linear + (sizeof<T>() - 1)) & PAGE_MASK)) {
    const host = <u32>linear + load<u32>(entry, ADDEND);
    cpu.rmwHost = host;
    return <u64>load<T>(<usize>host);
  }
  return linearModifySlow(cpu, linear, <u32>sizeof<T>());
}

// @ts-ignore: decorator
@inline
export function linearWriteBack<T>(cpu: Vcpu, value: u64): void {
  const host = cpu.rmwHost;
  if (host) store<T>(<usize>host, <T>value);
  else linearWriteBackSlow(cpu, value, <u32>sizeof<T>());
}
