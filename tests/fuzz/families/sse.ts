/** SSE, SSE2 and MMX: every opcode that the engine has, on registers and memory. */
import { CONTROL } from "../layout.ts";
import type { Choice } from "../weighted.ts";
import { RDI, type Writer } from "../writer.ts";

const PREFIXES = [undefined, 0x66, 0xf3, 0xf2] as const;
const FORMAT_NAMES = ["ps", "pd", "ss", "sd"] as const;
const FORMAT_SIZES = [16, 16, 4, 8] as const;

const xmm = (w: Writer) => w.random.below(w.bits === 64 ? 16 : 8);
const mmx = (w: Writer) => w.random.below(8);

interface Vector {
  name: string;
  prefix: number | undefined;
  op: number;
  /** Bytes in memory. */
  size: number;
  imm?: number[];
  /** MMX registers. */
  mmx?: boolean;
  /** Which forms there are. */
  forms?: "register" | "memory";
}

/** `op reg, reg/mem` of SIMD registers. */
function vector(w: Writer, { name, prefix, op, size, imm = [], mmx: isMmx = false, forms }: Vector): void {
  const register = isMmx ? mmx : xmm;
  const kind = isMmx ? "mm" : "xmm";
  const mandatory = prefix === undefined ? {} : { mandatory: prefix };
  const reg = register(w);
  const rest = imm.length ? `, ${imm[0]}` : "";
  if (forms !== "register" && (forms === "memory" || w.random.chance(3))) {
    const operand = w.memory(size, size === 16 && !w.random.chance(30) ? { align: 16 } : {});
    const text = `${name} ${kind}${reg}, ${w.operandName(operand, size)}${rest}`;
    w.emit(text, { ...mandatory, op: [0x0f, op], reg, imm }, operand);
    return;
  }
  const rm = register(w);
  w.emit(`${name} ${kind}${reg}, ${kind}${rm}${rest}`, { ...mandatory, op: [0x0f, op], reg, rm, imm });
}

const FLOAT_OPS: Record<string, number> = {
  sqrt: 0x51,
  add: 0x58,
  mul: 0x59,
  sub: 0x5c,
  min: 0x5d,
  div: 0x5e,
  max: 0x5f,
};

function float(w: Writer): void {
  const format = w.random.below(4);
  const [name, op] = w.random.pick(Object.entries(FLOAT_OPS));
  vector(w, { name: name + FORMAT_NAMES[format], prefix: PREFIXES[format], op, size: FORMAT_SIZES[format]! });
}

function compare(w: Writer): void {
  const format = w.random.below(4);
  const imm = [w.random.below(8)];
  const more = { prefix: PREFIXES[format], op: 0xc2, size: FORMAT_SIZES[format]!, imm };
  vector(w, { name: `cmp${FORMAT_NAMES[format]}`, ...more });
}

function compareToFlags(w: Writer): void {
  const double = w.random.below(2);
  const ordered = w.random.below(2);
  const name = `${ordered ? "" : "u"}comis${double ? "d" : "s"}`;
  vector(w, { name, prefix: double ? 0x66 : undefined, op: 0x2e + ordered, size: double ? 8 : 4 });
}

const LOGIC: Record<string, number> = {
  unpckl: 0x14,
  unpckh: 0x15,
  and: 0x54,
  andn: 0x55,
  or: 0x56,
  xor: 0x57,
  shuf: 0xc6,
};

function logic(w: Writer): void {
  const double = w.random.below(2);
  const [name, op] = w.random.pick(Object.entries(LOGIC));
  const imm = op === 0xc6 ? [w.random.below(256)] : [];
  vector(w, { name: `${name}p${double ? "d" : "s"}`, prefix: double ? 0x66 : undefined, op, size: 16, imm });
}

/** Opcodes 0F xx of packed integers; all exist for MMX and, with 66, for XMM registers. */
const PACKED = [
  ...[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x74, 0x75, 0x76, 0xd1, 0xd2, 0xd3, 0xd4],
  ...[0xd5, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe8, 0xe9, 0xea, 0xeb],
  ...[0xec, 0xed, 0xee, 0xef, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe],
];

