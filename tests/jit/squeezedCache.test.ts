// A code cache of 1 MiB, and more hot code than it holds: functions that are called in turn, again and again, and changed in between.
import { expect, it } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { Engine } from "../../src/core/engine.ts";
import type { JitOptions } from "../../src/core/jit.ts";
import { Random } from "../support/random.ts";
import { counter, dword, machine32, outcome, runToHalt } from "./machine32.ts";

const SQUEEZED = { cacheBytes: 0x10_0000 } as const;
/** What runs, and how often it goes through all functions: with forced translation each pass translates most of them anew. */
const BACKENDS: readonly (readonly [string, JitOptions, passes: number, rounds: number])[] = [
  ["forced", { mode: "forced", ...SQUEEZED }, 1, 1],
  ["auto", { mode: "auto", threshold: 2, ...SQUEEZED }, 5, 3],
];

const ENTRY = 0x1000;
const TABLE = 0x1_0000;
const FUNCTIONS = 0x10_0000;
const FUNCTION_BYTES = 0x80;
const COUNT = 900;

const HLT = 0xf4;
const RET = 0xc3;
/** ADD, ADC, SUB, XOR, MOV to EAX, EBX or EDX. */
const ALU = [0x01, 0x11, 0x29, 0x31, 0x89];
const REGISTERS = [0, 3, 2];

/** `add eax, imm32` and then what fits of random instructions on EAX, EBX and EDX, with a branch; RET. */
function randomFunction(random: Random): number[] {
  const bytes = [0x05, ...dword(random.u32())];
  const modrm = () => 0xc0 | (random.pick(REGISTERS) << 3) | random.pick(REGISTERS);
  while (bytes.length < FUNCTION_BYTES - 16) {
    const kind = random.below(4);
    if (kind === 0) bytes.push(0xc1, 0xc0 | random.pick(REGISTERS), random.below(32));
    else if (kind === 1) bytes.push(0x0f, 0xaf, modrm());
    else if (kind === 2) bytes.push(0x70 | random.below(16), 2, random.pick(ALU), modrm());
    else bytes.push(random.pick(ALU), modrm());
  }
  return [...bytes, RET];
}

/** `passes` times: all functions by the table, ESI counting them. */
const driver = (passes: number) => [
  ...[0xb9, ...dword(passes)], // mov ecx, passes
  ...[0x31, 0xf6], // next: xor esi, esi
  ...[0xff, 0x14, 0xb5, ...dword(TABLE)], // again: call [TABLE + esi * 4]
  0x46, // inc esi
  ...[0x81, 0xfe, ...dword(COUNT)], // cmp esi, COUNT
  ...[0x75, 0xf0], // jne again
  ...[0x49, 0x75, 0xeb], // dec ecx; jnz next
  HLT,
];

function program(passes: number): Record<number, number[]> {
  const random = new Random(1);
  const code: Record<number, number[]> = { [ENTRY]: driver(passes), [TABLE]: [] };
  for (let n = 0; n < COUNT; n++) {
    const at = FUNCTIONS + n * FUNCTION_BYTES;
    code[at] = randomFunction(random);
    code[TABLE]!.push(...dword(at));
  }
  return code;
}

/** Other constants in every seventh function. */
function change(engine: Engine, round: number): void {
  for (let n = round; n < COUNT; n += 7)
    engine.write(FUNCTIONS + n * FUNCTION_BYTES + 1, new Uint8Array(dword(n * round)));
}

function again(engine: Engine): void {
  engine.setField64(VcpuField.RIP, BigInt(ENTRY));
  engine.setField(VcpuField.HALTED, 0);
  runToHalt(engine);
}

it.each(BACKENDS)(
  "1800 hot functions, %s",
  async (_name, options, passes, rounds) => {
    const [expected, engine] = [
      await machine32({ mode: "off" }, ENTRY, program(passes)),
      await machine32(options, ENTRY, program(passes)),
    ];
    runToHalt(expected);
    runToHalt(engine);
    expect(outcome(engine)).toBe(outcome(expected));
    for (let round = 1; round <= rounds; round++) {
      for (const machine of [expected, engine]) {
        change(machine, round);
        again(machine);
      }
      expect(outcome(engine)).toBe(outcome(expected));
    }
    expect(counter(engine, VcpuField.STAT_REGIONS)).toBeGreaterThan(COUNT);
    expect(counter(engine, VcpuField.STAT_WASM_BYTES)).toBeGreaterThan(SQUEEZED.cacheBytes);
    expect(counter(engine, VcpuField.STAT_JIT_EVICTIONS)).toBeGreaterThan(0);
    expect(counter(engine, VcpuField.STAT_JIT_INVALIDATIONS)).toBeGreaterThan(0);
  },
  240_000,
);
