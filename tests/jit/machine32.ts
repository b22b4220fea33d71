/** A bare 32-bit machine for tests of the code cache: flat segments, no devices, programs as bytes. */
import { readFile } from "node:fs/promises";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import { Engine, type HostImports } from "../../src/core/engine.ts";
import type { JitOptions } from "../../src/core/jit.ts";
import { buildEngine } from "../../tools/buildEngine.ts";
import { emptyHost } from "../support/engine.ts";

const CODE_SEGMENT = 0xc09b;
const DATA_SEGMENT = 0xc093;
const LIMIT = 0xffff_ffff;
const STACK = 0x8000n;
const RSP = 4;
/** Beyond that a program has gone wild. */
const MAX_SLICES = 10_000;

let module: Promise<WebAssembly.Module> | undefined;

async function compile(): Promise<WebAssembly.Module> {
  await buildEngine();
  return WebAssembly.compile(await readFile(new URL("../../build/engine.wasm", import.meta.url)));
}

/** Little-endian bytes of a 32-bit number. */
export function dword(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

/** A machine about to execute at `entry`. */
export async function machine32(
  jit: JitOptions,
  entry: number,
  code: Record<number, number[]>,
  host: HostImports = emptyHost(),
): Promise<Engine> {
  module ??= compile();
  const engine = await Engine.create({ shared: await module }, 16, host, jit);
  for (const [address, bytes] of Object.entries(code)) engine.write(Number(address), new Uint8Array(bytes));
  engine.setField64(VcpuField.CR0, 0x11n);
  engine.setSegment(1, 8, 0, LIMIT, CODE_SEGMENT);
  for (const segment of [0, 2, 3]) engine.setSegment(segment, 16, 0, LIMIT, DATA_SEGMENT);
  engine.setField64(VcpuField.RIP, BigInt(entry));
  engine.setField64(VcpuField.REGISTERS, STACK, RSP);
  engine.stateChanged();
  return engine;
}

/** Runs to HLT. */
export function runToHalt(engine: Engine): void {
  for (let slice = 0; slice < MAX_SLICES; slice++) {
    if (engine.run(100_000, false) !== 0) return;
  }
  throw new Error("the program does not come to an end");
}

/** All that a program without memory traffic leaves behind. */
export function outcome(engine: Engine): string {
  const registers = Array.from({ length: 8 }, (_, index) => engine.field64(VcpuField.REGISTERS, index).toString(16));
  const rip = engine.field64(VcpuField.RIP).toString(16);
  return `${registers.join(" ")} rip ${rip} flags ${engine.eflags().toString(16)} after ${engine.instructionsRetired()}`;
}

export function counter(engine: Engine, field: VcpuField): number {
  return Number(engine.field64(field));
}
