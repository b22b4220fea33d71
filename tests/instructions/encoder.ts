/** Machine code from a description of its fields (SDM vol. 2A ch. 2): prefixes, REX, opcode, ModRM, SIB, displacement, immediate. */

export type Bits = 32 | 64;

/** A memory operand. With `rip` or `absolute` the displacement is an address. */
export interface Mem {
  base?: number;
  index?: number;
  /** log2 of the scale. */
  scale?: number;
  disp: number;
  rip?: boolean;
  /** Address-size prefix. */
  addressPrefix?: boolean;
}

/** AH, CH, DH, BH as operands in 64-bit mode (32-bit mode: 4 to 7). */
export const HIGH_BYTE = 16;

export interface Fields {
  /** Operand size in bytes: 2 gives the 66 prefix, 8 gives REX.W. Leave out for neither. */
  size?: number;
  prefix?: readonly number[];
  /** Mandatory prefix, after the others and before REX. */
  mandatory?: number;
  op: readonly number[];
  /** ModRM.reg: a register or an opcode extension. */
  reg?: number;
  rm?: number | Mem;
  imm?: readonly number[];
  /** Low 3 bits added to the last opcode byte. */
  plus?: number;
  /** Which operands are byte registers, for SPL..DIL and AH..BH. */
  byteReg?: boolean;
  byteRm?: boolean;
  /** REX.W whatever the size. */
  rexW?: boolean;
}

export function le(value: number | bigint, bytes: number): number[] {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (let i = 0; i < bytes; i++) {
    out.push(Number(rest & 0xffn));
    rest >>= 8n;
  }
  return out;
}

interface RegisterField {
  code: number;
  extension: number;
  needsRex: boolean;
}

function field(register: number | undefined, isByte: boolean, bits: Bits): RegisterField {
  const n = register ?? 0;
  if (isByte && n >= HIGH_BYTE) return { code: n - HIGH_BYTE + 4, extension: 0, needsRex: false };
  return { code: n & 7, extension: n >> 3, needsRex: isByte && bits === 64 && n >= 4 && n < 8 };
}

/** The bytes of one instruction that starts at linear address `at`. */
export function encode(bits: Bits, at: number, f: Fields): number[] {
  const out: number[] = [...(f.prefix ?? [])];
  const mem = typeof f.rm === "object" ? f.rm : undefined;
  if (mem?.addressPrefix) out.push(0x67);
  if (f.size === 2) out.push(0x66);
  if (f.mandatory !== undefined) out.push(f.mandatory);
  const reg = field(f.reg, f.byteReg ?? false, bits);
  const rm = field(mem || f.rm === undefined ? undefined : (f.rm as number), f.byteRm ?? false, bits);
  const w = f.rexW || f.size === 8 ? 8 : 0;
  const b = mem ? (mem.base ?? 0) >> 3 : f.plus !== undefined ? f.plus >> 3 : rm.extension;
  const x = mem ? (mem.index ?? 0) >> 3 : 0;
  const plusByte = f.plus !== undefined && f.byteRm && bits === 64 && f.plus >= 4 && f.plus < 8;
  const rex = w | (reg.extension << 2) | (x << 1) | b;
  if (rex !== 0 || reg.needsRex || rm.needsRex || plusByte) out.push(0x40 | rex);
  out.push(...f.op);
  if (f.plus !== undefined) out[out.length - 1] = (out[out.length - 1] as number) + (f.plus & 7);
  const imm = f.imm ?? [];
  if (f.rm !== undefined) {
    if (mem) out.push(...memory(bits, at + out.length, reg.code, mem, imm.length));
    else out.push(0xc0 | (reg.code << 3) | rm.code);
  }
  out.push(...imm);
  return out;
}

/** Whether the fields force a REX prefix, which AH..BH do not go with. */
export function needsRex(f: Fields): boolean {
  const mem = typeof f.rm === "object" ? f.rm : undefined;
  const registers = [f.reg ?? 0, mem?.base ?? 0, mem?.index ?? 0, typeof f.rm === "number" ? f.rm : 0, f.plus ?? 0];
  return f.size === 8 || f.rexW === true || registers.some((n) => n >= 8 && n < HIGH_BYTE);
}

function memory(bits: Bits, at: number, reg: number, mem: Mem, immLength: number): number[] {
  const r = reg << 3;
  if (mem.rip) return [r | 5, ...le(mem.disp - (at + 5 + immLength), 4)];
  if (mem.base === undefined && mem.index === undefined)
    return bits === 64 ? [r | 4, 0x25, ...le(mem.disp, 4)] : [r | 5, ...le(mem.disp, 4)];
  const scale = (mem.scale ?? 0) << 6;
  if (mem.base === undefined) return [r | 4, scale | ((mem.index! & 7) << 3) | 5, ...le(mem.disp, 4)];
  const base = mem.base & 7;
  const small = mem.disp >= -128 && mem.disp < 128;
  const mod = mem.disp === 0 && base !== 5 ? 0 : small ? 1 : 2;
  const disp = mod === 0 ? [] : le(mem.disp, mod === 1 ? 1 : 4);
  if (mem.index !== undefined || base === 4) {
    const index = mem.index === undefined ? 4 : mem.index & 7;
    return [(mod << 6) | r | 4, scale | (index << 3) | base, ...disp];
  }
  return [(mod << 6) | r | base, ...disp];
}