function packed(w: Writer): void {
  const op = w.random.pick(PACKED);
  const isMmx = w.random.chance(4);
  const low = op >= 0x60 && op <= 0x62;
  const size = isMmx ? (low ? 4 : 8) : 16;
  vector(w, { name: `packed.${op.toString(16)}`, prefix: isMmx ? undefined : 0x66, op, size, mmx: isMmx });
}

function shuffle(w: Writer): void {
  const imm = [w.random.below(256)];
  const [name, prefix] = w.random.pick([
    ["pshufd", 0x66],
    ["pshufhw", 0xf3],
    ["pshuflw", 0xf2],
    ["pshufw", undefined],
  ] as const);
  const isMmx = name === "pshufw";
  if (w.random.chance(3)) {
    const high = w.random.below(2);
    vector(w, { name: high ? "punpckhqdq" : "punpcklqdq", prefix: 0x66, op: 0x6c + high, size: 16 });
    return;
  }
  vector(w, { name, prefix, op: 0x70, size: isMmx ? 8 : 16, imm, mmx: isMmx });
}

const IMMEDIATE_SHIFTS = [
  [0x71, 2, 16],
  [0x71, 4, 16],
  [0x71, 6, 16],
  [0x72, 2, 32],
  [0x72, 4, 32],
  [0x72, 6, 32],
  [0x73, 2, 64],
  [0x73, 6, 64],
  [0x73, 3, 16],
  [0x73, 7, 16],
] as const;

function packedShift(w: Writer): void {
  const [op, reg, width] = w.random.pick(IMMEDIATE_SHIFTS);
  const isMmx = !(reg & 1) && w.random.chance(4);
  const imm = [w.random.chance(6) ? w.random.below(256) : w.random.below(width + 2)];
  const rm = isMmx ? mmx(w) : xmm(w);
  const text = `pshift.${op.toString(16)}/${reg} ${isMmx ? "mm" : "xmm"}${rm}, ${imm[0]}`;
  w.emit(text, { ...(isMmx ? {} : { mandatory: 0x66 }), op: [0x0f, op], reg, rm, imm });
}

const MOVES = [
  ["movups", undefined, 0x10, 16],
  ["movupd", 0x66, 0x10, 16],
  ["movss", 0xf3, 0x10, 4],
  ["movsd", 0xf2, 0x10, 8],
  ["movaps", undefined, 0x28, 16],
  ["movapd", 0x66, 0x28, 16],
  ["movdqa", 0x66, 0x6f, 16],
  ["movdqu", 0xf3, 0x6f, 16],
  ["movq", 0xf3, 0x7e, 8],
  ["movqmm", undefined, 0x6f, 8],
] as const;

function move(w: Writer): void {
  const [name, prefix, load, size] = w.random.pick(MOVES);
  const store = w.random.chance(2);
  const isMmx = name === "movqmm";
  if (name === "movq" && store) {
    storeTo(w, "movq", 0x66, 0xd6, 8);
    return;
  }
  const op = store ? (load === 0x6f ? 0x7f : load + 1) : load;
  vector(w, { name: `${name}${store ? "(to rm)" : ""}`, prefix, op, size, mmx: isMmx });
}

function storeTo(w: Writer, name: string, prefix: number | undefined, op: number, size: number, isMmx = false): void {
  const more = isMmx ? { mmx: true } : {};
  vector(w, { name: `${name}(to rm)`, prefix, op, size, forms: "memory", ...more });
}

