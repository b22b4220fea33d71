// Segment checks: from an offset in a segment to a linear address. SDM vol. 3A 5.3 to 5.5; 64-bit mode: 3.4.4.
import { Vector, raiseError } from "../cpu/exceptions";
import { Mode, Seg, SegAttr, Vcpu, segment } from "../cpu/state";
import { Form, Op } from "../decode/op";
import { Insn } from "../decode/insn";

/** Not canonical: no access succeeds there. Given where a segment check has failed; the fault is already pending. */
export const FAULT_ADDRESS: u64 = 0x4000_0000_0000_0000;

const TYPE_USABLE: u32 = SegAttr.CODE | SegAttr.WRITABLE;

function violation(cpu: Vcpu, seg: u32): u64 {
  raiseError(cpu, seg == Seg.SS ? Vector.SS : Vector.GP, 0);
  return FAULT_ADDRESS;
}

/** Whether `size` bytes at `offset` lie within the segment's limit, expand-down or not. */
export function isWithinLimit(attributes: u32, limit: u32, offset: u64, size: u32): bool {
  const last = offset + <u64>size - 1;
  if ((attributes & (SegAttr.CODE | SegAttr.EXPAND_DOWN)) == SegAttr.EXPAND_DOWN)
    return offset > <u64>limit && last <= (attributes & SegAttr.BIG ? <u64>0xffff_ffff : <u64>0xffff);
  // A flat segment has no end to run past: the access wraps.
  return last <= <u64>limit || limit == 0xffff_ffff;
}

/** Whether the kind of the segment allows the access, outside real and virtual-8086 mode. */
// @ts-ignore: decorator
@inline
export function isUsable(attributes: u32, write: bool): bool {
  if (attributes & SegAttr.UNUSABLE) return false;
  const type = attributes & TYPE_USABLE;
  // Writes need writable data; reads anything but execute-only code.
  return write ? type == SegAttr.WRITABLE : type != SegAttr.CODE;
}

/**
 * The linear address of `size` bytes at `offset` (already truncated to the address size) of segment `seg`. A violation
 * makes #SS(0) for SS, #GP(0) for others pending and gives FAULT_ADDRESS. Canonicality is for the access to check.
 */
export function segmentLinear(cpu: Vcpu, seg: u32, offset: u64, size: u32, write: bool): u64 {
  const s = segment(cpu, seg);
  const mode = cpu.mode;
  if ((mode & Mode.CODE_SIZE) == 3) return seg == Seg.FS || seg == Seg.GS ? s.base + offset : offset;
  const attributes = s.attributes;
  if (mode & Mode.PROTECTED && !isUsable(attributes, write)) return violation(cpu, seg);
  if (!isWithinLimit(attributes, s.limit, offset, size)) return violation(cpu, seg);
  return (s.base + offset) & 0xffff_ffff;
}

/** Whether the instruction writes its memory operand. */
function writesMemory(i: Insn): bool {
  if (i.form != Form.MR) return false;
  const op = <u32>i.op;
  return op != Op.CMP && op != Op.TEST && op != Op.BT;
}

/** Bytes of the memory operand from `linear` on that the segment limit must cover. Where it is not known, 1. */
export function accessSize(i: Insn): u32 {
  const op = <u32>i.op;
  const bytes = (<u32>1) << i.size;
  switch (op) {
    case Op.MOVZX8:
    case Op.MOVSX8:
    case Op.SETCC:
    case Op.INVLPG:
    case Op.CLFLUSH:
    case Op.FENCE:
    case Op.NOP:
      return 1;
    case Op.MOVZX16:
    case Op.MOVSX16:
    case Op.SLDT:
    case Op.STR:
    case Op.LLDT:
    case Op.LTR:
    case Op.VERR:
    case Op.VERW:
    case Op.SMSW:
    case Op.LMSW:
    case Op.LAR:
    case Op.LSL:
    case Op.ARPL:
    case Op.MOV_FROM_SEG:
    case Op.MOV_TO_SEG:
      return 2;
    case Op.MOVSX32:
      return 4;
    case Op.CMPXCHG8B:
      return bytes << 1;
    case Op.BOUND:
      return bytes << 1;
    case Op.JMP_FAR_INDIRECT:
    case Op.CALL_FAR_INDIRECT:
    case Op.LDS:
      return bytes + 2;
    case Op.SGDT:
    case Op.SIDT:
    case Op.LGDT:
    case Op.LIDT:
      return 6;
    case Op.INVPCID:
      return 16;
  }
  if (op < <u32>Op.X87_MEM) return bytes;
  return op < <u32>Op.X87_REG ? x87AccessSize(op - Op.X87_MEM) : 1;
}

/** `index`: (opcode & 7) * 8 + ModRM.reg. Environments count with their shorter, 16-bit layout. */
function x87AccessSize(index: u32): u32 {
  switch (index >> 3) {
    case 0: // D8: m32fp
    case 2: // DA: m32int
      return 4;
    case 1: // D9: m32fp; FLDENV, FLDCW, FNSTENV, FNSTCW
      if (index < 12) return 4;
      return index & 1 ? 2 : 14;
    case 3: // DB: m32int; m80fp
      return index & 4 ? 10 : 4;
    case 4: // DC: m64fp
      return 8;
    case 5: // DD: m64; FRSTOR, FNSAVE, FNSTSW
      if ((index & 7) < 4) return 8;
      return (index & 7) == 7 ? 2 : 94;
    case 6: // DE: m16int
      return 2;
    default: // DF: m16int; m80bcd and m64int
      if ((index & 7) < 4) return 2;
      return index & 1 ? 8 : 10;
  }
}

/** The linear address of an instruction's memory operand (AddressMode.GENERAL), from its untruncated sum. */
export function segmentedAddress(cpu: Vcpu, i: Insn, sum: u64): u64 {
  const width = <u32>i.addressSize;
  const offset = width == 3 ? sum : width == 2 ? sum & 0xffff_ffff : sum & 0xffff;
  return segmentLinear(cpu, i.segment, offset, accessSize(i), writesMemory(i));
}
