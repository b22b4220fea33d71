/** MMX, SSE and SSE2: every instruction, register and memory forms, MXCSR flags out. */
import { le } from "../encoder.ts";
import { type Contents, FX, fxImage, vector } from "../fpState.ts";
import type { Draft, Family } from "../testCase.ts";

/** MXCSR: mostly the default; else other rounding, FTZ, DAZ, sticky flags, some exceptions unmasked. */
function mxcsr(d: Draft): number {
  if (d.random.chance(2)) return 0x1f80;
  const rounding = d.random.below(4) << 13;
  const ftz = d.random.chance(4) ? 0x8000 : 0;
  const daz = d.random.chance(4) ? 0x40 : 0;
  const masks = d.random.chance(6) ? d.random.u32() & 0x1f80 : 0x1f80;
  return rounding | ftz | daz | masks | (d.random.chance(4) ? d.random.below(0x40) : 0);
}

function state(d: Draft, contents: Contents): void {
  d.fx = fxImage(d.random, { contents, mxcsr: mxcsr(d), fsw: d.random.below(8) << 11, ftw: d.random.below(256) });
  if (d.bits === 32) d.fx.fill(0, FX.XMM + 128, FX.XMM + 256);
  // MMX registers: integer contents
  for (let i = 0; i < 8; i++)
    d.fx.set(
      [...vector(d.random, contents === "integer" ? "integer" : contents).subarray(0, 8), 0xff, 0xff],
      FX.ST + 16 * i,
    );
}

/** Masks all SSE exceptions: whether CVTPS2PI and its like turn to MMX state before #XM is up to the processor. */
function maskAll(d: Draft): void {
  const view = new DataView(d.fx!.buffer);
  view.setUint32(FX.MXCSR, view.getUint32(FX.MXCSR, true) | 0x1f80, true);
}

const xmm = (d: Draft) => d.random.below(d.bits === 64 ? 16 : 8);
const mmx = (d: Draft) => d.random.below(8);

interface Simd {
  name: string;
  prefix?: number;
  op: number;
  contents: Contents;
  /** Bytes of the memory operand, and whether it must be aligned. */
  size: number;
  aligned?: boolean;
  imm?: boolean;
  count?: number;
  mmx?: boolean;
  memoryOnly?: boolean;
  registerOnly?: boolean;
  approximate?: boolean;
}

function operandBytes(d: Draft, contents: Contents, size: number): Uint8Array {
  return vector(d.random, contents).subarray(0, size);
}

function memoryOperand(d: Draft, s: { contents: Contents; size: number; aligned?: boolean }): ReturnType<Draft["mem"]> {
  const at = d.dataAddress(s.size, s.aligned ? s.size : 1);
  d.put(at, operandBytes(d, s.contents, s.size));
  return d.mem(at);
}

function simd(f: Family, s: Simd): void {
  const mandatory = s.prefix === undefined ? {} : { mandatory: s.prefix };
  const register = s.mmx ? mmx : xmm;
  const count = s.count ?? (s.contents === "integer" ? 7 : 16);
  const imm = (d: Draft) => (s.imm ? { imm: [d.random.below(256)] } : {});
  if (!s.memoryOnly)
    f.add(`${s.name} r,r`, count, (d) => {
      state(d, s.contents);
      d.approximate = s.approximate ?? false;
      const reg = register(d);
      d.emit({ ...mandatory, op: [0x0f, s.op], reg, rm: d.random.chance(6) ? reg : register(d), ...imm(d) });
    });
  if (!s.registerOnly)
    f.add(`${s.name} r,m`, Math.ceil(count * 0.7), (d) => {
      state(d, s.contents);
      d.approximate = s.approximate ?? false;
      d.emit({ ...mandatory, op: [0x0f, s.op], reg: register(d), rm: memoryOperand(d, s), ...imm(d) });
    });
}

