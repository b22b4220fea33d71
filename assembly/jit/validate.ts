// A translation is found by the physical address of its entry; its other pages may be mapped elsewhere by now.
import { Vcpu } from "../cpu/state";
import { codeEpoch } from "../mmu/codeEpoch";
import { isCurrent } from "../mmu/epochs";
import { physicalOfCode } from "../mmu/fill";
import { NO_PHYSICAL } from "../mmu/paging";
import { Entry, Translation, pageOf } from "./translations";

/**
 * Whether all code of the entry's translation is mapped as it was when it was translated, and may be fetched. Raises nothing; a page
 * that is in no TLB yet is looked up as for a fetch. The entry's own page is known to be right.
 */
export function translationHolds(cpu: Vcpu, entry: Entry): bool {
  const translation = entry.translation;
  if (translation.pageCount == 1 || isCurrent(cpu, translation.epoch)) return true;
  let epoch = cpu.globalEpoch;
  for (let i: u32 = 0; i < translation.pageCount; i++) {
    if (!pageHolds(cpu, translation, i)) return false;
    // One page that is not global makes the whole depend on it.
    if (codeEpoch(cpu, pageOf(translation, i).linear) != cpu.globalEpoch) epoch = cpu.mappingEpoch;
  }
  // A page walk sets accessed bits: a write, which may hit code.
  if (translation.dead) return false;
  translation.epoch = epoch;
  return true;
}

function pageHolds(cpu: Vcpu, translation: Translation, index: u32): bool {
  const page = pageOf(translation, index);
  const physical = physicalOfCode(cpu, page.linear, false);
  return physical != NO_PHYSICAL && physical >> 12 == <u64>page.physicalPage;
}
