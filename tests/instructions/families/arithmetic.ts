/** ADD…CMP, TEST, INC, DEC, NEG, NOT, MUL, IMUL, DIV, IDIV. */
import { le } from "../encoder.ts";
import { UNDEFINED } from "../masks.ts";
import { type Draft, F, type Family } from "../testCase.ts";

const ALU = ["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"] as const;

const isLogic = (op: number) => op === 1 || op === 4 || op === 6;
const immBytes = (d: Draft, size: number) => le(d.value(), Math.min(size, 4));
/** Register operand for `size`. */
export const operand = (d: Draft, size: number) => (size === 1 ? d.byteRegister() : d.anyRegister());
const byteFlags = (size: number) => ({ byteReg: size === 1, byteRm: size === 1 });

function alu(f: Family): void {
  for (const [op, name] of ALU.entries()) {
    for (const size of f.bits === 64 ? [1, 2, 4, 8] : [1, 2, 4]) {
      const w = size === 1 ? 0 : 1;
      const mask = isLogic(op) ? UNDEFINED.logic : 0;
      const form = (text: string, count: number, make: (d: Draft) => void) =>
        f.add(`${name}${size * 8} ${text}`, count, (d) => {
          d.undefinedFlags = mask;
          make(d);
        });
      const lock = (d: Draft) => (op !== 7 && d.random.chance(4) ? { prefix: [0xf0] } : {});
      form("r/m,r", 5, (d) =>
        d.emit({ size, op: [op * 8 + w], reg: operand(d, size), rm: operand(d, size), ...byteFlags(size) }),
      );
      form("r,r/m", 4, (d) =>
        d.emit({ size, op: [op * 8 + 2 + w], reg: operand(d, size), rm: operand(d, size), ...byteFlags(size) }),
      );
      form("r,r same", 2, (d) => {
        const r = operand(d, size);
        d.emit({ size, op: [op * 8 + w], reg: r, rm: r, ...byteFlags(size) });
      });
      form("m,r", 4, (d) =>
        d.emit({
          size,
          op: [op * 8 + w],
          reg: operand(d, size),
          rm: d.dataOperand(size),
          byteReg: size === 1,
          ...lock(d),
        }),
      );
      form("r,m", 4, (d) =>
        d.emit({ size, op: [op * 8 + 2 + w], reg: operand(d, size), rm: d.dataOperand(size), byteReg: size === 1 }),
      );
      form("acc,imm", 2, (d) => d.emit({ size, op: [op * 8 + 4 + w], imm: immBytes(d, size) }));
      form("r,imm", 3, (d) =>
        d.emit({ size, op: [0x80 + w], reg: op, rm: operand(d, size), imm: immBytes(d, size), byteRm: size === 1 }),
      );
      form("m,imm", 3, (d) =>
        d.emit({ size, op: [0x80 + w], reg: op, rm: d.dataOperand(size), imm: immBytes(d, size), ...lock(d) }),
      );
      if (w) {
        form("r,imm8", 2, (d) => d.emit({ size, op: [0x83], reg: op, rm: operand(d, size), imm: le(d.value(), 1) }));
        form("m,imm8", 2, (d) => d.emit({ size, op: [0x83], reg: op, rm: d.dataOperand(size), imm: le(d.value(), 1) }));
      } else if (f.bits === 32)
        form("alias 82", 1, (d) =>
          d.emit({ op: [0x82], reg: op, rm: operand(d, 1), imm: le(d.value(), 1), byteRm: true }),
        );
    }
  }
}

function test(f: Family): void {
  for (const size of f.bits === 64 ? [1, 2, 4, 8] : [1, 2, 4]) {
    const w = size === 1 ? 0 : 1;
    const form = (text: string, count: number, make: (d: Draft) => void) =>
      f.add(`test${size * 8} ${text}`, count, (d) => {
        d.undefinedFlags = UNDEFINED.logic;
        make(d);
      });
    form("r,r", 6, (d) =>
      d.emit({ size, op: [0x84 + w], reg: operand(d, size), rm: operand(d, size), ...byteFlags(size) }),
    );
    form("m,r", 5, (d) =>
      d.emit({ size, op: [0x84 + w], reg: operand(d, size), rm: d.dataOperand(size), byteReg: size === 1 }),
    );
    form("acc,imm", 3, (d) => d.emit({ size, op: [0xa8 + w], imm: immBytes(d, size) }));
    for (const reg of [0, 1]) {
      form(`r,imm /${reg}`, 3, (d) =>
        d.emit({ size, op: [0xf6 + w], reg, rm: operand(d, size), imm: immBytes(d, size), byteRm: size === 1 }),
      );
      form(`m,imm /${reg}`, 3, (d) =>
        d.emit({ size, op: [0xf6 + w], reg, rm: d.dataOperand(size), imm: immBytes(d, size) }),
      );
    }
  }
}