const INTEGER_OPS: Record<number, string> = {
  96: "punpcklbw",
  97: "punpcklwd",
  98: "punpckldq",
  99: "packsswb",
  100: "pcmpgtb",
  101: "pcmpgtw",
  102: "pcmpgtd",
  103: "packuswb",
  104: "punpckhbw",
  105: "punpckhwd",
  106: "punpckhdq",
  107: "packssdw",
  116: "pcmpeqb",
  117: "pcmpeqw",
  118: "pcmpeqd",
  209: "psrlw",
  210: "psrld",
  211: "psrlq",
  212: "paddq",
  213: "pmullw",
  216: "psubusb",
  217: "psubusw",
  218: "pminub",
  219: "pand",
  220: "paddusb",
  221: "paddusw",
  222: "pmaxub",
  223: "pandn",
  224: "pavgb",
  225: "psraw",
  226: "psrad",
  227: "pavgw",
  228: "pmulhuw",
  229: "pmulhw",
  232: "psubsb",
  233: "psubsw",
  234: "pminsw",
  235: "por",
  236: "paddsb",
  237: "paddsw",
  238: "pmaxsw",
  239: "pxor",
  241: "psllw",
  242: "pslld",
  243: "psllq",
  244: "pmuludq",
  245: "pmaddwd",
  246: "psadbw",
  248: "psubb",
  249: "psubw",
  250: "psubd",
  251: "psubq",
  252: "paddb",
  253: "paddw",
  254: "paddd",
};

const isShift = (op: number) => (op >= 0xd1 && op <= 0xd3) || op === 0xe1 || op === 0xe2 || (op >= 0xf1 && op <= 0xf3);

function packedInteger(f: Family): void {
  for (const [key, name] of Object.entries(INTEGER_OPS)) {
    const op = Number(key);
    // MMX memory operands of PUNPCKL* are 4 bytes
    simd(f, { name: `${name} mmx`, op, contents: "integer", size: op >= 0x60 && op <= 0x62 ? 4 : 8, mmx: true });
    simd(f, { name: `${name} xmm`, prefix: 0x66, op, contents: "integer", size: 16, aligned: true });
    if (!isShift(op)) continue;
    // a count that does not clear everything
    for (const prefix of [undefined, 0x66])
      f.add(`${name} small count`, 6, (d) => {
        state(d, "integer");
        const reg = d.random.below(4);
        const at = prefix ? FX.XMM : FX.ST;
        d.fx!.set([...le(d.random.below(70), 8), ...d.random.bytes(prefix ? 8 : 0)], at + 16 * (reg + 1));
        d.emit({ ...(prefix ? { mandatory: prefix } : {}), op: [0x0f, op], reg, rm: reg + 1 });
      });
  }
  simd(f, { name: "punpcklqdq", prefix: 0x66, op: 0x6c, contents: "integer", size: 16, aligned: true });
  simd(f, { name: "punpckhqdq", prefix: 0x66, op: 0x6d, contents: "integer", size: 16, aligned: true });
  simd(f, { name: "pshufw", op: 0x70, contents: "integer", size: 8, mmx: true, imm: true });
  simd(f, { name: "pshufd", prefix: 0x66, op: 0x70, contents: "integer", size: 16, aligned: true, imm: true });
  simd(f, { name: "pshufhw", prefix: 0xf3, op: 0x70, contents: "integer", size: 16, aligned: true, imm: true });
  simd(f, { name: "pshuflw", prefix: 0xf2, op: 0x70, contents: "integer", size: 16, aligned: true, imm: true });
  for (const [op, regs] of [
    [0x71, [2, 4, 6]],
    [0x72, [2, 4, 6]],
    [0x73, [2, 3, 6, 7]],
  ] as const)
    for (const reg of regs)
      for (const prefix of [undefined, 0x66]) {
        if (prefix === undefined && op === 0x73 && reg & 1) continue;
        f.add(`shift ${op.toString(16)}/${reg} ${prefix ? "xmm" : "mmx"},imm`, 8, (d) => {
          state(d, "integer");
          const imm = d.random.chance(5)
            ? d.random.below(256)
            : d.random.below(op === 0x71 ? 18 : op === 0x72 ? 34 : 66);
          d.emit({
            ...(prefix ? { mandatory: prefix } : {}),
            op: [0x0f, op],
            reg,
            rm: prefix ? xmm(d) : mmx(d),
            imm: [imm],
          });
        });
      }
  for (const prefix of [undefined, 0x66]) {
    const mandatory = prefix ? { mandatory: prefix } : {};
    const register = prefix ? xmm : mmx;
    const name = (text: string) => `${text} ${prefix ? "xmm" : "mmx"}`;
    const both = (text: string, count: number, make: (d: Draft) => void) =>
      f.add(name(text), count, (d) => {
        state(d, "integer");
        make(d);
      });
    both("pinsrw r", 8, (d) =>
      d.emit({ ...mandatory, op: [0x0f, 0xc4], reg: register(d), rm: d.anyRegister(), imm: [d.random.below(256)] }),
    );
    both("pinsrw m", 6, (d) =>
      d.emit({ ...mandatory, op: [0x0f, 0xc4], reg: register(d), rm: d.dataOperand(2), imm: [d.random.below(256)] }),
    );
    both("pextrw", 8, (d) =>
      d.emit({ ...mandatory, op: [0x0f, 0xc5], reg: d.anyRegister(), rm: register(d), imm: [d.random.below(256)] }),
    );
    both("pmovmskb", 8, (d) => d.emit({ ...mandatory, op: [0x0f, 0xd7], reg: d.anyRegister(), rm: register(d) }));
    for (const size of f.bits === 64 ? [4, 8] : [4]) {
      const w = size === 8 ? { rexW: true } : {};
      both(`movd${size} r`, 6, (d) =>
        d.emit({ ...mandatory, ...w, op: [0x0f, 0x6e], reg: register(d), rm: d.anyRegister() }),
      );
      both(`movd${size} m`, 6, (d) =>
        d.emit({ ...mandatory, ...w, op: [0x0f, 0x6e], reg: register(d), rm: d.dataOperand(size) }),
      );
      both(`movd${size} to r`, 6, (d) =>
        d.emit({ ...mandatory, ...w, op: [0x0f, 0x7e], reg: register(d), rm: d.anyRegister() }),
      );
      both(`movd${size} to m`, 6, (d) =>
        d.emit({ ...mandatory, ...w, op: [0x0f, 0x7e], reg: register(d), rm: d.dataOperand(size) }),
      );
    }
    both("maskmov", 12, (d) => {
      const mask = register(d);
      // at least one byte is written: what an empty mask does at a bad address is up to the processor
      d.fx![(prefix ? FX.XMM : FX.ST) + 16 * mask] |= 0x80;
      d.set(7, d.dataAddress(16));
      d.emit({ ...mandatory, op: [0x0f, 0xf7], reg: register(d), rm: mask });
    });
  }
}

