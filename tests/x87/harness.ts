// Compiles entry.ts, runs single instructions in it, and compares them with records of generate.c.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ENGINE_PAGES } from "../../tools/engineMemory";
import { Before, type Recordings, type X87Record } from "./records";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const RAM_BYTES = 0x10_0000;

const FIELDS = [
  "rax",
  "rsi",
  "eflags",
  "flagOp",
  "mode",
  "cr0",
  "cr3",
  "fpuControl",
  "fpuStatus",
  "fpuTop",
  "fpuEmpty",
  "fpuOpcode",
  "fpuIp",
  "fpuDp",
  "fpuCs",
  "fpuDs",
  "attention",
  "rip",
  "interruptRequest",
] as const;
type Field = (typeof FIELDS)[number];

/** Mode bits of cpu/state.ts: code and stack size, protected, flat segments. */
export const Mode = {
  LONG: 3 | (3 << 2) | 0x10 | 0x3c0 | 0x800,
  PROTECTED32: 2 | (2 << 2) | 0x10 | 0x3c0,
  PROTECTED16: 1 | (1 << 2) | 0x10,
  REAL: 1 | (1 << 2),
  V86: 1 | (1 << 2) | 0x20 | 0x400,
} as const;

interface Exports {
  VCPU: WebAssembly.Global;
  CODE: WebAssembly.Global;
  RAM: WebAssembly.Global;
  REGISTERS: WebAssembly.Global;
  SEGMENTS: WebAssembly.Global;
  init(bytes: number): void;
  step(ip: bigint): number;
  repeat(count: number): void;
  eflags(): bigint;
  fieldOffset(n: number): number;
}

const LOCATION = 0x1000;
/** Where the memory operand of the records lies. */
const OPERAND = 0x2000;

export class X87 {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  /** What the engine told the board: [kind, value]. */
  readonly events: [number, number][] = [];
  onEvent: (kind: number, value: number) => void = () => {};
  private readonly offsets: Map<Field, number>;

  private constructor(
    memory: WebAssembly.Memory,
    readonly x: Exports,
  ) {
    this.view = new DataView(memory.buffer);
    this.bytes = new Uint8Array(memory.buffer);
    const base = x.VCPU.value as number;
    this.offsets = new Map(FIELDS.map((name, n) => [name, base + x.fieldOffset(n)]));
    this.reset(Mode.LONG);
  }

  static async create(): Promise<X87> {
    const memory = new WebAssembly.Memory({ initial: ENGINE_PAGES + 32, maximum: 65536, shared: true });
    let made: X87 | undefined;
    const event = (kind: number, value: number) => {
      made?.events.push([kind, value]);
      made?.onEvent(kind, value);
    };
    const host = new Proxy({ event } as Record<string, unknown>, {
      get: (all, name: string) => all[name] ?? (() => 0),
    });
    const abort = () => {
      throw new Error("abort");
    };
    const module = await WebAssembly.compile(compile());
    const imports: WebAssembly.Imports = { env: { memory, abort } };
    const hostImports: Record<string, WebAssembly.ImportValue> = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module))
      if (from === "host") hostImports[name] = host[name] as WebAssembly.ImportValue;
    imports.host = hostImports;
    const { exports } = await WebAssembly.instantiate(module, imports);
    made = new X87(memory, exports as unknown as Exports);
    return made;
  }

  reset(mode: number): void {
    this.x.init(RAM_BYTES);
    this.events.length = 0;
    this.onEvent = () => {};
    this.set32("mode", mode);
    this.run([0xdb, 0xe3]);
  }

  get32(name: Field): number {
    return this.view.getUint32(this.offsets.get(name) as number, true);
  }

  set32(name: Field, value: number): void {
    this.view.setUint32(this.offsets.get(name) as number, value, true);
  }

  get64(name: Field): bigint {
    return this.view.getBigUint64(this.offsets.get(name) as number, true);
  }

  set64(name: Field, value: bigint): void {
    this.view.setBigUint64(this.offsets.get(name) as number, value, true);
  }

  /** Executes an instruction at `ip`: the vector of its exception, or -1. */
  run(code: readonly number[], ip = LOCATION): number {
    const at = this.x.CODE.value as number;
    this.bytes.fill(0, at, at + 16);
    this.bytes.set(code, at);
    return this.x.step(BigInt(ip));
  }

  /** Guest-physical memory. */
  ram(address: number, size: number): Uint8Array {
    const at = (this.x.RAM.value as number) + address;
    return this.bytes.subarray(at, at + size);
  }

  ramView(address: number): DataView {
    return new DataView(this.bytes.buffer, (this.x.RAM.value as number) + address);
  }

  register(physical: number): Uint8Array {
    const at = (this.x.REGISTERS.value as number) + 16 * physical;
    return this.bytes.subarray(at, at + 10);
  }

  setSegment(index: number, selector: number, base: number, limit: number, attributes: number): void {
    const at = (this.x.SEGMENTS.value as number) + 32 * index;
    this.view.setBigUint64(at, BigInt(base), true);
    this.view.setUint32(at + 8, limit, true);
    this.view.setUint32(at + 12, attributes, true);
    this.view.setUint32(at + 16, selector, true);
  }

  get status(): number {
    return this.get32("fpuStatus") | (this.get32("fpuTop") << 11);
  }
}

