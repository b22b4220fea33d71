// Opcodes whose meaning depends on more than ModRM.reg: mandatory prefixes, mod = 3 encodings, the mode.
// Each function sets op and operands and gives false when there is no such instruction.
import { Mode, Vcpu, registerAddress } from "../cpu/state";
import { Decoder } from "./decoder";
import { Insn, Prefix } from "./insn";
import { Form, Op } from "./op";
import { decodeSse } from "./sse";
import { parseModrm } from "./modrm";

// @ts-ignore: decorator
@inline
function endBlock(i: Insn): void {
  i.prefixes |= <u8>Prefix.ENDS_BLOCK;
}

/** 0F 01 (group 7). */
export function decode0F01(cpu: Vcpu, d: Decoder, i: Insn): bool {
  const reg = d.reg & 7;
  if (reg == 4) {
    i.op = <u16>Op.SMSW;
    if (d.memory) {
      i.form = <u8>Form.MR;
      i.size = 1;
    } else i.dst = <u32>registerAddress(cpu, d.rm);
    return true;
  }
  if (reg == 6) {
    i.op = <u16>Op.LMSW;
    i.size = 1;
    endBlock(i);
    if (d.memory) i.form = <u8>Form.RM;
    else i.src = <u32>registerAddress(cpu, d.rm);
    return true;
  }
  if (!d.memory) return decode0F01Register(d, i);
  if (reg == 5) return false;
  // The operand size tells how long the base is: 8 bytes in 64-bit mode, otherwise 4, or 3 of them with 16-bit operands.
  if (d.codeSize == 3) i.size = 3;
  switch (reg) {
    case 0:
      i.op = <u16>Op.SGDT;
      break;
    case 1:
      i.op = <u16>Op.SIDT;
      break;
    case 2:
      i.op = <u16>Op.LGDT;
      break;
    case 3:
      i.op = <u16>Op.LIDT;
      break;
    default:
      i.op = <u16>Op.INVLPG;
      endBlock(i);
  }
  i.form = <u8>(reg < 2 ? Form.MR : Form.RM);
  return true;
}

/** 0F 01 with mod = 3 (SDM vol. 2D table A-6, group 7). */
function decode0F01Register(d: Decoder, i: Insn): bool {
  switch (i.modrm) {
    case 0xc1:
      i.op = <u16>Op.VMCALL;
      endBlock(i);
      return true;
    case 0xc8:
      i.op = <u16>Op.MONITOR;
      return true;
    case 0xc9:
      i.op = <u16>Op.MWAIT;
      endBlock(i);
      return true;
    case 0xca:
      i.op = <u16>Op.CLAC;
      return true;
    case 0xcb:
      i.op = <u16>Op.STAC;
      return true;
    case 0xd0:
      i.op = <u16>Op.XGETBV;
      return true;
    case 0xd1:
      i.op = <u16>Op.XSETBV;
      endBlock(i);
      return true;
    case 0xf8:
      i.op = <u16>Op.SWAPGS;
      return d.codeSize == 3;
    case 0xf9:
      i.op = <u16>Op.RDTSCP;
      return true;
    default:
      return false;
  }
}

/** 0F AE (group 15). */
export function decode0FAE(cpu: Vcpu, d: Decoder, i: Insn): bool {
  const reg = d.reg & 7;
  const prefix = d.mandatoryPrefix;
  if (d.memory) {
    i.form = <u8>Form.RM;
    if (reg < 7) return decodeSse(cpu, i, 0xae, prefix, d.reg, d.rm, false);
    i.op = <u16>Op.CLFLUSH;
    return prefix == 0; // 66 is CLFLUSHOPT, not claimed
  }
  if (prefix == 0) {
    i.op = <u16>Op.FENCE;
    return reg >= 5;
  }
  if (prefix != 2 || reg > 3 || d.codeSize != 3) return false;
  const address = <u32>registerAddress(cpu, d.rm);
  i.size = d.rex & 8 ? 3 : 2;
  if (reg < 2) {
    i.op = <u16>(reg == 0 ? Op.RDFSBASE : Op.RDGSBASE);
    i.dst = address;
  } else {
    i.op = <u16>(reg == 2 ? Op.WRFSBASE : Op.WRGSBASE);
    i.src = address;
  }
  return true;
}

