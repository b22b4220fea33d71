// Opcode groups: rows by ModRM.reg (SDM vol. 2D table A-6). Without operand notation they are those of the opcode.
import { Op } from "./op";
import { Enc, RowFlag } from "./row";

// prettier-ignore
export const GROUPS: usize = memory.data<u32>([
  // Group.G1: 80-83
  Op.ADD, Op.OR, Op.ADC, Op.SBB, Op.AND, Op.SUB, Op.XOR, Op.CMP,
  // Group.G1A: 8F
  Op.POP, Enc.UD, Enc.UD, Enc.UD, Enc.UD, Enc.UD, Enc.UD, Enc.UD,
  // Group.G2: C0 C1 D0-D3; /6 is an alias of SHL on every processor
  Op.ROL, Op.ROR, Op.RCL, Op.RCR, Op.SHL, Op.SHR, Op.SHL, Op.SAR,
  // Group.G3B: F6; /1 is an alias of TEST
  Op.TEST | Enc.Eb_Ib,
  Op.TEST | Enc.Eb_Ib,
  Op.NOT,
  Op.NEG,
  Op.MUL | Enc.src_Eb,
  Op.IMUL1 | Enc.src_Eb,
  Op.DIV | Enc.src_Eb,
  Op.IDIV | Enc.src_Eb,
  // Group.G3V: F7
  Op.TEST | Enc.Ev_Iz,
  Op.TEST | Enc.Ev_Iz,
  Op.NOT,
  Op.NEG,
  Op.MUL | Enc.src_Ev,
  Op.IMUL1 | Enc.src_Ev,
  Op.DIV | Enc.src_Ev,
  Op.IDIV | Enc.src_Ev,
  // Group.G4: FE
  Op.INC, Op.DEC, Enc.UD, Enc.UD, Enc.UD, Enc.UD, Enc.UD, Enc.UD,
  // Group.G5: FF
  Op.INC,
  Op.DEC,
  Op.CALL_INDIRECT | Enc.src_Ev | RowFlag.FORCE64 | RowFlag.ENDS,
  Op.CALL_FAR_INDIRECT | Enc.src_M | RowFlag.ENDS,
  Op.JMP_INDIRECT | Enc.src_Ev | RowFlag.FORCE64 | RowFlag.ENDS,
  Op.JMP_FAR_INDIRECT | Enc.src_M | RowFlag.ENDS,
  Op.PUSH | Enc.src_Ev | RowFlag.DEFAULT64,
  Enc.UD,
  // Group.G6: 0F 00
  Op.SLDT | Enc.Rv_Mw | RowFlag.PROTECTED,
  Op.STR | Enc.Rv_Mw | RowFlag.PROTECTED,
  Op.LLDT | Enc.src_Ew | RowFlag.PROTECTED,
  Op.LTR | Enc.src_Ew | RowFlag.PROTECTED,
  Op.VERR | Enc.src_Ew | RowFlag.PROTECTED,
  Op.VERW | Enc.src_Ew | RowFlag.PROTECTED,
  Enc.UD,
  Enc.UD,
  // Group.G8: 0F BA
  Enc.UD, Enc.UD, Enc.UD, Enc.UD, Op.BT, Op.BTS, Op.BTR, Op.BTC,
  // Group.G11: C6 C7 (/7 with mod 3 is XABORT, XBEGIN: no TSX here)
  Op.MOV, Enc.UD, Enc.UD, Enc.UD, Enc.UD, Enc.UD, Enc.UD, Enc.UD,
]);
