import { describe, expect, it } from "vitest";
import { findMultibootHeader } from "../src/machine/multiboot.ts";
import { Code } from "./code.ts";
import { type Figure, median, printReport, steadyMips, timesQemu } from "./figures.ts";
import { OptionError, parseBenchOptions } from "./options.ts";
import { PROGRAMS } from "./programs.ts";

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

describe.each(PROGRAMS)("$name", ({ image }) => {
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

describe("figures", () => {
  it("takes the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(() => median([])).toThrow(RangeError);
  });

  it("takes start-up out of a speed", () => {
    const [short, long] = [10e6, 110e6].map((instructions) => ({ instructions, seconds: 0.5 + instructions / 200e6 }));
    expect(steadyMips(short!, long!)).toBeCloseTo(200);
  });

  it("refuses a long run that was shorter", () => {
    expect(() => steadyMips({ instructions: 1, seconds: 2 }, { instructions: 2, seconds: 1 })).toThrow("not quiet");
  });

  it("compares times where there are times, else speeds", () => {
    expect(timesQemu({ seconds: 6, mips: 1 }, { seconds: 2 })).toBe(3);
    expect(timesQemu({ mips: 100 }, { mips: 1000 })).toBe(10);
    expect(timesQemu({ mips: 100 }, undefined)).toBeUndefined();
  });

  it("prints a table and what went wrong", () => {
    const host = { cpu: "A CPU", cores: 2, node: "20.0.0", qemu: null, loadAverage: 0 };
    const alu: Figure = { name: "alu", title: "ALU loop", tabvisor: { mips: 123.4 }, errors: [] };
    const boot: Figure = {
      name: "boot",
      title: "boot",
      tabvisor: { seconds: 12.345, instructions: 1.6e9, mips: 130 },
      qemu: { seconds: 2 },
      timesQemu: 6.17,
      errors: ["qemu: it broke"],
    };
    expect(printReport({ host, runs: 3, figures: [alu, boot] })).toMatchInlineSnapshot(`
      "A CPU, 2 cores, Node 20.0.0, no QEMU; median of 3

                                        Tabvisor  QEMU TCG  time / QEMU's
      ALU loop                          123 MIPS         -              -
      boot      12.35 s, 1600 M instr., 130 MIPS    2.00 s          6.2 x
      boot: qemu: it broke"
    `);
  });
});

describe("options", () => {
  const names = ["alu32", "boot"];

  it("has defaults", () => {
    expect(parseBenchOptions([], names)).toEqual({ only: [], runs: 3 });
  });

  it("takes everything", () => {
    const args = ["--only", "boot", "--only", "alu32", "--runs", "5", "--json", "out.json"];
    expect(parseBenchOptions(args, names)).toEqual({ only: ["boot", "alu32"], runs: 5, json: "out.json" });
  });

  it.each([[["--runs", "0"]], [["--runs", "many"]], [["--only", "nothing"]], [["--fast"]]])("refuses %j", (args) => {
    expect(() => parseBenchOptions(args, names)).toThrow(OptionError);
  });

  it("gives nothing when help is wanted", () => {
    expect(parseBenchOptions(["--help"], names)).toBeUndefined();
  });
});