function unary(f: Family): void {
  const forms = [
    ["inc", 0xfe, 0],
    ["dec", 0xfe, 1],
    ["not", 0xf6, 2],
    ["neg", 0xf6, 3],
  ] as const;
  for (const [name, opcode, reg] of forms) {
    for (const size of f.bits === 64 ? [1, 2, 4, 8] : [1, 2, 4]) {
      const w = size === 1 ? 0 : 1;
      f.add(`${name}${size * 8} r`, 10, (d) =>
        d.emit({ size, op: [opcode + w], reg, rm: operand(d, size), byteRm: size === 1 }),
      );
      f.add(`${name}${size * 8} m`, 8, (d) =>
        d.emit({
          size,
          op: [opcode + w],
          reg,
          rm: d.dataOperand(size),
          ...(d.random.chance(3) ? { prefix: [0xf0] } : {}),
        }),
      );
      if (f.bits === 32 && reg < 2 && w)
        f.add(`${name}${size * 8} short`, 4, (d) => d.emit({ size, op: [0x40 + reg * 8], plus: d.anyRegister() }));
    }
  }
}

function multiply(f: Family): void {
  for (const size of f.bits === 64 ? [1, 2, 4, 8] : [1, 2, 4]) {
    const w = size === 1 ? 0 : 1;
    const form = (text: string, count: number, make: (d: Draft) => void) =>
      f.add(`${text} ${size * 8}`, count, (d) => {
        d.undefinedFlags = UNDEFINED.multiply;
        make(d);
      });
    for (const [name, reg] of [
      ["mul", 4],
      ["imul", 5],
    ] as const) {
      form(`${name} r`, 14, (d) => d.emit({ size, op: [0xf6 + w], reg, rm: operand(d, size), byteRm: size === 1 }));
      form(`${name} m`, 10, (d) => d.emit({ size, op: [0xf6 + w], reg, rm: d.dataOperand(size) }));
    }
    if (!w) continue;
    form("imul r,r", 14, (d) => d.emit({ size, op: [0x0f, 0xaf], reg: d.anyRegister(), rm: d.anyRegister() }));
    form("imul r,m", 8, (d) => d.emit({ size, op: [0x0f, 0xaf], reg: d.anyRegister(), rm: d.dataOperand(size) }));
    form("imul r,r,imm", 8, (d) =>
      d.emit({ size, op: [0x69], reg: d.anyRegister(), rm: d.anyRegister(), imm: immBytes(d, size) }),
    );
    form("imul r,m,imm", 6, (d) =>
      d.emit({ size, op: [0x69], reg: d.anyRegister(), rm: d.dataOperand(size), imm: immBytes(d, size) }),
    );
    form("imul r,r,imm8", 8, (d) =>
      d.emit({ size, op: [0x6b], reg: d.anyRegister(), rm: d.anyRegister(), imm: le(d.value(), 1) }),
    );
    form("imul r,m,imm8", 6, (d) =>
      d.emit({ size, op: [0x6b], reg: d.anyRegister(), rm: d.dataOperand(size), imm: le(d.value(), 1) }),
    );
  }
}

const asSigned = (bits: number, v: bigint) => BigInt.asIntN(bits, v);

/** Puts a dividend in rDX:rAX (AX for bytes) whose quotient is near the limit, or fits, or is anything (and mostly #DE). */
function dividend(d: Draft, width: number, divisor: bigint, signed: boolean): void {
  const bits = BigInt(width);
  const kind = d.random.below(4);
  let value: bigint;
  if (kind === 0) value = (d.value() << bits) | BigInt.asUintN(width, d.value());
  else {
    const limit = signed ? (1n << (bits - 1n)) - (d.random.chance(2) ? 0n : 1n) : (1n << bits) - 1n;
    const quotient = kind === 1 ? limit : BigInt.asUintN(width, d.value()) % (limit + 1n);
    const sign = signed && d.random.chance(2) ? -1n : 1n;
    const by = signed ? asSigned(width, divisor) : BigInt.asUintN(width, divisor);
    const magnitude = by < 0n ? -by : by;
    const remainder = magnitude === 0n ? 0n : d.random.u64() % magnitude;
    value = sign * (quotient * by) + (kind === 3 ? 0n : sign * (by < 0n ? -remainder : remainder));
  }
  if (width === 8) d.set(0, (d.registers[0]! & ~0xffffn) | BigInt.asUintN(16, value));
  else {
    const keep = width === 16 ? ~0xffffn : 0n;
    d.set(0, (d.registers[0]! & keep) | BigInt.asUintN(width, value));
    d.set(2, (d.registers[2]! & keep) | BigInt.asUintN(width, value >> bits));
  }
}

