// x87 instructions one at a time: against what a processor did with the same registers (expected.txt, made by fuzz.ts and generate.c), and
// by hand where that cannot be recorded in a 64-bit process: other modes' environments, faults, pending exceptions.
import { readFileSync } from "node:fs";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { check, Mode, X87 } from "./harness";
import { unpack } from "./records";

const all = unpack(readFileSync(new URL("./expected.txt", import.meta.url), "latin1"));

const EM = 4;
const TS = 8;
const MP = 2;
const NE = 0x20;
const UD = 6;
const NM = 7;
const GP = 13;
const PF = 14;
const MF = 16;
/** HostEvent.FERR. */
const FERR = 2;

const FLD1 = [0xd9, 0xe8];
const FLDZ = [0xd9, 0xee];
const FLDPI = [0xd9, 0xeb];
const FDIVP = [0xde, 0xf9];
const FWAIT = [0x9b];
const FNCLEX = [0xdb, 0xe2];
const FNINIT = [0xdb, 0xe3];
const FNSTSW_AX = [0xdf, 0xe0];

let cpu: X87;
beforeAll(async () => {
  cpu = await X87.create();
}, 120_000);

describe("recorded", () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])("escape D8 + %i does what the processor did", (esc) => {
    const mine = all.records.filter((record) => record.esc === esc);
    expect(mine.length).toBeGreaterThan(400);
    const failures = mine.map((record) => check(cpu, all, record)).filter((text) => text !== undefined);
    expect(failures.slice(0, 5)).toEqual([]);
  });
});

