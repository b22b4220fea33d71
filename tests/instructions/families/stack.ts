/** PUSH, POP, PUSHA, POPA, ENTER, LEAVE, CALL, RET; string instructions. */
import { le } from "../encoder.ts";
import { DATA, STACK, STACK_TOP } from "../layout.ts";
import { type Draft, F, type Family } from "../testCase.ts";

/** Operand sizes of stack instructions. */
const stackSizes = (f: Family) => (f.bits === 64 ? [2, 8] : [2, 4]);
/** The size field of an instruction whose operand size defaults to 64 bits. */
const sized = (size: number) => (size === 2 ? { size: 2 } : {});

function pushPop(f: Family): void {
  for (const size of stackSizes(f)) {
    const name = (text: string) => `${text}${size * 8}`;
    f.add(`${name("push")} r`, 12, (d) => d.emit({ ...sized(size), op: [0x50], plus: d.anyRegister() }));
    f.add(`${name("push")} sp`, 2, (d) => d.emit({ ...sized(size), op: [0x50], plus: 4 }));
    f.add(`${name("push")} r/m`, 6, (d) => d.emit({ ...sized(size), op: [0xff], reg: 6, rm: d.anyRegister() }));
    f.add(`${name("push")} m`, 10, (d) => d.emit({ ...sized(size), op: [0xff], reg: 6, rm: d.dataOperand(size) }));
    f.add(`${name("push")} [sp]`, 3, (d) =>
      d.emit({ ...sized(size), op: [0xff], reg: 6, rm: { base: 4, disp: d.random.below(64) - 32 } }),
    );
    f.add(`${name("push")} imm`, 4, (d) =>
      d.emit({ ...sized(size), op: [0x68], imm: le(d.value(), Math.min(size, 4)) }),
    );
    f.add(`${name("push")} imm8`, 4, (d) => d.emit({ ...sized(size), op: [0x6a], imm: le(d.value(), 1) }));
    f.add(`${name("pop")} r`, 12, (d) => d.emit({ ...sized(size), op: [0x58], plus: d.anyRegister() }));
    f.add(`${name("pop")} sp`, 2, (d) => d.emit({ ...sized(size), op: [0x58], plus: 4 }));
    f.add(`${name("pop")} r/m`, 6, (d) => d.emit({ ...sized(size), op: [0x8f], reg: 0, rm: d.anyRegister() }));
    f.add(`${name("pop")} m`, 10, (d) => d.emit({ ...sized(size), op: [0x8f], reg: 0, rm: d.dataOperand(size) }));
    // The address is computed with the stack pointer after the pop (SDM vol. 2B, POP).
    f.add(`${name("pop")} [sp]`, 4, (d) =>
      d.emit({ ...sized(size), op: [0x8f], reg: 0, rm: { base: 4, disp: d.random.below(64) - 32 } }),
    );
    f.add(`${name("push")} pop mix`, 8, (d) => {
      for (let n = 0; n < 4; n++)
        d.emit({ ...sized(d.random.pick([size, size, 2])), op: [0x50], plus: d.anyRegister() });
      for (let n = 0; n < 4; n++) d.emit({ ...sized(size), op: [0x58], plus: d.register() });
    });
    if (f.bits === 32) {
      f.add(`${name("pusha")}`, 6, (d) => d.emit({ ...sized(size), op: [0x60] }));
      f.add(`${name("popa")}`, 6, (d) => d.emit({ ...sized(size), op: [0x61] }));
    }
  }
}

function frames(f: Family): void {
  for (const size of stackSizes(f)) {
    f.add(`enter${size * 8}`, 12, (d, n) => {
      d.set(5, STACK_TOP - 0x100);
      d.emit({ ...sized(size), op: [0xc8], imm: [...le(d.random.below(0x100), 2), n < 4 ? 0 : d.random.below(34)] });
    });
    f.add(`leave${size * 8}`, 6, (d) => {
      d.set(5, STACK + d.random.below(0xf00));
      d.emit({ ...sized(size), op: [0xc9] });
    });
  }
  const word = f.bits / 8;
  f.add("call near", 3, (d) => d.raw(0xe8, 3, 0, 0, 0, 0xb0, 1, 0xf4, 0xb4, 2));
  f.add("call, ret", 4, (d) =>
    d.raw(0xe8, 3, 0, 0, 0, 0xb0, 1, 0xf4, 0xb4, 2, ...(d.random.chance(2) ? [0xc3] : [0xc2, 0x10, 0])),
  );
  f.add("call r", 5, (d) => {
    const r = d.register();
    d.emit({ op: [0xff], reg: 2, rm: r });
    d.set(r, d.here + 2);
    d.raw(0xb0, 1, 0xb4, 2);
  });
  f.add("call m", 8, (d) => {
    const at = d.dataAddress(8);
    d.emit({ op: [0xff], reg: 2, rm: d.mem(at) });
    d.put(at, le(d.here + 2, word));
    d.raw(0xb0, 1, 0xb4, 2);
  });
  f.add("call sp", 2, (d) => {
    // the old stack pointer is the target
    d.emit({ op: [0xff], reg: 2, rm: { base: 4, disp: 8 } });
    d.put(STACK_TOP + 8, le(d.here + 2, word));
    d.raw(0xb0, 1, 0xb4, 2);
  });
  f.add("ret", 4, (d) => {
    d.raw(0xc3, 0xb0, 1);
    d.put(STACK_TOP, le(d.at + 1, word));
  });
  f.add("ret imm", 6, (d) => {
    d.raw(0xc2, ...le(d.random.below(0x8000), 2), 0xb0, 1);
    d.put(STACK_TOP, le(d.at + 3, word));
  });
}

