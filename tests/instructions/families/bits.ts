/** Shifts, rotates, double shifts, bit tests and scans; BCD and flag operations. */
import { le } from "../encoder.ts";
import { DATA } from "../layout.ts";
import { doubleShiftUndefined, rotateUndefined, shiftUndefined, UNDEFINED } from "../masks.ts";
import type { Draft, Family } from "../testCase.ts";
import { operand } from "./arithmetic.ts";

const NAMES = ["rol", "ror", "rcl", "rcr", "shl", "shr", "sal", "sar"] as const;

const COUNTS = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 18, 24, 25, 27, 31, 32, 33, 34, 48, 63, 64, 65, 128, 255] as const;

function shifts(f: Family): void {
  for (const [op, name] of NAMES.entries()) {
    for (const size of f.bits === 64 ? [1, 2, 4, 8] : [1, 2, 4]) {
      const w = size === 1 ? 0 : 1;
      const width = size * 8;
      const undefinedFor = (count: number) =>
        op < 4 ? rotateUndefined(count, width) : shiftUndefined(count, width, op === 7);
      const target = (d: Draft, memory: boolean, ...except: number[]) =>
        memory ? d.dataOperand(size, except) : operand(d, size);
      for (const memory of [false, true]) {
        const form = `${name}${width} ${memory ? "m" : "r"}`;
        f.add(`${form},1`, memory ? 3 : 5, (d) => {
          d.undefinedFlags = undefinedFor(1);
          d.emit({ size, op: [0xd0 + w], reg: op, rm: target(d, memory), byteRm: size === 1 });
        });
        f.add(`${form},imm`, memory ? 10 : 16, (d, n) => {
          const count = n % 2 ? d.random.pick(COUNTS) : d.random.below(width + 2);
          d.undefinedFlags = undefinedFor(count);
          d.emit({ size, op: [0xc0 + w], reg: op, rm: target(d, memory), imm: [count], byteRm: size === 1 });
        });
        f.add(`${form},cl`, memory ? 10 : 16, (d, n) => {
          const count = n % 2 ? d.random.pick(COUNTS) : d.random.below(width + 2);
          d.undefinedFlags = undefinedFor(count);
          d.set(1, (d.value() & ~0xffn) | BigInt(count));
          d.emit({ size, op: [0xd2 + w], reg: op, rm: target(d, memory, 1), byteRm: size === 1 });
        });
      }
    }
  }
}

function doubleShifts(f: Family): void {
  for (const [name, opcode] of [
    ["shld", 0xa4],
    ["shrd", 0xac],
  ] as const) {
    for (const size of f.bits === 64 ? [2, 4, 8] : [2, 4]) {
      const width = size * 8;
      for (const memory of [false, true])
        for (const cl of [0, 1])
          f.add(`${name}${width} ${memory ? "m" : "r"},r,${cl ? "cl" : "imm"}`, 12, (d) => {
            let count = d.random.chance(2) ? d.random.pick(COUNTS) : d.random.below(width);
            if (size === 2 && (count & 31) > 16) count &= ~0x1f | 15;
            d.undefinedFlags = doubleShiftUndefined(count, width);
            if (cl) d.set(1, (d.value() & ~0xffn) | BigInt(count));
            const rm = memory ? d.dataOperand(size, [1]) : d.anyRegister();
            d.emit({ size, op: [0x0f, opcode + cl], reg: d.anyRegister(), rm, imm: cl ? [] : [count] });
          });
    }
  }
}

