/** x87: loads, stores, arithmetic, comparisons, the stack, control and environment. */
import { CONTROL } from "../layout.ts";
import type { Choice } from "../weighted.ts";
import { RAX, type Writer } from "../writer.ts";

const hex = (...bytes: number[]) => bytes.map((byte) => byte.toString(16)).join(" ");

function memoryForm(w: Writer, name: string, opcode: number, reg: number, size: number): void {
  const operand = w.memory(size);
  w.emit(`${name} ${w.operandName(operand, size)}`, { op: [opcode], reg }, operand);
}

const register = (w: Writer, name: string, opcode: number, base: number) => {
  const n = w.random.below(w.random.chance(4) ? 8 : 3);
  w.raw(`${name} st${n}`, opcode, base + n);
};

type MemoryForm = readonly [name: string, opcode: number, reg: number, size: number];

const LOADS: readonly MemoryForm[] = [
  ["fld", 0xd9, 0, 4],
  ["fld", 0xdd, 0, 8],
  ["fld", 0xdd, 0, 8],
  ["fld", 0xdb, 5, 10],
  ["fild", 0xdf, 0, 2],
  ["fild", 0xdb, 0, 4],
  ["fild", 0xdf, 5, 8],
  ["fbld", 0xdf, 4, 10],
];

const STORES: readonly MemoryForm[] = [
  ["fst", 0xd9, 2, 4],
  ["fstp", 0xd9, 3, 4],
  ["fst", 0xdd, 2, 8],
  ["fstp", 0xdd, 3, 8],
  ["fstp", 0xdd, 3, 8],
  ["fstp", 0xdb, 7, 10],
  ["fist", 0xdf, 2, 2],
  ["fistp", 0xdf, 3, 2],
  ["fist", 0xdb, 2, 4],
  ["fistp", 0xdb, 3, 4],
  ["fistp", 0xdf, 7, 8],
  ["fbstp", 0xdf, 6, 10],
];

function load(w: Writer): void {
  const kind = w.random.below(3);
  if (kind === 0) register(w, "fld", 0xd9, 0xc0);
  else if (kind === 1) w.raw("fldconst", 0xd9, 0xe8 + w.random.below(7));
  else memoryForm(w, ...w.random.pick(LOADS));
}

function store(w: Writer): void {
  memoryForm(w, ...w.random.pick(STORES));
}

const ARITHMETIC = ["fadd", "fmul", "fcom", "fcomp", "fsub", "fsubr", "fdiv", "fdivr"] as const;

function arithmetic(w: Writer): void {
  const op = w.random.below(8);
  const name = ARITHMETIC[op]!;
  const kind = w.random.below(7);
  if (kind < 2) register(w, name, 0xd8, 0xc0 + 8 * op);
  else if (kind === 2) register(w, `${name} to`, 0xdc, 0xc0 + 8 * op);
  else if (kind === 3) register(w, `${name} pop`, 0xde, 0xc0 + 8 * op);
  else if (kind === 4) memoryForm(w, name, 0xd8, op, 4);
  else if (kind === 5) memoryForm(w, name, 0xdc, op, 8);
  else memoryForm(w, `fi${name.slice(1)}`, w.random.pick([0xda, 0xde]), op, 4);
}

/** Loads and what uses them up, so that the stack neither fills nor runs empty. */
function expression(w: Writer): void {
  load(w);
  const count = w.random.below(3);
  for (let n = 0; n < count; n++) arithmetic(w);
  memoryForm(w, "fstp", w.random.pick([0xd9, 0xdd]), 3, 8);
}

const COMPARISONS: readonly (readonly [name: string, opcode: number, base: number])[] = [
  ["fucom", 0xdd, 0xe0],
  ["fucomp", 0xdd, 0xe8],
  ["fcomi", 0xdb, 0xf0],
  ["fucomi", 0xdb, 0xe8],
  ["fcomip", 0xdf, 0xf0],
  ["fucomip", 0xdf, 0xe8],
];

function compare(w: Writer): void {
  const kind = w.random.below(3);
  if (kind === 0 && w.isFree(RAX)) {
    register(w, "fcom", 0xd8, 0xd0);
    w.raw("fnstsw ax", 0xdf, 0xe0);
    w.raw("sahf", 0x9e);
    return;
  }
  register(w, ...w.random.pick(COMPARISONS));
}

/** Instructions without operands: D9 xx. FSIN and the like are left to tests of their own, but for a few. */
const SIMPLE = [0xe0, 0xe1, 0xe4, 0xe5, 0xfa, 0xfc, 0xfd, 0xf4, 0xf8, 0xf5, 0xf0, 0xf6, 0xf7, 0xd0, 0xfe, 0xf3];

function simple(w: Writer): void {
  const kind = w.random.below(6);
  if (kind < 3) {
    const op = w.random.pick(SIMPLE);
    w.raw(`x87 ${hex(0xd9, op)}`, 0xd9, op);
    return;
  }
  if (kind === 3) {
    register(w, "fxch", 0xd9, 0xc8);
    return;
  }
  if (kind === 4) {
    register(w, "ffree", 0xdd, 0xc0);
    return;
  }
  register(w, "fcmov", w.random.pick([0xda, 0xdb]), 0xc0 + 8 * w.random.below(4));
}

function control(w: Writer): void {
  const kind = w.random.below(8);
  if (kind === 0) {
    memoryForm(w, "fnstcw", 0xd9, 7, 2);
    return;
  }
  if (kind === 1) {
    memoryForm(w, "fnstsw", 0xdd, 7, 2);
    return;
  }
  if (kind === 2) {
    w.raw("fnclex", 0xdb, 0xe2);
    return;
  }
  if (kind === 3) {
    w.raw("fninit", 0xdb, 0xe3);
    return;
  }
  if (kind === 4) {
    w.raw("fwait", 0x9b);
    return;
  }
  if (kind === 5) {
    memoryForm(w, "fnstenv", 0xd9, 6, 28);
    return;
  }
  if (kind === 6) {
    w.raw("emms", 0x0f, 0x77);
    return;
  }
  const operand = w.control(CONTROL.CONSTANTS + 0x10 + 4 * w.random.below(4));
  w.emit(`fldcw ${w.operandName(operand, 2)}`, { op: [0xd9], reg: 5 }, operand);
}

/** FNSAVE and FRSTOR of the same place. */
function state(w: Writer): void {
  const operand = w.memory(108, { safe: true });
  w.emit(`fnsave ${w.operandName(operand, 0)}`, { op: [0xdd], reg: 6 }, operand);
  if (!w.random.chance(4)) w.emit(`frstor ${w.operandName(operand, 0)}`, { op: [0xdd], reg: 4 }, operand);
}

export const X87: readonly Choice[] = [
  [6, load],
  [5, store],
  [8, arithmetic],
  [8, expression],
  [4, compare],
  [5, simple],
  [2, control],
  [1, state],
];