/** Moves of halves, and past the caches. */
function halfMove(w: Writer): void {
  const kind = w.random.below(4);
  const prefix = w.random.chance(2) ? 0x66 : undefined;
  if (kind === 0) {
    vector(w, {
      name: "movhl/lh",
      prefix: undefined,
      op: w.random.pick([0x12, 0x16]),
      size: 8,
      forms: "register",
    });
    return;
  }
  if (kind === 1) {
    vector(w, { name: "movl/h", prefix, op: w.random.pick([0x12, 0x16]), size: 8, forms: "memory" });
    return;
  }
  if (kind === 2) {
    storeTo(w, "movl/h", prefix, w.random.pick([0x13, 0x17]), 8);
    return;
  }
  if (w.random.chance(3)) {
    storeTo(w, "movntq", undefined, 0xe7, 8, true);
    return;
  }
  storeTo(w, "movnt", w.random.pick([0x66]), w.random.pick([0xe7, 0x2b]), 16);
}

/** Between general and SIMD registers. */
function transfer(w: Writer): void {
  const wide = w.bits === 64 && w.random.chance(2);
  const size = wide ? 8 : 4;
  const isMmx = w.random.chance(4);
  const mandatory = isMmx ? {} : { mandatory: 0x66 };
  const reg = isMmx ? mmx(w) : xmm(w);
  const name = `${isMmx ? "mm" : "xmm"}${reg}`;
  const fields = { ...mandatory, ...(wide ? { rexW: true } : {}), reg };
  if (w.random.chance(3)) {
    const operand = w.memory(size);
    const store = w.random.below(2);
    const m = w.operandName(operand, size);
    w.emit(
      store ? `movd ${m}, ${name}` : `movd ${name}, ${m}`,
      { ...fields, op: [0x0f, store ? 0x7e : 0x6e] },
      operand,
    );
    return;
  }
  if (w.random.chance(2)) {
    const rm = w.source(4);
    w.emit(`movd ${name}, ${w.name(rm, size)}`, { ...fields, op: [0x0f, 0x6e], rm });
    return;
  }
  const rm = w.target(4);
  w.emit(`movd ${w.name(rm, size)}, ${name}`, { ...fields, op: [0x0f, 0x7e], rm });
}

/** PINSRW, PEXTRW, PMOVMSKB, MOVMSKPx, MOVQ2DQ, MOVDQ2Q, MASKMOV. */
function pieces(w: Writer): void {
  const kind = w.random.below(6);
  const isMmx = w.random.chance(4);
  const mandatory = isMmx ? {} : { mandatory: 0x66 };
  const register = isMmx ? mmx(w) : xmm(w);
  const name = `${isMmx ? "mm" : "xmm"}${register}`;
  const imm = [w.random.below(256)];
  if (kind === 0) {
    const rm = w.source(4);
    w.emit(`pinsrw ${name}, ${w.name(rm, 4)}, ${imm[0]}`, {
      ...mandatory,
      op: [0x0f, 0xc4],
      reg: register,
      rm,
      imm,
    });
    return;
  }
  if (kind === 1) {
    const reg = w.target(4);
    w.emit(`pextrw ${w.name(reg, 4)}, ${name}, ${imm[0]}`, {
      ...mandatory,
      op: [0x0f, 0xc5],
      reg,
      rm: register,
      imm,
    });
    return;
  }
  if (kind === 2) {
    const reg = w.target(4);
    w.emit(`pmovmskb ${w.name(reg, 4)}, ${name}`, { ...mandatory, op: [0x0f, 0xd7], reg, rm: register });
    return;
  }
  if (kind === 3) {
    const reg = w.target(4);
    const rm = xmm(w);
    const double = w.random.chance(2) ? { mandatory: 0x66 } : {};
    w.emit(`movmskp ${w.name(reg, 4)}, xmm${rm}`, { ...double, op: [0x0f, 0x50], reg, rm });
    return;
  }
  if (kind === 4) {
    const toXmm = w.random.below(2);
    const [reg, rm] = toXmm ? [xmm(w), mmx(w)] : [mmx(w), xmm(w)];
    w.emit(`movq2dq/dq2q ${reg}, ${rm}`, { mandatory: toXmm ? 0xf3 : 0xf2, op: [0x0f, 0xd6], reg, rm });
    return;
  }
  if (!w.anchors.has(RDI)) return;
  w.emit(`maskmov ${name}, ${register}`, { ...mandatory, op: [0x0f, 0xf7], reg: register, rm: register });
}

