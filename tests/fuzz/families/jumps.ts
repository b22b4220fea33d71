/** Transfers of control in all encodings, to labels of the program. */
import { le } from "../../instructions/encoder.ts";
import { CONTROL } from "../layout.ts";
import type { Label } from "../program.ts";
import { type Operand, RCX, type Writer } from "../writer.ts";

export const CONDITIONS = "o no b ae z nz be a s ns p np l ge le g".split(" ");

const near = (w: Writer) => (w.bits === 16 ? 2 : 4);

function relative(w: Writer, text: string, opcode: number[], bytes: number, label: Label, structural: boolean): void {
  const length = opcode.length + bytes;
  w.push(`${text} →`, (at, context) => [...opcode, ...le(context.ip(label) - (at + length), bytes)], { structural });
}

/** `structural` jumps stay when a program is shrunk. */
export function jump(w: Writer, label: Label, structural = false): void {
  relative(w, "jmp", [0xe9], near(w), label, structural);
}

export function jumpIf(w: Writer, cc: number, label: Label, structural = false): void {
  relative(w, `j${CONDITIONS[cc]}`, [0x0f, 0x80 + cc], near(w), label, structural);
}

/** For labels a few instructions ahead or, in tight loops, behind. */
export function shortJumpIf(w: Writer, cc: number, label: Label, structural = false): void {
  relative(w, `j${CONDITIONS[cc]} short`, [0x70 + cc], 1, label, structural);
}

/** LOOPNE, LOOPE, LOOP, JrCXZ. */
export function loopOrCount(w: Writer, kind: 0 | 1 | 2 | 3, label: Label, structural = false): void {
  relative(w, ["loopne", "loope", "loop", "jcxz"][kind]!, [0xe0 + kind], 1, label, structural);
}

export function call(w: Writer, label: Label): void {
  relative(w, "call", [0xe8], near(w), label, false);
}

/** MOV register, label. */
function loadLabel(w: Writer, register: number, label: Label): void {
  const size = w.bits === 16 ? 2 : 4;
  w.push(`mov ${w.name(register, size)}, label`, (_at, context) => [0xb8 + register, ...le(context.ip(label), size)]);
}

/** A pointer to `label` in the control page. */
function pointer(w: Writer, label: Label): Operand | undefined {
  if ((w.tables.length + 1) * w.word > CONTROL.TABLE_BYTES) return undefined;
  w.tables.push(label);
  return w.control(CONTROL.TABLES + (w.tables.length - 1) * w.word);
}

const JUMP = 4;
const CALL = 2;

/** JMP or CALL through a register or memory. Gives false if it could not be written. */
function indirect(w: Writer, reg: number, label: Label): boolean {
  const name = reg === CALL ? "call" : "jmp";
  const register = w.target(4);
  if (w.random.chance(2) && register < 8 && w.isFree(register)) {
    loadLabel(w, register, label);
    w.emit(`${name} ${w.name(register, w.word)}`, { op: [0xff], reg, rm: register });
    return true;
  }
  const operand = pointer(w, label);
  if (!operand) return false;
  w.emit(`${name} ${w.operandName(operand, w.word)}`, { op: [0xff], reg }, operand);
  return true;
}

export function callIndirect(w: Writer, label: Label): void {
  if (!indirect(w, CALL, label)) call(w, label);
}

export function jumpIndirect(w: Writer, label: Label): void {
  if (!indirect(w, JUMP, label)) jump(w, label);
}

/** One of four labels by the low bits of a register, as compilers write a switch. */
export function jumpByTable(w: Writer, labels: readonly [Label, Label, Label, Label]): void {
  const scratch = w.target(4);
  const first = w.tables.length;
  const room = (first + 4) * w.word <= CONTROL.TABLE_BYTES;
  if (w.bits === 16 || !room || scratch >= 8 || !w.isFree(scratch)) {
    jump(w, w.random.pick(labels));
    return;
  }
  w.tables.push(...labels);
  const { mem } = w.control(CONTROL.TABLES + first * w.word);
  w.emit(`and ${w.name(scratch, 4)}, 3`, { op: [0x83], reg: 4, rm: scratch, imm: [3] }, undefined, { patches: [] });
  const operand = { mem: { index: scratch, scale: w.bits === 64 ? 3 : 2, disp: mem.disp } };
  w.emit(`jmp ${w.operandName(operand, w.word)}`, { op: [0xff], reg: JUMP }, operand);
}

/** PUSH label, RET: a return that no call belongs to. */
export function jumpByReturn(w: Writer, label: Label): void {
  const size = near(w);
  w.push("push label", (_at, context) => [0x68, ...le(context.ip(label), size)]);
  w.raw("ret", 0xc3);
}

/** PUSH CS, PUSH label, RETF: a far return within the same segment. */
export function jumpFar(w: Writer, label: Label): void {
  const size = near(w);
  if (w.bits === 64) {
    jumpByReturn(w, label);
    return;
  }
  w.raw("push cs", 0x0e);
  w.push("push label", (_at, context) => [0x68, ...le(context.ip(label), size)]);
  w.raw("retf", 0xcb);
}

/** A jump of any kind. */
export function anyJump(w: Writer, label: Label): void {
  const kind = w.random.below(10);
  if (kind < 5) jump(w, label);
  else if (kind < 8) jumpIndirect(w, label);
  else if (kind === 8) jumpByReturn(w, label);
  else jumpFar(w, label);
}

/** Skips what `between` writes, or does not. */
export function skipping(w: Writer, between: () => void): void {
  const label = w.label();
  const kind = w.random.below(8);
  if (kind === 0 && w.isFree(RCX)) loopOrCount(w, w.random.pick([0, 1, 2, 3] as const), label);
  else if (kind < 5) shortJumpIf(w, w.random.below(16), label);
  else jumpIf(w, w.random.below(16), label);
  between();
  w.place(label);
}