const STRINGS = [
  ["movs", 0xa4],
  ["cmps", 0xa6],
  ["stos", 0xaa],
  ["lods", 0xac],
  ["scas", 0xae],
] as const;

/** Pointers in the data pages, for `count` elements in the direction of DF. */
function pointers(d: Draft, size: number, count: number): void {
  const down = (d.flags & F.DF) !== 0;
  const start = () => DATA + 0x800 + d.random.below(0x1000) - (down ? 0 : (count * size) >> 1);
  const from = start();
  const overlap = d.random.chance(4);
  d.set(6, from);
  d.set(7, overlap ? from + d.random.below(17) - 8 : start());
}

function strings(f: Family): void {
  for (const [name, opcode] of STRINGS) {
    const compares = name === "cmps" || name === "scas";
    for (const size of f.bits === 64 ? [1, 2, 4, 8] : [1, 2, 4]) {
      const op = [opcode + (size === 1 ? 0 : 1)];
      f.add(`${name}${size * 8}`, 8, (d) => {
        if (d.random.chance(2)) d.flags |= F.DF;
        pointers(d, size, 1);
        d.emit({ size, op });
      });
      for (const prefix of [0xf3, 0xf2]) {
        f.add(`${prefix === 0xf3 ? "rep" : "repne"} ${name}${size * 8}`, 14, (d, n) => {
          if (d.random.chance(2)) d.flags |= F.DF;
          const count = n === 0 ? 0 : n === 1 ? 1 : d.random.below(n < 8 ? 12 : 400 / size);
          pointers(d, size, count);
          d.set(1, count);
          if (compares && d.random.chance(2)) agree(d, name === "scas", size, count, prefix === 0xf2);
          if (d.bits === 64 && count > 0 && d.random.chance(6)) {
            // 67: ECX, ESI, EDI; what lies above is ignored, and cleared when they are written. (With ECX = 0 processors differ:
            // AMD leaves RCX alone.)
            d.registers[1] = d.registers[1]! | (d.random.u64() << 32n);
            d.emit({ size, prefix: [prefix, 0x67], op });
          } else d.emit({ size, prefix: [prefix], op });
        });
      }
    }
  }
}

/** Makes most elements agree (or differ), so that the repetition goes on for a while. */
function agree(d: Draft, scas: boolean, size: number, count: number, differ: boolean): void {
  if (count === 0) return;
  const step = (d.flags & F.DF) !== 0 ? -size : size;
  const stop = d.random.below(count + 3);
  const element = le(d.random.u64(), size);
  const other = element.map((byte, n) => (n === size - 1 ? byte ^ 0x80 : byte));
  if (scas)
    d.set(
      0,
      (d.registers[0]! & ~((1n << BigInt(8 * size)) - 1n)) |
        BigInt(
          `0x${[...element]
            .reverse()
            .map((b) => b.toString(16).padStart(2, "0"))
            .join("")}`,
        ),
    );
  const source = Number(d.registers[6]);
  const target = Number(d.registers[7]);
  const low = (base: number) => (step < 0 ? base + step * (count - 1) : base);
  const fill = (base: number, at: (n: number) => number[]) => {
    const bytes: number[] = [];
    for (let n = 0; n < count; n++) bytes.push(...at(step < 0 ? count - 1 - n : n));
    d.put(low(base), bytes);
  };
  if (!scas) fill(source, () => element);
  fill(target, (n) => ((n === stop) !== differ ? other : element));
}

export function stack(f: Family): void {
  pushPop(f);
  frames(f);
}

export function stringInstructions(f: Family): void {
  strings(f);
}
