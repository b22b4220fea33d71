// Compiles the SSE executor with the decoder for the tests, and compares it with what a host CPU did.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { RECORD_BYTES, UNCHANGED } from "./inputs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const CHUNK = 8192;
/** Bytes of an output that mean something. */
const OUTPUT_BYTES = 96;

export interface Engine {
  memory: WebAssembly.Memory;
  /** Address of free room. */
  buffer: number;
  /** Puts the vCPU into 64-bit mode with SSE on, memory one to one. */
  init(): void;
  /** Turns paging on, with the page at 0x6000 not present. */
  pageWithHole(): void;
  /** Gives the exception's vector, or 0. */
  execute(bytes: number, length: number): number;
  runAll(inputs: number, outputs: number, count: number): void;
  /** Address of a vCPU field (entry.ts), of XMMn, of physical x87 register n. */
  fieldAddress(field: number): number;
  xmm(n: number): number;
  x87(n: number): number;
}

export function instantiate(name: string): Engine {
  const out = join(root, `build/sse/${name}.wasm`);
  mkdirSync(join(root, "build/sse"), { recursive: true });
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  const args = [asc, "tests/sse/entry.ts", "-o", out, "--runtime", "stub", "-O2", "--noAssert", "--importMemory"];
  args.push("--sharedMemory", "--initialMemory", "1024", "--maximumMemory", "65536");
  args.push("--enable", "threads,simd,bulk-memory,sign-extension,nontrapping-f2i,mutable-globals");
  execFileSync(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  const memory = new WebAssembly.Memory({ initial: 1024, maximum: 65536, shared: true });
  const host = new Proxy({}, { get: () => () => 0 });
  const module = new WebAssembly.Module(readFileSync(out));
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort() {} }, host });
  const engine = { ...exports, memory, buffer: (exports.buffer as WebAssembly.Global).value } as unknown as Engine;
  engine.init();
  return engine;
}

/** What the engine makes of the inputs. */
export function runAll(engine: Engine, inputs: Uint8Array): Uint8Array {
  const outputs = new Uint8Array(inputs.length);
  const memory = new Uint8Array(engine.memory.buffer);
  for (let at = 0; at < inputs.length; at += CHUNK * RECORD_BYTES) {
    const part = inputs.subarray(at, at + CHUNK * RECORD_BYTES);
    memory.set(part, engine.buffer);
    engine.runAll(engine.buffer, engine.buffer + part.length, part.length / RECORD_BYTES);
    outputs.set(memory.slice(engine.buffer + part.length, engine.buffer + 2 * part.length), at);
  }
  return outputs;
}

const FIELDS: readonly (readonly [string, number, number])[] = [
  ["xmm1", 0, 16],
  ["xmm2", 16, 16],
  ["mm1", 32, 8],
  ["mm2", 40, 8],
  ["rcx", 48, 8],
  ["rdx", 56, 8],
  ["memory", 64, 16],
  ["mxcsr", 80, 4],
  ["eflags", 84, 4],
  ["vector", 88, 4],
  ["tags", 92, 1],
  ["top", 93, 1],
  ["mm1 exponent", 94, 2],
];

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** RCP and RSQRT are approximations that differ between processors. */
function isApproximate(input: Uint8Array): boolean {
  const opcode = input[input.indexOf(0x0f, 1) + 1];
  return opcode === 0x52 || opcode === 0x53;
}

/** The cases that went differently, as text; the first word is the instruction. */
export function* compare(inputs: Uint8Array, want: Uint8Array, got: Uint8Array): Generator<string> {
  for (let at = 0; at < inputs.length; at += RECORD_BYTES) {
    const input = inputs.subarray(at, at + RECORD_BYTES);
    const faulted = want[at + 88] !== 0;
    const wrong: string[] = [];
    for (const [name, offset, length] of FIELDS) {
      if (name === "xmm1" && isApproximate(input)) continue;
      // AMD processors switch to MMX even if the instruction then faults.
      if (faulted && (name === "tags" || name === "top")) continue;
      const w = hex(want.subarray(at + offset, at + offset + length));
      const g = hex(got.subarray(at + offset, at + offset + length));
      if (w !== g) wrong.push(`${name} want ${w} got ${g}`);
    }
    if (!wrong.length) continue;
    const operands = `xmm1 ${hex(input.subarray(16, 32))} xmm2 ${hex(input.subarray(32, 48))} mm ${hex(input.subarray(48, 64))} rdx ${hex(input.subarray(72, 80))} memory ${hex(input.subarray(80, 96))} mxcsr ${hex(input.subarray(96, 100))}`;
    yield `${hex(input.subarray(1, 1 + (input[0] as number)))} ${operands}: ${wrong.join("; ")}`;
  }
}

/** Outputs as their difference from the inputs, column by column. */
export function pack(inputs: Uint8Array, outputs: Uint8Array): string {
  const difference = applyInputs(inputs, outputs);
  const count = inputs.length / RECORD_BYTES;
  const columns = new Uint8Array(count * OUTPUT_BYTES);
  for (let n = 0; n < count; n++)
    for (let k = 0; k < OUTPUT_BYTES; k++) columns[k * count + n] = difference[n * RECORD_BYTES + k] as number;
  const text = gzipSync(columns, { level: 9 }).toString("base64");
  return `${(text.match(/.{1,160}/g) ?? []).join("\n")}\n`;
}

export function unpack(inputs: Uint8Array, text: string): Uint8Array {
  const columns = gunzipSync(Buffer.from(text, "base64"));
  const count = inputs.length / RECORD_BYTES;
  const difference = new Uint8Array(inputs.length);
  for (let n = 0; n < count; n++)
    for (let k = 0; k < OUTPUT_BYTES; k++) difference[n * RECORD_BYTES + k] = columns[k * count + n] as number;
  return applyInputs(inputs, difference);
}

function applyInputs(inputs: Uint8Array, outputs: Uint8Array): Uint8Array {
  const result = outputs.slice();
  for (let at = 0; at < inputs.length; at += RECORD_BYTES)
    for (const [to, from, length] of UNCHANGED)
      for (let k = 0; k < length; k++) result[at + to + k]! ^= inputs[at + from + k] as number;
  return result;
}
