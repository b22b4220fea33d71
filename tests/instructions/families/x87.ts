/** x87: loads and stores with results in memory, arithmetic, comparisons, stack and control instructions. */
import { le } from "../encoder.ts";
import { double, extended, FX, fxImage, single, tags } from "../fpState.ts";
import { ARITHMETIC as ARITHMETIC_FLAGS, type Draft, type Family } from "../testCase.ts";

/** Control words: all exceptions masked, precision and rounding any (bit 6 reads as one). */
function control(d: Draft): number {
  const precision = d.random.pick([0x300, 0x300, 0x300, 0x000, 0x200]);
  const rounding = d.random.chance(2) ? 0 : d.random.below(4) << 10;
  const mask = d.random.chance(12) ? d.random.below(0x40) : 0x3f;
  return 0x40 | precision | rounding | mask;
}

const CONDITIONS = 0x4700;
const C1 = 0x200;

/** x87 state with `depth` registers in use. */
function fpu(d: Draft, depth: number, unsupported = true): void {
  const top = d.random.chance(3) ? 0 : d.random.below(8);
  const sticky = d.random.chance(4) ? d.random.below(0x40) : 0;
  const fcw = control(d);
  // An unmasked exception pending at the start would fault at once: a case of its own.
  const fsw = (top << 11) | (d.random.u32() & CONDITIONS) | (sticky & fcw & 0x3f);
  d.fx = fxImage(d.random, { fcw, fsw, ftw: tags(top, depth) });
  for (let i = 0; i < 8; i++) d.fx.set(extended(d.random, unsupported), FX.ST + 16 * i);
}

/**
 * For comparisons: with an unmasked invalid operand the SDM leaves condition codes and EFLAGS as they were (vol. 2A, FCOM, FCOMI);
 * AMD's processors set them. FCOMI and the like clear C1 on Intel's, not on AMD's.
 */
function comparison(d: Draft, toFlags: boolean): void {
  const unmasked = (new DataView(d.fx!.buffer).getUint16(FX.FCW, true) & 3) !== 3;
  d.undefinedStatus = (unmasked ? CONDITIONS : 0) | (toFlags ? C1 : 0);
  if (unmasked && toFlags) d.undefinedFlags = ARITHMETIC_FLAGS;
}

const depth = (d: Draft) => (d.random.chance(12) ? d.random.below(9) : 4 + d.random.below(4));

function realOperand(d: Draft, size: number): number[] {
  if (size === 4) return le(single(d.random), 4);
  if (size === 8) return le(double(d.random), 8);
  return [...extended(d.random, true)];
}

function integerOperand(d: Draft, size: number): number[] {
  return le(d.random.chance(2) ? d.value() : d.random.u64(), size);
}

function atData(d: Draft, bytes: number[]): ReturnType<Draft["mem"]> {
  const at = d.dataAddress(bytes.length);
  d.put(at, bytes);
  return d.mem(at);
}

const ARITHMETIC_NAMES = ["fadd", "fmul", "fcom", "fcomp", "fsub", "fsubr", "fdiv", "fdivr"] as const;

function arithmetic(f: Family): void {
  for (const [op, name] of ARITHMETIC_NAMES.entries()) {
    for (const [text, opcode, size] of [
      ["m32", 0xd8, 4],
      ["m64", 0xdc, 8],
      ["m32int", 0xda, 4],
      ["m16int", 0xde, 2],
    ] as const)
      f.add(`${name} ${text}`, 10, (d) => {
        fpu(d, depth(d));
        if (op === 2 || op === 3) comparison(d, false);
        const bytes = opcode === 0xd8 || opcode === 0xdc ? realOperand(d, size) : integerOperand(d, size);
        d.emit({ op: [opcode], reg: op, rm: atData(d, bytes) });
      });
    for (const [text, opcode] of [
      ["st,sti", 0xd8],
      ["sti,st", 0xdc],
      ["pop", 0xde],
    ] as const) {
      if (opcode !== 0xd8 && (op === 2 || op === 3)) continue;
      f.add(`${name} ${text}`, 18, (d) => {
        fpu(d, depth(d));
        if (op === 2 || op === 3) comparison(d, false);
        d.raw(opcode, 0xc0 + op * 8 + d.random.below(d.random.chance(4) ? 8 : 4));
      });
    }
  }
  f.add("fcompp", 12, (d) => {
    fpu(d, depth(d));
    comparison(d, false);
    d.raw(0xde, 0xd9);
  });
  f.add("fucompp", 12, (d) => {
    fpu(d, depth(d));
    comparison(d, false);
    d.raw(0xda, 0xe9);
  });
  for (const [name, opcode, base] of [
    ["fucom", 0xdd, 0xe0],
    ["fucomp", 0xdd, 0xe8],
    ["fcomi", 0xdb, 0xf0],
    ["fucomi", 0xdb, 0xe8],
    ["fcomip", 0xdf, 0xf0],
    ["fucomip", 0xdf, 0xe8],
  ] as const)
    f.add(name, 16, (d) => {
      fpu(d, depth(d));
      comparison(d, opcode !== 0xdd);
      d.raw(opcode, base + d.random.below(5));
    });
  for (let cc = 0; cc < 8; cc++)
    f.add(`fcmov${cc}`, 6, (d) => {
      fpu(d, depth(d));
      d.raw(cc < 4 ? 0xda : 0xdb, 0xc0 + (cc & 3) * 8 + d.random.below(6));
    });
}

