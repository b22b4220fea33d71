/** Programs for the x87 on a bare machine, and the comparison of what they leave, translated and interpreted. */
import { expect } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { Engine } from "../../src/core/engine.ts";
import { dword, machine32, outcome, runToHalt } from "./machine32.ts";

const INIT = 0x800;
const CODE = 0x1000;
export const DATA = 0x4000;
export const RESULTS = 0x5000;
const SAVED = 0x6000;
const FX = 0x7000;
const PAGE = 0x1000;

export const hex = (text: string): number[] => text.split(" ").map((byte) => Number.parseInt(byte, 16));
/** An instruction with an absolute operand: its opcode, and ModRM.reg. */
export const memory = (opcode: number, reg: number, address: number): number[] => [
  opcode,
  (reg << 3) | 5,
  ...dword(address),
];
export const FNINIT = [0xdb, 0xe3];
export const FNSAVE = memory(0xdd, 6, SAVED);
export const FXSAVE = [0x0f, 0xae, 5, ...dword(FX)];
const HLT = [0xf4];

/** Numbers that programs compute with, and some that they seldom do. */
export const NUMBERS = [
  1,
  0.1,
  -2.5,
  Math.PI,
  1e300,
  -1e-300,
  7,
  1024,
  0.3333333333333333,
  12345.678,
  -0.1,
  1 / 3,
  0,
  -0,
  Infinity,
  NaN,
  5e-324,
];

function numbers(): number[] {
  const bytes = new Uint8Array(0x400);
  const view = new DataView(bytes.buffer);
  for (const [n, value] of NUMBERS.entries()) {
    view.setFloat64(8 * n, value, true);
    view.setFloat32(0x100 + 4 * n, value, true);
    view.setInt32(0x180 + 4 * n, Math.trunc(value), true);
  }
  for (const [n, word] of CONTROL_WORDS.entries()) view.setUint16(0x200 + 2 * n, word, true);
  return [...bytes];
}

/** Usual; 53 bits; 24 bits; chopped; up; with invalid operation, with inexact unmasked. */
export const CONTROL_WORDS = [0x37f, 0x27f, 0x07f, 0xf7f, 0xb7f, 0x37e, 0x35f];

/** FNINIT is done before anything is translated: code that finds exceptions unmasked leaves the x87 to the engine. */
async function state(program: number[], data: Record<number, number[]>, mode: "off" | "forced"): Promise<string> {
  const memory = { [INIT]: [...FNINIT, ...HLT], [CODE]: program, [DATA]: numbers(), ...data };
  const engine = await machine32({ mode }, INIT, memory);
  runToHalt(engine);
  engine.setField64(VcpuField.RIP, BigInt(CODE));
  engine.setField(VcpuField.HALTED, 0);
  engine.setField64(VcpuField.CR4, 0x600n); // OSFXSR, OSXMMEXCPT
  engine.stateChanged();
  runToHalt(engine);
  return `${outcome(engine)}\n${dump(engine, RESULTS)}\n${dump(engine, SAVED)}\n${dump(engine, FX)}`;
}

function dump(engine: Engine, address: number): string {
  const bytes = new Uint8Array(PAGE);
  engine.read(address, bytes);
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/(00)+$/, "");
}

/** Translated code has to leave what the interpreter leaves. */
export async function compare(body: number[], data: Record<number, number[]> = {}): Promise<void> {
  const program = [...body, ...FXSAVE, ...FNSAVE, ...HLT];
  expect(await state(program, data, "forced")).toBe(await state(program, data, "off"));
}

export const FLD = (n: number) => memory(0xdd, 0, DATA + 8 * n);
export const FSTP = (n: number) => memory(0xdd, 3, RESULTS + 8 * n);
export const FLDCW = (n: number) => memory(0xd9, 5, DATA + 0x200 + 2 * n);

/** `body` so many times; it must leave ECX alone. */
export function repeat(times: number, body: number[]): number[] {
  const back = dword(-(body.length + 7));
  return [0xb9, ...dword(times), ...body, 0x49, 0x0f, 0x85, ...back]; // mov ecx; dec ecx; jnz
}
