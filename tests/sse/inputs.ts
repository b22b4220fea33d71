// The test cases: every MMX, SSE and SSE2 encoding with registers 1 and 2, or with 1 and memory at RDI, and operands of
// its kind. Deterministic by seed, so that only the results need to be stored.
//
// Input, 128 bytes:   0 u8 length, 1 code, 16 XMM1, 32 XMM2, 48 MM1, 56 MM2, 64 RCX, 72 RDX, 80 memory, 96 u32 MXCSR
// Output, 128 bytes:  0 XMM1, 16 XMM2, 32 MM1, 40 MM2, 48 RCX, 56 RDX, 64 memory, 80 u32 MXCSR, 84 u32 EFLAGS,
//                     88 u32 exception vector, 92 u8 tags (FXSAVE), 93 u8 TOP, 94 u16 exponent of MM1
export const RECORD_BYTES = 128;

/** [offset in the output, in the input, bytes] of what an instruction mostly leaves alone. */
export const UNCHANGED: readonly (readonly [number, number, number])[] = [
  [0, 16, 32],
  [32, 48, 32],
  [64, 80, 16],
  [80, 96, 4],
];

const SINGLES = [
  0, 1, 2, 0x7fffff, 0x800000, 0x800001, 0xffffff, 0x1000000, 0x3f800000, 0x3f800001, 0x3f7fffff, 0x40000000,
  0x40400000, 0x3f000000, 0x3effffff, 0x4b000000, 0x4b000001, 0x4effffff, 0x4f000000, 0x4f000001, 0x5effffff,
  0x5f000000, 0x7f7fffff, 0x7f7ffffe, 0x7f000000, 0x7f800000, 0x7f800001, 0x7fbfffff, 0x7fc00000, 0x7fc12345,
  0x7fffffff, 0x3fc00000, 0x20000000, 0x1fffffff, 0x5f7fffff, 0x400000, 0x3eaaaaab, 0x33800000, 0x34000000, 0x42c80000,
];
/** High and low halves. */
const DOUBLES = [
  [0, 0],
  [0, 1],
  [0, 2],
  [0xfffff, 0xffffffff],
  [0x100000, 0],
  [0x100000, 1],
  [0x1fffff, 0xffffffff],
  [0x200000, 0],
  [0x3ff00000, 0],
  [0x3ff00000, 1],
  [0x3fefffff, 0xffffffff],
  [0x40000000, 0],
  [0x40080000, 0],
  [0x3fe00000, 0],
  [0x3fdfffff, 0xffffffff],
  [0x43300000, 0],
  [0x43300000, 1],
  [0x41dfffff, 0xffc00000],
  [0x41dfffff, 0xffe00000],
  [0x41e00000, 0],
  [0x41dfffff, 0xffd00000],
  [0x41e00000, 0x100000],
  [0x41e00000, 0x200000],
  [0x43dfffff, 0xffffffff],
  [0x43e00000, 0],
  [0x7fefffff, 0xffffffff],
  [0x7fefffff, 0xfffffffe],
  [0x7fe00000, 0],
  [0x7ff00000, 0],
  [0x7ff00000, 1],
  [0x7ff7ffff, 0xffffffff],
  [0x7ff80000, 0],
  [0x7ff81234, 0x56789abc],
  [0x7fffffff, 0xffffffff],
  [0x20000000, 0],
  [0x1fffffff, 0xffffffff],
  [0x47efffff, 0xe0000000],
  [0x47efffff, 0xefffffff],
  [0x47efffff, 0xf0000000],
  [0x38100000, 0],
  [0x380fffff, 0xffffffff],
  [0x380fffff, 0xf0000000],
  [0x380fffff, 0xe0000000],
  [0x36a00000, 0],
  [0x36a00000, 1],
  [0x36900000, 0],
  [0x36900000, 1],
  [0x80000, 0],
  [0x40240000, 0],
  [0x3ca00000, 0],
  [0x3cb00000, 0],
] as const;
const WORDS = [0, 0xffff, 0x7fff, 0x8000, 1, 0x80, 0xff7f];
const PREFIXES = [0, 0x66, 0xf3, 0xf2];

