/** Integer instructions on registers and memory: arithmetic, logic, shifts, multiplication and division, bits, moves, flags. */
import { le } from "../../instructions/encoder.ts";
import type { Patch } from "../program.ts";
import type { Choice } from "../weighted.ts";
import { RAX, RBX, RCX, RDX, type Writer } from "../writer.ts";

const ALU = ["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"] as const;
/** Opcodes of `op r/m, r` of two to eight bytes that may replace each other by a self-modifying store. */
const ALU_OPCODES = [0x01, 0x09, 0x11, 0x19, 0x21, 0x29, 0x31, 0x39, 0x85, 0x89, 0x03, 0x2b, 0x8b];
const CONDITIONS = "o no b ae z nz be a s ns p np l ge le g".split(" ");
const LOCK = 0xf0;

const wide = (size: number) => (size > 1 ? 1 : 0);

/** Instructions of Intel's `r/m, r` and `r, r/m` forms on random operands. `op` is the byte form of `r/m, r`. */
function registerForms(
  w: Writer,
  name: string,
  op: number[],
  size: number,
  lockable: boolean,
  patches: Patch[] = [],
): void {
  const last = op.at(-1)! + wide(size);
  const opcode = [...op.slice(0, -1), last];
  const bytes = { byteReg: size === 1, byteRm: size === 1 };
  const kind = w.random.below(4);
  if (kind < 2) {
    const [rm, reg] = [w.target(size), w.source(size)];
    w.emit(`${name} ${w.name(rm, size)}, ${w.name(reg, size)}`, { size, op: opcode, reg, rm, ...bytes }, undefined, {
      patches: size > 1 && op.length === 1 ? patches : [],
    });
    return;
  }
  const operand = w.memory(size);
  const reg = w.source(size);
  const locked = lockable && w.random.chance(6);
  w.emit(
    `${locked ? "lock " : ""}${name} ${w.operandName(operand, size)}, ${w.name(reg, size)}`,
    { size, ...(locked ? { prefix: [LOCK] } : {}), op: opcode, reg, byteReg: size === 1 },
    operand,
  );
}

function alu(w: Writer): void {
  const op = w.random.below(8);
  const name = ALU[op]!;
  const size = w.size();
  const kind = w.random.below(8);
  const bytes = { byteReg: size === 1, byteRm: size === 1 };
  if (kind < 3) {
    registerForms(w, name, [op * 8], size, op !== 7, [{ fromEnd: 2, values: ALU_OPCODES }]);
    return;
  }
  if (kind === 3) {
    const operand = w.memory(size);
    const reg = w.target(size);
    const text = `${name} ${w.name(reg, size)}, ${w.operandName(operand, size)}`;
    w.emit(text, { size, op: [op * 8 + 2 + wide(size)], reg, byteReg: size === 1 }, operand);
    return;
  }
  if (kind === 4 && w.isFree(RAX)) {
    const imm = w.immediate(size);
    w.emit(`${name} ${w.name(RAX, size)}, ${hexOf(imm)}`, { size, op: [op * 8 + 4 + wide(size)], imm });
    return;
  }
  const short = size > 1 && w.random.chance(2);
  const imm = w.immediate(short ? 1 : size);
  const opcode = size === 1 ? 0x80 : short ? 0x83 : 0x81;
  if (kind < 7) {
    const rm = w.target(size);
    w.emit(`${name} ${w.name(rm, size)}, ${hexOf(imm)}`, {
      size,
      op: [opcode],
      reg: op,
      rm,
      imm,
      byteRm: bytes.byteRm,
    });
    return;
  }
  const operand = w.memory(size);
  w.emit(`${name} ${w.operandName(operand, size)}, ${hexOf(imm)}`, { size, op: [opcode], reg: op, imm }, operand);
}

export const hexOf = (bytes: readonly number[]) =>
  `0x${bytes
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .reverse()
    .join("")}`;