function moves(f: Family): void {
  for (const [name, prefix, load, size, aligned] of [
    ["movups", undefined, 0x10, 16, false],
    ["movupd", 0x66, 0x10, 16, false],
    ["movss", 0xf3, 0x10, 4, false],
    ["movsd", 0xf2, 0x10, 8, false],
    ["movaps", undefined, 0x28, 16, true],
    ["movapd", 0x66, 0x28, 16, true],
    ["movdqa", 0x66, 0x6f, 16, true],
    ["movdqu", 0xf3, 0x6f, 16, false],
    ["movq mmx", undefined, 0x6f, 8, false],
  ] as const) {
    const store = load === 0x6f ? 0x7f : load + 1;
    const isMmx = name === "movq mmx";
    const more = { ...(prefix ? { prefix } : {}), contents: "integer", size, aligned, mmx: isMmx } as const;
    simd(f, { name, op: load, ...more });
    simd(f, { name: `${name} store`, op: store, ...more });
  }
  simd(f, { name: "movq load", prefix: 0xf3, op: 0x7e, contents: "integer", size: 8 });
  simd(f, { name: "movq store", prefix: 0x66, op: 0xd6, contents: "integer", size: 8 });
  for (const prefix of [undefined, 0x66])
    for (const op of [0x12, 0x13, 0x16, 0x17])
      simd(f, {
        name: `mov${op < 0x16 ? "l" : "h"}p${prefix ? "d" : "s"} ${op & 1 ? "store" : "load"}`,
        ...(prefix ? { prefix } : {}),
        op,
        contents: "integer",
        size: 8,
        memoryOnly: true,
      });
  simd(f, { name: "movhlps", op: 0x12, contents: "integer", size: 16, registerOnly: true });
  simd(f, { name: "movlhps", op: 0x16, contents: "integer", size: 16, registerOnly: true });
  simd(f, { name: "movntps", op: 0x2b, contents: "integer", size: 16, aligned: true, memoryOnly: true });
  simd(f, { name: "movntpd", prefix: 0x66, op: 0x2b, contents: "integer", size: 16, aligned: true, memoryOnly: true });
  simd(f, { name: "movntdq", prefix: 0x66, op: 0xe7, contents: "integer", size: 16, aligned: true, memoryOnly: true });
  simd(f, { name: "movntq", op: 0xe7, contents: "integer", size: 8, mmx: true, memoryOnly: true });
  f.add("movq2dq", 6, (d) => {
    state(d, "integer");
    d.emit({ mandatory: 0xf3, op: [0x0f, 0xd6], reg: xmm(d), rm: mmx(d) });
  });
  f.add("movdq2q", 6, (d) => {
    state(d, "integer");
    d.emit({ mandatory: 0xf2, op: [0x0f, 0xd6], reg: mmx(d), rm: xmm(d) });
  });
  for (const prefix of [undefined, 0x66])
    f.add(`movmskp${prefix ? "d" : "s"}`, 6, (d) => {
      state(d, "integer");
      d.emit({ ...(prefix ? { mandatory: prefix } : {}), op: [0x0f, 0x50], reg: d.anyRegister(), rm: xmm(d) });
    });
}

