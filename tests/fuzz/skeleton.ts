/** What every program has around its blocks: a prologue, the head of the main loop, an end. */
import type { Random } from "../support/random.ts";
import { type Environment, offsetIn } from "./environment.ts";
import * as jumps from "./families/jumps.ts";
import { load } from "./families/strings.ts";
import { CONTROL, DATA, OFFSET, PAGE, STACK_TOP } from "./layout.ts";
import type { Label, Program } from "./program.ts";
import { RBP, RBX, RDI, RSI, RSP, type Writer } from "./writer.ts";

/** Pointer registers: two of these. */
const POINTERS = { 64: [RBX, RBP, 13, 12, RDI], 32: [RBX, RBP, RDI, RSI], 16: [RBX, RSI, RDI, RBP] } as const;

/** A register, and the offset from DATA of what it points to. */
export type Pointer = readonly [register: number, offset: number];

/** Pointer registers into the two plain pages; the offsets are multiples of 16. */
export function choosePointers(w: Writer, random: Random): Pointer[] {
  const registers: number[] = [...POINTERS[w.bits]];
  return [OFFSET.D0, OFFSET.D1].map((page) => {
    const [register] = registers.splice(random.below(registers.length), 1);
    return [register!, page + 16 * random.below(PAGE / 16)];
  });
}

/** Loads the FPU state. */
export function prologue(w: Writer): void {
  const operand = w.control(CONTROL.FX_IN);
  w.emit(`fxrstor ${w.operandName(operand, 0)}`, { op: [0x0f, 0xae], reg: 1 }, operand, { structural: true });
}

/** Counts down, and goes to `end` at 0; sets the stack pointer and the pointers, whatever they were. Gives its label. */
export function loopHead(w: Writer, end: Label, pointers: readonly Pointer[]): Label {
  const head = w.here();
  const counter = w.control(CONTROL.COUNTER);
  w.emit(`dec ${w.operandName(counter, 4)}`, { size: 4, op: [0xff], reg: 1 }, counter, { structural: true });
  jumps.jumpIf(w, 8, end, true);
  load(w, RSP, offsetIn(w.environment, "ss", STACK_TOP), true);
  for (const [register, offset] of pointers) {
    load(w, register, offsetIn(w.environment, "ds", DATA + offset), true);
    w.anchors.set(register, offset);
  }
  return head;
}

/** Saves the FPU state; HLT, at `halt`. */
export function epilogue(w: Writer, halt: Label): void {
  const operand = w.control(CONTROL.FX_OUT);
  w.emit(`fxsave ${w.operandName(operand, 0)}`, { op: [0x0f, 0xae], reg: 0 }, operand, { structural: true });
  w.place(halt);
  w.push("hlt", () => [0xf4], { structural: true });
}

/** A program whose main loop is what `body` writes. */
export function loopProgram(w: Writer, seed: number, iterations: number, body: () => void): Program {
  const [end, halt] = [w.label(), w.label()];
  const environment: Environment = w.environment;
  prologue(w);
  const head = loopHead(w, end, choosePointers(w, w.random));
  w.block++;
  body();
  w.block++;
  jumps.jump(w, head, true);
  w.place(end);
  epilogue(w, halt);
  const { insns, tables } = w;
  return { seed, environment, insns, head, halt, tables, start: 0x800, iterations, codeWritable: true, contents: seed };
}