function loadsAndStores(f: Family): void {
  for (const [name, opcode, reg, size] of [
    ["fld m32", 0xd9, 0, 4],
    ["fld m64", 0xdd, 0, 8],
    ["fld m80", 0xdb, 5, 10],
  ] as const)
    f.add(name, 16, (d) => {
      fpu(d, depth(d));
      d.emit({ op: [opcode], reg, rm: atData(d, realOperand(d, size)) });
    });
  for (const [name, opcode, reg, size] of [
    ["fild m16", 0xdf, 0, 2],
    ["fild m32", 0xdb, 0, 4],
    ["fild m64", 0xdf, 5, 8],
  ] as const)
    f.add(name, 12, (d) => {
      fpu(d, depth(d));
      d.emit({ op: [opcode], reg, rm: atData(d, integerOperand(d, size)) });
    });
  f.add("fbld", 12, (d) => {
    fpu(d, depth(d));
    const digits = [...d.random.bytes(9)].map((byte) => (((byte >> 4) % 10) << 4) | ((byte & 15) % 10));
    d.emit({ op: [0xdf], reg: 4, rm: atData(d, [...digits, d.random.pick([0, 0x80])]) });
  });
  for (const [name, opcode, reg, size] of [
    ["fst m32", 0xd9, 2, 4],
    ["fstp m32", 0xd9, 3, 4],
    ["fst m64", 0xdd, 2, 8],
    ["fstp m64", 0xdd, 3, 8],
    ["fstp m80", 0xdb, 7, 10],
    ["fist m16", 0xdf, 2, 2],
    ["fistp m16", 0xdf, 3, 2],
    ["fist m32", 0xdb, 2, 4],
    ["fistp m32", 0xdb, 3, 4],
    ["fistp m64", 0xdf, 7, 8],
    ["fbstp", 0xdf, 6, 10],
  ] as const)
    f.add(name, name.startsWith("fi") ? 24 : 18, (d) => {
      fpu(d, depth(d));
      if (name.startsWith("fi") && d.random.chance(2)) {
        // of the size to fit
        const exponent = 0x3fff - 2 + d.random.below(size * 8 + 4);
        d.fx!.set([...le(d.random.u64() | (1n << 63n), 8), ...le(exponent | (d.random.below(2) << 15), 2)], FX.ST);
      }
      d.emit({ op: [opcode], reg, rm: atData(d, [...d.random.bytes(size)]) });
    });
  for (const [name, opcode, base] of [
    ["fld st", 0xd9, 0xc0],
    ["fxch", 0xd9, 0xc8],
    ["fst st", 0xdd, 0xd0],
    ["fstp st", 0xdd, 0xd8],
    ["ffree", 0xdd, 0xc0],
  ] as const)
    f.add(name, 12, (d) => {
      fpu(d, depth(d));
      d.raw(opcode, base + d.random.below(8));
    });
  for (let n = 0; n < 7; n++)
    f.add(`fld constant ${n}`, 6, (d) => {
      fpu(d, depth(d));
      d.raw(0xd9, 0xe8 + n);
    });
}

function unary(f: Family): void {
  for (const [name, code, count] of [
    ["fchs", 0xe0, 8],
    ["fabs", 0xe1, 8],
    ["ftst", 0xe4, 16],
    ["fxam", 0xe5, 40],
    ["fxtract", 0xf4, 24],
    ["fprem1", 0xf5, 40],
    ["fdecstp", 0xf6, 4],
    ["fincstp", 0xf7, 4],
    ["fprem", 0xf8, 40],
    ["fsqrt", 0xfa, 40],
    ["frndint", 0xfc, 40],
    ["fscale", 0xfd, 30],
  ] as const)
    f.add(name, count, (d) => {
      fpu(d, depth(d));
      if ((name === "fprem" || name === "fprem1") && d.random.chance(2)) {
        // exponents near one another, so that one step completes
        const exponent = 0x3fff + d.random.below(60);
        d.fx!.set([...le(d.random.u64() | (1n << 63n), 8), ...le(exponent, 2)], FX.ST);
        d.fx!.set([...le(d.random.u64() | (1n << 63n), 8), ...le(exponent - d.random.below(64), 2)], FX.ST + 16);
      }
      if (name === "fscale" && d.random.chance(2))
        d.fx!.set(
          [...le((BigInt(d.random.below(256)) << 56n) | (1n << 63n), 8), ...le(0x3fff + d.random.below(14), 2)],
          FX.ST + 16,
        );
      d.raw(0xd9, code);
    });
}

