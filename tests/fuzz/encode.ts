/** Machine code for all three word sizes, on the encoder of the instruction tests. */
import { encode, type Fields, HIGH_BYTE, le, type Mem, needsRex } from "../instructions/encoder.ts";
import type { Bits } from "./environment.ts";

/** ModRM.rm of the 16-bit forms by base and index (SDM vol. 2A table 2-1). */
const FORMS16: Record<string, number> = {
  "3,6": 0,
  "3,7": 1,
  "5,6": 2,
  "5,7": 3,
  ",6": 4,
  ",7": 5,
  "5,": 6,
  "3,": 7,
};

/** Operand size of an instruction without prefix, in bytes. */
export const defaultSize = (bits: Bits) => (bits === 16 ? 2 : 4);

/** `fields` as the 32-bit encoder writes them so that they mean the same in 16-bit code. */
function sizedFor16(fields: Fields): Fields {
  const { size, ...rest } = fields;
  if (size === 4) return { ...rest, size: 2 };
  return size === 2 || size === undefined ? rest : { ...rest, size };
}

function encode16(at: number, fields: Fields): number[] {
  const mem = typeof fields.rm === "object" ? fields.rm : undefined;
  if (!mem || mem.addressPrefix) return encode(32, at, sizedFor16(fields));
  const bytes = encode(32, at, { ...sizedFor16(fields), rm: 0, byteRm: false });
  const immediate = bytes.splice(bytes.length - (fields.imm?.length ?? 0));
  const register = bytes.pop()! & 0x38;
  if (mem.base === undefined && mem.index === undefined)
    return [...bytes, register | 6, ...le(mem.disp, 2), ...immediate];
  const form = FORMS16[`${mem.base ?? ""},${mem.index ?? ""}`];
  if (form === undefined) throw new Error(`no 16-bit address form with base ${mem.base} and index ${mem.index}`);
  return [...bytes, 0x80 | register | form, ...le(mem.disp, 2), ...immediate];
}

/** The bytes of one instruction at IP `at`. */
export function assemble(bits: Bits, at: number, fields: Fields): number[] {
  return bits === 16 ? encode16(at, fields) : encode(bits, at, fields);
}

/** AH..BH become AL..BL where a REX prefix rules them out. */
export function withoutHighBytes(bits: Bits, fields: Fields): Fields {
  if (bits !== 64) return fields;
  const low = (n: number | undefined, isByte?: boolean) => isByte === true && n !== undefined && n >= 4 && n < 8;
  const rm = typeof fields.rm === "number" ? fields.rm : undefined;
  if (!needsRex(fields) && !low(fields.reg, fields.byteReg) && !low(rm, fields.byteRm)) return fields;
  const out = { ...fields };
  if (fields.byteReg && fields.reg !== undefined && fields.reg >= HIGH_BYTE) out.reg = fields.reg - HIGH_BYTE;
  if (fields.byteRm && rm !== undefined && rm >= HIGH_BYTE) out.rm = rm - HIGH_BYTE;
  return out;
}

const LONG_NAMES = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split(" ");
const BYTE_NAMES = "al cl dl bl spl bpl sil dil".split(" ");
const HIGH_NAMES = ["ah", "ch", "dh", "bh"];

/** A general register's name by its size in bytes. */
export function registerName(n: number, size: number): string {
  if (n >= HIGH_BYTE) return HIGH_NAMES[n - HIGH_BYTE]!;
  if (size === 8) return LONG_NAMES[n]!;
  if (n >= 8) return `${LONG_NAMES[n]}${size === 4 ? "d" : size === 2 ? "w" : "b"}`;
  if (size === 1) return BYTE_NAMES[n]!;
  return (size === 4 ? "e" : "") + LONG_NAMES[n]!.slice(1);
}

const SIZE_WORDS: Record<number, string> = { 1: "byte", 2: "word", 4: "dword", 8: "qword", 10: "tword", 16: "oword" };

export function memoryName(bits: Bits, mem: Mem, size: number, segment: string): string {
  const wide = mem.addressPrefix ? (bits === 32 ? 2 : 4) : bits / 8;
  const parts: string[] = [];
  if (mem.base !== undefined) parts.push(registerName(mem.base, wide));
  if (mem.index !== undefined) parts.push(registerName(mem.index, wide) + (mem.scale ? `*${1 << mem.scale}` : ""));
  const disp = `${mem.disp < 0 ? "-" : ""}0x${Math.abs(mem.disp).toString(16)}`;
  if (mem.disp !== 0 || parts.length === 0) parts.push(mem.rip ? `rel ${disp}` : disp);
  return `${SIZE_WORDS[size] ?? ""} ${segment ? `${segment}:` : ""}[${parts.join("+")}]`.trim();
}
