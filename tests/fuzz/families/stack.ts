/** PUSH and POP in all forms, balanced or put right again, and frames. */
import { le } from "../../instructions/encoder.ts";
import type { Choice } from "../weighted.ts";
import { RAX, RBP, RSP, type Writer } from "../writer.ts";
import { hexOf } from "./integer.ts";

/** Operand size of a push without prefix. */
const stackSize = (w: Writer) => (w.bits === 64 ? 8 : w.bits / 8);

/** Now and then the other size: a 66 prefix. */
function pushSize(w: Writer): number {
  if (!w.random.chance(6)) return stackSize(w);
  return w.bits === 32 ? 2 : w.bits === 16 ? 4 : 2;
}

/** In 64-bit code the size of a push is 8 without REX.W. */
const sized = (w: Writer, size: number) => (w.bits === 64 && size === 8 ? {} : { size });

function pushOne(w: Writer, size: number): void {
  const kind = w.random.below(4);
  if (kind === 0) {
    const short = w.random.chance(2);
    const imm = short ? w.immediate(1) : le(w.value(), Math.min(size, 4));
    w.emit(`push ${hexOf(imm)}`, { ...sized(w, size), op: [short ? 0x6a : 0x68], imm });
  } else if (kind === 1) {
    const operand = w.memory(size);
    w.emit(`push ${w.operandName(operand, size)}`, { ...sized(w, size), op: [0xff], reg: 6 }, operand);
  } else {
    const register = w.source(size);
    w.emit(`push ${w.name(register, size)}`, { ...sized(w, size), op: [0x50], plus: register });
  }
}

function popOne(w: Writer, size: number): void {
  if (w.random.chance(4)) {
    const operand = w.memory(size);
    w.emit(`pop ${w.operandName(operand, size)}`, { ...sized(w, size), op: [0x8f], reg: 0 }, operand);
    return;
  }
  const register = w.target(size);
  w.emit(`pop ${w.name(register, size)}`, { ...sized(w, size), op: [0x58], plus: register });
}

/** Pushes and as many pops. */
function pushPop(w: Writer): void {
  const size = pushSize(w);
  const count = 1 + w.random.below(3);
  for (let n = 0; n < count; n++) pushOne(w, size);
  for (let n = 0; n < count; n++) popOne(w, size);
}

function adjust(w: Writer, bytes: number): void {
  const size = w.bits === 64 ? 8 : w.bits / 8;
  const subtract = bytes < 0;
  const text = `${subtract ? "sub" : "add"} ${w.name(RSP, size)}, ${Math.abs(bytes)}`;
  w.emit(text, { size, op: [0x83], reg: subtract ? 5 : 0, rm: RSP, imm: [Math.abs(bytes)] }, undefined, {
    patches: [],
  });
}

/** Room on the stack, accessed through rSP, and given back. */
function locals(w: Writer): void {
  const bytes = w.word * (1 + w.random.below(6));
  adjust(w, -bytes);
  for (let n = 0; n < 2 && w.bits !== 16; n++) {
    const size = w.size();
    const mem = { base: RSP, disp: w.random.below(bytes) };
    const store = w.random.below(2);
    const reg = store ? w.source(size) : w.target(size);
    const [r, m] = [w.name(reg, size), w.operandName({ mem }, size)];
    const op = [(store ? 0x88 : 0x8a) + (size > 1 ? 1 : 0)];
    w.emit(store ? `mov ${m}, ${r}` : `mov ${r}, ${m}`, { size, op, reg, rm: mem, byteReg: size === 1 });
  }
  adjust(w, bytes);
}

function flags(w: Writer): void {
  w.raw("pushf", 0x9c);
  if (w.random.chance(2) && w.bits !== 16) {
    const mem = { base: RSP, disp: 0 };
    const imm = [w.random.u32() & 0xd5];
    w.emit(`xor byte [${w.name(RSP, w.word)}], ${hexOf(imm)}`, { op: [0x80], reg: 6, rm: mem, imm });
  }
  w.raw("popf", 0x9d);
}

function all(w: Writer): void {
  if (w.bits === 64 || !w.isFree(RAX)) return;
  w.raw("pusha", 0x60);
  w.raw("popa", 0x61);
}

/** ENTER and LEAVE around nothing: rBP comes back as it was. */
function frame(w: Writer): void {
  if (w.reserved.has(RBP)) return;
  const bytes = w.random.below(64);
  w.raw(`enter ${bytes}, ${0}`, 0xc8, bytes, 0, w.random.chance(8) ? w.random.below(4) : 0);
  w.raw("leave", 0xc9);
}

const SEGMENT_PUSHES = {
  es: [[0x06], [0x07]],
  ds: [[0x1e], [0x1f]],
  fs: [
    [0x0f, 0xa0],
    [0x0f, 0xa1],
  ],
} as const;

/** Segment registers loaded anew with what they hold. */
function segments(w: Writer): void {
  if (w.bits === 64) return; // loading FS would lose the base that it was given
  const name = w.random.pick(["es", "ds", "fs"] as const);
  const [push, pop] = SEGMENT_PUSHES[name];
  w.raw(`push ${name}`, ...push);
  w.raw(`pop ${name}`, ...pop);
}

export const STACK_FAMILY: readonly Choice[] = [
  [8, pushPop],
  [4, locals],
  [2, flags],
  [1, all],
  [2, frame],
  [1, segments],
];
