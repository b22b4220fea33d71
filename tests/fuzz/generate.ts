/**
 * A random program from a seed. Its shape:
 *
 *   prologue    loads the FPU state
 *   head        counts down, and leaves at 0; sets the stack pointer, the pointers to data and the guards
 *   blocks      random instructions; each ends by falling through, a jump ahead, a call, or a guarded jump back
 *   jump to head
 *   end         saves the FPU state, HLT
 *   functions   blocks that end in RET
 *
 * All jumps back but the head's are guarded by counters, so that loops of any shape, irreducible ones too, come to an end. What escapes
 * that (by self-modification, say) ends with the instruction budget.
 */
import { le } from "../instructions/encoder.ts";
import { Random } from "../support/random.ts";
import { ENVIRONMENTS, type Environment } from "./environment.ts";
import { INTEGER } from "./families/integer.ts";
import * as jumps from "./families/jumps.ts";
import { aim, SELF_MODIFYING } from "./families/selfModifying.ts";
import { SSE } from "./families/sse.ts";
import { STACK_FAMILY } from "./families/stack.ts";
import { load, STRINGS } from "./families/strings.ts";
import { RING0, SYSTEM } from "./families/system.ts";
import { X87 } from "./families/x87.ts";
import { CONTROL, PAGE } from "./layout.ts";
import type { Label, Program } from "./program.ts";
import { choosePointers, epilogue, loopHead, prologue } from "./skeleton.ts";
import { type Choice, choose } from "./weighted.ts";
import { RBP, RCX, RSP, Writer } from "./writer.ts";

/** What a program is mostly made of: weights of the families. */
interface Mix {
  integer: number;
  stack: number;
  strings: number;
  sse: number;
  x87: number;
  selfModifying: number;
  system: number;
  ring0: number;
}

const MIXES: readonly Mix[] = [
  { integer: 20, stack: 2, strings: 0, sse: 0, x87: 0, selfModifying: 0, system: 0, ring0: 0 },
  { integer: 30, stack: 3, strings: 1, sse: 1, x87: 1, selfModifying: 0, system: 1, ring0: 1 },
  { integer: 6, stack: 1, strings: 0, sse: 20, x87: 0, selfModifying: 0, system: 0, ring0: 0 },
  { integer: 6, stack: 1, strings: 0, sse: 1, x87: 20, selfModifying: 0, system: 0, ring0: 0 },
  { integer: 10, stack: 2, strings: 4, sse: 0, x87: 0, selfModifying: 0, system: 0, ring0: 1 },
  { integer: 20, stack: 2, strings: 1, sse: 1, x87: 1, selfModifying: 4, system: 0, ring0: 0 },
  { integer: 12, stack: 2, strings: 1, sse: 2, x87: 2, selfModifying: 1, system: 2, ring0: 3 },
];

const MAX_BLOCKS = 12;
const MAX_INSNS = 11;
/** Passes of a guarded loop. */
const GUARD_LIMIT = 12;

class Generator {
  private readonly w: Writer;
  private readonly labels: Label[] = [];
  private readonly functions: Label[] = [];
  private readonly families: readonly Choice[];
  private guards = 0;

  constructor(
    private readonly seed: number,
    private readonly environment: Environment,
    private readonly random: Random,
  ) {
    this.w = new Writer(environment, random);
    const mix = random.pick(MIXES);
    const part = (weight: number, family: readonly Choice[]): Choice[] =>
      weight ? [[weight, (w: Writer) => choose(random, family)(w)]] : [];
    this.families = [
      ...part(mix.integer, INTEGER),
      ...part(mix.stack, STACK_FAMILY),
      ...part(mix.strings, STRINGS),
      ...part(mix.sse, SSE),
      ...part(mix.x87, X87),
      ...part(mix.selfModifying, SELF_MODIFYING),
      ...part(mix.system, SYSTEM),
      ...part(environment.cpl === 0 && environment.paging !== "none" && environment.bits !== 16 ? mix.ring0 : 0, RING0),
    ];
  }

  program(): Program {
    const { w, random, environment, seed } = this;
    const end = w.label();
    const halt = w.label();
    const blockCount = 3 + random.below(MAX_BLOCKS - 2);
    const functionCount = random.below(4);
    for (let n = 0; n <= blockCount; n++) this.labels.push(w.label());
    for (let n = 0; n < functionCount; n++) this.functions.push(w.label());
    prologue(w);
    const head = loopHead(w, end, choosePointers(w, random));
    if (random.chance(3)) w.raw("cld", 0xfc);
    this.blocks(0, blockCount);
    w.place(this.labels[blockCount]!);
    w.block++;
    jumps.jump(w, head, true);
    w.place(end);
    epilogue(w, halt);
    for (const [n, label] of this.functions.entries()) this.writeFunction(label, n);
    aim(w, random);
    return {
      seed,
      environment,
      insns: w.insns,
      head,
      halt,
      tables: w.tables,
      start: PAGE - random.below(1000),
      iterations: random.pick([2, 6, 20, 60, 150]),
      codeWritable: !random.chance(4),
      contents: seed ^ 0x5eed,
    };
  }

  private blocks(from: number, to: number): void {
    for (let n = from; n < to; n++) {
      this.w.block++;
      this.w.place(this.labels[n]!);
      this.body();
      this.ending(n, from, to);
    }
  }

