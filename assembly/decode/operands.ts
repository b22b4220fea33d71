// From a row's Kind to the operands of the record. By now prefixes and ModRM are read, and op and size are set.
import { Seg, Vcpu, registerAddress } from "../cpu/state";
import { Decoder, operandAddress, truncate } from "./decoder";
import { Insn, Prefix } from "./insn";
import { fixSegment, parseOffset, setBase, setSegment } from "./modrm";
import { Form, Op } from "./op";
import { Kind } from "./row";
import {
  decode0F01,
  decode0F38,
  decode0FAE,
  decode0FC7,
  decodeArplMovsxd,
  decodeControl,
  decodeMovnti,
  decodeNop90,
} from "./special";
import { decodeSse, sseHasImmediate } from "./sse";
import { decodeX87 } from "./x87";

const RBX: u32 = 3;
const RSI: u32 = 6;
const RDI: u32 = 7;

/** dst = ModRM operand. */
// @ts-ignore: decorator
@inline
function dstE(cpu: Vcpu, d: Decoder, i: Insn): void {
  if (d.memory) i.form = <u8>Form.MR;
  else i.dst = operandAddress(cpu, d, d.rm, i.size);
}

/** src = ModRM operand. */
// @ts-ignore: decorator
@inline
function srcE(cpu: Vcpu, d: Decoder, i: Insn): void {
  if (d.memory) i.form = <u8>Form.RM;
  else i.src = operandAddress(cpu, d, d.rm, i.size);
}

// @ts-ignore: decorator
@inline
function dstG(cpu: Vcpu, d: Decoder, i: Insn): void {
  i.dst = operandAddress(cpu, d, d.reg, i.size);
}

// @ts-ignore: decorator
@inline
function srcG(cpu: Vcpu, d: Decoder, i: Insn): void {
  i.src = operandAddress(cpu, d, d.reg, i.size);
}

// @ts-ignore: decorator
@inline
function srcImmediate(i: Insn, value: i64): void {
  i.imm = value;
  i.src = i.immAddress;
}

/** A near branch: target = IP after it + displacement, truncated to the operand size. */
// @ts-ignore: decorator
@inline
function branch(d: Decoder, i: Insn, displacement: i64): void {
  i.form = <u8>Form.SPECIAL;
  i.imm = <i64>truncate(d.ipAfter + <u64>displacement, i.size);
}

/** Relative displacement of the operand size; 32 bits when that is 64. */
// @ts-ignore: decorator
@inline
function fetchRelative(d: Decoder, i: Insn): i64 {
  return i.size == 1 ? <i64>(<i16>d.fetch16()) : d.fetchS32();
}

function string(cpu: Vcpu, d: Decoder, i: Insn, base: u32): void {
  setBase(cpu, d, i, base);
  if (base == RDI) fixSegment(cpu, d, i, Seg.ES);
  else setSegment(cpu, d, i, Seg.DS);
  // A repeated one goes on in another round of the block.
  if (i.prefixes & (Prefix.REP | Prefix.REPNE)) i.prefixes |= <u8>Prefix.ENDS_BLOCK;
}

/** MOVZX, MOVSX: the source has its own size. */
function extend(cpu: Vcpu, d: Decoder, i: Insn, sourceSize: u32): void {
  dstG(cpu, d, i);
  if (d.memory) i.form = <u8>Form.RM;
  else i.src = operandAddress(cpu, d, d.rm, sourceSize);
  if (i.size == sourceSize) i.op = <u16>Op.MOV; // 66 0F B7, 66 0F BF
}

/** LDS and its like; `i.imm` is the segment register. */
function loadFar(cpu: Vcpu, d: Decoder, i: Insn): bool {
  if (!d.memory) return false;
  i.form = <u8>Form.RM;
  dstG(cpu, d, i);
  const opcode = d.opcode;
  i.imm = opcode == 0xc4 ? Seg.ES : opcode == 0xc5 ? Seg.DS : opcode & 7; // 0F B2, B4, B5: SS, FS, GS
  return true;
}