describe("by hand", () => {
  beforeEach(() => {
    cpu.reset(Mode.LONG);
    cpu.set32("cr0", 1 | NE);
    cpu.set64("rsi", 0x2000n);
  });

  /** Leaves a pending division by zero: 1 / 0 with everything unmasked. */
  function divideByZero(): void {
    cpu.run(FLD1);
    cpu.run(FLDZ);
    cpu.set32("fpuControl", 0x340);
    expect(cpu.run(FDIVP, 0x1234)).toBe(-1);
    expect(cpu.status & 0x80ff).toBe(0x8084);
  }

  it("is not available with CR0.EM or TS", () => {
    for (const bits of [EM, TS]) {
      cpu.set32("cr0", 1 | NE | bits);
      expect(cpu.run(FLD1)).toBe(NM);
      expect(cpu.run(FNINIT)).toBe(NM);
      expect(cpu.run(FNSTSW_AX)).toBe(NM);
      expect(cpu.run(FWAIT)).toBe(-1);
    }
    cpu.set32("cr0", 1 | NE | TS | MP);
    expect(cpu.run(FWAIT)).toBe(NM);
    cpu.set32("cr0", 1 | NE | EM | MP);
    expect(cpu.run(FWAIT)).toBe(-1);
  });

  it("has no FISTTP", () => {
    cpu.run(FLD1);
    for (const opcode of [0xdb, 0xdd, 0xdf]) {
      cpu.set32("cr0", 1 | NE);
      expect(cpu.run([opcode, 0x0e])).toBe(UD);
      cpu.set32("cr0", 1 | NE | TS);
      expect(cpu.run([opcode, 0x0e])).toBe(UD);
    }
  });

  it("reports an unmasked exception at the next waiting instruction", () => {
    divideByZero();
    expect(cpu.get32("fpuTop")).toBe(6); // operands kept
    for (const waiting of [FLD1, FWAIT, [0xd9, 0x2e], [0xd9, 0xd0], [0xdd, 0xc0]]) expect(cpu.run(waiting)).toBe(MF);
    expect(cpu.get64("fpuIp")).toBe(0x1234n);
    for (const silent of [[0xd9, 0x3e], [0xdd, 0x3e], FNSTSW_AX, [0xdb, 0xe0], [0xdb, 0xe1], [0xdb, 0xe4]])
      expect(cpu.run(silent)).toBe(-1);
    expect(Number(cpu.get64("rax")) & 0x80ff).toBe(0x8084);
    expect(cpu.run(FNCLEX)).toBe(-1);
    expect(cpu.run(FLD1)).toBe(-1);
    expect(cpu.events).toEqual([]);
  });

  it("FNSTENV shows the exception and masks it", () => {
    divideByZero();
    expect(cpu.run([0xd9, 0x36])).toBe(-1);
    expect(cpu.ramView(0x2004).getUint16(0, true) & 0x80ff).toBe(0x8084);
    expect(cpu.get32("fpuControl")).toBe(0x37f);
    expect(cpu.run(FLD1)).toBe(-1);
  });

  it("asserts FERR# where CR0.NE is clear, and runs on if no interrupt comes", () => {
    cpu.set32("cr0", 1);
    divideByZero();
    expect(cpu.events).toEqual([]);
    expect(cpu.run(FLD1)).toBe(-1);
    expect(cpu.events).toEqual([[FERR, 1]]);
    expect(cpu.get32("fpuTop")).toBe(5);
    cpu.run(FNCLEX);
    expect(cpu.events).toEqual([
      [FERR, 1],
      [FERR, 0],
    ]);
  });

  it("lets the interrupt of FERR# go before the waiting instruction", () => {
    cpu.set32("cr0", 1);
    divideByZero();
    cpu.set64("eflags", 0x202n);
    cpu.onEvent = (_, value) => cpu.set32("interruptRequest", value);
    cpu.run(FLD1, 0x1300);
    expect(cpu.get32("fpuTop")).toBe(6);
    expect(cpu.get32("attention")).toBe(4);
    expect(cpu.get64("rip")).toBe(0x1300n);
    cpu.set32("interruptRequest", 0);
  });

  const STORES = [0xd91e, 0xdd1e, 0xdb3e, 0xdf36, 0xdf1e, 0xdb1e, 0xdf3e, 0xdd36, 0xd936, 0xd93e, 0xdd3e];
  const LOADS = [
    0xd906, 0xdd06, 0xdb2e, 0xdf26, 0xdf06, 0xdb06, 0xdf2e, 0xdd26, 0xd926, 0xd92e, 0xd806, 0xdc06, 0xda06,
  ];

  /** 32-bit paging, the page at 3000 not present; ESI points two bytes below it, so 4 bytes or more are only partly there. */
  function enterPaging(): void {
    cpu.reset(Mode.PROTECTED32);
    const directory = cpu.ramView(0x8000);
    const table = cpu.ramView(0x9000);
    directory.setUint32(0, 0x9003, true);
    for (let page = 0; page < 16; page++) table.setUint32(4 * page, (page << 12) | (page === 3 ? 0 : 3), true);
    cpu.run(FLDPI);
    cpu.set64("cr3", 0x8000n);
    cpu.set32("cr0", 0x8000_0001 | NE);
    cpu.ram(0x2ff0, 0x20).fill(0xcc);
  }

  it.each([
    ["stores", STORES],
    ["loads", LOADS],
  ])("changes nothing when %s fault", (_, codes) => {
    enterPaging();
    const state = () => [
      cpu.status,
      cpu.get32("fpuEmpty"),
      cpu.get64("fpuIp"),
      cpu.get64("fpuDp"),
      cpu.get32("fpuControl"),
    ];
    const before = state();
    for (const code of codes) {
      cpu.set64("rsi", code === 0xd93e || code === 0xdd3e || code === 0xd92e || code >> 8 === 0xdf ? 0x2fffn : 0x2ffen);
      expect(cpu.run([code >> 8, (code & 0x38) | 6], 0x5000)).toBe(PF);
      expect(state()).toEqual(before);
      expect([...cpu.ram(0x2ff0, 0x10)]).toEqual(new Array(0x10).fill(0xcc));
    }
  });

  it("does not store to a segment that cannot be written", () => {
    cpu.reset(Mode.PROTECTED32 & ~0x3c0);
    cpu.run(FLD1);
    cpu.setSegment(3, 0x18, 0, 0xffff_ffff, 0xc091); // DS, read-only
    expect(cpu.run([0xd9, 0x1d, 0, 0x20, 0, 0])).toBe(GP); // FSTP m32
    expect(cpu.run([0xd9, 0x35, 0, 0x20, 0, 0])).toBe(GP); // FNSTENV
    expect(cpu.run([0xd9, 0x05, 0, 0x20, 0, 0])).toBe(-1); // FLD m32
    cpu.setSegment(3, 0x18, 0, 0x2000 + 26, 0x4093); // room for 27 bytes of 28
    expect(cpu.run([0xd9, 0x35, 0, 0x20, 0, 0])).toBe(GP);
    expect(cpu.run([0x66, 0xd9, 0x35, 0, 0x20, 0, 0])).toBe(-1);
  });
});