/** `op r/m` with the operation in ModRM.reg. */
function unary(w: Writer, name: string, op: number, reg: number, size: number, imm: number[] = [], text = ""): void {
  const opcode = [op + wide(size)];
  if (w.random.chance(3)) {
    const operand = w.memory(size);
    w.emit(`${name} ${w.operandName(operand, size)}${text}`, { size, op: opcode, reg, imm }, operand);
    return;
  }
  const rm = w.target(size);
  w.emit(`${name} ${w.name(rm, size)}${text}`, { size, op: opcode, reg, rm, byteRm: size === 1, imm });
}

function incDecNegNot(w: Writer): void {
  const size = w.size();
  const kind = w.random.below(5);
  if (kind === 4 && w.bits !== 64 && size > 1) {
    const register = w.target(size);
    const dec = w.random.below(2);
    w.emit(`${dec ? "dec" : "inc"} ${w.name(register, size)}`, { size, op: [0x40 + 8 * dec], plus: register });
    return;
  }
  if (kind & 1) unary(w, kind === 1 ? "inc" : "dec", 0xfe, kind === 1 ? 0 : 1, size);
  else unary(w, kind === 0 ? "neg" : "not", 0xf6, kind === 0 ? 3 : 2, size);
}

function test(w: Writer): void {
  const size = w.size();
  if (w.random.chance(2)) {
    registerForms(w, "test", [0x84], size, false);
    return;
  }
  const imm = w.immediate(size);
  unary(w, "test", 0xf6, 0, size, imm, `, ${hexOf(imm)}`);
}

const SHIFTS = ["rol", "ror", "rcl", "rcr", "shl", "shr", "sal", "sar"] as const;

function shift(w: Writer): void {
  const reg = w.random.below(8);
  const size = w.size();
  const kind = w.random.below(3);
  const count = w.random.chance(4) ? w.random.below(256) : w.random.below(8 * size);
  if (kind === 0) unary(w, SHIFTS[reg]!, 0xd0, reg, size, [], ", 1");
  else if (kind === 1) unary(w, SHIFTS[reg]!, 0xd2, reg, size, [], ", cl");
  else unary(w, SHIFTS[reg]!, 0xc0, reg, size, [count], `, ${count}`);
}

function doubleShift(w: Writer): void {
  const size = w.wideSize();
  const right = w.random.below(2);
  const byCl = w.random.chance(2);
  const imm = byCl ? [] : [w.random.below(40)];
  const op = [0x0f, (right ? 0xac : 0xa4) + (byCl ? 1 : 0)];
  const reg = w.source(size);
  const rest = `, ${w.name(reg, size)}, ${byCl ? "cl" : imm[0]}`;
  const name = right ? "shrd" : "shld";
  if (w.random.chance(3)) {
    const operand = w.memory(size);
    w.emit(`${name} ${w.operandName(operand, size)}${rest}`, { size, op, reg, imm }, operand);
    return;
  }
  const rm = w.target(size);
  w.emit(`${name} ${w.name(rm, size)}${rest}`, { size, op, reg, rm, imm });
}

function multiply(w: Writer): void {
  const size = w.size();
  if (w.random.chance(2)) {
    if (!w.areFree(RAX, RDX)) return;
    const signed = w.random.below(2);
    unary(w, signed ? "imul" : "mul", 0xf6, 4 + signed, size);
    return;
  }
  const wideSize = Math.max(2, size);
  const reg = w.target(wideSize);
  const kind = w.random.below(3);
  const imm = kind === 0 ? [] : w.immediate(kind === 1 ? 1 : wideSize);
  const op = kind === 0 ? [0x0f, 0xaf] : kind === 1 ? [0x6b] : [0x69];
  sourceOperand(w, `imul ${w.name(reg, wideSize)}`, { op, reg, imm }, wideSize, imm.length ? `, ${hexOf(imm)}` : "");
}

/** `r, r/m`: the source a register or memory. */
function sourceOperand(w: Writer, text: string, fields: Parameters<Writer["emit"]>[1], size: number, rest = ""): void {
  if (w.random.chance(3)) {
    const operand = w.memory(size);
    w.emit(`${text}, ${w.operandName(operand, size)}${rest}`, { size, ...fields }, operand);
    return;
  }
  const rm = w.source(size);
  w.emit(`${text}, ${w.name(rm, size)}${rest}`, { size, ...fields, rm });
}

