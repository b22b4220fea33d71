// Functions that wait for one that they have called (jit/nestedCalls.ts): whatever happens meanwhile, what runs at the return site
// is what the processor would run.
import { expect, it } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { JitOptions } from "../../src/core/jit.ts";
import { counter, dword, machine32, outcome, runToHalt } from "./machine32.ts";

const BACKENDS: readonly (readonly [string, JitOptions])[] = [
  ["forced", { mode: "forced" }],
  ["auto", { mode: "auto", threshold: 3 }],
];

const ENTRY = 0x1000;
const LOOP = 0x1100;
/** Far from the entry, so that no region holds both. */
const [FIRST, SECOND, THIRD] = [0x2_0000, 0x3_0000, 0x4_0000];
const HLT = 0xf4;
const RET = 0xc3;

const call = (from: number, to: number) => [0xe8, ...dword(to - from - 5)];
const jmp = (from: number, to: number) => [0xe9, ...dword(to - from - 5)];

/** Calls `function` COUNT times, EBX counting down, with `bytes` behind each call. */
const ROUNDS = 1000;
function loop(target: number, ...bytes: number[]): number[] {
  const body = [...call(ENTRY + 5, target), ...bytes, 0x4b]; // dec ebx
  return [0xbb, ...dword(ROUNDS), ...body, 0x0f, 0x85, ...dword(-(body.length + 6)), HLT];
}

const INC_EAX = 0x40;
const INC_ECX = 0x41;
const INC_EDX = 0x42;

const PROGRAMS: Record<string, Record<number, number[]>> = {
  "calls three deep": {
    [ENTRY]: loop(FIRST, INC_EAX),
    [FIRST]: [INC_ECX, ...call(FIRST + 1, SECOND), INC_ECX, RET],
    [SECOND]: [INC_EDX, ...call(SECOND + 1, THIRD), INC_EDX, RET],
    [THIRD]: [0x01, 0xc8, RET], // add eax, ecx
  },
  "recursion deeper than functions may wait": {
    // The depth in EDX: 300.
    [ENTRY]: loop(SECOND, INC_EAX),
    [SECOND]: [0xba, ...dword(300), ...jmp(SECOND + 5, FIRST)],
    [FIRST]: [0x4a, 0x74, 0x06, ...call(FIRST + 3, THIRD), INC_EAX, 0xc3], // dec edx; jz to the ret; call; inc eax
    [THIRD]: [INC_ECX, ...call(THIRD + 1, FIRST), INC_ECX, RET],
  },
  "a function that returns to its caller's caller": {
    [ENTRY]: loop(FIRST, INC_EAX),
    [FIRST]: [...call(FIRST, SECOND), INC_ECX, INC_ECX, RET],
    [SECOND]: [0x83, 0xc4, 0x04, INC_EDX, RET], // add esp, 4
  },
  "a function that returns elsewhere in its caller": {
    [ENTRY]: loop(FIRST, INC_EAX),
    [FIRST]: [...call(FIRST, SECOND), INC_ECX, INC_EDX, RET],
    [SECOND]: [0xff, 0x04, 0x24, INC_EDX, RET], // inc dword [esp]: over the INC ECX
  },
  "two stacks that take turns": {
    // ESI holds the other stack; its first return is to THIRD.
    [ENTRY]: [0xbe, ...dword(0x6ffc), 0xc7, 0x05, ...dword(0x6ffc), ...dword(THIRD), ...jmp(ENTRY + 15, LOOP)],
    [LOOP]: [0xbb, ...dword(ROUNDS), ...call(LOOP + 5, FIRST), INC_EAX, 0x4b, 0x0f, 0x85, ...dword(-13), HLT],
    [FIRST]: [INC_ECX, ...call(FIRST + 1, SECOND), INC_ECX, RET],
    [SECOND]: [0x87, 0xe6, RET], // xchg esp, esi
    [THIRD]: [INC_EDX, ...call(THIRD + 1, FIRST), ...call(THIRD + 6, SECOND), ...jmp(THIRD + 11, THIRD)],
  },
  "a function that writes its caller's next instruction": {
    [ENTRY]: loop(FIRST, INC_EAX),
    // In every eighth round the INC ECX behind the call becomes an INC EDX, or the reverse.
    [FIRST]: [...call(FIRST, SECOND), INC_ECX, RET],
    [SECOND]: [0xf6, 0xc3, 0x07, 0x75, 0x07, 0x80, 0x35, ...dword(FIRST + 5), INC_ECX ^ INC_EDX, RET], // test bl, 7; jnz; xor byte
  },
  "a function that writes its caller's next instruction by REP STOS": {
    [ENTRY]: loop(FIRST, INC_EAX),
    [FIRST]: [...call(FIRST, SECOND), INC_ECX, RET],
    [SECOND]: [
      ...[0x60, 0xf6, 0xc3, 0x07, 0x75, 0x13], // pusha; test bl, 7; jnz to the popa
      ...[0xa0, ...dword(FIRST + 5), 0x34, INC_ECX ^ INC_EDX], // mov al, [FIRST + 5]; xor
      ...[0xbf, ...dword(FIRST + 5), 0xb9, ...dword(1), 0xf3, 0xaa], // rep stosb
      ...[0x61, RET],
    ],
  },
};

