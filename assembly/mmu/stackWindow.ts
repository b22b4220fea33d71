// The page of the stack that translated code used last, one for user and one for supervisor code: where it lies in the host's memory,
// so that a region looks into the TLB once, when it is entered, and not at each PUSH, POP and access by ESP (jit/stackAccess.ts).
//
// A window is open only while that page has plain tags for reading and for writing in the TLB that allows less (SMAP); who takes such
// tags away shuts both (forgetStackWindows).
import { MemoryMap } from "../shared/memoryMap";
import { Vcpu, vcpu } from "../cpu/state";
import { Cr4 } from "../cpu/registerBits";
import { ADDEND, PAGE_MASK, READ_TAG, TlbKind, WRITE_TAG, kindOf, tlbBase, tlbEntry } from "./tlb";

/** Widest access by a window, bytes. */
export const WINDOW_ACCESS: u32 = 8;
/** What lies this far from the start of the page, or further, does not go by the window. */
export const OPEN_LIMIT: i64 = 0x1000 - WINDOW_ACCESS + 1;

const SHUT: u64 = 1 << 63;


@unmanaged
export class StackWindow {
  /** Linear address of the page; SHUT, which no address of 32 bits is near to. */
  page: u64;
  /** OPEN_LIMIT, or 0: shut. */
  limit: u64;
  /** Host address less linear address. */
  addend: u32;
  _pad: u32;
}

/** Address of the window of user (1) or supervisor code (0). */
// @ts-ignore: decorator
@inline
export function stackWindowAddress(user: u32): u32 {
  return MemoryMap.VCPU + <u32>offsetof<Vcpu>("stackWindows") + user * <u32>offsetof<StackWindow>();
}

// @ts-ignore: decorator
@inline
function stackWindow(user: u32): StackWindow {
  return changetype<StackWindow>(<usize>stackWindowAddress(user));
}

/** Moves the window of the present privilege to the page of `linear`, if that may be read and written plainly. */
export function moveStackWindow(linear: u64): void {
  const cpu = vcpu();
  if (kindOf(cpu.tlb) == TlbKind.CHECKED) return;
  const user: u32 = cpu.cpl == 3 ? 1 : 0;
  const kind: u32 = user ? TlbKind.USER : cpu.cr4 & Cr4.SMAP ? TlbKind.SUPERVISOR_SMAP : TlbKind.SUPERVISOR;
  const entry = tlbEntry(tlbBase(kind), linear);
  const page = linear & PAGE_MASK;
  if (load<u64>(entry, READ_TAG) != page || load<u64>(entry, WRITE_TAG) != page) return;
  const window = stackWindow(user);
  window.page = page;
  window.limit = OPEN_LIMIT;
  window.addend = load<u32>(entry, ADDEND);
}

// @ts-ignore: decorator
@inline
function shut(window: StackWindow): void {
  window.page = SHUT;
  window.limit = 0;
}

/** A page may have lost its plain tags. */
export function forgetStackWindows(): void {
  shut(stackWindow(0));
  shut(stackWindow(1));
}