/** 0F C7 (group 9): CMPXCHG8B and CMPXCHG16B; RDRAND, RDSEED and the rest are not claimed. */
export function decode0FC7(d: Decoder, i: Insn): bool {
  if (!d.memory || (d.reg & 7) != 1) return false;
  i.op = <u16>Op.CMPXCHG8B;
  i.form = <u8>Form.MR;
  i.size = d.rex & 8 ? 3 : 2;
  return true;
}

/** 0F C3. */
export function decodeMovnti(cpu: Vcpu, d: Decoder, i: Insn): bool {
  if (!d.memory || d.mandatoryPrefix != 0) return false;
  i.op = <u16>Op.MOVNTI;
  i.form = <u8>Form.MR;
  i.size = d.rex & 8 ? 3 : 2;
  i.src = <u32>registerAddress(cpu, d.reg);
  return true;
}

/** 0F 38: INVPCID alone (66 0F 38 82). */
export function decode0F38(cpu: Vcpu, d: Decoder, i: Insn): bool {
  const opcode = d.fetch8();
  if (opcode != 0x82 || d.mandatoryPrefix != 1) return false;
  i.opcode = <u8>opcode;
  parseModrm(cpu, d, i);
  if (!d.memory) return false;
  i.op = <u16>Op.INVPCID;
  i.form = <u8>Form.RM;
  i.size = d.codeSize == 3 ? 3 : 2;
  i.dst = <u32>registerAddress(cpu, d.reg);
  endBlock(i);
  return true;
}

/** 0F 20-23: MOV to and from control and debug registers. mod is ignored: the operand is always a register. */
export function decodeControl(cpu: Vcpu, d: Decoder, i: Insn): bool {
  const modrm = d.fetch8();
  i.modrm = <u8>modrm;
  const number = ((modrm >> 3) & 7) | ((d.rex & 4) << 1);
  d.rm = (modrm & 7) | d.rexB;
  i.rmField = <u8>d.rm;
  i.regField = <u8>number;
  i.size = d.codeSize == 3 ? 3 : 2;
  const address = <u32>registerAddress(cpu, d.rm);
  if (d.opcode & 2) i.src = address;
  else i.dst = address;
  if (d.opcode & 1) return number < 8;
  return number == 0 || (number >= 2 && number <= 4) || number == 8;
}

/** 63: MOVSXD in 64-bit mode, ARPL in protected mode. */
export function decodeArplMovsxd(cpu: Vcpu, d: Decoder, i: Insn): bool {
  if (d.codeSize == 3) {
    const size = d.operandSize;
    i.op = <u16>(size == 3 ? Op.MOVSX32 : Op.MOV); // without REX.W it extends nothing
    i.dst = <u32>registerAddress(cpu, d.reg);
    if (d.memory) i.form = <u8>Form.RM;
    else i.src = <u32>registerAddress(cpu, d.rm);
    return true;
  }
  i.op = <u16>Op.ARPL;
  i.size = 1;
  i.src = <u32>registerAddress(cpu, d.reg);
  if (d.memory) i.form = <u8>Form.MR;
  else i.dst = <u32>registerAddress(cpu, d.rm);
  return (cpu.mode & Mode.PROTECTED) != 0;
}

/** 90: NOP, with F3 PAUSE, with REX.B an exchange of R8. */
export function decodeNop90(cpu: Vcpu, d: Decoder, i: Insn): bool {
  if (d.rexB) {
    i.op = <u16>Op.XCHG;
    i.dst = <u32>registerAddress(cpu, 8);
    i.src = <u32>registerAddress(cpu, 0);
  } else if (i.prefixes & Prefix.REP) i.op = <u16>Op.PAUSE;
  else i.form = <u8>Form.SPECIAL;
  return true;
}
