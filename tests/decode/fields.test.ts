/** The fields of the record in the cases that are easy to get wrong. */
import { beforeAll, describe, expect, it } from "vitest";
import { type Bits, type Decoded, DecoderHarness, hex, readEnum, ZERO } from "./harness.js";

const ES = 0;
const SS = 2;
const DS = 3;
const FS = 4;
const [RR, MR, RM, SPECIAL] = [0, 1, 2, 3];
const [FLAT64, FLAT32, GENERAL] = [0, 1, 2];
const REPNE = 1;
const REP = 2;
const ENDS_BLOCK = 128;
const MODE = readEnum("cpu/state.ts", "Mode");
const OP = readEnum("decode/op.ts", "Op");

let decoder: DecoderHarness;

beforeAll(async () => {
  decoder = await DecoderHarness.create();
});

function decode(bits: Bits, bytes: string, ip: number | bigint = 0x1000): Decoded {
  return decoder.decode(bits, hex(bytes), { ip });
}

/** Rows of [bits, bytes, fields]. */
function table(rows: [Bits, string, Partial<Decoded>][]): void {
  for (const [bits, bytes, fields] of rows) expect.soft(decode(bits, bytes), `${bits} ${bytes}`).toMatchObject(fields);
}

describe("registers", () => {
  it("takes 4-7 as the high bytes only without REX", () => {
    table([
      [64, "88 e0", { name: "MOV", size: 0, form: RR, dstAt: 0, srcAt: 1 }],
      [64, "40 88 e0", { dstAt: 0, srcAt: 4 * 8 }],
      [64, "44 88 f8", { dstAt: 0, srcAt: 15 * 8 }],
      [32, "b7 12", { name: "MOV", dstAt: 3 * 8 + 1, srcAt: "imm", imm: 0x12n }],
      [64, "0f b6 c4", { name: "MOVZX8", size: 2, dstAt: 0, srcAt: 1 }],
      [64, "48 0f be c6", { name: "MOVSX8", size: 3, dstAt: 0, srcAt: 6 * 8 }],
      [64, "0f 94 c5", { name: "SETCC", size: 0, dstAt: 8 + 1, regField: 4 }],
    ]);
  });

  it("counts REX only right before the opcode", () => {
    table([
      [64, "48 66 89 c8", { size: 1, dstAt: 0 }],
      [64, "66 48 89 c8", { size: 3 }],
      [64, "49 48 01 c0", { size: 3, dstAt: 0 }],
      [64, "41 0f c8", { name: "BSWAP", dstAt: 8 * 8 }],
      [64, "48 2e 88 e0", { srcAt: 1 }],
    ]);
  });
});

