/** Writes a decoded record's operands the way objdump does (Intel syntax), as far as their shape is regular. */
import { type Bits, type Decoded, ZERO } from "./harness.js";

const WORDS = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
const BYTES_LOW = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"];
const BYTES_HIGH = ["ah", "ch", "dh", "bh"];
export const SEGMENTS = ["es", "cs", "ss", "ds", "fs", "gs"];
const KEYWORDS = ["BYTE", "WORD", "DWORD", "QWORD"];

/** Name of the register at `offset` in the vCPU, as an operand of `size`. */
export function register(offset: number, size: number): string {
  const n = offset >> 3;
  if (offset & 7) return offset % 8 === 1 && n < 4 && size === 0 ? BYTES_HIGH[n]! : "?";
  if (n >= 16) return "?";
  if (n >= 8) return `r${n}${["b", "w", "d", ""][size]}`;
  if (size === 0) return BYTES_LOW[n]!;
  return ["", "", "e", "r"][size] + WORDS[n]!;
}

function wrap(value: bigint, size: number): string {
  return `0x${BigInt.asUintN(8 << size, value).toString(16)}`;
}

/** Segment, base, index and displacement; displacement modulo the address size. */
export function memory(bits: Bits, i: Decoded): string {
  const parts: string[] = [];
  if (i.baseAt !== ZERO) parts.push(register(i.baseAt, i.addressSize));
  if (i.indexAt !== ZERO)
    parts.push(register(i.indexAt, i.addressSize) + (i.addressSize === 1 ? "" : `*${1 << i.scale}`));
  parts.push(wrap(i.disp, i.addressSize));
  const segment = bits === 64 && i.segment < 4 ? "" : `${SEGMENTS[i.segment]}:`;
  return `${segment}[${parts.join("+")}]`;
}

/** Operand shapes: d dst, s src, i immediate, t target, c CL or immediate count,
 * b register or byte immediate, m memory without size, S C D segment, control, debug register, p P port. A digit fixes the size of the operand before it. */
const SHAPES: Record<string, string> = {
  ADD: "d,s",
  OR: "d,s",
  ADC: "d,s",
  SBB: "d,s",
  AND: "d,s",
  SUB: "d,s",
  XOR: "d,s",
  CMP: "d,s",
  TEST: "d,s",
  MOV: "d,s",
  MOVZX8: "d,s0",
  MOVSX8: "d,s0",
  MOVZX16: "d,s1",
  MOVSX16: "d,s1",
  MOVSX32: "d,s2",
  LEA: "d,s",
  INC: "d",
  DEC: "d",
  NEG: "d",
  NOT: "d",
  SHL: "d,s0",
  SHR: "d,s0",
  SAR: "d,s0",
  ROL: "d,s0",
  ROR: "d,s0",
  RCL: "d,s0",
  RCR: "d,s0",
  IMUL2: "d,s",
  IMUL3: "d,s,i",
  PUSH: "s",
  POP: "d",
  SETCC: "d",
  CMOVCC: "d,s",
  XCHG: "d,s",
  JMP: "t",
  JCC: "t",
  CALL: "t",
  JMP_INDIRECT: "s",
  CALL_INDIRECT: "s",
  BT: "d,b",
  BTS: "d,b",
  BTR: "d,b",
  BTC: "d,b",
  BSF: "d,s",
  BSR: "d,s",
  MUL: "s",
  IMUL1: "s",
  DIV: "s",
  IDIV: "s",
  BSWAP: "d",
  XADD: "d,s",
  CMPXCHG: "d,s",
  SHLD: "d,s,c",
  SHRD: "d,s,c",
  LOOP: "t",
  LOOPE: "t",
  LOOPNE: "t",
  JCXZ: "t",
  ARPL: "d,s",
  CMPXCHG8B: "m",
  MOVNTI: "d,s",
  BOUND: "d,m",
  LDS: "d,m",
  SLDT: "d",
  STR: "d",
  SMSW: "d",
  LLDT: "s",
  LTR: "s",
  VERR: "s",
  VERW: "s",
  LMSW: "s",
  SGDT: "m",
  SIDT: "m",
  LGDT: "m",
  LIDT: "m",
  INVLPG: "m",
  JMP_FAR_INDIRECT: "m",
  CALL_FAR_INDIRECT: "m",
  X87_MEM: "m",
  CLFLUSH: "m",
  RDFSBASE: "d",
  WRFSBASE: "s",
  RDGSBASE: "d",
  WRGSBASE: "s",
  MOV_FROM_SEG: "d,S",
  MOV_TO_SEG: "S,w",
  PUSH_SEG: "S",
  POP_SEG: "S",
  MOV_FROM_CR: "d,C",
  MOV_TO_CR: "C,s",
  MOV_FROM_DR: "d,D",
  MOV_TO_DR: "D,s",
  IN: "d,p",
  OUT: "P,s",
  INT: "i0",
  AAM: "i0",
  AAD: "i0",
};

