// The instruction decoder (SDM vol. 2A ch. 2, vol. 2D app. A): prefixes here, operands by the rows of the opcode maps.
//
//   prefixes -> row of oneByte.ts or twoByte.ts -> ModRM (modrm.ts) -> row of groups.ts -> operands.ts, special.ts, x87.ts, sse.ts
//
// Claimed is what a 64-bit processor with SSE2 has. VEX, EVEX, XOP, 3DNow!, 0F 38 and 0F 3A (INVPCID apart), TSX, VMX and
// the extensions that CPUID does not show are #UD. Differences between makers go Intel's way: 66 is ignored on
// near branches in 64-bit mode, null segment overrides do not cancel FS and GS, far pointers take REX.W.
import { Mode, Seg, Vcpu } from "../cpu/state";
import { Decoder, MAX_LENGTH, NO_OVERRIDE, clearInsn, decoder } from "./decoder";
import { GROUPS } from "./groups";
import { Insn, Prefix } from "./insn";
import { parseModrm, resolveRipRelative } from "./modrm";
import { ONE_BYTE } from "./oneByte";
import { Form, Op } from "./op";
import { decodeOperands } from "./operands";
import { Kind, PrefixByte, ROW_KIND, ROW_KIND_SHIFT, ROW_OP, RowFlag } from "./row";
import { TWO_BYTE } from "./twoByte";

/** What decode gives for an instruction longer than 15 bytes: #GP. */
export const TOO_LONG: i32 = -1;

/**
 * Decodes the instruction at host address `bytes`, of which `available` (at most 15) may be read, for the mode in
 * `cpu.mode`; `ip` is its offset in CS. Fills all of `i`, which must be decoded where it is going to stay: operands
 * point at its immediate. Gives the length; 0: it needs more bytes than there are; TOO_LONG.
 */
export function decode(cpu: Vcpu, i: Insn, bytes: usize, available: u32, ip: u64): i32 {
  const d = decoder(cpu);
  d.begin(bytes, available, ip);
  clearInsn(i);
  const row = parsePrefixes(cpu, d, i);
  if (!decodeRow(cpu, d, i, row) || (i.prefixes & Prefix.LOCK && !isLockable(i))) {
    i.op = <u16>Op.UD;
    i.form = <u8>Form.RR;
    i.prefixes |= <u8>Prefix.ENDS_BLOCK;
  }
  const length = d.length;
  if (length > available) return available >= MAX_LENGTH ? TOO_LONG : 0;
  i.length = <u8>length;
  i.nextRip = d.truncateIp(d.ipAfter);
  resolveRipRelative(d, i);
  if (i.op == Op.JCC) i.handler = <u16>((Op.JCC << 4) | (<u32>i.regField));
  else i.setHandler();
  return <i32>length;
}