for (const [title, code] of Object.entries(PROGRAMS)) {
  it.each(BACKENDS)(`${title}, %s`, async (_name, options) => {
    const expected = await machine32({ mode: "off" }, ENTRY, code);
    const engine = await machine32(options, ENTRY, code);
    runToHalt(expected);
    runToHalt(engine);
    expect(outcome(engine)).toBe(outcome(expected));
    expect(counter(engine, VcpuField.STAT_JIT_INSTRUCTIONS)).toBeGreaterThan(0);
  });
}

/** Paging by 4 KiB pages, everything where it is; then FIRST calls SECOND, which gives FIRST's page another frame in every eighth round. */
const [DIRECTORY, TABLE, OTHER] = [0x10_0000, 0x10_1000, 0x5_0000];
const ENTRY_OF_FIRST = TABLE + (FIRST >> 12) * 4;

function paged(forget: number[]): Record<number, number[]> {
  const pages = Array.from({ length: 1024 }, (_, page) => dword((page << 12) | 3)).flat();
  return {
    [DIRECTORY]: dword(TABLE | 3),
    [TABLE]: pages,
    [ENTRY]: [
      0xb8,
      ...dword(DIRECTORY),
      0x0f,
      0x22,
      0xd8,
      0xb8,
      ...dword(0x8000_0011),
      0x0f,
      0x22,
      0xc0,
      ...jmp(ENTRY + 16, LOOP),
    ],
    [LOOP]: [
      0x31,
      0xc9,
      0x31,
      0xd2,
      0xbb,
      ...dword(ROUNDS),
      ...call(LOOP + 9, FIRST),
      INC_EAX,
      0x4b,
      0x0f,
      0x85,
      ...dword(-13),
      HLT,
    ],
    [FIRST]: [...call(FIRST, SECOND), INC_ECX, RET],
    [OTHER]: [...call(FIRST, SECOND), INC_EDX, RET],
    [SECOND]: [
      ...[0xf6, 0xc3, 0x07, 0x75, 10 + forget.length], // test bl, 7; jnz
      ...[0x81, 0x35, ...dword(ENTRY_OF_FIRST), ...dword(FIRST ^ OTHER)],
      ...forget,
      RET,
    ],
  };
}

const FORGET: Record<string, number[]> = {
  INVLPG: [0x0f, 0x01, 0x3d, ...dword(FIRST)],
  "a CR3 load": [0x0f, 0x20, 0xdf, 0x0f, 0x22, 0xdf], // mov edi, cr3; mov cr3, edi
};

for (const [title, bytes] of Object.entries(FORGET)) {
  it.each(BACKENDS)(`a function that maps its caller anew, by ${title}, %s`, async (_name, options) => {
    const expected = await machine32({ mode: "off" }, ENTRY, paged(bytes));
    const engine = await machine32(options, ENTRY, paged(bytes));
    runToHalt(expected);
    runToHalt(engine);
    expect(outcome(engine)).toBe(outcome(expected));
    const [ecx, edx] = [1, 2].map((register) => Number(engine.field64(VcpuField.REGISTERS, register)));
    expect(ecx! + edx!).toBe(ROUNDS);
    expect(edx).toBeGreaterThan(ROUNDS / 3);
  });
}

it("calls and returns without the run loop", async () => {
  const engine = await machine32({ mode: "forced" }, ENTRY, PROGRAMS["calls three deep"]!);
  runToHalt(engine);
  expect(counter(engine, VcpuField.STAT_DISPATCHES)).toBeLessThan(ROUNDS / 4);
});