describe("environment images", () => {
  const OPCODE = 0x1ee;
  const WANT = {
    protected32: [0xffff037f, 0xffff3000, 0xffff7fff, 0x00012345, 0x01ee0008, 0x00054321, 0xffff0010],
    protected16: [0x037f, 0x3000, 0x7fff, 0x2345, 0x0008, 0x4321, 0x0010],
    // linear: 12345 + 80, 54321 + 100
    real32: [0xffff037f, 0xffff3000, 0xffff7fff, 0xffff23c5, 0x000011ee, 0xffff4421, 0x00005000],
    real16: [0x037f, 0x3000, 0x7fff, 0x23c5, 0x11ee, 0x4421, 0x5000],
  };

  const CASES = [
    { name: "protected32", mode: Mode.PROTECTED32, code: [0xd9, 0x35, 0, 0x30, 0, 0], size: 4 },
    { name: "protected16", mode: Mode.PROTECTED32, code: [0x66, 0xd9, 0x35, 0, 0x30, 0, 0], size: 2 },
    { name: "protected32", mode: Mode.PROTECTED16, code: [0x66, 0xd9, 0x36, 0, 0x30], size: 4 },
    { name: "protected16", mode: Mode.PROTECTED16, code: [0xd9, 0x36, 0, 0x30], size: 2 },
    { name: "real32", mode: Mode.REAL, code: [0x66, 0xd9, 0x36, 0, 0x30], size: 4 },
    { name: "real16", mode: Mode.REAL, code: [0xd9, 0x36, 0, 0x30], size: 2 },
    { name: "real32", mode: Mode.V86, code: [0x66, 0xd9, 0x36, 0, 0x30], size: 4 },
    { name: "real16", mode: Mode.V86, code: [0xd9, 0x36, 0, 0x30], size: 2 },
    { name: "protected32", mode: Mode.LONG, code: [0xd9, 0x34, 0x25, 0, 0x30, 0, 0], size: 4 },
    { name: "protected32", mode: Mode.LONG, code: [0x48, 0xd9, 0x34, 0x25, 0, 0x30, 0, 0], size: 4 },
    { name: "protected16", mode: Mode.LONG, code: [0x66, 0xd9, 0x34, 0x25, 0, 0x30, 0, 0], size: 2 },
  ] as const;

  it.each(CASES)("$name of mode $mode: FNSTENV, FLDENV", ({ name, mode, code, size }) => {
    cpu.reset(mode);
    cpu.set32("fpuTop", 6);
    cpu.set32("fpuEmpty", 0x7f);
    cpu.register(7).set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    setPointers();
    expect(cpu.run(code)).toBe(-1);
    expect(readWords(0x3000, size)).toEqual(WANT[name]);

    cpu.run(FNINIT);
    const load = code.map((byte) => (byte === 0x35 ? 0x25 : byte === 0x36 ? 0x26 : byte === 0x34 ? 0x24 : byte));
    expect(cpu.run(load)).toBe(-1);
    expect(cpu.get32("fpuTop")).toBe(6);
    expect(cpu.get32("fpuEmpty")).toBe(0x7f);
    expect(cpu.get32("fpuOpcode")).toBe(name === "protected16" ? 0 : OPCODE);
    // an image stored again is the same
    cpu.ram(0x3000, 28).fill(0);
    expect(cpu.run(code)).toBe(-1);
    expect(readWords(0x3000, size)).toEqual(WANT[name]);
  });

  it.each(CASES)("$name of mode $mode: FNSAVE, FRSTOR", ({ mode, code, size }) => {
    cpu.reset(mode);
    cpu.run(FLDZ);
    cpu.run(FLD1);
    cpu.run(FLDPI);
    cpu.ram(0x3000, 112).fill(0xcc);
    const save = code.map((byte) => (byte === 0xd9 ? 0xdd : byte));
    expect(cpu.run(save)).toBe(-1);
    const end = 7 * size + 80;
    const st = (n: number) =>
      Buffer.from(cpu.ram(0x3000 + 7 * size + 10 * n, 10))
        .reverse()
        .toString("hex");
    expect([st(0), st(1), st(2)]).toEqual(["4000c90fdaa22168c235", "3fff8000000000000000", "00000000000000000000"]);
    expect([...cpu.ram(0x3000 + end, 4)]).toEqual([0xcc, 0xcc, 0xcc, 0xcc]);
    expect(cpu.get32("fpuEmpty")).toBe(0xff);
    expect(cpu.status).toBe(0);
    for (let n = 0; n < 8; n++) cpu.register(n).fill(0x77);
    const restore = save.map((byte) => (byte === 0x35 ? 0x25 : byte === 0x36 ? 0x26 : byte === 0x34 ? 0x24 : byte));
    expect(cpu.run(restore)).toBe(-1);
    expect(cpu.get32("fpuTop")).toBe(5);
    expect(cpu.get32("fpuEmpty")).toBe(0x1f);
    expect(Buffer.from(cpu.register(5)).reverse().toString("hex")).toBe("4000c90fdaa22168c235");
  });

  it("loads pending exceptions, and reserved control bits read as they should", () => {
    cpu.reset(Mode.LONG);
    cpu.set32("cr0", 1 | NE);
    cpu.set64("rsi", 0x2000n);
    const image = cpu.ramView(0x2000);
    [0xe340, 0x0004, 0xffff, 0, 0, 0, 0].forEach((word, n) => {
      image.setUint32(4 * n, word, true);
    });
    expect(cpu.run([0xd9, 0x26])).toBe(-1);
    expect(cpu.get32("fpuControl")).toBe(0x340);
    expect(cpu.status).toBe(0x8084);
    expect(cpu.run(FWAIT)).toBe(MF);
  });

  function setPointers(): void {
    cpu.set32("fpuOpcode", OPCODE);
    cpu.set64("fpuIp", 0x12345n);
    cpu.set32("fpuCs", 8);
    cpu.set64("fpuDp", 0x54321n);
    cpu.set32("fpuDs", 0x10);
  }

  function readWords(at: number, size: 2 | 4): number[] {
    const view = cpu.ramView(at);
    return Array.from({ length: 7 }, (_, n) =>
      size === 4 ? view.getUint32(4 * n, true) : view.getUint16(2 * n, true),
    );
  }
});

describe("page crossings", () => {
  it("moves 10 bytes and images over a page's end", () => {
    cpu.reset(Mode.LONG);
    for (let at = 0x2ff0; at <= 0x3001; at++) {
      cpu.set64("rsi", BigInt(at));
      cpu.run(FNINIT);
      cpu.run(FLDPI);
      expect(cpu.run([0xdb, 0x3e])).toBe(-1); // FSTP m80
      expect(cpu.run([0xdb, 0x2e])).toBe(-1); // FLD m80
      expect(Buffer.from(cpu.register(7)).reverse().toString("hex")).toBe("4000c90fdaa22168c235");
      cpu.run([0xdd, 0x36]); // FNSAVE
      cpu.register(7).fill(0);
      cpu.run([0xdd, 0x26]); // FRSTOR
      expect(Buffer.from(cpu.register(7)).reverse().toString("hex")).toBe("4000c90fdaa22168c235");
    }
  });
});
