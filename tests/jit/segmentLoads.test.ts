// PUSH, POP and MOV of segment registers: interpreted and translated they leave the same, fault in the same way, and see the
// descriptor as it is in memory at each load.
import { expect, it } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { Engine } from "../../src/core/engine.ts";
import { dword, machine32, outcome, runToHalt } from "./machine32.ts";

const CODE = 0x1000;
const HANDLER = 0x2000;
const GDT = 0x4000;
const IDT = 0x5000;
const RESULTS = 0x9000;
const ROUNDS = 3;

const [ES, CS, SS, DS, FS, GS] = [0, 1, 2, 3, 4, 5] as const;

/** Bytes of a descriptor; `access` is its byte 5, `flags` the upper half of byte 6. */
function descriptor(base: number, limit: number, access: number, flags: number): number[] {
  const [b0, b1, b2, b3] = dword(base) as [number, number, number, number];
  return [limit & 0xff, (limit >> 8) & 0xff, b0, b1, b2, access, (flags << 4) | ((limit >> 16) & 15), b3];
}

const FLAT_DATA = 0x10;
const BASED = 0x18;
const READ_ONLY = 0x20;
const NOT_ACCESSED = 0x28;
const NOT_PRESENT = 0x30;
const EXECUTE_ONLY = 0x38;
const CONFORMING = 0x40;
const USER_DATA = 0x4b;
const SYSTEM = 0x50;
const OUTSIDE = 0x1000;
const IN_LDT = 0x14;

const TABLE = [
  descriptor(0, 0, 0, 0),
  descriptor(0, 0xfffff, 0x9b, 0xc),
  descriptor(0, 0xfffff, 0x93, 0xc),
  descriptor(RESULTS, 0xfff, 0x93, 0x4),
  descriptor(0, 0xfffff, 0x91, 0xc),
  descriptor(0, 0xfffff, 0x92, 0xc),
  descriptor(0, 0xfffff, 0x13, 0xc),
  descriptor(0, 0xfffff, 0x99, 0xc),
  descriptor(0, 0xfffff, 0x9f, 0xc),
  descriptor(0, 0xfffff, 0xf3, 0xc),
  descriptor(0, 0xfffff, 0x82, 0x0),
];

/** An interrupt gate of vector `n` to HANDLER + 16 * n, which halts. */
function gate(vector: number): number[] {
  const at = HANDLER + 16 * vector;
  return [at & 0xff, at >> 8, 8, 0, 0, 0x8e, 0, 0];
}

const movTo = (segment: number) => [0x8e, 0xc0 | (segment << 3)]; // mov segment, ax
const movFrom = (segment: number) => [0x8c, 0xc0 | (segment << 3) | 3]; // mov ebx, segment
const setAx = (value: number) => [0xb8, ...dword(value)];
const PUSH = {
  [ES]: [0x06],
  [CS]: [0x0e],
  [SS]: [0x16],
  [DS]: [0x1e],
  [FS]: [0x0f, 0xa0],
  [GS]: [0x0f, 0xa8],
} as const;
const POP = { [ES]: [0x07], [DS]: [0x1f], [FS]: [0x0f, 0xa1], [GS]: [0x0f, 0xa9] } as const;

/** `body` ROUNDS times, with live registers and flags around it. */
function program(body: number[]): number[] {
  const round = [0x83, 0xc6, 0x7f, ...body, 0x11, 0xf7, 0x4d]; // add esi, 127 ... adc edi, esi; dec ebp
  return [0xbd, ...dword(ROUNDS), ...round, 0x0f, 0x85, ...dword(-(round.length + 6)), 0xf4];
}

async function run(mode: "off" | "forced", body: number[]): Promise<string> {
  const handlers = Object.fromEntries(Array.from({ length: 32 }, (_, vector) => [HANDLER + 16 * vector, [0xf4]]));
  const engine = await machine32({ mode }, CODE, {
    ...handlers,
    [CODE]: program(body),
    [GDT]: TABLE.flat(),
    [IDT]: Array.from({ length: 32 }, (_, vector) => gate(vector)).flat(),
  });
  engine.setField64(VcpuField.GDT_BASE, BigInt(GDT));
  engine.setField(VcpuField.GDT_LIMIT, TABLE.length * 8 - 1);
  engine.setField64(VcpuField.IDT_BASE, BigInt(IDT));
  engine.setField(VcpuField.IDT_LIMIT, 32 * 8 - 1);
  for (const segment of [FS, GS]) engine.setSegment(segment, FLAT_DATA, 0, 0xffff_ffff, 0xc093);
  engine.stateChanged();
  runToHalt(engine);
  return `${outcome(engine)}\n${segmentsOf(engine)}\n${memoryOf(engine)}`;
}