const FLOAT_OPS = [
  [0x51, "sqrt"],
  [0x58, "add"],
  [0x59, "mul"],
  [0x5c, "sub"],
  [0x5d, "min"],
  [0x5e, "div"],
  [0x5f, "max"],
] as const;

const FORMATS = [
  { suffix: "ps", prefix: undefined, contents: "single", size: 16, aligned: true },
  { suffix: "pd", prefix: 0x66, contents: "double", size: 16, aligned: true },
  { suffix: "ss", prefix: 0xf3, contents: "single", size: 4, aligned: false },
  { suffix: "sd", prefix: 0xf2, contents: "double", size: 8, aligned: false },
] as const;

function floats(f: Family): void {
  for (const { suffix, prefix, contents, size, aligned } of FORMATS) {
    const p = prefix === undefined ? {} : { prefix };
    for (const [op, name] of FLOAT_OPS) simd(f, { name: name + suffix, ...p, op, contents, size, aligned, count: 22 });
    simd(f, { name: `cmp${suffix}`, ...p, op: 0xc2, contents, size, aligned, imm: false, count: 0 });
    for (let predicate = 0; predicate < 8; predicate++) {
      f.add(`cmp${suffix} ${predicate}`, 8, (d) => {
        state(d, contents);
        const mandatory = prefix === undefined ? {} : { mandatory: prefix };
        const rm = d.random.chance(2) ? xmm(d) : memoryOperand(d, { contents, size, aligned });
        d.emit({ ...mandatory, op: [0x0f, 0xc2], reg: xmm(d), rm, imm: [predicate] });
      });
    }
    if (suffix === "ps" || suffix === "ss")
      for (const [op, name] of [
        [0x52, "rsqrt"],
        [0x53, "rcp"],
      ] as const)
        simd(f, { name: name + suffix, ...p, op, contents, size, aligned, approximate: true });
  }
  for (const [prefix, contents, size] of [
    [undefined, "single", 4],
    [0x66, "double", 8],
  ] as const) {
    const p = prefix === undefined ? {} : { prefix };
    const suffix = prefix ? "d" : "s";
    simd(f, { name: `ucomis${suffix}`, ...p, op: 0x2e, contents, size, count: 20 });
    simd(f, { name: `comis${suffix}`, ...p, op: 0x2f, contents, size, count: 20 });
    for (const [op, name] of [
      [0x14, "unpcklp"],
      [0x15, "unpckhp"],
      [0x54, "andp"],
      [0x55, "andnp"],
      [0x56, "orp"],
      [0x57, "xorp"],
    ] as const)
      simd(f, { name: name + suffix, ...p, op, contents: "integer", size: 16, aligned: true });
    simd(f, {
      name: `shufp${suffix}`,
      ...p,
      op: 0xc6,
      contents: "integer",
      size: 16,
      aligned: true,
      imm: true,
      count: 12,
    });
  }
}