function controlInstructions(f: Family): void {
  f.add("fnstcw", 6, (d) => {
    fpu(d, depth(d));
    d.emit({ op: [0xd9], reg: 7, rm: d.dataOperand(2) });
  });
  f.add("fldcw", 12, (d) => {
    fpu(d, depth(d));
    d.emit({ op: [0xd9], reg: 5, rm: atData(d, le(control(d), 2)) });
  });
  f.add("fnstsw m", 6, (d) => {
    fpu(d, depth(d));
    d.emit({ op: [0xdd], reg: 7, rm: d.dataOperand(2) });
  });
  for (const [name, ...code] of [
    ["fnstsw ax", 0xdf, 0xe0],
    ["fnclex", 0xdb, 0xe2],
    ["fninit", 0xdb, 0xe3],
    ["fnop", 0xd9, 0xd0],
    ["fwait", 0x9b],
  ] as const)
    f.add(name, 6, (d) => {
      fpu(d, depth(d));
      d.raw(...code);
    });
  const pointers = (d: Draft, at: number) => d.ignoredMemory.push({ address: at + 12, length: 16 });
  f.add("fnstenv", 10, (d) => {
    fpu(d, d.random.below(9));
    const at = d.dataAddress(32);
    // Instruction and data pointers: AMD keeps them only while an exception is pending. The words' upper halves are reserved.
    pointers(d, at);
    d.emit({ op: [0xd9], reg: 6, rm: d.mem(at) });
  });
  f.add("fnsave", 10, (d) => {
    fpu(d, d.random.below(9));
    const at = d.dataAddress(128);
    pointers(d, at);
    d.emit({ op: [0xdd], reg: 6, rm: d.mem(at) });
  });
  const environment = (d: Draft) => {
    const words = [
      control(d),
      (d.random.below(8) << 11) | (d.random.u32() & CONDITIONS),
      d.random.u32() & 0xffff,
      0,
      0,
      0,
      0,
    ];
    return words.flatMap((word) => le(word, 4));
  };
  f.add("fldenv", 10, (d) => {
    fpu(d, depth(d));
    d.emit({ op: [0xd9], reg: 4, rm: atData(d, environment(d)) });
  });
  f.add("frstor", 10, (d) => {
    fpu(d, depth(d));
    const registers = Array.from({ length: 8 }, () => [...extended(d.random)]).flat();
    d.emit({ op: [0xdd], reg: 4, rm: atData(d, [...environment(d), ...registers]) });
  });
  // A pending unmasked exception: the next waiting instruction gives #MF, a non-waiting one does not.
  for (const [name, ...code] of [
    ["fld1", 0xd9, 0xe8],
    ["fwait", 0x9b],
    ["fnop", 0xd9, 0xd0],
    ["fnstsw ax", 0xdf, 0xe0],
    ["emms", 0x0f, 0x77],
    ["fnclex", 0xdb, 0xe2],
  ] as const)
    f.add(`${name} with #MF pending`, 4, (d) => {
      fpu(d, 4);
      const flag = 1 << d.random.below(6);
      const view = new DataView(d.fx!.buffer);
      view.setUint16(FX.FCW, 0x37f & ~flag, true);
      view.setUint16(FX.FSW, view.getUint16(FX.FSW, true) | flag | 0x8080, true);
      d.raw(...code);
    });
}

/** Several instructions: values flow through the stack and memory. */
function programs(f: Family): void {
  f.add("x87 program", f.bits === 64 ? 200 : 150, (d) => {
    fpu(d, 4, false);
    new DataView(d.fx!.buffer).setUint16(FX.FCW, control(d) | 0x3f, true);
    for (let n = 0; n < 6; n++) {
      const kind = d.random.below(5);
      if (kind === 0) d.raw(0xd9, 0xe8 + d.random.pick([0, 1, 3, 6]));
      else if (kind === 1)
        d.raw(d.random.pick([0xd8, 0xdc]), 0xc0 + d.random.pick([0, 1, 4, 5, 6, 7]) * 8 + d.random.below(3));
      else if (kind === 2) d.raw(0xde, 0xc0 + d.random.pick([0, 1, 4, 5, 6, 7]) * 8 + 1);
      else if (kind === 3) d.raw(0xd9, d.random.pick([0xc0, 0xc1, 0xc9, 0xca, 0xe0, 0xe1]));
      else d.raw(0xd9, d.random.pick([0xfa, 0xfc]));
    }
    d.emit({ op: [0xdd], reg: 3, rm: d.dataOperand(8) });
  });
}

export function x87(f: Family): void {
  arithmetic(f);
  loadsAndStores(f);
  unary(f);
  controlInstructions(f);
  programs(f);
}