/** Mostly with a dividend and a divisor that do not fault. */
function divide(w: Writer): void {
  if (!w.areFree(RAX, RDX)) return;
  const size = w.size();
  const signed = w.random.below(2);
  if (!w.random.chance(4)) {
    const high = size === 1 ? [0xb4] : [0xba];
    const value = w.random.below(4) ? 0 : w.random.below(3);
    const imm = le(value, size === 8 ? 4 : size);
    if (size === 1) w.raw(`mov ah, ${value}`, ...high, value);
    else w.emit(`mov ${w.name(RDX, size)}, ${value}`, { size, op: [0xc7], reg: 0, rm: RDX, imm });
  }
  const divisor = w.target(size);
  if (!w.random.chance(4) && w.isFree(divisor & 15) && divisor !== RAX && divisor !== RDX && divisor < 16) {
    w.emit(`or ${w.name(divisor, size)}, 7`, {
      size,
      op: [size === 1 ? 0x80 : 0x83],
      reg: 1,
      rm: divisor,
      byteRm: size === 1,
      imm: [7],
    });
    const text = `${signed ? "idiv" : "div"} ${w.name(divisor, size)}`;
    w.emit(text, { size, op: [0xf6 + wide(size)], reg: 6 + signed, rm: divisor, byteRm: size === 1 });
    return;
  }
  unary(w, signed ? "idiv" : "div", 0xf6, 6 + signed, size);
}

function move(w: Writer): void {
  const size = w.size();
  const kind = w.random.below(5);
  if (kind === 0) {
    registerForms(w, "mov", [0x88], size, false, [{ fromEnd: 2, values: ALU_OPCODES }]);
    return;
  }
  if (kind === 1) {
    const operand = w.memory(size);
    const reg = w.target(size);
    const text = `mov ${w.name(reg, size)}, ${w.operandName(operand, size)}`;
    w.emit(text, { size, op: [0x8a + wide(size)], reg, byteReg: size === 1 }, operand);
    return;
  }
  if (kind === 2) {
    const imm = w.immediate(size);
    unary(w, "mov", 0xc6, 0, size, imm, `, ${hexOf(imm)}`);
    return;
  }
  if (kind === 3 && size > 1) {
    const register = w.target(size);
    const imm = le(w.value(), size);
    w.emit(`mov ${w.name(register, size)}, ${hexOf(imm)}`, { size, op: [0xb8], plus: register, imm });
    return;
  }
  accumulatorMove(w, size);
}

/** MOV between rAX and an absolute address (A0 to A3). */
function accumulatorMove(w: Writer, size: number): void {
  if (!w.isFree(RAX)) return;
  const { mem } = w.absolute(0x1000 + w.random.below(0x1f00));
  const store = w.random.below(2);
  const op = [0xa0 + 2 * store + wide(size)];
  const imm = le(mem.disp, w.word);
  const [a, m] = [w.name(RAX, size), w.operandName({ mem: { disp: mem.disp } }, size)];
  w.emit(store ? `mov ${m}, ${a}` : `mov ${a}, ${m}`, { size, op, imm }, undefined, { patches: [] });
}

function extend(w: Writer): void {
  const size = w.wideSize();
  const reg = w.target(size);
  const from = size > 2 && w.random.chance(2) ? 2 : 1;
  const signed = w.random.below(2);
  const wider = size === 8 && w.random.chance(3);
  const op = wider ? [0x63] : [0x0f, (signed ? 0xbe : 0xb6) + (from === 2 ? 1 : 0)];
  const fromSize = wider ? 4 : from;
  const name = wider ? "movsxd" : signed ? "movsx" : "movzx";
  if (w.random.chance(2)) {
    const operand = w.memory(fromSize);
    w.emit(`${name} ${w.name(reg, size)}, ${w.operandName(operand, fromSize)}`, { size, op, reg }, operand);
    return;
  }
  const rm = w.source(fromSize);
  w.emit(`${name} ${w.name(reg, size)}, ${w.name(rm, fromSize)}`, { size, op, reg, rm, byteRm: fromSize === 1 });
}