describe("operand size", () => {
  it("is 64 bits for stack and near branches in 64-bit mode", () => {
    table([
      [64, "50", { name: "PUSH", size: 3, srcAt: 0, segment: SS }],
      [64, "66 50", { size: 1 }],
      [64, "41 57", { srcAt: 15 * 8 }],
      [64, "6a fe", { name: "PUSH", size: 3, srcAt: "imm", imm: -2n }],
      [64, "68 00 00 00 80", { size: 3, imm: -0x8000_0000n }],
      [64, "66 68 00 80", { size: 1, imm: -0x8000n }],
      [64, "ff 30", { name: "PUSH", form: RM, size: 3, segment: DS }],
      [64, "ff 10", { name: "CALL_INDIRECT", form: RM, size: 3 }],
      [64, "66 ff e0", { name: "JMP_INDIRECT", form: RR, size: 3, srcAt: 0 }],
      [64, "66 c3", { name: "RET", size: 3, form: SPECIAL }],
      [64, "c2 08 00", { name: "RET", size: 3, imm: 8n }],
      [64, "c9", { name: "LEAVE", size: 3, form: SPECIAL }],
      [64, "c8 10 00 01", { name: "ENTER", size: 3, imm: 0x10010n }],
      [64, "9c", { name: "PUSHF", size: 3 }],
      [64, "cf", { name: "IRET", size: 2 }],
      [64, "48 cf", { name: "IRET", size: 3 }],
      [64, "cb", { name: "RET_FAR", size: 2 }],
      [64, "0f a0", { name: "PUSH_SEG", size: 3, regField: FS }],
      [64, "48 e5 10", { name: "IN", size: 2 }],
      [64, "0f 20 c0", { name: "MOV_FROM_CR", size: 3 }],
      [32, "0f 22 18", { name: "MOV_TO_CR", size: 2, regField: 3, srcAt: 0 }],
      [64, "8f 00", { name: "POP", form: MR, size: 3 }],
      [32, "50", { size: 2 }],
      [16, "66 50", { size: 2 }],
    ]);
  });

  it("is a word for segment registers in memory", () => {
    table([
      [32, "8c 18", { name: "MOV_FROM_SEG", form: MR, size: 1, regField: DS }],
      [32, "8c d8", { form: RR, size: 2, regField: DS }],
      [64, "48 8c d8", { size: 3 }],
      [32, "8e c0", { name: "MOV_TO_SEG", form: RR, size: 1, regField: ES, srcAt: 0 }],
      [64, "44 8e e8", { name: "MOV_TO_SEG", regField: 5 }],
      [32, "0f 00 c0", { name: "SLDT", size: 2 }],
      [32, "0f 01 20", { name: "SMSW", form: MR, size: 1 }],
      [64, "0f 01 18", { name: "LIDT", form: RM, size: 3 }],
      [16, "0f 01 10", { name: "LGDT", form: RM, size: 1 }],
    ]);
  });

  it("turns extensions that extend nothing into MOV", () => {
    table([
      [32, "66 0f b7 c1", { name: "MOV", size: 1 }],
      [32, "0f b7 c1", { name: "MOVZX16", size: 2 }],
      [64, "48 63 c1", { name: "MOVSX32", size: 3, srcAt: 8, dstAt: 0 }],
      [64, "63 c1", { name: "MOV", size: 2 }],
    ]);
  });
});