function segmentsOf(engine: Engine): string {
  return [ES, CS, SS, DS, FS, GS]
    .map((index) => {
      const { selector, base, limit, attributes } = engine.segment(index);
      return [selector, Number(base), limit, attributes].map((value) => value.toString(16)).join(":");
    })
    .join(" ");
}

/** The stack, the descriptors and what was stored. */
function memoryOf(engine: Engine): string {
  return [
    [0x7f80, 0x80],
    [GDT, TABLE.length * 8],
    [RESULTS, 64],
  ]
    .map(([at, length]) => {
      const bytes = new Uint8Array(length as number);
      engine.read(at as number, bytes);
      return Buffer.from(bytes).toString("hex");
    })
    .join("\n");
}

const SELECTORS = {
  FLAT_DATA,
  BASED,
  READ_ONLY,
  NOT_ACCESSED,
  NOT_PRESENT,
  EXECUTE_ONLY,
  CONFORMING,
  USER_DATA,
  SYSTEM,
  OUTSIDE,
  IN_LDT,
  code: 0x08,
  null: 0,
  "null with RPL 3": 3,
  "flat with RPL 3": FLAT_DATA | 3,
};

const LOADED = { ES, DS, FS, GS, SS } as const;

for (const [segmentName, segment] of Object.entries(LOADED)) {
  it.each(Object.entries(SELECTORS))(`MOV ${segmentName}: %s`, async (_, selector) => {
    const body = [...setAx(selector), ...movTo(segment), ...movFrom(segment)];
    expect(await run("forced", body)).toBe(await run("off", body));
  });
}

for (const [segmentName, segment] of Object.entries({ ES, DS, FS, GS })) {
  it.each(Object.entries(SELECTORS))(`POP ${segmentName}: %s`, async (_, selector) => {
    const push = [0x68, ...dword(0xabcd_0000 | selector)];
    const body = [...push, ...POP[segment as keyof typeof POP], ...push, 0x58, 0x43];
    expect(await run("forced", body)).toBe(await run("off", body));
  });
}

it("all six are pushed and stored", async () => {
  const body = [
    ...[...Object.values(PUSH)].flat(),
    ...[0x66, 0x06, 0x66, 0x07], // 16 bits: push es, pop es
    ...[0x8c, 0x1d, ...dword(RESULTS), 0x66, 0x8c, 0xd3], // mov [RESULTS], ds; mov bx, ss
    ...[0x83, 0xc4, 24], // add esp, 24
  ];
  expect(await run("forced", body)).toBe(await run("off", body));
});

it("a descriptor that changes is seen at the next load of the same selector", async () => {
  const body = [
    ...setAx(BASED),
    ...movTo(FS),
    ...[0x64, 0xff, 0x05, ...dword(0)], // inc dword fs:[0]
    ...[0x80, 0x05, ...dword(GDT + BASED + 2), 4], // add byte [base of BASED], 4
    ...movTo(FS),
    ...[0x64, 0xff, 0x05, ...dword(0)],
  ];
  const result = await run("forced", body);
  expect(result).toBe(await run("off", body));
  expect(result).toContain("01000000020000000200000001000000");
});

it("DS is no longer flat, and flat again, within a region", async () => {
  const store = [0xff, 0x05, ...dword(0x10)]; // inc dword [0x10]
  const body = [...setAx(BASED), ...movTo(DS), ...store, ...setAx(FLAT_DATA), ...movTo(DS), ...store];
  const result = await run("forced", body);
  expect(result).toBe(await run("off", body));
});

it("a null DS stays null until it is used", async () => {
  const body = [...setAx(0), ...movTo(DS), 0x90, 0xff, 0x05, ...dword(RESULTS)];
  expect(await run("forced", body)).toBe(await run("off", body));
});
