// Hot loops that are stopped: by an interrupt at every instruction boundary, by limits of every length, within REP. Registers, memory,
// instruction counts and what reaches the host are those of the interpreter each time.
import { describe, expect, it } from "vitest";
import { start } from "../fuzz/differential.ts";
import { ENVIRONMENTS, type Environment, offsetIn } from "../fuzz/environment.ts";
import { INTEGER } from "../fuzz/families/integer.ts";
import { call, jump } from "../fuzz/families/jumps.ts";
import { load } from "../fuzz/families/strings.ts";
import { INTERRUPT_VECTOR } from "../fuzz/kernel.ts";
import { DATA, OFFSET } from "../fuzz/layout.ts";
import type { FuzzMachine } from "../fuzz/machine.ts";
import { createMachine } from "../fuzz/pair.ts";
import { type Program, whole } from "../fuzz/program.ts";
import { loopProgram } from "../fuzz/skeleton.ts";
import { allDifferences } from "../fuzz/state.ts";
import { choose } from "../fuzz/weighted.ts";
import { RCX, RDI, RSI, Writer } from "../fuzz/writer.ts";
import { Random } from "../support/random.ts";

const FOREVER = 1_000_000;
const BACKENDS = ["jit", "auto"] as const;

/** A loop of integer instructions with a call in it. */
function hotLoop(environment: Environment, seed: number): Program {
  const random = new Random(seed);
  const w = new Writer(environment, random);
  return loopProgram(w, seed, FOREVER, () => {
    const [leaf, past] = [w.label(), w.label()];
    const some = (count: number) => {
      for (let n = 0; n < count; n++) choose(random, INTEGER)(w);
    };
    some(8);
    call(w, leaf);
    some(4);
    jump(w, past);
    w.place(leaf);
    some(3);
    w.raw("ret", 0xc3);
    w.place(past);
  });
}

/** REP MOVS and REP STOS to the device, which raises interrupts in the middle. */
function repeatedWrites(environment: Environment, seed: number): Program {
  const w = new Writer(environment, new Random(seed));
  w.reserved.add(RSI).add(RDI).add(RCX);
  return loopProgram(w, seed, FOREVER, () => {
    for (const [name, opcode] of [
      ["rep movsb", 0xa4],
      ["rep stosd", 0xab],
      ["rep movsd", 0xa5],
    ] as const) {
      load(w, RSI, offsetIn(environment, "ds", DATA + OFFSET.D0 + 0x100));
      load(w, RDI, offsetIn(environment, "es", DATA + OFFSET.MMIO + 0x40));
      load(w, RCX, 23);
      w.raw(name, 0xf3, opcode);
      w.raw("nop", 0x90);
    }
  });
}

/** IPs at which the machine was interrupted. */
function interruptedAt({ log }: FuzzMachine): Set<number> {
  const interrupts = log.filter(([kind, vector]) => kind === "trap" && vector === INTERRUPT_VECTOR);
  return new Set(interrupts.map(([, , , , ip]) => ip!));
}

describe.each(BACKENDS)("%s", (backend) => {
  it.each(ENVIRONMENTS.map((environment) => [environment.name, environment] as const))(
    "is interrupted after every instruction of a loop in %s",
    async (_name, environment) => {
      const [a, b] = [await createMachine("interp"), await createMachine(backend)];
      start(whole(hotLoop(environment, 3)), a, b, 0);
      for (let n = 0; n < 800; n++) {
        for (const { engine } of [a, b]) {
          engine.run(1 + (n % 43), true);
          engine.setInterruptRequest(true);
        }
        expect(allDifferences(a, b)).toEqual([]);
      }
      const loop = a.image.places.filter(({ insn }) => !insn.structural);
      const hit = interruptedAt(b);
      const reached = loop.filter(({ ip }) => hit.has(ip)).length;
      expect(reached).toBeGreaterThan(0.7 * loop.length);
    },
  );

  it("stops after exactly so many instructions, whatever the length of the steps", async () => {
    const [a, b] = [await createMachine("interp"), await createMachine(backend)];
    for (let length = 1; length <= 50; length++) {
      const environment = ENVIRONMENTS[length % ENVIRONMENTS.length]!;
      start(whole(hotLoop(environment, length)), a, b, length);
      const total = 20 * length + 200;
      // the device may ask for an early stop
      while (b.retired < total && !b.finished) b.run(Math.min(length, total - b.retired), true);
      while (a.retired < total && !a.finished) a.run(total - a.retired, true);
      expect(allDifferences(a, b), `steps of ${length} in ${environment.name}`).toEqual([]);
    }
  });

  it.each(ENVIRONMENTS.map((environment) => [environment.name, environment] as const))(
    "is interrupted within REP in %s",
    async (_name, environment) => {
      const [a, b] = [await createMachine("interp"), await createMachine(backend)];
      const program = repeatedWrites(environment, 5);
      start(whole(program), a, b, 0);
      for (let n = 0; n < 100; n++) {
        for (const machine of [a, b]) machine.run(11, true);
        expect(allDifferences(a, b)).toEqual([]);
      }
      const repeats = a.image.places.filter(({ insn }) => insn.text.startsWith("rep "));
      const hit = interruptedAt(b);
      expect(repeats.filter(({ ip }) => hit.has(ip)).length).toBeGreaterThan(1);
    },
  );
});