function conversions(f: Family): void {
  const xx = (name: string, prefix: number | undefined, op: number, contents: Contents, size: number) =>
    simd(f, { name, ...(prefix === undefined ? {} : { prefix }), op, contents, size, aligned: size === 16, count: 24 });
  xx("cvtps2pd", undefined, 0x5a, "single", 8);
  xx("cvtpd2ps", 0x66, 0x5a, "double", 16);
  xx("cvtss2sd", 0xf3, 0x5a, "single", 4);
  xx("cvtsd2ss", 0xf2, 0x5a, "double", 8);
  xx("cvtdq2ps", undefined, 0x5b, "integer", 16);
  xx("cvtps2dq", 0x66, 0x5b, "single", 16);
  xx("cvttps2dq", 0xf3, 0x5b, "single", 16);
  xx("cvttpd2dq", 0x66, 0xe6, "double", 16);
  xx("cvtdq2pd", 0xf3, 0xe6, "integer", 8);
  xx("cvtpd2dq", 0xf2, 0xe6, "double", 16);
  for (const [prefix, contents] of [
    [undefined, "single"],
    [0x66, "double"],
  ] as const) {
    const mandatory = prefix === undefined ? {} : { mandatory: prefix };
    const suffix = prefix ? "d" : "s";
    for (const op of [0x2c, 0x2d]) {
      const name = `cvt${op === 0x2c ? "t" : ""}p${suffix}2pi`;
      const size = prefix ? 16 : 8;
      f.add(`${name} r`, 14, (d) => {
        state(d, contents);
        maskAll(d);
        d.emit({ ...mandatory, op: [0x0f, op], reg: mmx(d), rm: xmm(d) });
      });
      f.add(`${name} m`, 8, (d) => {
        state(d, contents);
        maskAll(d);
        d.emit({
          ...mandatory,
          op: [0x0f, op],
          reg: mmx(d),
          rm: memoryOperand(d, { contents, size, aligned: size === 16 }),
        });
      });
    }
    f.add(`cvtpi2p${suffix} r`, 10, (d) => {
      state(d, "integer");
      d.emit({ ...mandatory, op: [0x0f, 0x2a], reg: xmm(d), rm: mmx(d) });
    });
    f.add(`cvtpi2p${suffix} m`, 8, (d) => {
      state(d, "integer");
      d.emit({ ...mandatory, op: [0x0f, 0x2a], reg: xmm(d), rm: memoryOperand(d, { contents: "integer", size: 8 }) });
    });
  }
  for (const [prefix, contents, size] of [
    [0xf3, "single", 4],
    [0xf2, "double", 8],
  ] as const)
    for (const width of f.bits === 64 ? [4, 8] : [4]) {
      const w = width === 8 ? { rexW: true } : {};
      const suffix = prefix === 0xf2 ? "sd" : "ss";
      for (const op of [0x2c, 0x2d]) {
        f.add(`cvt${op === 0x2c ? "t" : ""}${suffix}2si${width} r`, 16, (d) => {
          state(d, contents);
          d.emit({ mandatory: prefix, ...w, op: [0x0f, op], reg: d.anyRegister(), rm: xmm(d) });
        });
        f.add(`cvt${op === 0x2c ? "t" : ""}${suffix}2si${width} m`, 8, (d) => {
          state(d, contents);
          d.emit({
            mandatory: prefix,
            ...w,
            op: [0x0f, op],
            reg: d.anyRegister(),
            rm: memoryOperand(d, { contents, size }),
          });
        });
      }
      f.add(`cvtsi2${suffix}${width} r`, 14, (d) => {
        state(d, contents);
        d.emit({ mandatory: prefix, ...w, op: [0x0f, 0x2a], reg: xmm(d), rm: d.anyRegister() });
      });
      f.add(`cvtsi2${suffix}${width} m`, 8, (d) => {
        state(d, contents);
        d.emit({ mandatory: prefix, ...w, op: [0x0f, 0x2a], reg: xmm(d), rm: d.dataOperand(width) });
      });
    }
}