describe("addresses", () => {
  it("has 16-bit forms", () => {
    table([
      [16, "8b 00", { baseAt: 3 * 8, indexAt: 6 * 8, scale: 0, segment: DS, addressSize: 1, addressMode: GENERAL }],
      [16, "8b 42 fe", { baseAt: 5 * 8, indexAt: 6 * 8, disp: -2n, segment: SS }],
      [16, "8b 46 00", { baseAt: 5 * 8, indexAt: ZERO, segment: SS }],
      [16, "8b 06 34 12", { baseAt: ZERO, indexAt: ZERO, disp: 0x1234n, segment: DS }],
      [32, "67 8b 07", { baseAt: 3 * 8, indexAt: ZERO, addressSize: 1, addressMode: GENERAL }],
      [16, "67 8b 04 24", { baseAt: 4 * 8, addressSize: 2, segment: SS }],
    ]);
  });

  it("has SIB, and RIP-relative ones are absolute", () => {
    table([
      [32, "8b 04 8b", { baseAt: 3 * 8, indexAt: 8, scale: 2, addressMode: FLAT32, segment: DS }],
      [32, "8b 45 00", { baseAt: 5 * 8, segment: SS }],
      [32, "8b 04 25 00 00 00 80", { baseAt: ZERO, indexAt: ZERO, disp: -0x8000_0000n, segment: DS }],
      [32, "8b 05 00 00 00 80", { baseAt: ZERO, disp: -0x8000_0000n }],
      [64, "8b 05 10 00 00 00", { baseAt: ZERO, indexAt: ZERO, disp: 0x1016n, addressMode: FLAT64 }],
      [64, "81 05 10 00 00 00 78 56 34 12", { disp: 0x101an, imm: 0x12345678n }],
      [64, "67 8b 05 00 f0 ff ff", { disp: 0x7n, addressMode: FLAT32 }],
      [64, "67 8b 05 00 e0 ff ff", { disp: 0xffff_f007n }],
      [64, "41 8b 45 00", { baseAt: 13 * 8, segment: DS }],
      [64, "42 8b 04 20", { baseAt: 0, indexAt: 12 * 8 }],
      [64, "8b 04 24", { baseAt: 4 * 8, indexAt: ZERO, segment: SS }],
      [64, "64 8b 04 25 28 00 00 00", { baseAt: ZERO, disp: 0x28n, segment: FS, addressMode: GENERAL }],
      [64, "41 8b 04 24", { baseAt: 12 * 8, segment: DS }],
    ]);
    expect(decode(64, "8b 05 fa ff ff ff", 0xffff_ffff_ffff_fff0n).disp).toBe(-16n);
  });

  it("is flat only in segments that are", () => {
    const flat = MODE.get("FLAT_DS")!;
    const mode = 2 | MODE.get("PROTECTED")!;
    const modeOf = (bytes: string, bits: number) => decoder.decode(32, hex(bytes), { mode: bits }).addressMode;
    expect(modeOf("8b 00", mode)).toBe(GENERAL);
    expect(modeOf("8b 00", mode | flat)).toBe(FLAT32);
    expect(modeOf("8b 04 24", mode | flat)).toBe(GENERAL);
    expect(modeOf("8b 04 24", mode | MODE.get("FLAT_SS")!)).toBe(FLAT32);
    expect(modeOf("26 8b 00", mode | MODE.get("FLAT_ES")!)).toBe(FLAT32);
    for (const prefix of ["2e", "64", "65"]) expect(decode(32, `${prefix} 8b 00`).addressMode).toBe(GENERAL);
  });

  it("ignores null overrides in 64-bit mode", () => {
    table([
      [64, "2e 8b 00", { segment: DS, addressMode: FLAT64, prefixes: 0 }],
      [64, "64 3e 8b 00", { segment: FS, addressMode: GENERAL }],
      [64, "36 8b 45 00", { segment: SS, addressMode: FLAT64 }],
    ]);
  });

  it("reads moffs in the address size", () => {
    table([
      [64, "a1 88 77 66 55 44 33 22 11", { name: "MOV", form: RM, dstAt: 0, disp: 0x1122334455667788n, result: 9 }],
      [64, "67 a3 fc ff ff ff", { form: MR, srcAt: 0, disp: 0xffff_fffcn, addressMode: FLAT32, result: 6 }],
      [16, "a0 fe ff", { size: 0, disp: 0xfffen, segment: DS }],
      [64, "48 b8 88 77 66 55 44 33 22 11", { name: "MOV", imm: 0x1122334455667788n, result: 10 }],
    ]);
  });

  it("gives strings the segment and register of their operand", () => {
    table([
      [32, "a4", { name: "MOVS", size: 0, segment: DS, baseAt: 6 * 8, prefixes: 0, form: RR }],
      [32, "f3 64 a5", { name: "MOVS", size: 2, segment: FS, prefixes: 64 | REP | ENDS_BLOCK }],
      [32, "f2 ae", { name: "SCAS", segment: ES, baseAt: 7 * 8, prefixes: REPNE | ENDS_BLOCK }],
      [32, "64 aa", { name: "STOS", segment: ES }],
      [64, "67 f3 48 ab", { name: "STOS", size: 3, addressSize: 2, addressMode: FLAT32 }],
      [64, "65 d7", { name: "XLAT", segment: 5, baseAt: 3 * 8, form: RM }],
    ]);
  });
});

