// The harness itself: programs repeat, cover what they should, and a defect is found, shrunk and named.
import { describe, expect, it } from "vitest";
import { run } from "./campaign.ts";
import { ENVIRONMENTS } from "./environment.ts";
import { generate } from "./generate.ts";
import { type Image, makeImage } from "./image.ts";
import type { FuzzMachine } from "./machine.ts";
import { createMachine, Pair } from "./pair.ts";
import { whole } from "./program.ts";

/** A machine with a defect: SBB between registers forgets the carry. */
async function brokenMachine(): Promise<FuzzMachine> {
  const machine = await createMachine("interp");
  const load = machine.load.bind(machine);
  machine.load = (image) => load(withoutBorrow(image));
  return machine;
}

const SBB = 0x19;
const SUB = 0x29;

function withoutBorrow(image: Image): Image {
  const frames = new Map([...image.frames].map(([frame, bytes]) => [frame, bytes.slice()]));
  const pages = (["C0", "C1", "C2"] as const).map((frame) => frames.get(frame)!);
  const first = image.entry - (image.entry % 0x1000);
  for (const { insn, ip, bytes } of image.places) {
    const at = ip + bytes.length - 2 - first;
    const page = pages[at >>> 12]!;
    if (insn.text.startsWith("sbb ") && page[at & 0xfff] === SBB) page[at & 0xfff] = SUB;
  }
  return { ...image, frames };
}

const brokenPair = () =>
  new Pair(
    "interp",
    (() => {
      let made = 0;
      return (backend) => (made++ % 2 ? brokenMachine() : createMachine(backend));
    })(),
  );

describe("the harness", () => {
  it("makes the same program of the same seed", () => {
    const bytes = (seed: number) => makeImage(whole(generate(seed)), 0).places.flatMap((place) => place.bytes);
    expect(bytes(7)).toEqual(bytes(7));
    expect(bytes(7)).not.toEqual(bytes(8));
  });

  it("finds no difference between two interpreters", async () => {
    const totals = await run({ backend: "interp", seed: 500, goOn: (programs) => programs < 120, maxFailures: 1 });
    expect(totals.failures).toEqual([]);
    expect(totals.instructions).toBeGreaterThan(120 * 1000);
  });

  it("finds a defect and shrinks the program to it", async () => {
    const goOn = (programs: number) => programs < 100;
    const totals = await run({ backend: "interp", seed: 1, goOn, maxFailures: 1, pair: brokenPair() });
    const [text] = totals.failures;
    const instructions = text?.split("\n").filter((line) => /^.\s*#\d+ /.test(line)) ?? [];
    expect(text).toMatch(/^seed \d+, /);
    expect(text).toMatch(/\d+ [0-9a-f]+: [0-9a-f ]+ sbb /);
    expect(text).toMatch(/differs after \d+ instructions/);
    // what the program needs to end (8 to 10), SBB, and what shows its result
    expect(instructions.length).toBeLessThan(16);
  });

  it("runs programs in every environment, with all kinds of traps and most instructions", async () => {
    const machine = await createMachine("interp");
    const environments = new Set<string>();
    const vectors = new Set<number>();
    const names = new Set<string>();
    for (let seed = 1; seed <= 600; seed++) {
      const program = generate(seed);
      environments.add(program.environment.name);
      for (const { text } of program.insns) names.add(text.split(" ")[0]!);
      machine.load(makeImage(whole(program), seed));
      machine.run(1500, true);
      for (const [kind, vector] of machine.log) if (kind === "trap") vectors.add(vector!);
    }
    expect([...environments].sort()).toEqual(ENVIRONMENTS.map(({ name }) => name).sort());
    // #DE #DB #BP #OF #BR #UD #NM #SS #GP #PF #MF #AC #XM, INT n, interrupts of the device
    for (const vector of [0, 1, 3, 4, 5, 6, 7, 12, 13, 14, 16, 17, 19, 0x21, 0x40]) expect(vectors).toContain(vector);
    expect(names.size).toBeGreaterThan(280);
    for (const name of ["cmpxchg8b", "cmpxchg16b", "rep", "enter", "retf", "fbstp", "maskmov", "invlpg"])
      expect(names).toContain(name);
  });
});
