/** MOV, MOVZX, MOVSX, MOVSXD, LEA, XCHG, BSWAP, CBW…CQO, MOVNTI, XLAT, XADD, CMPXCHG, CMPXCHG8B/16B, NOP, SETcc, CMOVcc, Jcc, LOOP. */
import { le } from "../encoder.ts";
import { DATA } from "../layout.ts";
import type { Draft, Family } from "../testCase.ts";
import { operand } from "./arithmetic.ts";

function mov(f: Family): void {
  const sizes = f.bits === 64 ? [1, 2, 4, 8] : [1, 2, 4];
  for (const size of sizes) {
    const w = size === 1 ? 0 : 1;
    const bytes = { byteReg: size === 1, byteRm: size === 1 };
    const name = (text: string) => `${text}${size * 8}`;
    f.add(`${name("mov")} r,r`, 8, (d) =>
      d.emit({ size, op: [d.random.pick([0x88, 0x8a]) + w], reg: operand(d, size), rm: operand(d, size), ...bytes }),
    );
    f.add(`${name("mov")} m,r`, 16, (d) =>
      d.emit({ size, op: [0x88 + w], reg: operand(d, size), rm: d.dataOperand(size), byteReg: size === 1 }),
    );
    f.add(`${name("mov")} r,m`, 16, (d) =>
      d.emit({ size, op: [0x8a + w], reg: operand(d, size), rm: d.dataOperand(size), byteReg: size === 1 }),
    );
    f.add(`${name("mov")} r,imm`, 6, (d) =>
      d.emit({
        size,
        op: [0xc6 + w],
        reg: 0,
        rm: operand(d, size),
        imm: le(d.value(), Math.min(size, 4)),
        byteRm: size === 1,
      }),
    );
    f.add(`${name("mov")} m,imm`, 6, (d) =>
      d.emit({ size, op: [0xc6 + w], reg: 0, rm: d.dataOperand(size), imm: le(d.value(), Math.min(size, 4)) }),
    );
    f.add(`${name("mov")} r,imm short`, 6, (d) =>
      d.emit({
        size,
        op: [size === 1 ? 0xb0 : 0xb8],
        plus: operand(d, size),
        byteRm: size === 1,
        imm: le(d.value(), size),
      }),
    );
    for (const [text, opcode] of [
      ["acc,moffs", 0xa0],
      ["moffs,acc", 0xa2],
    ] as const)
      f.add(`${name("mov")} ${text}`, 4, (d) => {
        const at = d.dataAddress(size);
        d.put(at, le(d.value(), size));
        d.emit({ size, op: [opcode + w], imm: le(at, f.bits / 8) });
      });
    f.add(`${name("xchg")} r,r`, 8, (d) =>
      d.emit({ size, op: [0x86 + w], reg: operand(d, size), rm: operand(d, size), ...bytes }),
    );
    f.add(`${name("xchg")} m,r`, 8, (d) =>
      d.emit({ size, op: [0x86 + w], reg: operand(d, size), rm: d.dataOperand(size), byteReg: size === 1 }),
    );
    f.add(`${name("xadd")} r,r`, 10, (d) =>
      d.emit({ size, op: [0x0f, 0xc0 + w], reg: operand(d, size), rm: operand(d, size), ...bytes }),
    );
    f.add(`${name("xadd")} m,r`, 8, (d) =>
      d.emit({ size, op: [0x0f, 0xc0 + w], reg: operand(d, size), rm: d.dataOperand(size), byteReg: size === 1 }),
    );
    f.add(`${name("cmpxchg")} r,r`, 16, (d) => {
      const rm = operand(d, size);
      if (d.random.chance(2)) d.set(0, d.registers[rm & 15]!);
      d.emit({ size, op: [0x0f, 0xb0 + w], reg: operand(d, size), rm, ...bytes });
    });
    f.add(`${name("cmpxchg")} m,r`, 16, (d) => {
      const rm = d.random.chance(2) ? d.dataOperand(size, [0], d.registers[0]!) : d.dataOperand(size);
      d.emit({
        size,
        op: [0x0f, 0xb0 + w],
        reg: operand(d, size),
        rm,
        byteReg: size === 1,
        ...(d.random.chance(2) ? { prefix: [0xf0] } : {}),
      });
    });
    if (!w) continue;
    f.add(`${name("xchg")} acc,r`, 6, (d) => d.emit({ size, op: [0x90], plus: d.anyRegister() }));
    f.add(`${name("lea")}`, 24, (d) => {
      const mem = d.mem(d.random.u32() | 0);
      d.emit({ size, op: [0x8d], reg: d.anyRegister(), rm: mem });
    });
    f.add(`${name("lea")} 67`, 6, (d) => {
      if (d.bits === 64)
        d.emit({ size, op: [0x8d], reg: d.anyRegister(), rm: { ...d.mem(d.random.u32() | 0), addressPrefix: true } });
      // 16-bit addressing: any mod and rm but mod = 3
      else {
        const modrm = d.random.below(0xc0);
        const disp = modrm >> 6 === 1 ? 1 : modrm >> 6 === 2 || (modrm & 7) === 6 ? 2 : 0;
        d.raw(0x67, ...(size === 2 ? [0x66] : []), 0x8d, modrm, ...le(d.value(), disp));
      }
    });
    for (const [text, opcode] of [
      ["movzx", 0xb6],
      ["movsx", 0xbe],
    ] as const) {
      f.add(`${name(text)} r,r8`, 8, (d) =>
        d.emit({ size, op: [0x0f, opcode], reg: d.anyRegister(), rm: operand(d, 1), byteRm: true }),
      );
      f.add(`${name(text)} r,m8`, 6, (d) =>
        d.emit({ size, op: [0x0f, opcode], reg: d.anyRegister(), rm: d.dataOperand(1) }),
      );
      f.add(`${name(text)} r,r16`, 6, (d) =>
        d.emit({ size, op: [0x0f, opcode + 1], reg: d.anyRegister(), rm: d.anyRegister() }),
      );
      f.add(`${name(text)} r,m16`, 6, (d) =>
        d.emit({ size, op: [0x0f, opcode + 1], reg: d.anyRegister(), rm: d.dataOperand(2) }),
      );
    }
    if (f.bits === 64) {
      f.add(`${name("movsxd")} r,r32`, 6, (d) =>
        d.emit({ size, op: [0x63], reg: d.anyRegister(), rm: d.anyRegister() }),
      );
      f.add(`${name("movsxd")} r,m32`, 6, (d) =>
        d.emit({ size, op: [0x63], reg: d.anyRegister(), rm: d.dataOperand(4) }),
      );
    }
    f.add(`${name("cbw")}`, 6, (d) => d.emit({ size, op: [0x98] }));
    f.add(`${name("cwd")}`, 6, (d) => d.emit({ size, op: [0x99] }));
    if (size >= 4) {
      f.add(`${name("bswap")}`, 8, (d) => d.emit({ size, op: [0x0f, 0xc8], plus: d.anyRegister() }));
      f.add(`${name("movnti")}`, 4, (d) =>
        d.emit({ size, op: [0x0f, 0xc3], reg: d.anyRegister(), rm: d.dataOperand(size) }),
      );
    }
  }
  for (const size of [2, 4])
    f.add(`nop ${size}`, 3, (d) => d.emit({ size, op: [0x0f, 0x1f], reg: 0, rm: d.dataOperand(4) }));
  f.add("pause", 1, (d) => d.raw(0xf3, 0x90));
  f.add("nop 90", 1, (d) => d.raw(0x90));
  f.add("xchg r8,rax", 1, (d) => d.raw(...(d.bits === 64 ? [0x41, 0x90] : [0x91])));
  f.add("fences", 3, (d, n) => d.raw(0x0f, 0xae, 0xe8 + n * 8));
  f.add("xlat", 12, (d) => {
    d.set(3, DATA + 0x400);
    d.raw(0xd7);
  });
}