/** Reads prefixes and opcode; gives the opcode's row. */
function parsePrefixes(cpu: Vcpu, d: Decoder, i: Insn): u32 {
  const codeSize = cpu.mode & Mode.CODE_SIZE;
  let prefixes: u32 = 0;
  let rex: u32 = 0;
  let repeat: u32 = 0;
  let addressSize = codeSize;
  let segment = NO_OVERRIDE;
  let opcode: u32;
  let row: u32;
  for (;;) {
    opcode = d.fetch8();
    if (codeSize == 3 && (opcode & 0xf0) == 0x40) {
      rex = opcode;
      continue;
    }
    row = load<u32>(ONE_BYTE + (opcode << 2));
    if ((row & ROW_KIND) != Kind.PREFIX << ROW_KIND_SHIFT) break;
    const prefix = row & ROW_OP;
    if (prefix == PrefixByte.ESCAPE) {
      opcode = d.fetch8();
      row = load<u32>(TWO_BYTE + (opcode << 2));
      break;
    }
    rex = 0; // counts only right before the opcode
    switch (prefix) {
      case PrefixByte.OPERAND_SIZE:
        prefixes |= Prefix.OPERAND_SIZE;
        break;
      case PrefixByte.ADDRESS_SIZE:
        addressSize = codeSize == 2 ? 1 : 2;
        break;
      case PrefixByte.LOCK:
        prefixes |= Prefix.LOCK;
        break;
      case PrefixByte.REPNE:
        repeat = Prefix.REPNE;
        break;
      case PrefixByte.REP:
        repeat = Prefix.REP;
        break;
      default:
        if (codeSize == 3 && prefix < <u32>Seg.FS) break;
        segment = prefix;
        prefixes |= Prefix.SEGMENT;
    }
  }
  let operandSize = codeSize;
  if (codeSize == 3) operandSize = rex & 8 ? 3 : prefixes & Prefix.OPERAND_SIZE ? 1 : 2;
  else if (prefixes & Prefix.OPERAND_SIZE) operandSize = codeSize ^ 3;
  if (rex) prefixes |= rex & 8 ? Prefix.REX | Prefix.REX_W : Prefix.REX;
  d.codeSize = codeSize;
  d.operandSize = operandSize;
  d.addressSize = addressSize;
  d.rex = rex;
  d.segmentOverride = segment;
  d.mandatoryPrefix = repeat == Prefix.REP ? 2 : repeat == Prefix.REPNE ? 3 : prefixes & Prefix.OPERAND_SIZE ? 1 : 0;
  d.opcode = opcode;
  d.memory = false;
  d.ripRelative = false;
  i.prefixes = <u8>(prefixes | repeat);
  i.opcode = <u8>opcode;
  i.addressSize = <u8>addressSize;
  i.segment = <u8>Seg.SS;
  return row;
}

/** Everything after the opcode; false: no such instruction. */
function decodeRow(cpu: Vcpu, d: Decoder, i: Insn, opcodeRow: u32): bool {
  let row = opcodeRow;
  if (row & RowFlag.MODRM) parseModrm(cpu, d, i);
  if (row & RowFlag.GROUP) {
    const member = load<u32>(GROUPS + ((((row & ROW_OP) << 3) | (d.reg & 7)) << 2));
    row = member & ROW_KIND ? member | (row & RowFlag.NO64) : (row & ~(ROW_OP | RowFlag.GROUP)) | member;
  }
  const long = d.codeSize == 3;
  let size = d.operandSize;
  if (row & (RowFlag.BYTE | RowFlag.WORD)) size = row & RowFlag.BYTE ? 0 : 1;
  else if (long) {
    if (row & RowFlag.FORCE64 || (row & RowFlag.DEFAULT64 && size == 2)) size = 3;
    else if (row & RowFlag.MAX32 && size == 3) size = 2;
  }
  if (row & RowFlag.NO64 && long) return false;
  if (row & RowFlag.PROTECTED && !(cpu.mode & Mode.PROTECTED)) return false;
  if (row & RowFlag.ENDS) i.prefixes |= <u8>Prefix.ENDS_BLOCK;
  i.op = <u16>(row & ROW_OP);
  i.size = <u8>size;
  return decodeOperands(cpu, d, i, (row & ROW_KIND) >> ROW_KIND_SHIFT);
}

/** LOCK is for read-modify-write instructions on memory only (SDM vol. 2A "LOCK"). */
function isLockable(i: Insn): bool {
  if (i.form != Form.MR) return false;
  switch (<u32>i.op) {
    case Op.ADD:
    case Op.OR:
    case Op.ADC:
    case Op.SBB:
    case Op.AND:
    case Op.SUB:
    case Op.XOR:
    case Op.INC:
    case Op.DEC:
    case Op.NEG:
    case Op.NOT:
    case Op.XCHG:
    case Op.XADD:
    case Op.CMPXCHG:
    case Op.BTS:
    case Op.BTR:
    case Op.BTC:
    case Op.CMPXCHG8B:
      return true;
    default:
      return false;
  }
}
