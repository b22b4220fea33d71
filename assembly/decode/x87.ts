// x87 escapes D8-DF (SDM vol. 2D A.5). The op is numbered by opcode and ModRM.reg; which of those exist is a bit mask.
import { Decoder } from "./decoder";
import { Form, Op } from "./op";
import { Insn } from "./insn";

/** For each opcode, the values of reg that have no memory form. */
// prettier-ignore
const NO_MEMORY: usize = memory.data<u8>([
  /* D8 */ 0,
  /* D9 */ 1 << 1,
  /* DA */ 0,
  /* DB */ (1 << 4) | (1 << 6),
  /* DC */ 0,
  /* DD */ 1 << 5,
  /* DE */ 0,
  /* DF */ 0,
]);

/**
 * For each opcode and reg, the values of rm that have no register form. The undocumented aliases that every processor
 * has are instructions (FSTP1 D9 D8, FCOM2 DC D0, FCOMP3 DC D8, FXCH4 DD C8, FCOMP5 DE D0, FFREEP DF C0, FXCH7 DF C8,
 * FSTP8 DF D0, FSTP9 DF D8), and so are FENI, FDISI and FSETPM, which do nothing.
 */
// prettier-ignore
const NO_REGISTER: usize = memory.data<u8>([
  /* D8 */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* D9 */ 0, 0, 0xfe, 0, 0xcc, 0x80, 0, 0,
  /* DA */ 0, 0, 0, 0, 0xff, 0xfd, 0xff, 0xff,
  /* DB */ 0, 0, 0, 0, 0xe0, 0, 0, 0xff,
  /* DC */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* DD */ 0, 0, 0, 0, 0, 0, 0xff, 0xff,
  /* DE */ 0, 0, 0, 0xfd, 0, 0, 0, 0,
  /* DF */ 0, 0, 0, 0, 0xfe, 0, 0, 0xff,
]);

/** False: no such instruction. Memory operands are Form.RM whether read or written; size is the operand size (FSTENV). */
export function decodeX87(d: Decoder, i: Insn): bool {
  const escape = d.opcode & 7;
  const reg = d.reg & 7;
  i.regField = <u8>reg;
  i.size = <u8>d.operandSize;
  if (d.memory) {
    i.form = <u8>Form.RM;
    i.op = <u16>(Op.X87_MEM + (escape << 3) + reg);
    return ((load<u8>(NO_MEMORY + escape) >> reg) & 1) == 0;
  }
  const rm = i.modrm & 7;
  i.rmField = rm;
  i.op = <u16>(Op.X87_REG + (escape << 3) + reg);
  return ((load<u8>(NO_REGISTER + (escape << 3) + reg) >> rm) & 1) == 0;
}