function wideCompareExchange(f: Family): void {
  for (const size of f.bits === 64 ? [4, 8] : [4]) {
    f.add(`cmpxchg${size * 2}b`, 24, (d) => {
      const at = d.dataAddress(size * 2, size === 8 ? 16 : 1);
      const equal = d.random.chance(2);
      const nearly = d.random.below(3);
      const low = equal || nearly === 0 ? d.registers[0]! : d.value();
      const high = equal || nearly === 1 ? d.registers[2]! : d.value();
      d.put(at, [...le(low, size), ...le(high, size)]);
      d.emit({
        size,
        op: [0x0f, 0xc7],
        reg: 1,
        rm: d.mem(at, 0, 1, 2, 3),
        ...(d.random.chance(2) ? { prefix: [0xf0] } : {}),
      });
    });
  }
}

function conditions(f: Family): void {
  for (let cc = 0; cc < 16; cc++) {
    f.add(`set${cc.toString(16)} r`, 8, (d) =>
      d.emit({ op: [0x0f, 0x90 + cc], reg: 0, rm: operand(d, 1), byteRm: true }),
    );
    f.add(`set${cc.toString(16)} m`, 4, (d) => d.emit({ op: [0x0f, 0x90 + cc], reg: 0, rm: d.dataOperand(1) }));
    for (const size of f.bits === 64 ? [2, 4, 8] : [2, 4]) {
      f.add(`cmov${cc.toString(16)} ${size * 8} r,r`, 5, (d) =>
        d.emit({ size, op: [0x0f, 0x40 + cc], reg: d.anyRegister(), rm: d.anyRegister() }),
      );
      f.add(`cmov${cc.toString(16)} ${size * 8} r,m`, 3, (d) =>
        d.emit({ size, op: [0x0f, 0x40 + cc], reg: d.anyRegister(), rm: d.dataOperand(size) }),
      );
    }
    f.add(`j${cc.toString(16)} short`, 6, (d) => d.raw(0x70 + cc, 3, 0xb0, 0x55, 0xf4, 0xb4, 0xaa));
    f.add(`j${cc.toString(16)} near`, 4, (d) => d.raw(0x0f, 0x80 + cc, 3, 0, 0, 0, 0xb0, 0x55, 0xf4, 0xb4, 0xaa));
    // after a comparison in the same block: fused compare and branch
    for (const size of f.bits === 64 ? [1, 2, 4, 8] : [1, 2, 4])
      f.add(`cmp${size * 8} j${cc.toString(16)}`, 4, (d) => {
        const by = { byteReg: size === 1, byteRm: size === 1 };
        const opcode = d.random.pick([0x38, 0x28, 0x84, 0x00, 0x20]);
        d.emit({ size, op: [opcode + (size === 1 ? 0 : 1)], reg: operand(d, size), rm: operand(d, size), ...by });
        d.raw(0x70 + cc, 3, 0xb0, 0x55, 0xf4, 0xb4, 0xaa);
        d.undefinedFlags = opcode === 0x84 || opcode === 0x20 ? 0x10 : 0;
      });
    f.add(`dec j${cc.toString(16)}`, 3, (d) => {
      const size = d.random.pick(d.sizes);
      d.emit({
        size,
        op: [0xfe + (size === 1 ? 0 : 1)],
        reg: d.random.below(2),
        rm: operand(d, size),
        byteRm: size === 1,
      });
      d.raw(0x70 + cc, 3, 0xb0, 0x55, 0xf4, 0xb4, 0xaa);
    });
  }
}