function bitTests(f: Family): void {
  for (const [n, name] of ["bt", "bts", "btr", "btc"].entries()) {
    for (const size of f.bits === 64 ? [2, 4, 8] : [2, 4]) {
      const form = (text: string, count: number, make: (d: Draft) => void) =>
        f.add(`${name}${size * 8} ${text}`, count, (d) => {
          d.undefinedFlags = UNDEFINED.bitTest;
          make(d);
        });
      const lock = (d: Draft) => (n > 0 && d.random.chance(3) ? { prefix: [0xf0] } : {});
      form("r,r", 12, (d) => d.emit({ size, op: [0x0f, 0xa3 + n * 8], reg: d.anyRegister(), rm: d.anyRegister() }));
      form("r,imm", 8, (d) =>
        d.emit({ size, op: [0x0f, 0xba], reg: 4 + n, rm: d.anyRegister(), imm: [d.random.below(256)] }),
      );
      form("m,imm", 8, (d) =>
        d.emit({ size, op: [0x0f, 0xba], reg: 4 + n, rm: d.dataOperand(size), imm: [d.random.below(256)], ...lock(d) }),
      );
      // bit strings: the bit may lie far to either side of the operand
      form("m,r", 16, (d) => {
        const far = d.random.below(0x6000) - 0x3000;
        const near = d.random.below(256) - 128;
        const index = d.register();
        const mem = d.mem(DATA + 0x1000 + d.random.below(16), index);
        d.set(index, d.random.chance(2) ? near : far);
        d.emit({ size, op: [0x0f, 0xa3 + n * 8], reg: index, rm: mem, ...lock(d) });
      });
    }
  }
  for (const [name, opcode] of [
    ["bsf", 0xbc],
    ["bsr", 0xbd],
  ] as const) {
    for (const size of f.bits === 64 ? [2, 4, 8] : [2, 4]) {
      const one = (d: Draft) =>
        d.random.chance(2) ? 1n << BigInt(d.random.below(size * 8)) : d.value() << BigInt(d.random.below(size * 8));
      f.add(`${name}${size * 8} r,r`, 20, (d) => {
        d.undefinedFlags = UNDEFINED.bitScan;
        const rm = d.register();
        d.set(rm, one(d));
        d.emit({ size, op: [0x0f, opcode], reg: d.anyRegister(), rm });
      });
      f.add(`${name}${size * 8} r,m`, 12, (d) => {
        d.undefinedFlags = UNDEFINED.bitScan;
        d.emit({ size, op: [0x0f, opcode], reg: d.anyRegister(), rm: d.dataOperand(size, [], one(d)) });
      });
      // Zero leaves the destination as it is: AMD documents it, Intel's do it too.
      f.add(`${name}${size * 8} zero`, 4, (d) => {
        d.undefinedFlags = UNDEFINED.bitScan;
        const rm = d.register();
        d.set(rm, 0);
        d.emit({ size, op: [0x0f, opcode], reg: d.anyRegister(), rm });
      });
    }
  }
}

function decimal(f: Family): void {
  if (f.bits === 64) return;
  for (const [name, opcode, undefinedFlags] of [
    ["daa", 0x27, UNDEFINED.decimal],
    ["das", 0x2f, UNDEFINED.decimal],
    ["aaa", 0x37, UNDEFINED.ascii],
    ["aas", 0x3f, UNDEFINED.ascii],
  ] as const)
    f.add(name, 48, (d) => {
      d.undefinedFlags = undefinedFlags;
      d.set(0, d.random.chance(3) ? d.value() : d.random.u64());
      d.raw(opcode);
    });
  for (const [name, opcode] of [
    ["aam", 0xd4],
    ["aad", 0xd5],
  ] as const)
    f.add(name, 32, (d, n) => {
      d.undefinedFlags = UNDEFINED.asciiMultiply;
      d.set(0, d.random.u64());
      d.raw(opcode, n < 12 ? 10 : n < 14 ? 0 : d.random.below(256));
    });
  f.add("salc", 4, (d) => d.raw(0xd6));
}

function flagOps(f: Family): void {
  for (const [name, opcode] of [
    ["cmc", 0xf5],
    ["clc", 0xf8],
    ["stc", 0xf9],
    ["cld", 0xfc],
    ["std", 0xfd],
    ["lahf", 0x9f],
  ] as const)
    f.add(name, 6, (d) => d.raw(opcode));
  f.add("sahf", 24, (d) => d.raw(0x9e));
  f.add("lahf after alu", 12, (d) => {
    const size = d.random.pick(d.sizes);
    d.emit({
      size,
      op: [d.random.pick([0x00, 0x10, 0x18, 0x28, 0x38]) + (size === 1 ? 0 : 1)],
      reg: operand(d, size),
      rm: operand(d, size),
      byteReg: size === 1,
      byteRm: size === 1,
    });
    d.raw(0x9f);
  });
  f.add("pushf", 12, (d) => d.raw(0x9c));
  f.add("pushf after alu", 16, (d) => {
    const size = d.random.pick(d.sizes);
    d.emit({
      size,
      op: [d.random.pick([0x00, 0x10, 0x18, 0x28, 0x38]) + (size === 1 ? 0 : 1)],
      reg: d.register(),
      rm: d.random.pick([0, 1, 2, 3]),
      byteReg: size === 1,
      byteRm: size === 1,
    });
    d.raw(0x9c, 0x58);
  });
  f.add("pushf16", 6, (d) => d.raw(0x66, 0x9c));
  // At CPL 3 with IOPL 0: IF and IOPL stay, the rest is taken. Not TF; not AC either, which would fault below.
  f.add("popf", 40, (d) => {
    const size = d.bits / 8;
    d.put(0x2002_0800, le(d.random.u32() & ~0x4_0100 & 0x003f_7fff & ~0x18_0000, size));
    d.raw(0x9d);
  });
  f.add("popf16", 16, (d) => {
    d.put(0x2002_0800, le(d.random.u32() & 0x7eff, 2));
    d.raw(0x66, 0x9d);
  });
}

export function bits(f: Family): void {
  shifts(f);
  doubleShifts(f);
  bitTests(f);
}

export function flags(f: Family): void {
  decimal(f);
  flagOps(f);
}