function compile(): Uint8Array<ArrayBuffer> {
  const folder = join(root, "build/x87");
  mkdirSync(folder, { recursive: true });
  const out = join(folder, `test-${process.pid}.wasm`);
  const args = [join(root, "node_modules/assemblyscript/bin/asc.js"), join(here, "entry.ts"), "-o", out];
  args.push("--runtime", "stub", "-O2", "--noAssert", "--importMemory", "--sharedMemory");
  args.push("--initialMemory", String(ENGINE_PAGES));
  args.push("--maximumMemory", "65536", "--enable", "threads,simd,bulk-memory,sign-extension,nontrapping-f2i");
  execFileSync(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  const wasm = new Uint8Array(readFileSync(out));
  rmSync(out);
  return wasm;
}

/** What the record's instruction does here, in the form of the record; and whether the two agree. */
export function check(cpu: X87, all: Recordings, record: X87Record): string | undefined {
  const before = new Before(all, record);
  cpu.set64("rax", 0n);
  cpu.set64("rsi", BigInt(OPERAND));
  cpu.set64("eflags", 0x202n | BigInt(record.flags));
  cpu.set32("flagOp", 0);
  cpu.set32("cr0", 0x21);
  cpu.set32("fpuControl", record.cw);
  cpu.set32("fpuTop", (record.sw >> 11) & 7);
  const pending = (record.sw & ~record.cw & 0x3f) !== 0;
  cpu.set32("fpuStatus", (record.sw & ~0xb880) | (pending ? 0x8080 : 0));
  cpu.set32("fpuEmpty", record.empty);
  cpu.set64("fpuIp", 0x55n);
  cpu.set64("fpuDp", 0x66n);
  for (let n = 0; n < 8; n++) cpu.register(n).set(before.registers.subarray(10 * n, 10 * n + 10));
  cpu.ram(OPERAND, 112).set(before.memory);
  const vector = cpu.run([0xd8 + record.esc, record.modrm]);
  if (vector >= 0) return explain(record, before, `exception ${vector}`);

  const wrong: string[] = [];
  const expectSame = (what: string, want: number, got: number) => {
    if (want !== got) wrong.push(`${what} want ${want.toString(16)} got ${got.toString(16)}`);
  };
  const transcendental = isTranscendental(record);
  // The records are an AMD processor's. Of comparisons with an unmasked exception Intel documents that the condition codes
  // stay as they were, and of FCOMI that it clears C1 (SDM vol. 2, FCOM and FCOMI); there they are set, and left alone.
  const blocked = (record.swAfter & ~record.cw & 3) !== 0 && !pending;
  const conditions = isComparison(record) ? (setsFlags(record) ? 0x200 : blocked ? 0x4500 : 0) : 0;
  const statusMask = transcendental ? 0xfdff : 0xffff & ~conditions;
  expectSame("cw", record.cwAfter, cpu.get32("fpuControl"));
  expectSame("sw", record.swAfter & statusMask, cpu.status & statusMask);
  expectSame("ax", record.axAfter, Number(cpu.get64("rax")));
  if (!blocked || !setsFlags(record)) expectSame("eflags", record.flagsAfter, Number(cpu.x.eflags() & 0x8d5n));
  for (let n = 0; n < 8; n++) {
    const want = before.registers
      .subarray(10 * n, 10 * n + 10)
      .map((byte, k) => byte ^ (record.registers[10 * n + k] as number));
    const got = cpu.register(n);
    if (!same(want, got) && !(transcendental && withinOneUlp(want, got)))
      wrong.push(`r${n} want ${hex(want)} got ${hex(got)}`);
  }
  const memory = cpu.ram(OPERAND, 108);
  const isImage = record.modrm < 0xc0 && (record.modrm & 0x38) === 0x30 && (record.esc === 1 || record.esc === 5);
  const wantMemory = before.memory.slice(0, 108).map((byte, k) => byte ^ (record.memory[k] as number));
  if (isImage) wantMemory.set(memory.subarray(12, 28), 12);
  if (!same(wantMemory, memory)) wrong.push(`memory want ${hex(wantMemory)} got ${hex(memory)}`);
  const isImageLoad = record.modrm < 0xc0 && (record.modrm & 0x38) === 0x20 && (record.esc === 1 || record.esc === 5);
  if (!isImageLoad) expectSame("pointers", record.pointers, pointers(cpu));
  cpu.run([0xd9, 0x36]); // FNSTENV: the tags
  expectSame("tw", record.twAfter, cpu.ramView(OPERAND).getUint16(8, true));
  return wrong.length > 0 ? explain(record, before, wrong.join("; ")) : undefined;
}

/** The instruction and operand pointers as X87Record.pointers tells them. */
function pointers(cpu: X87): number {
  const of = (value: bigint, mine: number) => (value === BigInt(mine) ? 1 : 0) | (value === 0n ? 2 : 0);
  return of(cpu.get64("fpuIp"), LOCATION) | (of(cpu.get64("fpuDp"), OPERAND) << 2);
}

function explain(record: X87Record, before: Before, text: string): string {
  const registers = record.st.map((_, n) => hex(before.register(n))).join(" ");
  const { cw, sw, empty } = record;
  return (
    `${instruction(record)} cw ${cw.toString(16)} sw ${sw.toString(16)} top ${(sw >> 11) & 7} empty ${empty.toString(2)} ` +
    `st ${registers} memory ${hex(before.memory.subarray(0, 16))}: ${text}`
  );
}

export function instruction({ esc, modrm }: X87Record): string {
  return `${(0xd8 + esc).toString(16)} ${modrm.toString(16).padStart(2, "0")}`;
}

function isTranscendental({ esc, modrm }: X87Record): boolean {
  return esc === 1 && [0xf0, 0xf1, 0xf2, 0xf3, 0xf9, 0xfb, 0xfe, 0xff].includes(modrm);
}

/** FCOM, FCOMP, FUCOM, FICOM, FCOMI and so on, FTST. */
function isComparison(record: X87Record): boolean {
  const { esc, modrm } = record;
  const reg = (modrm >> 3) & 7;
  if (setsFlags(record) || (esc === 1 && modrm === 0xe4)) return true;
  if ((esc & 1) === 0 && (reg === 2 || reg === 3)) return modrm < 0xc0 || esc !== 2;
  return modrm >= 0xc0 && (reg === 4 || reg === 5) && (esc === 5 || esc === 2);
}

/** FCOMI, FUCOMI. */
function setsFlags({ esc, modrm }: X87Record): boolean {
  return modrm >= 0xe8 && modrm < 0xf8 && (esc === 3 || esc === 7);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, n) => byte === b[n]);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).reverse().toString("hex");
}

function withinOneUlp(a: Uint8Array, b: Uint8Array): boolean {
  const place = (v: Uint8Array) => {
    const value = BigInt(`0x${hex(v)}`);
    const exponent = (value >> 64n) & 0x7fffn;
    const significand = value & 0xffff_ffff_ffff_ffffn;
    return exponent === 0n ? significand : (exponent << 63n) + (significand - (1n << 63n));
  };
  const difference = place(a) - place(b);
  return (a[9] as number) >> 7 === (b[9] as number) >> 7 && difference >= -1n && difference <= 1n;
}