function loops(f: Family): void {
  for (const [name, opcode] of [
    ["loopne", 0xe0],
    ["loope", 0xe1],
    ["loop", 0xe2],
    ["jcxz", 0xe3],
  ] as const) {
    for (const prefix of [[], [0x67]])
      f.add(`${name} ${prefix.length ? "67" : ""}`, 8, (d) => {
        d.set(1, d.random.pick([0n, 1n, 2n, 0x1_0000n, 0x1_0000_0000n, 0x1_0001n, d.value()]));
        d.raw(...prefix, opcode, 3, 0xb0, 0x55, 0xf4, 0xb4, 0xaa);
      });
    if (opcode !== 0xe3)
      f.add(`${name} counted`, 6, (d) => {
        d.set(1, 1 + d.random.below(20));
        d.emit({ size: 4, op: [0x83], reg: 0, rm: 0, imm: [d.random.below(256)] });
        d.raw(opcode, 0xfb);
      });
  }
  f.add("jmp short", 2, (d) => d.raw(0xeb, 2, 0xb0, 1, 0xb4, 2));
  f.add("jmp near", 2, (d) => d.raw(0xe9, 2, 0, 0, 0, 0xb0, 1, 0xb4, 2));
  f.add("jmp r", 4, (d) => {
    const r = d.register();
    d.emit({ op: [0xff], reg: 4, rm: r });
    d.set(r, d.here + 2);
    d.raw(0xb0, 1, 0xb4, 2);
  });
  f.add("jmp m", 6, (d: Draft) => {
    const at = d.dataAddress(8);
    d.emit({ op: [0xff], reg: 4, rm: d.mem(at) });
    d.put(at, le(d.here + 2, d.bits / 8));
    d.raw(0xb0, 1, 0xb4, 2);
  });
}

export function moves(f: Family): void {
  mov(f);
  wideCompareExchange(f);
}

export function branches(f: Family): void {
  conditions(f);
  loops(f);
}