describe("branches", () => {
  it("have their target, truncated to the operand size", () => {
    table([
      [32, "eb fe", { name: "JMP", imm: 0x1000n, form: SPECIAL, handler: (OP.get("JMP")! << 4) | (2 << 2) | SPECIAL }],
      [32, "0f 8f 00 ef ff ff", { name: "JCC", imm: 0xffff_ff06n, regField: 15, handler: (OP.get("JCC")! << 4) | 15 }],
      [64, "74 10", { name: "JCC", imm: 0x1012n, handler: (OP.get("JCC")! << 4) | 4, size: 3 }],
      [64, "66 e8 fb ff ff ff", { name: "CALL", size: 3, imm: 0x1001n, result: 6 }],
      [32, "66 e9 fc ef", { size: 1, imm: 0n, result: 4 }],
      [16, "e9 00 f0", { imm: 0x0003n }],
      [16, "66 e9 00 00 01 00", { size: 2, imm: 0x11006n }],
      [32, "67 e3 00", { name: "JCXZ", addressSize: 1, imm: 0x1003n }],
      [64, "e2 fe", { name: "LOOP", addressSize: 3, imm: 0x1000n }],
      [16, "ea 34 12 00 f0", { name: "JMP_FAR", imm: 0xf000_0000_1234n }],
      [16, "66 ea 78 56 34 12 08 00", { name: "JMP_FAR", size: 2, imm: 0x8_1234_5678n }],
      [32, "ff 28", { name: "JMP_FAR_INDIRECT", form: RM, size: 2 }],
    ]);
    expect(decode(64, "eb fe", 0xffff_ffff_8000_0000n).imm).toBe(BigInt.asIntN(64, 0xffff_ffff_8000_0000n));
    expect(decode(32, "eb 7e", 0xffff_fff0n)).toMatchObject({ imm: 0x70n, nextRip: 0xffff_fff2n });
    expect(decode(16, "90", 0xffff).nextRip).toBe(0n);
    expect(decode(32, "90", 0xffff_ffff).nextRip).toBe(0n);
  });
});