function stateInstructions(f: Family): void {
  f.add("emms", 4, (d) => {
    state(d, "integer");
    d.raw(0x0f, 0x77);
  });
  f.add("stmxcsr", 4, (d) => {
    state(d, "integer");
    d.emit({ op: [0x0f, 0xae], reg: 3, rm: d.dataOperand(4) });
  });
  f.add("ldmxcsr", 8, (d) => {
    state(d, "integer");
    // Bit 17 is AMD's own (misaligned SSE); reserved bits give #GP.
    const value = d.random.chance(4) ? d.random.u32() & ~0x2_0000 : d.random.u32() & 0xffff;
    d.emit({ op: [0x0f, 0xae], reg: 2, rm: d.dataOperand(4, [], BigInt(value >>> 0)) });
  });
  for (const rexW of f.bits === 64 ? [false, true] : [false]) {
    const w = rexW ? { rexW } : {};
    f.add(`fxsave${rexW ? "64" : ""}`, 6, (d) => {
      state(d, "integer");
      const at = 0x2001_0000 + 16 * d.random.below(0x1e0);
      // Opcode and pointers (AMD keeps them only while an exception is pending), the MXCSR mask, what the processor leaves unwritten.
      d.ignoredMemory.push(
        { address: at + 5, length: 19 },
        { address: at + 28, length: 4 },
        { address: at + 416, length: 96 },
      );
      for (let i = 0; i < 8; i++) d.ignoredMemory.push({ address: at + 42 + 16 * i, length: 6 });
      if (f.bits === 32) d.ignoredMemory.push({ address: at + 288, length: 128 });
      d.emit({ ...w, op: [0x0f, 0xae], reg: 0, rm: d.mem(at) });
    });
    f.add(`fxrstor${rexW ? "64" : ""}`, 6, (d) => {
      state(d, "integer");
      const at = 0x2001_0000 + 16 * d.random.below(0x1e0);
      d.put(
        at,
        fxImage(d.random, {
          contents: "integer",
          mxcsr: mxcsr(d),
          fsw: d.random.below(8) << 11,
          ftw: d.random.below(256),
        }),
      );
      d.emit({ ...w, op: [0x0f, 0xae], reg: 1, rm: d.mem(at) });
    });
  }
}

/** Misaligned 16-byte operands (#GP), and values loaded by one instruction and used by the next. */
function sequences(f: Family): void {
  for (const [prefix, op] of [
    [undefined, 0x28],
    [0x66, 0x6f],
    [0x66, 0xfe],
    [undefined, 0x58],
    [0x66, 0x7f],
    [undefined, 0x29],
  ] as const)
    f.add(`misaligned ${op.toString(16)}`, 3, (d) => {
      state(d, "integer");
      const at = d.dataAddress(16, 16) + 1 + d.random.below(15);
      d.emit({ ...(prefix ? { mandatory: prefix } : {}), op: [0x0f, op], reg: xmm(d), rm: d.mem(at) });
    });
  f.add("sse program", f.bits === 64 ? 150 : 80, (d) => {
    const contents = d.random.pick(["single", "double", "integer"] as const);
    state(d, contents);
    maskAll(d);
    for (let n = 0; n < 5; n++) {
      if (contents === "integer") {
        const op = d.random.pick([0xfe, 0xfa, 0xef, 0xdb, 0x62, 0x6c, 0xd4, 0xf4]);
        d.emit({ mandatory: 0x66, op: [0x0f, op], reg: d.random.below(4), rm: d.random.below(4) });
      } else {
        const packed = d.random.chance(2);
        const prefix = contents === "single" ? (packed ? undefined : 0xf3) : packed ? 0x66 : 0xf2;
        d.emit({
          ...(prefix ? { mandatory: prefix } : {}),
          op: [0x0f, d.random.pick([0x51, 0x58, 0x59, 0x5c, 0x5d, 0x5e, 0x5f])],
          reg: d.random.below(4),
          rm: d.random.below(4),
        });
      }
    }
  });
}

export function simdInteger(f: Family): void {
  packedInteger(f);
  moves(f);
}

export function simdFloat(f: Family): void {
  floats(f);
  conversions(f);
  stateInstructions(f);
  sequences(f);
}
