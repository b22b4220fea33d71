// Memory operands some bytes away from where ModRM says: bit strings (BT), POP to an address off rSP, XLAT's table.
import { Vcpu } from "../cpu/state";
import { AddressMode, Insn } from "../decode/insn";
import { segmentedAddress } from "../mmu/segmentation";

/** linearAddress (mmu/address.ts) with `delta` bytes added to the offset before truncation. */
export function displacedAddress(cpu: Vcpu, i: Insn, delta: u64): u64 {
  cpu.insn = <u32>changetype<usize>(i);
  const base = load<u64>(<usize>i.base) + (load<u64>(<usize>i.index) << (<u64>i.scale));
  const sum = base + <u64>i.disp + delta;
  const mode = i.addressMode;
  if (mode == AddressMode.FLAT64) return sum;
  if (mode == AddressMode.FLAT32) return sum & 0xffff_ffff;
  return segmentedAddress(cpu, i, sum);
}
