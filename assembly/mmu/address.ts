// From an instruction's memory operand to its linear address.
import { Vcpu } from "../cpu/state";
import { AddressMode, Insn } from "../decode/insn";
import { segmentedAddress } from "./segmentation";

/** Base + index * scale + displacement, not truncated. */
// @ts-ignore: decorator
@inline
function addressSum(i: Insn): u64 {
  return load<u64>(<usize>i.base) + (load<u64>(<usize>i.index) << (<u64>i.scale)) + <u64>i.disp;
}

/** The effective address: the offset within the segment, truncated to the address size. */
// @ts-ignore: decorator
@inline
export function effectiveAddress(i: Insn): u64 {
  const sum = addressSum(i);
  if (i.addressSize == 3) return sum;
  return i.addressSize == 2 ? sum & 0xffff_ffff : sum & 0xffff;
}

/**
 * The linear address of the memory operand. A segment violation makes #GP or #SS pending and gives FAULT_ADDRESS, which
 * no access succeeds at.
 */
// @ts-ignore: decorator
@inline
export function linearAddress(cpu: Vcpu, i: Insn): u64 {
  cpu.insn = <u32>changetype<usize>(i);
  const mode = i.addressMode;
  const sum = addressSum(i);
  if (mode == AddressMode.FLAT64) return sum;
  if (mode == AddressMode.FLAT32) return sum & 0xffff_ffff;
  return segmentedAddress(cpu, i, sum);
}
