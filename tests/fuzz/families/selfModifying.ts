/** Stores into the program's own code: immediates and opcodes of instructions ahead, behind and of the store itself. */
import { le } from "../../instructions/encoder.ts";
import type { Random } from "../../support/random.ts";
import { assemble } from "../encode.ts";
import { offsetIn } from "../environment.ts";
import { CODE, CONTROL, DATA, OFFSET } from "../layout.ts";
import type { Context } from "../program.ts";
import type { Choice } from "../weighted.ts";
import type { Operand, Patcher, Writer } from "../writer.ts";
import { shortJumpIf } from "./jumps.ts";

/** Operand for the code byte at `ip`: through the pages that code runs from, or through their alias. */
function codeOperand(w: Writer, ip: number, alias: boolean): Operand {
  const offset = ip - offsetIn(w.environment, "cs", CODE);
  if (alias) return { mem: { disp: offsetIn(w.environment, "ds", DATA + OFFSET.ALIAS_CODE) + offset } };
  const flat = w.environment.ds.base === 0 && w.environment.paging !== "none";
  const mem = { disp: offsetIn(w.environment, flat ? "ds" : "gs", CODE) + offset };
  return flat ? { mem } : { mem, segment: "gs" };
}

const FORMS = [
  { name: "mov byte", op: 0xc6, reg: 0, imm: true },
  { name: "xor byte", op: 0x80, reg: 6, imm: true },
  { name: "inc byte", op: 0xfe, reg: 0, imm: false },
  { name: "dec byte", op: 0xfe, reg: 1, imm: false },
] as const;

/** Mostly a store happens in some passes of the main loop only: code that changes all the time is hardly worth translating. */
function patch(w: Writer): void {
  if (w.random.chance(4)) {
    patchAlways(w);
    return;
  }
  const counter = w.control(CONTROL.COUNTER);
  const mask = w.random.pick([1, 3, 7, 15, 31]);
  w.emit(`test ${w.operandName(counter, 1)}, ${mask}`, { op: [0xf6], reg: 0, imm: [mask] }, counter, { patches: [] });
  const label = w.label();
  shortJumpIf(w, 5, label);
  patchAlways(w);
  w.place(label);
}

function patchAlways(w: Writer): void {
  const form = w.random.pick(FORMS);
  const alias = w.environment.paging !== "none" && w.random.chance(2);
  const patcher: Patcher = { insn: w.insns.length, target: w.insns.length, fromEnd: 1, value: w.random.below(256) };
  const encode = (at: number, context: Context): number[] => {
    const ip = context.ip({ index: patcher.target + 1 }) - patcher.fromEnd;
    const { mem, segment } = codeOperand(w, ip, alias);
    // only `mov` may write an opcode: the result of the others could be anything
    const { op, reg, imm } = patcher.fromEnd > 1 && patcher.value >= 0x100 ? FORMS[0] : form;
    const prefix = segment ? [0x65] : [];
    return assemble(w.bits, at, { prefix, op: [op], reg, rm: mem, imm: imm ? le(patcher.value, 1) : [] });
  };
  w.patchers.push(patcher);
  w.push(`${form.name} [code${alias ? ", alias" : ""}]`, encode, {
    patches: form.imm ? [{ fromEnd: 1, values: [] }] : [],
  });
}

/** Gives each self-modifying store its target. Those without one are aimed at themselves, byte 1. */
export function aim(w: Writer, random: Random): void {
  for (const patcher of w.patchers) {
    const near = patcher.insn + random.pick([0, 1, 2, -1, -2]) + (random.chance(2) ? random.below(40) - 20 : 0);
    const from = Math.max(0, Math.min(near, w.insns.length - 1));
    const target = nextPatchable(w, from);
    if (target < 0) continue;
    const { fromEnd, values } = random.pick(w.insns[target]!.patches);
    Object.assign(patcher, { target, fromEnd });
    if (values.length > 0) patcher.value = 0x100 | random.pick(values);
  }
}

function nextPatchable(w: Writer, from: number): number {
  const patchable = (n: number) => (w.insns[n]?.patches.length ?? 0) > 0;
  for (let n = from; n < w.insns.length; n++) if (patchable(n)) return n;
  for (let n = from; n >= 0; n--) if (patchable(n)) return n;
  return -1;
}

export const SELF_MODIFYING: readonly Choice[] = [[1, patch]];