function operand(bits: Bits, i: Decoded, shape: string): string {
  const size = shape.length > 1 ? Number(shape[1]) : i.size;
  const value = (at: number | "imm") => (at === "imm" ? wrap(i.imm, size) : register(at, size));
  const port = (at: number | "imm") => (at === "imm" ? wrap(i.imm, 0) : register(at, 1));
  switch (shape[0]) {
    case "d":
      return i.form === 1 ? `${KEYWORDS[size]} ${memory(bits, i)}` : value(i.dstAt);
    case "s":
      return i.form === 2 ? `${KEYWORDS[size]} ${memory(bits, i)}` : value(i.srcAt);
    case "m":
      return memory(bits, i);
    case "w": // MOV to a segment register: objdump names the register after the prefixes
      return i.form === 2
        ? operand(bits, i, "s")
        : register(i.srcAt as number, i.prefixes & 16 ? 3 : (i.prefixes & 8) === (bits === 16 ? 8 : 0) ? 2 : 1);
    case "b":
      return i.srcAt === "imm" ? wrap(i.imm, 0) : operand(bits, i, "s");
    case "i":
      return wrap(i.imm, size);
    case "t":
      return wrap(i.imm, i.size);
    case "c":
      return (i.opcode & 1) === 1 ? "cl" : wrap(i.imm, 0);
    case "S":
      return SEGMENTS[i.regField] ?? "?";
    case "C":
      return `cr${i.regField}`;
    case "D":
      return `dr${i.regField}`;
    case "p":
      return port(i.srcAt);
    default:
      return port(i.dstAt);
  }
}

/** The operands, or undefined when objdump writes this instruction in its own way. */
export function operands(bits: Bits, i: Decoded): string | undefined {
  const shape = SHAPES[i.name];
  if (shape === undefined) return undefined;
  return shape
    .split(",")
    .map((part) => operand(bits, i, part))
    .join(",");
}

const PREFIX = /^((rex\.?\w*|data16|data32|addr16|addr32|lock|rep[nz]*|[c-gs]s|xacquire|xrelease|notrack|bnd) )+/;

export interface Line {
  mnemonic: string;
  /** In the notation of `operands`. */
  operands: string;
  lock: boolean;
}

/** Reads objdump's text. */
export function readLine(bits: Bits, text: string, i: Decoded): Line {
  const comment = /# (0x[0-9a-f]+)/.exec(text)?.[1];
  const code = text.replace(/\s*#.*/, "").replace(/,p[nt]\b/, "");
  const bare = code.replace(PREFIX, "");
  const space = bare.indexOf(" ");
  const mnemonic = space < 0 ? bare : bare.slice(0, space);
  const list = space < 0 ? [] : bare.slice(space + 1).split(",");
  const sized = !SHAPES[i.name]?.includes("m");
  return {
    mnemonic,
    operands: list.map((part) => readOperand(bits, part.trim(), i, comment, sized)).join(","),
    lock: /\block /.test(code),
  };
}

function readOperand(bits: Bits, text: string, i: Decoded, target: string | undefined, sized: boolean): string {
  if (/^-?(0x[0-9a-f]+|\d+)$/.test(text)) return `0x${BigInt(text).toString(16)}`;
  const match = /^(?:(\w+) PTR )?(?:([c-gs]s):)?(?:\[(.*)\]|(0x[0-9a-f]+))$/.exec(text);
  if (!match) return text.replace(/^db(\d)/, "dr$1");
  const [, keyword, override, inside, absolute] = match;
  const mask = (value: bigint) => BigInt.asUintN(8 << i.addressSize, value);
  let disp = mask(BigInt(absolute ?? 0));
  const parts: string[] = [];
  let stack = false;
  for (const [n, term] of (inside ?? "").replace(/-/g, "+-").split("+").entries()) {
    if (term === "") continue;
    if (/^-?0x/.test(term)) disp = mask(term.startsWith("-") ? -BigInt(term.slice(1)) : BigInt(term));
    else if (/^[re]iz/.test(term)) continue;
    else if (/^[re]ip$/.test(term)) {
      disp = mask(BigInt(target ?? 0));
      break;
    } else {
      if (n === 0 && /^[re]?[bs]p$/.test(term)) stack = true;
      parts.push(term);
    }
  }
  parts.push(`0x${disp.toString(16)}`);
  const segment = override ?? (stack ? "ss" : "ds");
  const prefix = bits === 64 && !/[fg]s/.test(segment) ? "" : `${segment}:`;
  return `${sized && keyword ? `${keyword} ` : sized ? `${KEYWORDS[i.size]} ` : ""}${prefix}[${parts.join("+")}]`;
}
