// FXSAVE, FXRSTOR, XSAVE, XRSTOR, LDMXCSR; and what keeps MMX and SSE instructions from running.
import { beforeEach, describe, expect, it } from "vitest";
import { MemoryMap } from "../../assembly/shared/memoryMap";
import { type Engine, instantiate } from "./harness";

const UD = 6;
const NM = 7;
const GP = 13;
const PF = 14;
const MF = 16;
const AREA = 0x4000;

const FIELDS = [
  "cr0",
  "cr4",
  "xcr0",
  "rax",
  "rdx",
  "rdi",
  "fpuIp",
  "fpuDp",
  "mxcsr",
  "fpuControl",
  "fpuStatus",
  "fpuTop",
  "fpuEmpty",
  "fpuOpcode",
  "fpuCs",
  "fpuDs",
] as const;
type Field = (typeof FIELDS)[number];
const FIRST_U32 = FIELDS.indexOf("mxcsr");

const FXSAVE = [0x0f, 0xae, 0x07];
const FXSAVE64 = [0x48, ...FXSAVE];
const FXRSTOR = [0x0f, 0xae, 0x0f];
const FXRSTOR64 = [0x48, ...FXRSTOR];
const LDMXCSR = [0x0f, 0xae, 0x17];
const STMXCSR = [0x0f, 0xae, 0x1f];
const XSAVE = [0x0f, 0xae, 0x27];
const XRSTOR = [0x0f, 0xae, 0x2f];
const EMMS = [0x0f, 0x77];
const PADDB_MMX = [0x0f, 0xfc, 0xca];
const ADDPS = [0x0f, 0x58, 0x0f];
const MOVUPS_LOAD = [0x0f, 0x10, 0x0f];
const MOVUPS_STORE = [0x0f, 0x11, 0x0f];
const MASKMOVDQU = [0x66, 0x0f, 0xf7, 0xca];

