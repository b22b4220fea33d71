// The stack as PUSH, POP, CALL, RET, ENTER and LEAVE use it: the width of its pointer, its segment's checks.
// SDM vol. 1 6.2: the width is that of SS.B (64 bits in 64-bit mode), whatever the operand size.
import { Mode, Seg, Vcpu } from "../cpu/state";
import { Insn } from "../decode/insn";
import { segmentLinear } from "../mmu/segmentation";

const WIDTH_AND_FLAT: u32 = Mode.STACK_SIZE | Mode.FLAT_SS;
const FLAT_32: u32 = (2 << Mode.STACK_SHIFT) | Mode.FLAT_SS;
const FLAT_64: u32 = (3 << Mode.STACK_SHIFT) | Mode.FLAT_SS;
const WIDTH_32: u32 = 2 << Mode.STACK_SHIFT;
const WIDTH_16: u32 = 1 << Mode.STACK_SHIFT;

/** `pointer` modulo the stack's width. */
export function truncateStackPointer(cpu: Vcpu, pointer: u64): u64 {
  const width = cpu.mode & Mode.STACK_SIZE;
  if (width == WIDTH_32) return pointer & 0xffff_ffff;
  return width == WIDTH_16 ? pointer & 0xffff : pointer;
}

/** Also any size in bytes. */
export function stackLinearSlow(cpu: Vcpu, pointer: u64, size: u32, write: bool): u64 {
  return segmentLinear(cpu, Seg.SS, truncateStackPointer(cpu, pointer), size, write);
}

/**
 * The linear address of a T at `pointer` on the stack. A segment violation makes #SS(0) pending and gives
 * FAULT_ADDRESS. 64-bit operands exist in 64-bit mode only.
 */
// @ts-ignore: decorator
@inline
export function stackLinear<T>(cpu: Vcpu, i: Insn, pointer: u64, write: bool): u64 {
  cpu.insn = <u32>changetype<usize>(i);
  if (sizeof<T>() == 8) return pointer;
  const mode = cpu.mode & WIDTH_AND_FLAT;
  if (mode == FLAT_32) return pointer & 0xffff_ffff;
  if (mode == FLAT_64) return pointer;
  return stackLinearSlow(cpu, pointer, <u32>sizeof<T>(), write);
}

/** Sets SP, ESP or RSP, by the stack's width. */
// @ts-ignore: decorator
@inline
export function setStackPointer<T>(cpu: Vcpu, pointer: u64): void {
  if (sizeof<T>() == 8) {
    cpu.rsp = pointer;
    return;
  }
  const width = cpu.mode & Mode.STACK_SIZE;
  if (width == WIDTH_32) cpu.rsp = pointer & 0xffff_ffff;
  else if (width == WIDTH_16) store<u16>(changetype<usize>(cpu) + offsetof<Vcpu>("rsp"), <u16>pointer);
  else cpu.rsp = pointer;
}