function segmentMove(cpu: Vcpu, d: Decoder, i: Insn, kind: u32): bool {
  const segment = d.reg & 7; // REX.R is ignored
  i.regField = <u8>segment;
  if (kind == Kind.S_E) {
    srcE(cpu, d, i);
    return segment <= <u32>Seg.GS && segment != Seg.CS;
  }
  wordE(cpu, d, i);
  return segment <= <u32>Seg.GS;
}

/** dst = a register of the operand size or a memory word. */
function wordE(cpu: Vcpu, d: Decoder, i: Insn): void {
  dstE(cpu, d, i);
  if (d.memory) i.size = 1;
}

function sse(cpu: Vcpu, d: Decoder, i: Insn, withModrm: bool): bool {
  if (d.memory) i.form = <u8>Form.RM;
  const opcode = d.opcode;
  const known = decodeSse(cpu, i, opcode, d.mandatoryPrefix, d.reg, d.rm, !d.memory);
  if (withModrm && sseHasImmediate(opcode)) i.imm = <i64>d.fetch8();
  return known;
}

/** Sets the operands; false: no such instruction. */
export function decodeOperands(cpu: Vcpu, d: Decoder, i: Insn, kind: u32): bool {
  switch (kind) {
    case Kind.NONE:
      return true;
    case Kind.BARE:
      i.form = <u8>Form.SPECIAL;
      return true;
    case Kind.E_G:
      dstE(cpu, d, i);
      srcG(cpu, d, i);
      return true;
    case Kind.G_E:
      dstG(cpu, d, i);
      srcE(cpu, d, i);
      return true;
    case Kind.E_I:
      dstE(cpu, d, i);
      srcImmediate(i, d.fetchImmediate(i.size));
      return true;
    case Kind.E_IB:
      dstE(cpu, d, i);
      srcImmediate(i, d.fetchS8());
      return true;
    case Kind.E_1:
      dstE(cpu, d, i);
      srcImmediate(i, 1);
      return true;
    case Kind.E_CL:
      dstE(cpu, d, i);
      i.src = <u32>registerAddress(cpu, 1);
      return true;
    case Kind.E:
      dstE(cpu, d, i);
      return true;
    case Kind.SRC_E:
      srcE(cpu, d, i);
      return true;
    case Kind.G_M:
      dstG(cpu, d, i);
      i.form = <u8>Form.RM;
      return d.memory;
    case Kind.DST_M:
      i.form = <u8>Form.MR;
      return d.memory;
    case Kind.SRC_M:
      i.form = <u8>Form.RM;
      return d.memory;
    case Kind.G_E_I:
      dstG(cpu, d, i);
      srcE(cpu, d, i);
      i.imm = d.fetchImmediate(i.size);
      return true;
    case Kind.G_E_IB:
      dstG(cpu, d, i);
      srcE(cpu, d, i);
      i.imm = d.fetchS8();
      return true;
    case Kind.E_G_IB:
      dstE(cpu, d, i);
      srcG(cpu, d, i);
      i.imm = <i64>d.fetch8();
      return true;
    case Kind.E_WORD:
      wordE(cpu, d, i);
      return true;
    case Kind.E_S:
    case Kind.S_E:
      return segmentMove(cpu, d, i, kind);
    case Kind.G_EB:
      extend(cpu, d, i, 0);
      return true;
    case Kind.G_EW:
      extend(cpu, d, i, 1);
      return true;
    case Kind.CC_E:
      dstE(cpu, d, i);
      i.regField = <u8>(d.opcode & 15);
      return true;
    case Kind.CC_G_E:
      dstG(cpu, d, i);
      srcE(cpu, d, i);
      i.regField = <u8>(d.opcode & 15);
      return true;
    case Kind.LOAD_FAR:
      return loadFar(cpu, d, i);
    case Kind.NOP_E:
      i.form = <u8>Form.SPECIAL;
      return true;
    case Kind.Z:
      i.dst = <u32>registerAddress(cpu, d.opcodeRegister);
      return true;
    case Kind.SRC_Z:
      i.src = <u32>registerAddress(cpu, d.opcodeRegister);
      return true;
    case Kind.Z_I:
      i.dst = operandAddress(cpu, d, d.opcodeRegister, i.size);
      srcImmediate(i, i.size == 3 ? <i64>d.fetch64() : d.fetchImmediate(i.size));
      return true;
    case Kind.Z_A:
      i.dst = <u32>registerAddress(cpu, d.opcodeRegister);
      i.src = <u32>registerAddress(cpu, 0);
      return true;
    case Kind.A_I:
      i.dst = <u32>registerAddress(cpu, 0);
      srcImmediate(i, d.fetchImmediate(i.size));
      return true;
    case Kind.PUSH_I:
      srcImmediate(i, d.fetchImmediate(i.size));
      return true;
    case Kind.PUSH_IB:
      srcImmediate(i, d.fetchS8());
      return true;
    case Kind.IMM8:
      i.imm = <i64>d.fetch8();
      return true;
    case Kind.IMM16_BARE:
      i.form = <u8>Form.SPECIAL;
      i.imm = <i64>d.fetch16();
      return true;
    case Kind.IMM16:
      i.imm = <i64>d.fetch16();
      return true;
    case Kind.ENTER: {
      const frame = d.fetch16();
      i.imm = <i64>(frame | (d.fetch8() << 16));
      return true;
    }
    case Kind.FAR: {
      const offset = i.size == 1 ? d.fetch16() : d.fetch32();
      i.imm = <i64>((<u64>offset) | ((<u64>d.fetch16()) << 32));
      return true;
    }
    case Kind.J:
      branch(d, i, fetchRelative(d, i));
      return true;
    case Kind.JB:
      branch(d, i, d.fetchS8());
      return true;
    case Kind.JCC:
      i.regField = <u8>(d.opcode & 15);
      branch(d, i, fetchRelative(d, i));
      return true;
    case Kind.JCCB:
      i.regField = <u8>(d.opcode & 15);
      branch(d, i, d.fetchS8());
      return true;
    case Kind.A_O:
      i.dst = <u32>registerAddress(cpu, 0);
      i.form = <u8>Form.RM;
      parseOffset(cpu, d, i);
      return true;
    case Kind.O_A:
      i.src = <u32>registerAddress(cpu, 0);
      i.form = <u8>Form.MR;
      parseOffset(cpu, d, i);
      return true;
    case Kind.SEG:
      i.regField = <u8>((d.opcode >> 3) & 7); // 06, 0E, 16, 1E, 0F A0, 0F A8 and the POPs after them
      return true;
    case Kind.SI:
      string(cpu, d, i, RSI);
      return true;
    case Kind.DI:
      string(cpu, d, i, RDI);
      return true;
    case Kind.XLAT:
      setBase(cpu, d, i, RBX);
      setSegment(cpu, d, i, Seg.DS);
      i.form = <u8>Form.RM;
      return true;
    case Kind.IN_IMM:
      i.dst = <u32>registerAddress(cpu, 0);
      srcImmediate(i, <i64>d.fetch8());
      return true;
    case Kind.OUT_IMM:
      i.imm = <i64>d.fetch8();
      i.dst = i.immAddress;
      i.src = <u32>registerAddress(cpu, 0);
      return true;
    case Kind.IN_DX:
      i.dst = <u32>registerAddress(cpu, 0);
      i.src = <u32>registerAddress(cpu, 2);
      return true;
    case Kind.OUT_DX:
      i.dst = <u32>registerAddress(cpu, 2);
      i.src = <u32>registerAddress(cpu, 0);
      return true;
    case Kind.NOP_90:
      return decodeNop90(cpu, d, i);
    case Kind.ARPL_MOVSXD:
      return decodeArplMovsxd(cpu, d, i);
    case Kind.X87:
      return decodeX87(d, i);
    case Kind.SSE:
      return sse(cpu, d, i, true);
    case Kind.EMMS:
      return sse(cpu, d, i, false);
    case Kind.CONTROL:
      return decodeControl(cpu, d, i);
    case Kind.GROUP_0F01:
      return decode0F01(cpu, d, i);
    case Kind.GROUP_0FAE:
      return decode0FAE(cpu, d, i);
    case Kind.GROUP_0FC7:
      return decode0FC7(d, i);
    case Kind.MOVNTI:
      return decodeMovnti(cpu, d, i);
    case Kind.MAP_0F38:
      return decode0F38(cpu, d, i);
    default:
      return false;
  }
}
