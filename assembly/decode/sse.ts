// MMX, SSE and SSE2 instructions, FXSAVE and XSAVE: from a row of sseRows.ts to the record.
//
// dst and src point at registers: XMMn, the significand of physical x87 register n for MMn, or a general register. A shift
// by immediate has it as src. PS, PD, SS and SD differ in the op; MMX and XMM integer forms in Insn.size (3 or 4).
import { Seg, Vcpu, registerAddress, x87Address, xmmAddress } from "../cpu/state";
import { decoder } from "./decoder";
import { Insn, Prefix } from "./insn";
import { setBase, setSegment } from "./modrm";
import { Form, Op } from "./op";
import { RegisterKind, SIZE_BY_REX, SseField, groupAeOp, shiftGroupOp, sseRow } from "./sseRows";
import { SseOp } from "./sseOp";

const RDI: u32 = 7;

/**
 * Sets op, form, size and register operands of the 0F-map instruction `opcode` with mandatory `prefix` (0 none, 1 66,
 * 2 F3, 3 F2). The memory operand's fields are filled in, form is RR or RM. False: no such instruction.
 */
export function decodeSse(cpu: Vcpu, i: Insn, opcode: u32, prefix: u32, reg: u32, rm: u32, isRegister: bool): bool {
  i.regField = <u8>reg;
  i.rmField = <u8>rm;
  if (opcode == 0xae) return decodeStateGroup(i, prefix, reg);
  const row = sseRow(opcode, prefix);
  if (!row) return false;
  let op = row & SseField.OP;
  const regKind = (row >> SseField.REG_SHIFT) & 3;
  let rmKind = (row >> SseField.RM_SHIFT) & 3;
  if (op == SseOp.EMMS) {
    i.op = <u16>(Op.SSE + op);
    return true;
  }
  if (isRegister) {
    // The two-register forms of MOVLPS and MOVHPS are other instructions.
    if (prefix == 0 && (opcode == 0x12 || opcode == 0x16)) {
      op = opcode == 0x12 ? SseOp.MOVHLPS : SseOp.MOVLHPS;
      rmKind = RegisterKind.XMM;
    }
    if (rmKind == RegisterKind.NONE) return false;
  } else if (row & SseField.NO_MEMORY) return false;
  const size = (row >> SseField.SIZE_SHIFT) & 7;
  i.size = <u8>(size == SIZE_BY_REX ? (i.prefixes & Prefix.REX_W ? 3 : 2) : size);

  if (row & SseField.GROUP) {
    op = shiftGroupOp(opcode, reg);
    i.op = <u16>(Op.SSE + op);
    i.dst = operand(cpu, rmKind, rm);
    i.src = i.immAddress;
    return op != SseOp.UD && !(prefix == 0 && op >= <u32>SseOp.PSRLDQ);
  }
  i.op = <u16>(Op.SSE + op);
  const regAddress = operand(cpu, regKind, reg);
  const rmAddress = isRegister ? operand(cpu, rmKind, rm) : 0;
  if (row & SseField.STORE) {
    i.dst = rmAddress;
    i.src = regAddress;
    if (!isRegister) i.form = <u8>Form.MR;
  } else {
    i.dst = regAddress;
    i.src = rmAddress;
  }
  if (op == SseOp.MASKMOV) {
    const d = decoder(cpu);
    setBase(cpu, d, i, RDI);
    setSegment(cpu, d, i, Seg.DS);
  }
  return true;
}

/** 0F AE with a memory operand: FXSAVE, FXRSTOR, LDMXCSR, STMXCSR, XSAVE, XRSTOR. Insn.size 3: with REX.W. */
function decodeStateGroup(i: Insn, prefix: u32, reg: u32): bool {
  const op = groupAeOp(reg);
  i.op = <u16>(Op.SSE + op);
  i.form = <u8>(op == SseOp.FXSAVE || op == SseOp.STMXCSR || op == SseOp.XSAVE ? Form.MR : Form.RM);
  i.size = <u8>(i.prefixes & Prefix.REX_W ? 3 : 2);
  return prefix == 0 && op != SseOp.UD;
}

function operand(cpu: Vcpu, kind: u32, n: u32): u32 {
  if (kind == RegisterKind.XMM) return <u32>xmmAddress(cpu, n);
  if (kind == RegisterKind.MMX) return <u32>x87Address(cpu, n & 7);
  return kind == RegisterKind.GPR ? <u32>registerAddress(cpu, n) : 0;
}

/** Whether an immediate byte follows the operands. */
export function sseHasImmediate(opcode: u32): bool {
  return (opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2 || (opcode >= 0xc4 && opcode <= 0xc6);
}