function lea(w: Writer): void {
  const size = w.wideSize();
  const reg = w.target(size);
  const { mem } = w.memory(size);
  w.emit(`lea ${w.name(reg, size)}, ${w.operandName({ mem }, 0)}`, { size, op: [0x8d], reg, rm: mem });
}

/** LEA as arithmetic: of registers that hold anything. */
function leaOfValues(w: Writer): void {
  if (w.bits === 16) {
    lea(w);
    return;
  }
  const size = w.wideSize();
  const reg = w.target(size);
  const base = w.source(4);
  const index = w.source(4);
  if (index === 4) return;
  const mem = { base, index, scale: w.random.below(4), disp: w.random.below(512) - 256 };
  w.emit(`lea ${w.name(reg, size)}, ${w.operandName({ mem }, 0)}`, { size, op: [0x8d], reg, rm: mem });
}

function exchange(w: Writer): void {
  const size = w.size();
  const name = w.random.pick(["xchg", "xadd", "cmpxchg"] as const);
  const op = name === "xchg" ? [0x86] : [0x0f, name === "xadd" ? 0xc0 : 0xb0];
  const opcode = [...op.slice(0, -1), op.at(-1)! + wide(size)];
  const reg = w.target(size);
  if (name === "cmpxchg" && !w.isFree(RAX)) return;
  if (w.random.chance(2)) {
    const rm = w.target(size);
    const bytes = { byteReg: size === 1, byteRm: size === 1 };
    w.emit(`${name} ${w.name(rm, size)}, ${w.name(reg, size)}`, { size, op: opcode, reg, rm, ...bytes });
    return;
  }
  const operand = w.memory(size);
  const locked = w.random.chance(3);
  const text = `${locked ? "lock " : ""}${name} ${w.operandName(operand, size)}, ${w.name(reg, size)}`;
  w.emit(text, { size, ...(locked ? { prefix: [LOCK] } : {}), op: opcode, reg, byteReg: size === 1 }, operand);
}

function exchangeWide(w: Writer): void {
  if (!w.areFree(RAX, RDX)) return;
  const size = w.bits === 64 && w.random.chance(2) ? 8 : 4;
  const operand = w.memory(2 * size, size === 8 ? { align: 16 } : {});
  const fields = { ...(size === 8 ? { size } : {}), op: [0x0f, 0xc7], reg: 1 };
  w.emit(`cmpxchg${(16 * size) / 8}b ${w.operandName(operand, 2 * size)}`, fields, operand);
}

function setOrMove(w: Writer): void {
  const cc = w.random.below(16);
  if (w.random.chance(2)) {
    const name = `set${CONDITIONS[cc]}`;
    if (w.random.chance(3)) {
      const operand = w.memory(1);
      w.emit(`${name} ${w.operandName(operand, 1)}`, { op: [0x0f, 0x90 + cc], reg: 0 }, operand);
      return;
    }
    const rm = w.target(1);
    w.emit(`${name} ${w.name(rm, 1)}`, { op: [0x0f, 0x90 + cc], reg: 0, rm, byteRm: true });
    return;
  }
  const size = w.wideSize();
  const reg = w.target(size);
  sourceOperand(w, `cmov${CONDITIONS[cc]} ${w.name(reg, size)}`, { op: [0x0f, 0x40 + cc], reg }, size);
}

const BIT_TESTS = ["bt", "bts", "btr", "btc"] as const;

function bitTest(w: Writer): void {
  const n = w.random.below(4);
  const size = w.wideSize();
  const name = BIT_TESTS[n]!;
  const kind = w.random.below(4);
  if (kind === 0) {
    const imm = [w.random.below(80)];
    const rm = w.target(size);
    w.emit(`${name} ${w.name(rm, size)}, ${imm[0]}`, { size, op: [0x0f, 0xba], reg: 4 + n, rm, imm });
    return;
  }
  if (kind === 1) {
    const imm = [w.random.below(80)];
    const operand = w.memory(size);
    w.emit(`${name} ${w.operandName(operand, size)}, ${imm[0]}`, { size, op: [0x0f, 0xba], reg: 4 + n, imm }, operand);
    return;
  }
  const op = [0x0f, 0xa3 + 8 * n];
  if (kind === 2) {
    const [rm, reg] = [w.target(size), w.source(size)];
    w.emit(`${name} ${w.name(rm, size)}, ${w.name(reg, size)}`, { size, op, reg, rm });
    return;
  }
  // A bit string: the register's value moves the address.
  const reg = w.target(size);
  if (!w.isFree(reg)) return;
  w.emit(`and ${w.name(reg, size)}, 0x7f`, { size, op: [0x83], reg: 4, rm: reg, imm: [0x7f] });
  const operand = w.memory(size);
  w.emit(`${name} ${w.operandName(operand, size)}, ${w.name(reg, size)}`, { size, op, reg }, operand);
}

