// Compiles the softfloat library for the tests and compares it with records made by generate.c (see there for the layout).
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const CHUNK = 4096;
const RESULT_BYTES = 24;
export const RECORD_BYTES = 48;

/** Instruction names in generate.c's order. */
export const OPS = (
  "fadd fsub fmul fdiv fsqrt fprem fprem1 frndint fscale fxtract fcom fucom fxam fist16 fist32 fist64 fisttp16 fisttp32 " +
  "fisttp64 fild64 fld32 fld64 fst32 fst64 fbld fbstp fabs fchs f2xm1 fyl2x fyl2xp1 fsin fcos fsincos fptan fpatan"
).split(" ");
const FIRST_TRANSCENDENTAL = OPS.indexOf("f2xm1");

export interface Harness {
  memory: WebAssembly.Memory;
  buffer(count: number): number;
  runAll(records: number, results: number, count: number): void;
}

export interface Failure {
  name: string;
  text: string;
}

interface F80 {
  sig: bigint;
  se: number;
}

/** Compiles entry.ts into `build/softfloat/<name>.wasm` and instantiates it. */
export async function instantiate(name: string): Promise<Harness> {
  mkdirSync(join(root, "build/softfloat"), { recursive: true });
  const out = join(root, `build/softfloat/${name}.wasm`);
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  const args = [asc, join(here, "entry.ts"), "-o", out, "--runtime", "stub", "-O3", "--noAssert"];
  execFileSync(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  const { instance } = await WebAssembly.instantiate(readFileSync(out), { env: { abort() {} } });
  return instance.exports as unknown as Harness;
}

/** Which status bits an instruction defines. C1 after transcendentals depends on the last bit. */
function statusMask(op: number): number {
  const name = OPS[op] as string;
  if (["fcom", "fucom", "fxam", "fprem", "fprem1"].includes(name)) return 0x473f;
  if (["fsin", "fcos", "fsincos", "fptan"].includes(name)) return 0x43f;
  return op >= FIRST_TRANSCENDENTAL ? 0x3f : 0x23f;
}

function read(view: DataView, at: number): F80 {
  return { sig: view.getBigUint64(at, true), se: view.getUint16(at + 8, true) };
}

function show({ sig, se }: F80): string {
  return `${se.toString(16).padStart(4, "0")}:${sig.toString(16).padStart(16, "0")}`;
}

/** Neighbouring register values of one sign have neighbouring places. */
function place({ sig, se }: F80): bigint {
  const exp = se & 0x7fff;
  return exp === 0 ? sig : (BigInt(exp) << 63n) + (sig - (1n << 63n));
}

function withinOneUlp(a: F80, b: F80): boolean {
  const d = place(a) - place(b);
  return a.se >> 15 === b.se >> 15 && d >= -1n && d <= 1n;
}

/** Yields every record the library disagrees with; counts the cases of each instruction. */
export function* check(harness: Harness, records: Uint8Array, counts = new Map<string, number>()): Generator<Failure> {
  const base = harness.buffer(CHUNK);
  const total = records.length / RECORD_BYTES;
  for (let start = 0; start < total; start += CHUNK) {
    const n = Math.min(CHUNK, total - start);
    const memory = new Uint8Array(harness.memory.buffer);
    memory.set(records.subarray(start * RECORD_BYTES, (start + n) * RECORD_BYTES), base);
    const results = base + n * RECORD_BYTES;
    harness.runAll(base, results, n);
    const view = new DataView(harness.memory.buffer);
    for (let i = 0; i < n; i++) {
      const at = base + i * RECORD_BYTES;
      const op = view.getUint8(at);
      const name = OPS[op] as string;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      const text = compare(view, op, at, results + i * RESULT_BYTES);
      if (text !== undefined) yield { name, text };
    }
  }
}

function compare(view: DataView, op: number, at: number, result: number): string | undefined {
  const mask = statusMask(op);
  const status = view.getUint16(at + 4, true) & mask;
  const gotStatus = view.getUint32(result + 20, true) & mask;
  const want = [read(view, at + 28), read(view, at + 38)] as const;
  const got = [read(view, result), read(view, result + 10)] as const;
  const same = (a: F80, b: F80) =>
    (a.sig === b.sig && a.se === b.se) || (op >= FIRST_TRANSCENDENTAL && withinOneUlp(a, b));
  if (status === gotStatus && same(want[0], got[0]) && same(want[1], got[1])) return undefined;
  const operands = `${show(read(view, at + 8))} ${show(read(view, at + 18))}`;
  return (
    `cw ${view.getUint16(at + 2, true).toString(16)} operands ${operands} ` +
    `want ${show(want[0])} ${show(want[1])} ${status.toString(16)} got ${show(got[0])} ${show(got[1])} ${gotStatus.toString(16)}`
  );
}