describe("groups and shapes", () => {
  it("puts operands where op.ts says", () => {
    table([
      [32, "90", { name: "NOP", form: SPECIAL, handler: (OP.get("NOP")! << 4) | (2 << 2) | SPECIAL }],
      [32, "f3 90", { name: "PAUSE" }],
      [64, "49 90", { name: "XCHG", dstAt: 8 * 8, srcAt: 0 }],
      [64, "f3 0f 1e fa", { name: "NOP", form: SPECIAL }],
      [64, "0f 1f 84 00 00 00 00 00", { name: "NOP", form: SPECIAL, result: 8 }],
      [32, "93", { name: "XCHG", dstAt: 3 * 8, srcAt: 0 }],
      [32, "86 23", { name: "XCHG", form: MR, srcAt: 1 }],
      [32, "f6 08 12", { name: "TEST", form: MR, srcAt: "imm", imm: 0x12n }],
      [32, "f7 20", { name: "MUL", form: RM }],
      [32, "f7 18", { name: "NEG", form: MR }],
      [32, "d0 e0", { name: "SHL", srcAt: "imm", imm: 1n, size: 0 }],
      [32, "d3 30", { name: "SHL", form: MR, srcAt: 8, size: 2 }],
      [32, "c1 f8 1f", { name: "SAR", srcAt: "imm", imm: 31n }],
      [32, "83 c0 ff", { name: "ADD", srcAt: "imm", imm: -1n }],
      [32, "6b c1 05", { name: "IMUL3", dstAt: 0, srcAt: 8, imm: 5n }],
      [32, "69 00 78 56 34 12", { name: "IMUL3", form: RM, imm: 0x12345678n }],
      [32, "0f a4 c8 04", { name: "SHLD", dstAt: 0, srcAt: 8, imm: 4n, opcode: 0xa4 }],
      [32, "0f ad 08", { name: "SHRD", form: MR, srcAt: 8, opcode: 0xad }],
      [32, "0f ba 28 21", { name: "BTS", form: MR, size: 2, srcAt: "imm", imm: 0x21n }],
      [32, "0f ab 08", { name: "BTS", form: MR, srcAt: 8 }],
      [32, "f3 0f bc c1", { name: "BSF", dstAt: 0, srcAt: 8 }],
      [32, "8d 44 24 04", { name: "LEA", form: RM, dstAt: 0, disp: 4n }],
      [32, "e4 60", { name: "IN", size: 0, dstAt: 0, srcAt: "imm", imm: 0x60n }],
      [32, "66 ef", { name: "OUT", size: 1, dstAt: 2 * 8, srcAt: 0 }],
      [32, "e6 80", { name: "OUT", size: 0, dstAt: "imm", srcAt: 0, imm: 0x80n }],
      [32, "c4 18", { name: "LDS", form: RM, imm: BigInt(ES), dstAt: 3 * 8 }],
      [32, "0f b2 20", { name: "LDS", imm: BigInt(SS) }],
      [32, "0f b5 20", { name: "LDS", imm: 5n }],
      [64, "0f c7 08", { name: "CMPXCHG8B", form: MR, size: 2 }],
      [64, "48 0f c7 08", { name: "CMPXCHG8B", size: 3 }],
      [64, "48 0f c3 08", { name: "MOVNTI", form: MR, size: 3, srcAt: 8 }],
      [64, "44 0f 20 c0", { name: "MOV_FROM_CR", regField: 8, dstAt: 0 }],
      [64, "f3 0f ae c8", { name: "RDGSBASE", size: 2, dstAt: 0 }],
      [64, "f3 48 0f ae d1", { name: "WRFSBASE", size: 3, srcAt: 8 }],
      [64, "0f ae e8", { name: "FENCE" }],
      [64, "0f ae 38", { name: "CLFLUSH", form: RM }],
      [32, "66 0f 38 82 08", { name: "INVPCID", form: RM, dstAt: 8 }],
      [32, "d9 28", { op: OP.get("X87_MEM")! + 8 + 5, form: RM }],
      [32, "dd d9", { op: OP.get("X87_REG")! + 5 * 8 + 3, modrm: 0xd9, rmField: 1 }],
      [32, "9b", { name: "FWAIT" }],
      [32, "82 c0 05", { name: "ADD", size: 0, imm: 5n }],
    ]);
  });

  it("ends blocks after what may change IP, mode or mappings", () => {
    const ending: [Bits, string][] = [
      [32, "eb 00"],
      [32, "e8 00 00 00 00"],
      [32, "c3"],
      [32, "ff d0"],
      [32, "74 00"],
      [32, "e2 00"],
      [32, "e3 00"],
      [32, "cd 80"],
      [32, "cf"],
      [32, "f4"],
      [32, "ec"],
      [32, "6e"],
      [32, "9d"],
      [32, "c5 00"],
      [32, "0f 22 c0"],
      [32, "0f 06"],
      [32, "0f 30"],
      [32, "0f 01 38"],
      [64, "0f 05"],
      [32, "0f 0b"],
      [32, "f3 aa"],
      [32, "0f a2"],
      [32, "0f 01 f0"],
      [32, "0f 09"],
    ];
    for (const [bits, bytes] of ending) expect.soft(decode(bits, bytes).prefixes & ENDS_BLOCK, bytes).toBe(ENDS_BLOCK);
    const going: [Bits, string][] = [
      [32, "fa"],
      // Those that may change something after all stop the block when they do.
      [32, "fb"],
      [32, "8e d8"],
      [32, "1f"],
      [32, "0f 01 cb"],
      [32, "aa"],
      [32, "f3 90"],
      [32, "0f 20 c0"],
      [64, "0f 01 f8"],
      [32, "0f 01 18"],
      [32, "50"],
      [32, "ff 30"],
      [32, "0f 00 d8"],
    ];
    for (const [bits, bytes] of going) expect.soft(decode(bits, bytes).prefixes & ENDS_BLOCK, bytes).toBe(0);
  });
});