function bitScan(w: Writer): void {
  const size = w.wideSize();
  const reg = w.target(size);
  const reverse = w.random.below(2);
  sourceOperand(w, `${reverse ? "bsr" : "bsf"} ${w.name(reg, size)}`, { op: [0x0f, 0xbc + reverse], reg }, size);
}

function swapBytes(w: Writer): void {
  const size = w.bits === 64 && w.random.chance(2) ? 8 : 4;
  const register = w.target(size);
  w.emit(`bswap ${w.name(register, size)}`, { size, op: [0x0f, 0xc8], plus: register });
}

/** Instructions without operands on flags and rAX. */
function implicit(w: Writer): void {
  const flagBytes = { cmc: 0xf5, clc: 0xf8, stc: 0xf9, lahf: 0x9f, sahf: 0x9e, nop: 0x90 };
  const decimals = { daa: 0x27, das: 0x2f, aaa: 0x37, aas: 0x3f, salc: 0xd6 };
  const kind = w.random.below(4);
  if (kind === 0) {
    const [name, byte] = w.random.pick(Object.entries(flagBytes));
    if (name !== "lahf" || w.isFree(RAX)) w.raw(name, byte);
    return;
  }
  if (!w.areFree(RAX, RDX)) return;
  const size = w.wideSize();
  if (kind === 1) {
    w.emit(size === 8 ? "cdqe" : size === 4 ? "cwde" : "cbw", { size, op: [0x98] });
    return;
  }
  if (kind === 2) {
    w.emit(size === 8 ? "cqo" : size === 4 ? "cdq" : "cwd", { size, op: [0x99] });
    return;
  }
  if (w.bits === 64) return;
  if (w.random.chance(3)) {
    const base = w.random.below(24);
    const multiply = w.random.below(2);
    w.raw(`${multiply ? "aam" : "aad"} ${base}`, 0xd4 + (1 - multiply), base);
    return;
  }
  const [name, byte] = w.random.pick(Object.entries(decimals));
  w.raw(name, byte);
}

/** XLAT: rBX points into the data, where it is an anchor. */
function translate(w: Writer): void {
  if (w.isFree(RAX) && w.anchors.has(RBX)) w.raw("xlat", 0xd7);
}

function nonTemporalMove(w: Writer): void {
  const size = w.bits === 64 && w.random.chance(2) ? 8 : 4;
  const operand = w.memory(size);
  const reg = w.source(size);
  const fields = { ...(size === 8 ? { size } : {}), op: [0x0f, 0xc3], reg };
  w.emit(`movnti ${w.operandName(operand, size)}, ${w.name(reg, size)}`, fields, operand);
}

/** rCX made a useful shift count, as compilers do. */
function shiftCount(w: Writer): void {
  const count = w.random.below(70);
  if (w.isFree(RCX)) w.raw(`mov cl, ${count}`, 0xb1, count);
}

export const INTEGER: readonly Choice[] = [
  [24, alu],
  [6, incDecNegNot],
  [4, test],
  [9, shift],
  [3, doubleShift],
  [4, multiply],
  [3, divide],
  [14, move],
  [5, extend],
  [4, lea],
  [2, leaOfValues],
  [4, exchange],
  [1, exchangeWide],
  [6, setOrMove],
  [4, bitTest],
  [2, bitScan],
  [1, swapBytes],
  [4, implicit],
  [1, translate],
  [1, nonTemporalMove],
  [1, shiftCount],
];
