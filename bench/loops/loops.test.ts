import { describe, expect, it } from "vitest";
import { findMultibootHeader } from "../../src/machine/multiboot.ts";
import { Code } from "./code.ts";
import { printLoops, steadyMips } from "./loops.ts";
import { LOOPS } from "./programs.ts";

describe("the emitter", () => {
  it("writes bytes, words and references", () => {
    const code = new Code(0x1000).hex("e8").relative("end").hex("b8").address("end").label("end").hex("c3");
    expect([...code.finish()]).toEqual([0xe8, 5, 0, 0, 0, 0xb8, 0x0a, 0x10, 0, 0, 0xc3]);
  });

  it("reaches backwards", () => {
    expect([...new Code(0).label("top").hex("eb fe e9").relative("top").finish()].slice(3)).toEqual([
      0xf9, 0xff, 0xff, 0xff,
    ]);
  });

  it("aligns addresses, not offsets", () => {
    expect(new Code(0x1004).hex("90").align(16).finish()).toHaveLength(12);
  });

  it("names a label that is missing", () => {
    expect(() => new Code(0).relative("nowhere").finish()).toThrow('no label "nowhere"');
  });
});

describe.each(LOOPS)("$name", ({ image }) => {
  it("is a multiboot image that says where it loads", () => {
    const bytes = image(7);
    expect(findMultibootHeader(bytes)).toBe(0);
    const view = new DataView(bytes.buffer);
    expect([3, 4, 5, 6, 7].map((word) => view.getUint32(word * 4, true))).toEqual([
      0x10_0000, 0x10_0000, 0, 0, 0x10_0020,
    ]);
  });

  it("differs between two lengths by the count alone", () => {
    const [a, b] = [image(0x1111_1111), image(0x2222_2222)];
    const differing = [...a.keys()].filter((at) => a[at] !== b[at]);
    expect(differing).toHaveLength(4);
    expect(differing[3]! - differing[0]!).toBe(3);
  });
});

describe("speeds of loops", () => {
  it("have start-up taken out", () => {
    const [short, long] = [10e6, 110e6].map((instructions) => ({ instructions, seconds: 0.5 + instructions / 200e6 }));
    expect(steadyMips(short!, long!)).toBeCloseTo(200);
  });

  it("are not made from a long run that was shorter", () => {
    expect(() => steadyMips({ instructions: 1, seconds: 2 }, { instructions: 2, seconds: 1 })).toThrow("not quiet");
  });

  it("are printed with how much longer Tabvisor takes", () => {
    const alu = { name: "alu", title: "ALU loop", tabvisorMips: 100, qemuMips: 250, errors: [] };
    expect(printLoops([alu, { name: "m", title: "memory", tabvisorMips: 50, errors: [] }])).toEqual([
      "loops     Tabvisor  QEMU TCG  time / QEMU's",
      "ALU loop  100 MIPS  250 MIPS          2.5 x",
      "memory     50 MIPS         -              -",
    ]);
    expect(printLoops([])).toEqual([]);
  });
});
