// Writes to guest RAM that did not come from the guest's own instructions.
import { vcpu } from "../cpu/state";
import { codeWritten } from "../jit/codeCache";
import { MemoryMap } from "../shared/memoryMap";
import { isCodePage } from "./codePages";
import { noteDirty } from "./dirtyPages";

/** A device or the host wrote `length` bytes of guest RAM at `physical` (DMA): drops the code there. */
export function hostWrote(physical: u32, length: u32): void {
  if (!length) return;
  const cpu = vcpu();
  let at = <u64>physical;
  const end = at + <u64>length;
  while (at < end) {
    const next = min<u64>((at | 0xfff) + 1, end);
    noteDirty(<u32>MemoryMap.GUEST_RAM + <u32>at);
    if (isCodePage(<u32>(at >> 12))) codeWritten(cpu, at, <u32>(next - at));
    at = next;
  }
}