const CONVERSIONS = [
  ["cvtps2pd", undefined, 0x5a, 8],
  ["cvtpd2ps", 0x66, 0x5a, 16],
  ["cvtss2sd", 0xf3, 0x5a, 4],
  ["cvtsd2ss", 0xf2, 0x5a, 8],
  ["cvtdq2ps", undefined, 0x5b, 16],
  ["cvtps2dq", 0x66, 0x5b, 16],
  ["cvttps2dq", 0xf3, 0x5b, 16],
  ["cvttpd2dq", 0x66, 0xe6, 16],
  ["cvtdq2pd", 0xf3, 0xe6, 8],
  ["cvtpd2dq", 0xf2, 0xe6, 16],
] as const;

function convert(w: Writer): void {
  const [name, prefix, op, size] = w.random.pick(CONVERSIONS);
  vector(w, { name, prefix, op, size });
}

/** Between floating point and general registers. */
function convertInteger(w: Writer): void {
  const double = w.random.below(2);
  const wide = w.bits === 64 && w.random.chance(2);
  const fields = { mandatory: double ? 0xf2 : 0xf3, ...(wide ? { rexW: true } : {}) };
  const suffix = double ? "sd" : "ss";
  const size = wide ? 8 : 4;
  if (w.random.chance(2)) {
    const reg = xmm(w);
    if (w.random.chance(3)) {
      const operand = w.memory(size);
      w.emit(
        `cvtsi2${suffix} xmm${reg}, ${w.operandName(operand, size)}`,
        { ...fields, op: [0x0f, 0x2a], reg },
        operand,
      );
      return;
    }
    const rm = w.source(4);
    w.emit(`cvtsi2${suffix} xmm${reg}, ${w.name(rm, size)}`, { ...fields, op: [0x0f, 0x2a], reg, rm });
    return;
  }
  const truncate = w.random.below(2);
  const reg = w.target(4);
  const text = `cvt${truncate ? "t" : ""}${suffix}2si ${w.name(reg, size)}`;
  const op = [0x0f, truncate ? 0x2c : 0x2d];
  if (w.random.chance(3)) {
    const operand = w.memory(double ? 8 : 4);
    w.emit(`${text}, ${w.operandName(operand, double ? 8 : 4)}`, { ...fields, op, reg }, operand);
    return;
  }
  const rm = xmm(w);
  w.emit(`${text}, xmm${rm}`, { ...fields, op, reg, rm });
}

/** MXCSR from the constants: other roundings, flush to zero, sometimes an exception unmasked. And what it says now. */
function controlRegister(w: Writer): void {
  if (w.random.chance(2)) {
    const operand = w.control(CONTROL.CONSTANTS + 4 * w.random.below(4));
    w.emit(`ldmxcsr ${w.operandName(operand, 4)}`, { op: [0x0f, 0xae], reg: 2 }, operand);
    return;
  }
  const operand = w.memory(4);
  w.emit(`stmxcsr ${w.operandName(operand, 4)}`, { op: [0x0f, 0xae], reg: 3 }, operand);
}

/** The registers that the state of SSE and of the x87 is saved by. */
function save(w: Writer): void {
  const operand = w.memory(512, { align: 16, safe: true });
  w.emit(`fxsave ${w.operandName(operand, 0)}`, { op: [0x0f, 0xae], reg: 0 }, operand);
}

export const SSE: readonly Choice[] = [
  [10, float],
  [3, compare],
  [3, compareToFlags],
  [4, logic],
  [12, packed],
  [4, shuffle],
  [4, packedShift],
  [10, move],
  [4, halfMove],
  [5, transfer],
  [4, pieces],
  [4, convert],
  [6, convertInteger],
  [1, controlRegister],
  [1, save],
];