describe("SSE state", () => {
  const engine: Engine = instantiate("state");
  const view = new DataView(engine.memory.buffer);
  const bytes = new Uint8Array(engine.memory.buffer);

  const set = (field: Field, value: number | bigint) => {
    const n = FIELDS.indexOf(field);
    if (n >= FIRST_U32) view.setUint32(engine.fieldAddress(n), Number(value), true);
    else view.setBigUint64(engine.fieldAddress(n), BigInt(value), true);
  };
  const get = (field: Field) => {
    const n = FIELDS.indexOf(field);
    return n >= FIRST_U32
      ? view.getUint32(engine.fieldAddress(n), true)
      : view.getBigUint64(engine.fieldAddress(n), true);
  };
  const run = (code: number[], rdi: number | bigint = AREA) => {
    set("rdi", rdi);
    bytes.set(code, engine.buffer);
    return engine.execute(engine.buffer, code.length);
  };
  const ram = (at: number) => MemoryMap.GUEST_RAM + at;
  const u32 = (at: number) => view.getUint32(ram(AREA + at), true);

  beforeEach(() => {
    engine.init();
    bytes.fill(0xcc, ram(0), ram(0x10000));
    for (let n = 0; n < 16; n++) bytes.fill(0x10 + n, engine.xmm(n), engine.xmm(n) + 16);
    for (let n = 0; n < 8; n++) bytes.fill(0xa0 + n, engine.x87(n), engine.x87(n) + 10);
    set("mxcsr", 0x1fa5);
    set("fpuControl", 0x37f);
    set("fpuStatus", 0x4101);
    set("fpuTop", 6);
    set("fpuEmpty", 0x0f);
    set("fpuOpcode", 0x5d9);
    set("fpuIp", 0x1122334455667788n);
    set("fpuDp", 0x99aabbccddeeff00n);
    set("fpuCs", 0x33);
    set("fpuDs", 0x2b);
  });

  it("saves in FXSAVE's format", () => {
    expect(run(FXSAVE)).toBe(0);
    expect(u32(0)).toBe((0x7101 << 16) | 0x37f); // TOP 6
    expect(u32(4)).toBe((0x5d9 << 16) | 0xf0);
    expect([u32(8), u32(12)]).toEqual([0x55667788, 0x33]);
    expect([u32(16), u32(20)]).toEqual([0xddeeff00, 0x2b]);
    expect([u32(24), u32(28)]).toEqual([0x1fa5, 0xffff]);
    // ST0 is physical register 6.
    for (let n = 0; n < 8; n++) {
      expect(bytes[ram(AREA + 32 + 16 * n)]).toBe(0xa0 + ((n + 6) & 7));
      expect(bytes[ram(AREA + 32 + 16 * n + 10)]).toBe(0);
    }
    for (let n = 0; n < 16; n++) expect(bytes[ram(AREA + 160 + 16 * n + 15)]).toBe(0x10 + n);
    expect(bytes[ram(AREA + 416)]).toBe(0xcc);
    expect(bytes[ram(AREA + 512)]).toBe(0xcc);
  });

  it("saves 64-bit pointers with REX.W", () => {
    expect(run(FXSAVE64)).toBe(0);
    expect(view.getBigUint64(ram(AREA + 8), true)).toBe(0x1122334455667788n);
    expect(view.getBigUint64(ram(AREA + 16), true)).toBe(0x99aabbccddeeff00n);
  });

  it("restores what it saved", () => {
    const before = bytes.slice(engine.x87(0), engine.xmm(16));
    const kept = FIELDS.slice(6, 14); // no selectors with 64-bit pointers
    const fields = kept.map(get);
    run(FXSAVE64);
    bytes.fill(0, engine.x87(0), engine.xmm(16));
    for (const field of FIELDS.slice(6)) set(field, 0);
    expect(run(FXRSTOR64)).toBe(0);
    const after = bytes.slice(engine.x87(0), engine.xmm(16));
    expect(after.slice(0x200)).toEqual(before.slice(0x200));
    expect(after.slice(0, 10)).toEqual(before.slice(0, 10));
    expect(kept.map(get)).toEqual(fields);
  });

  it("recomputes the x87 error summary", () => {
    run(FXSAVE);
    view.setUint16(ram(AREA), 0x37e, true); // IE unmasked
    run(FXRSTOR);
    expect(get("fpuStatus")).toBe(0xc181);
    view.setUint16(ram(AREA), 0x37f, true);
    run(FXRSTOR);
    expect(get("fpuStatus")).toBe(0x4101);
  });

  it("refuses reserved MXCSR bits and misaligned areas", () => {
    run(FXSAVE);
    expect(run(FXSAVE, AREA + 8)).toBe(GP);
    expect(run(FXRSTOR, AREA + 8)).toBe(GP);
    view.setUint32(ram(AREA + 24), 0x10000, true);
    expect(run(FXRSTOR)).toBe(GP);
    expect(run(LDMXCSR, AREA + 24)).toBe(GP);
    expect(get("mxcsr")).toBe(0x1fa5);
    view.setUint32(ram(AREA + 24), 0x3f80, true);
    expect(run(LDMXCSR, AREA + 24)).toBe(0);
    expect(run(STMXCSR, AREA + 100)).toBe(0);
    expect(u32(100)).toBe(0x3f80);
  });

  it("XSAVE saves the requested components, XRSTOR initialises the missing ones", () => {
    bytes.fill(0, ram(AREA + 512), ram(AREA + 576));
    set("rax", 2);
    expect(run(XSAVE)).toBe(0);
    expect(u32(512)).toBe(2);
    expect(u32(0)).toBe(0xcccccccc);
    expect(u32(24)).toBe(0x1fa5);
    set("rax", 7);
    expect(run(XRSTOR)).toBe(0); // x87 is not in the area
    expect(get("fpuControl")).toBe(0x37f);
    expect([get("fpuTop"), get("fpuEmpty")]).toEqual([0, 0xff]);
    expect(bytes[engine.x87(3)]).toBe(0);
    expect(bytes[engine.xmm(3)]).toBe(0x13);
    view.setUint32(ram(AREA + 512), 0, true);
    expect(run(XRSTOR)).toBe(0);
    expect(bytes[engine.xmm(3)]).toBe(0);
    expect(get("mxcsr")).toBe(0x1fa5); // from the area all the same
  });

  it("XRSTOR refuses a bad header", () => {
    bytes.fill(0, ram(AREA), ram(AREA + 576));
    set("rax", 3);
    for (const [at, value] of [
      [512, 4],
      [520, 1],
      [528, 1],
    ] as const) {
      view.setUint32(ram(AREA + at), value, true);
      expect(run(XRSTOR)).toBe(GP);
      view.setUint32(ram(AREA + at), 0, true);
    }
    expect(run(XRSTOR, AREA + 16)).toBe(GP);
    set("cr4", 0x600);
    expect(run(XRSTOR)).toBe(UD);
    expect(run(XSAVE)).toBe(UD);
  });

  it("faults by CR0 and CR4", () => {
    set("cr0", 0x24);
    expect([PADDB_MMX, ADDPS, EMMS, FXSAVE, LDMXCSR].map((code) => run(code))).toEqual([UD, UD, UD, UD, UD]);
    set("cr0", 0x28);
    expect([PADDB_MMX, ADDPS, EMMS, FXSAVE, XSAVE].map((code) => run(code))).toEqual([NM, NM, NM, NM, NM]);
    set("cr0", 0x20);
    set("cr4", 0);
    expect([PADDB_MMX, ADDPS, EMMS, FXSAVE, LDMXCSR].map((code) => run(code))).toEqual([0, UD, 0, 0, UD]);
  });

  it("takes a pending x87 exception before MMX instructions", () => {
    set("fpuStatus", 0x8081);
    expect([PADDB_MMX, EMMS, FXSAVE].map((code) => run(code))).toEqual([MF, MF, 0]);
  });

  it("EMMS empties the registers", () => {
    run(PADDB_MMX);
    expect([get("fpuTop"), get("fpuEmpty")]).toEqual([0, 0]);
    run(EMMS);
    expect(get("fpuEmpty")).toBe(0xff);
  });

  it("needs alignment where the instruction does, and crosses pages where not", () => {
    expect(run(ADDPS, AREA + 4)).toBe(GP);
    for (let n = 0; n < 16; n++) bytes[ram(AREA + 0xff8 + n)] = n;
    expect(run(MOVUPS_LOAD, AREA + 0xff8)).toBe(0);
    expect([...bytes.slice(engine.xmm(1), engine.xmm(2))]).toEqual([...Array(16).keys()]);
    expect(run(MOVUPS_STORE, AREA + 0x1ffb)).toBe(0);
    expect([...bytes.slice(ram(AREA + 0x1ffb), ram(AREA + 0x200b))]).toEqual([...Array(16).keys()]);
  });

  it("leaves no trace when a page is missing", () => {
    engine.pageWithHole();
    expect(run(MOVUPS_STORE, 0x8000_0000_0000n)).toBe(GP);
    expect(run(MOVUPS_STORE, 0x5ff9)).toBe(PF);
    expect(run(FXSAVE, 0x5f00)).toBe(PF);
    bytes[engine.xmm(2)] = 0x80;
    bytes[engine.xmm(2) + 15] = 0x80;
    expect(run(MASKMOVDQU, 0x5ffa)).toBe(PF);
    expect(bytes.slice(ram(0x5f00), ram(0x6000)).every((b) => b === 0xcc)).toBe(true);
    expect(run(MOVUPS_LOAD, 0x5ff9)).toBe(PF);
    expect(bytes[engine.xmm(1)]).toBe(0x11);
    bytes.fill(0, engine.xmm(2), engine.xmm(3));
    bytes[engine.xmm(2) + 5] = 0x80;
    expect(run(MASKMOVDQU, 0x5ffa)).toBe(0);
  });

  it("MASKMOVDQU writes only the chosen bytes", () => {
    bytes.fill(0, engine.xmm(2), engine.xmm(3));
    expect(run(MASKMOVDQU, 0x8000_0000_0000n)).toBe(0);
    bytes[engine.xmm(2) + 3] = 0x80;
    bytes[engine.xmm(2) + 9] = 0xff;
    expect(run(MASKMOVDQU, AREA + 0xffb)).toBe(0);
    const written = [...bytes.slice(ram(AREA + 0xffb), ram(AREA + 0x100b))].map((b) => (b === 0xcc ? 0 : b));
    expect(written).toEqual([0, 0, 0, 0x11, 0, 0, 0, 0, 0, 0x11, 0, 0, 0, 0, 0, 0]);
  });
});
