// Loads of DS, ES, FS and GS that raise nothing, write nothing to memory and leave `mode` as it is: nearly all that kernels do at each
// entry and exit. What is not one of them takes the whole way (segments.ts loadSegment).
import { Mode, Seg, SegAttr, Vcpu, segment } from "../../cpu/state";
import { in64BitMode, isFlatData } from "../../cpu/mode";
import { fill, systemKind } from "../../mmu/fill";
import { Access, WALK_FAULT } from "../../mmu/paging";
import { ADDEND, PAGE_MASK, READ_TAG, tlbBase, tlbEntry } from "../../mmu/tlb";
import {
  NO_ADDRESS,
  Slot,
  copySegment,
  descriptorAddress,
  isNull,
  parseDescriptor,
  privilegeOf,
  scratchSegment,
  setNull,
} from "./segments";

/** Present, code or data, accessed. */
const READY: u32 = SegAttr.PRESENT | SegAttr.CODE_OR_DATA | SegAttr.ACCESSED;
const UNREADABLE: u32 = SegAttr.CODE;

/**
 * Loads `selector` in protected mode if that is plain. False, with nothing done: a fault, a descriptor to be marked as accessed, other FLAT
 * bits of `mode`, a conforming code segment of an inner level, or a descriptor that is not plain memory on one page.
 */
export function loadPlainSegment(cpu: Vcpu, seg: u32, selector: u32): bool {
  const target = segment(cpu, seg);
  if (isNull(selector)) {
    if (!keepsMode(cpu, seg, false)) return false;
    setNull(target, selector);
    return true;
  }
  const at = descriptorHost(cpu, selector);
  if (!at) return false;
  const s = scratchSegment(cpu, Slot.DATA);
  parseDescriptor(s, selector, load<u64>(<usize>at));
  if ((s.attributes & READY) != READY || (s.attributes & (SegAttr.CODE | SegAttr.READABLE)) == UNREADABLE) return false;
  if (privilegeOf(s) < max<u32>(selector & 3, cpu.cpl) || !keepsMode(cpu, seg, isFlatData(s))) return false;
  copySegment(target, s);
  return true;
}

/** Host address of the descriptor of `selector`, or 0 where it is not plainly readable. */
function descriptorHost(cpu: Vcpu, selector: u32): u32 {
  const linear = descriptorAddress(cpu, selector, 8);
  if (linear == NO_ADDRESS) return 0;
  const kind = systemKind(cpu);
  const entry = tlbEntry(tlbBase(kind), linear);
  const page = (linear + 7) & PAGE_MASK;
  if (load<u64>(entry, READ_TAG) != page) {
    if (fill(cpu, kind, linear, Access.READ | Access.SYSTEM) & WALK_FAULT) return 0;
    if (load<u64>(entry, READ_TAG) != page) return 0;
  }
  return <u32>linear + load<u32>(entry, ADDEND);
}

/** Whether `seg` may become flat, or not, without a change of `mode`. */
function keepsMode(cpu: Vcpu, seg: u32, flat: bool): bool {
  if (seg >= <u32>Seg.FS || in64BitMode(cpu)) return true;
  return ((cpu.mode & (seg == Seg.DS ? Mode.FLAT_DS : Mode.FLAT_ES)) != 0) == flat;
}