const scratch = new DataView(new ArrayBuffer(8));

type Pair = readonly [high: number, low: number];

class Random {
  private a: number;
  private b = 0x9e3779b9;
  private c = 0x243f6a88;
  private counter = 1;

  constructor(seed: number) {
    this.a = seed | 0;
    for (let n = 0; n < 20; n++) this.next();
  }

  /** 32 random bits: sfc32 (Chris Doty-Humphrey, PractRand). */
  next(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  below(limit: number): number {
    return this.next() % limit;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  single(): number {
    const bits = this.next();
    switch (this.below(8)) {
      case 0:
      case 1:
      case 2:
        return this.pick(SINGLES) | (bits & 0x80000000);
      case 3:
        return bits;
      case 4:
        return (bits & 0x807fffff) | ((117 + this.below(50)) << 23);
      case 5:
        scratch.setFloat32(0, (this.below(2001) - 1000) / (1 << this.below(4)));
        return scratch.getUint32(0);
      case 6:
        return bits & 0x80ffffff;
      default:
        return (bits & 0x807fffff & -(1 << this.below(24))) | ((90 + this.below(80)) << 23);
    }
  }

  double(): Pair {
    const high = this.next();
    const low = this.next();
    switch (this.below(8)) {
      case 0:
      case 1:
      case 2: {
        const [h, l] = this.pick(DOUBLES);
        return [h | (high & 0x80000000), l];
      }
      case 3:
        return [high, low];
      case 4:
        return [(high & 0x800fffff) | ((1000 + this.below(90)) << 20), low];
      case 5:
        scratch.setFloat64(0, (this.below(2001) - 1000) / (1 << this.below(4)));
        return [scratch.getUint32(0), scratch.getUint32(4)];
      case 6:
        return [(high & 0x800fffff) | ((0x366 + this.below(this.below(2) ? 300 : 40)) << 20), low];
      default:
        if (this.below(2)) return [(high & 0x800fffff & -(1 << this.below(20))) | ((900 + this.below(250)) << 20), 0];
        return [(high & 0x800fffff) | ((900 + this.below(250)) << 20), low & -(1 << this.below(32))];
    }
  }

  word(): number {
    return this.below(3) ? this.below(0x10000) : this.pick(WORDS);
  }

  /** kind: 0 single, 1 double, 2 words, 3 random bits. */
  quadword(kind: number): Pair {
    if (kind === 0) return [this.single(), this.single()];
    if (kind === 1) return this.double();
    if (kind === 2) return [(this.word() << 16) | this.word(), (this.word() << 16) | this.word()];
    return [this.next(), this.next()];
  }

  mxcsr(): number {
    const sticky = this.below(64);
    const rounding = this.below(4) << 13;
    switch (this.below(8)) {
      case 0:
      case 1:
        return 0x1f80;
      case 2:
      case 3:
        return 0x1fa0;
      case 4:
        return 0x1f80 | rounding | sticky;
      case 5:
        return 0x1f80 | rounding | this.pick([0x8040, 0x8000, 0x40]);
      case 6:
        return (0x1f80 ^ (0x80 << this.below(6))) | rounding;
      default:
        return this.next() & 0xffff;
    }
  }
}

interface Encoding {
  opcode: number;
  /** 0 none, 1 66, 2 F3, 3 F2. */
  prefix: number;
  rexW: boolean;
  modrm: number | undefined;
}

/** SSE3, SSE4A and what is not in decode/sseRows.ts. */
function isSkipped(opcode: number, prefix: number): boolean {
  if (opcode === 0x12 || opcode === 0x16 || opcode === 0x2b || opcode === 0xf0) return prefix >= 2;
  return (opcode >= 0x78 && opcode <= 0x7d) || [0xd0, 0xc3].includes(opcode);
}

function* opcodes(): Generator<number, void> {
  for (const [first, last] of [
    [0x10, 0x17],
    [0x28, 0x2f],
    [0x50, 0x7f],
    [0xc2, 0xc6],
    [0xd0, 0xff],
  ] as const)
    for (let opcode = first; opcode <= last; opcode++) yield opcode;
}

function encodings(): Encoding[] {
  const all: Encoding[] = [];
  for (const opcode of opcodes()) {
    for (let prefix = 0; prefix < 4; prefix++) {
      if (isSkipped(opcode, prefix)) continue;
      const isGroup = opcode >= 0x71 && opcode <= 0x73;
      if (isGroup && prefix >= 2) continue;
      const modrms = isGroup
        ? [0, 1, 2, 3, 4, 5, 6, 7].map((reg) => 0xc1 | (reg << 3))
        : opcode === 0x77
          ? [undefined]
          : opcode === 0xf7
            ? [0xca]
            : [0xca, 0x0f];
      const widths = [0x2a, 0x2c, 0x2d, 0x6e, 0x7e].includes(opcode) ? [false, true] : [false];
      for (const rexW of widths) for (const modrm of modrms) all.push({ opcode, prefix, rexW, modrm });
    }
  }
  return all;
}

function hasImmediate(opcode: number): boolean {
  return (opcode >= 0x70 && opcode <= 0x73) || opcode === 0xc2 || (opcode >= 0xc4 && opcode <= 0xc6);
}

/** Operands of the instruction's own type most of the time. */
function operandKind(g: Random, { opcode, prefix }: Encoding): number {
  const other = g.below(4);
  if (!g.below(8)) return other;
  if (opcode === 0x5b) return prefix ? 0 : 3;
  if (opcode === 0xe6) return 1;
  const isFloat = (opcode >= 0x50 && opcode < 0x60) || opcode === 0xc2 || (opcode >= 0x2c && opcode <= 0x2f);
  return isFloat ? prefix & 1 : other;
}

function encode(g: Random, { opcode, prefix, rexW, modrm }: Encoding): number[] {
  const code: number[] = [];
  if (prefix) code.push(PREFIXES[prefix] as number);
  if (rexW) code.push(0x48);
  code.push(0x0f, opcode);
  if (modrm !== undefined) code.push(modrm);
  if (hasImmediate(opcode)) code.push(opcode >= 0x71 && opcode <= 0x73 && g.below(4) ? g.below(20) : g.below(256));
  return code;
}

function fillInput(g: Random, e: Encoding, view: DataView, bytes: Uint8Array): void {
  const put = (at: number, [high, low]: Pair) => {
    view.setUint32(at, low, true);
    view.setUint32(at + 4, high, true);
  };
  const code = encode(g, e);
  bytes[0] = code.length;
  bytes.set(code, 1);
  const kind = operandKind(g, e);
  for (const at of [16, 24, 32, 40, 48, 56, 80, 88]) put(at, g.quadword(kind));
  if (!g.below(4)) {
    // Nearly equal operands: cancellation, comparisons.
    bytes.copyWithin(32, 16, 32);
    bytes.copyWithin(80, 16, 32);
    for (const at of [32, 80]) bytes[at + g.below(16)]! ^= 1 << g.below(8);
  }
  if (e.opcode >= 0xd1 && e.opcode <= 0xf3 && g.below(2)) for (const at of [32, 56, 80]) put(at, [0, g.below(70)]);
  put(64, [g.next(), g.next()]);
  put(
    72,
    g.below(2)
      ? [g.next(), g.next()]
      : g.below(2)
        ? [g.below(2) * -1, g.next() >> g.below(32)]
        : [1 << g.below(32), g.below(3) - 1],
  );
  view.setUint32(96, g.mxcsr(), true);
}

/** `rounds` times every encoding. */
export function makeInputs(seed: number, rounds: number): Uint8Array {
  const all = encodings();
  const inputs = new Uint8Array(rounds * all.length * RECORD_BYTES);
  const g = new Random(seed);
  let at = 0;
  for (let round = 0; round < rounds; round++) {
    for (const encoding of all) {
      fillInput(g, encoding, new DataView(inputs.buffer, at, RECORD_BYTES), inputs.subarray(at, at + RECORD_BYTES));
      at += RECORD_BYTES;
    }
  }
  return inputs;
}