function divide(f: Family): void {
  for (const size of f.bits === 64 ? [1, 2, 4, 8] : [1, 2, 4]) {
    const w = size === 1 ? 0 : 1;
    for (const [name, reg] of [
      ["div", 6],
      ["idiv", 7],
    ] as const) {
      f.add(`${name}${size * 8} r`, 28, (d) => {
        d.undefinedFlags = UNDEFINED.divide;
        const r = size === 1 && d.bits === 32 ? d.random.pick([1, 2, 3]) : d.register(0, 2);
        dividend(d, size * 8, d.registers[r]!, reg === 7);
        d.emit({ size, op: [0xf6 + w], reg, rm: r, byteRm: size === 1 });
      });
      f.add(`${name}${size * 8} m`, 18, (d) => {
        d.undefinedFlags = UNDEFINED.divide;
        const value = d.value();
        dividend(d, size * 8, value, reg === 7);
        d.emit({ size, op: [0xf6 + w], reg, rm: d.dataOperand(size, [0, 2], value) });
      });
      f.add(`${name}${size * 8} acc`, 3, (d) => {
        d.undefinedFlags = UNDEFINED.divide;
        d.emit({ size, op: [0xf6 + w], reg, rm: d.random.pick([0, 2]), byteRm: size === 1 });
      });
    }
  }
}

/** Straight-line programs of simple operations: lazy flags, partial registers, forwarding through memory. */
function programs(f: Family): void {
  f.add("program", f.bits === 64 ? 900 : 500, (d) => {
    const length = 3 + d.random.below(5);
    const base = d.register();
    d.set(base, 0x2001_0800);
    const other = () => d.register(base);
    /** Not the base, nor in 32-bit mode its second byte. */
    const dataReg = (size: number) => {
      const r = other();
      if (size > 1 || d.bits === 64) return r;
      return (r & 3) === base ? (base + 1) & 3 : r & 3;
    };
    for (let n = 0; n < length; n++) {
      const size = d.random.pick(d.sizes);
      const w = size === 1 ? 0 : 1;
      const bytes = { byteReg: size === 1, byteRm: size === 1 };
      const place = { base, disp: d.random.below(32) - 16 };
      switch (d.random.below(9)) {
        case 0:
        case 1:
          d.emit({ size, op: [d.random.below(8) * 8 + w], reg: dataReg(size), rm: dataReg(size), ...bytes });
          break;
        case 2:
          d.emit({ size, op: [d.random.below(8) * 8 + w], reg: dataReg(size), rm: place, byteReg: size === 1 });
          break;
        case 3:
          d.emit({ size, op: [d.random.below(8) * 8 + 2 + w], reg: dataReg(size), rm: place, byteReg: size === 1 });
          break;
        case 4:
          if (d.random.chance(2))
            d.emit({ size, op: [0xfe + w], reg: d.random.below(2), rm: dataReg(size), byteRm: size === 1 });
          else d.emit({ size, op: [0xf6 + w], reg: 2 + d.random.below(2), rm: dataReg(size), byteRm: size === 1 });
          break;
        case 5:
          d.emit({ op: [0x0f, 0x90 + d.random.below(16)], reg: 0, rm: dataReg(1), byteRm: true });
          break;
        case 6:
          d.emit({ size: size === 1 ? 4 : size, op: [0x0f, 0x40 + d.random.below(16)], reg: other(), rm: other() });
          break;
        case 7:
          d.emit({
            size: size === 1 ? 4 : size,
            op: [0x0f, d.random.pick([0xb6, 0xbe])],
            reg: other(),
            rm: dataReg(1),
            byteRm: true,
          });
          break;
        default:
          // a shift by one: OF is defined
          d.emit({ size, op: [0xd0 + w], reg: d.random.pick([4, 5, 7]), rm: dataReg(size), byteRm: size === 1 });
      }
    }
    d.undefinedFlags = F.AF;
  });
}

export function arithmetic(f: Family): void {
  alu(f);
  test(f);
  unary(f);
  multiply(f);
  divide(f);
  programs(f);
}