  private instruction(): void {
    choose(this.random, this.families)(this.w);
  }

  private body(): void {
    const { w, random } = this;
    const count = 1 + random.below(MAX_INSNS);
    if (random.chance(5)) {
      this.countedLoop(count);
      return;
    }
    for (let n = 0; n < count; n++) {
      if (random.chance(8)) jumps.skipping(w, () => this.instruction());
      else this.instruction();
    }
  }

  /** A loop with its counter in a register. */
  private countedLoop(count: number): void {
    const { w, random } = this;
    const counter = random.pick(w.bits === 64 ? [RCX, 9, 14] : [RCX, 2]);
    if (!w.isFree(counter)) return;
    load(w, counter, 1 + random.below(20));
    w.reserved.add(counter);
    const top = w.here();
    for (let n = 0; n < Math.min(count, 4); n++) this.instruction();
    const bytes = Math.max(2, w.word);
    const form = random.below(3);
    if (form === 0) w.emit(`dec ${w.name(counter, bytes)}`, { size: bytes, op: [0xff], reg: 1, rm: counter });
    else {
      const add = form === 1;
      const text = add ? `add ${w.name(counter, bytes)}, -1` : `sub ${w.name(counter, bytes)}, 1`;
      w.emit(text, { size: bytes, op: [0x83], reg: add ? 0 : 5, rm: counter, imm: [add ? 0xff : 1] }, undefined, {
        patches: [],
      });
    }
    jumps.jumpIf(w, 5, top);
    w.reserved.delete(counter);
  }

  /** The end of block `n` of those from `from` up to `to`. */
  private ending(n: number, from: number, to: number): void {
    const { w, random, labels } = this;
    const ahead = () => labels[Math.min(to, n + 1 + random.below(3))]!;
    const kind = random.below(12);
    if (kind < 2) return;
    if (kind < 5) {
      jumps.jumpIf(w, random.below(16), ahead());
      return;
    }
    if (kind === 5) {
      jumps.anyJump(w, ahead());
      return;
    }
    if (kind === 6) {
      jumps.jumpByTable(w, [ahead(), ahead(), ahead(), ahead()]);
      return;
    }
    if (kind < 9) {
      this.callSomething(0);
      return;
    }
    this.jumpBack(labels[from + random.below(n - from + 1)]!);
  }

  private callSomething(first: number): void {
    const callable = this.functions.slice(first);
    if (callable.length === 0) return;
    const label = this.random.pick(callable);
    if (this.random.chance(3)) jumps.callIndirect(this.w, label);
    else jumps.call(this.w, label);
  }

  /** To an earlier label, as long as this jump's guard lasts. The flags at the label are those of the guard, or random ones. */
  private jumpBack(label: Label): void {
    const { w, random } = this;
    if (random.chance(15)) {
      jumps.jumpIf(w, random.below(16), label);
      return;
    }
    if (this.guards === CONTROL.GUARD_COUNT) return;
    const past = w.label();
    if (random.chance(2)) jumps.jumpIf(w, random.below(16), past);
    const guard = w.control(CONTROL.GUARDS + 4 * this.guards++);
    w.emit(`dec ${w.operandName(guard, 4)}`, { size: 4, op: [0xff], reg: 1 }, guard);
    if (random.chance(2)) jumps.jumpIf(w, 9, label);
    else {
      const over = w.label();
      jumps.jumpIf(w, 8, over);
      jumps.anyJump(w, label);
      w.place(over);
    }
    const again = le(1 + random.below(GUARD_LIMIT), 4);
    w.emit(`mov ${w.operandName(guard, 4)}, ${again[0]}`, { size: 4, op: [0xc7], reg: 0, imm: again }, guard, {
      patches: [],
    });
    w.place(past);
  }

  private writeFunction(label: Label, number: number): void {
    const { w, random } = this;
    w.block++;
    if (random.chance(4)) this.filler();
    w.place(label);
    const framed = random.chance(3);
    const pointer = w.anchors.get(RBP);
    if (framed) {
      w.anchors.delete(RBP);
      w.reserved.add(RBP);
      w.emit(`push ${w.name(RBP, w.word)}`, { op: [0x50], plus: RBP });
      w.emit(`mov ${w.name(RBP, w.word)}, ${w.name(RSP, w.word)}`, { size: w.word, op: [0x89], reg: RSP, rm: RBP });
    }
    this.body();
    if (random.chance(3)) this.callSomething(number + 1);
    if (random.chance(3)) this.body();
    if (framed) {
      w.raw("leave", 0xc9);
      w.reserved.delete(RBP);
      if (pointer !== undefined) w.anchors.set(RBP, pointer);
    }
    w.push("ret", () => [0xc3]);
  }

  /** A few bytes nobody runs, so that functions lie anywhere. */
  private filler(): void {
    const bytes = this.random.bytes(1 + this.random.below(64));
    this.w.push(`(${bytes.length} bytes)`, () => [...bytes]);
  }
}

/** The program of `seed`; in any environment, or in the one that is given. */
export function generate(seed: number, environment?: Environment): Program {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ 0x7ab1);
  const any = random.pick(ENVIRONMENTS);
  return new Generator(seed, environment ?? any, random).program();
}