describe("illegal encodings", () => {
  it("are UD and end the block", () => {
    const illegal: [Bits, string[]][] = [
      [64, "06 07 0e 16 17 1e 1f 27 2f 37 3f 60 61 62 82 9a c4 c5 ce d4 d5 d6 ea".split(" ")],
      [
        32,
        [
          "8d c0",
          "c4 c0",
          "62 c0",
          "ff f8",
          "fe d0",
          "ff d8",
          "8f c8",
          "c6 c8 00",
          "8e c8",
          "8c f0",
          "0f ba c0 00",
          "0f 0b",
          "0f b9 c0",
        ],
      ],
      [
        32,
        [
          "0f ff c0",
          "0f 04",
          "0f 0e",
          "0f 36",
          "0f 3a 0f c0 00",
          "0f 38 00 c0",
          "0f 20 c8",
          "0f 20 e8",
          "0f 01 f8",
          "0f 01 e8",
          "f3 0f ae c0",
        ],
      ],
      [
        32,
        [
          "0f c7 f0",
          "0f c7 c8",
          "0f c3 c0",
          "66 0f c3 00",
          "66 0f ae 38",
          "f3 0f b8 c0",
          "0f 01 28",
          "0f a6",
          "d9 08",
          "db 20",
          "db e5",
          "d9 d1",
        ],
      ],
      [64, ["44 0f 21 c0", "44 0f 22 d0", "0f 24 c0", "0f 38 f0 00", "f0 0f 20 c0", "0f 00 f0"]],
      [
        32,
        [
          "f0 90",
          "f0 01 c0",
          "f0 03 00",
          "f0 38 00",
          "f0 84 00",
          "f0 88 00",
          "f0 0f a3 00",
          "f0 ff 30",
          "f0 d1 00",
          "f0 f3 a4",
          "f0 a3 00 00 00 00",
        ],
      ],
    ];
    for (const [bits, list] of illegal)
      for (const bytes of list)
        expect
          .soft(decode(bits, bytes), `${bits} ${bytes}`)
          .toMatchObject({ name: "UD", form: RR, prefixes: expect.any(Number) });
    expect(decode(64, "06").prefixes & ENDS_BLOCK).toBe(ENDS_BLOCK);
  });

  it("allows LOCK on read-modify-write of memory", () => {
    for (const bytes of [
      "01 00",
      "83 08 00",
      "ff 00",
      "fe 08",
      "f7 10",
      "f6 18",
      "87 00",
      "0f c1 00",
      "0f b0 00",
      "0f ba 28 00",
      "0f b3 00",
      "0f c7 08",
    ])
      expect.soft(decode(32, `f0 ${bytes}`).name, bytes).not.toBe("UD");
  });

  it("knows what needs protected mode", () => {
    for (const mode of [1, 1 | MODE.get("V86")!])
      for (const bytes of ["63 c0", "0f 00 c0", "0f 00 d8", "0f 02 c0", "0f 03 c0"])
        expect.soft(decoder.decode(16, hex(bytes), { mode }).name, bytes).toBe("UD");
    expect(decoder.decode(16, hex("0f 01 e0"), { mode: 1 }).name).toBe("SMSW");
  });
});

describe("length", () => {
  it("is at most 15 bytes", () => {
    expect(decode(32, `${"66 ".repeat(14)} 90`)).toMatchObject({ result: 15, name: "NOP" });
    expect(decode(32, "66 ".repeat(15)).result).toBe(-1);
    expect(decode(32, `${"66 ".repeat(14)} 04`).result).toBe(-1);
    expect(decoder.decode(32, hex("66 ".repeat(10)), { available: 10 }).result).toBe(0);
    expect(decode(64, "36 36 36 67 66 48 81 84 24 00 00 00 00 00 00").result).toBe(-1);
  });

  it("makes no record depend on the one before", () => {
    const first = decode(64, "48 01 05 00 00 00 00");
    decode(32, "f3 a5");
    expect(decode(64, "48 01 05 00 00 00 00")).toEqual(first);
  });
});
