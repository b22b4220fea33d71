// The epoch (epochs.ts) in which what relies on the mapping of a page is true.
import { Vcpu } from "../cpu/state";
import { notePage } from "./epochs";
import { fillKind } from "./fill";
import { EXECUTE_TAG, EntryFlag, PAGE_MASK, TLB_ENTRIES, entryFlagAddress, tlbBase, tlbEntry } from "./tlb";

/** Whether the page of `linear` has just been fetched from as a global one. */
function isGlobal(cpu: Vcpu, linear: u64): bool {
  const kind = fillKind(cpu);
  if (load<u64>(tlbEntry(tlbBase(kind), linear), EXECUTE_TAG) != (linear & PAGE_MASK)) return false;
  const index = (<u32>(linear >> 12)) & (TLB_ENTRIES - 1);
  return ((<u32>load<u8>(entryFlagAddress(kind, index))) & EntryFlag.GLOBAL) != 0;
}

/** The epoch for something that relies on the mapping of `linear`, which has just been fetched from. */
export function codeEpoch(cpu: Vcpu, linear: u64): u32 {
  const global = isGlobal(cpu, linear);
  notePage(global, linear);
  return global ? cpu.globalEpoch : cpu.mappingEpoch;
}
