/** Compiles entry.ts and gives decoded records as objects. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ENGINE_PAGES } from "../../tools/engineMemory";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");

export type Bits = 16 | 32 | 64;

interface Exports {
  vcpuAddress(): number;
  recordAddress(): number;
  bytesAddress(): number;
  decodeOne(mode: number, available: number, ip: bigint): number;
  decodeMany(mode: number, size: number, count: number): number;
  fieldOffset(n: number): number;
  MODE_16: WebAssembly.Global;
  MODE_32: WebAssembly.Global;
  MODE_64: WebAssembly.Global;
}

const FIELDS = {
  handler: 2,
  op: 2,
  length: 1,
  size: 1,
  form: 1,
  segment: 1,
  dst: 4,
  src: 4,
  imm: 8,
  base: 4,
  index: 4,
  disp: 8,
  nextRip: 8,
  scale: 1,
  addressMode: 1,
  addressSize: 1,
  prefixes: 1,
  modrm: 1,
  opcode: 1,
  regField: 1,
  rmField: 1,
} as const;

type Wide = "imm" | "disp" | "nextRip";
type Raw = { [K in keyof typeof FIELDS]: K extends Wide ? bigint : number };

/** A record as it is, with what decode returned and the operand addresses as offsets in the vCPU (immediate: "imm"). */
export interface Decoded extends Raw {
  result: number;
  name: string;
  dstAt: number | "imm";
  srcAt: number | "imm";
  baseAt: number;
  indexAt: number;
}

/** Offset of Vcpu.zero. */
export const ZERO = 128;

/** Members of the const enum `name` in assembly/`file`. */
export function readEnum(file: string, name: string): Map<string, number> {
  const text = readFileSync(join(root, "assembly", file), "utf8");
  const body = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ""))?.[1] ?? "";
  const members = new Map<string, number>();
  let next = 0;
  for (const item of body.split(",")) {
    const [key, value] = item.split("=").map((part) => part.trim());
    if (!key) continue;
    if (value !== undefined) next = Number(value);
    members.set(key, next++);
  }
  return members;
}

const OPS = readEnum("decode/op.ts", "Op");
const NAMES = new Map([...OPS].filter(([key]) => !/LIMIT|FIRST|LAST/.test(key)).map(([key, value]) => [value, key]));

export class DecoderHarness {
  readonly #exports: Exports;
  readonly #view: DataView;
  readonly #offsets: [keyof Raw, number, number][];

  constructor(exports: Exports, memory: WebAssembly.Memory) {
    this.#exports = exports;
    this.#view = new DataView(memory.buffer);
    this.#offsets = Object.entries(FIELDS).map(([key, size], n) => [key as keyof Raw, size, exports.fieldOffset(n)]);
  }

  static async create(): Promise<DecoderHarness> {
    mkdirSync(join(root, "build/decode"), { recursive: true });
    const out = join(root, `build/decode/test-${process.pid}.wasm`);
    const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
    const flags = ["--runtime", "stub", "-O2", "--noAssert", "--importMemory", "--initialMemory", String(ENGINE_PAGES)];
    execFileSync(process.execPath, [asc, join(here, "entry.ts"), "-o", out, ...flags, "--enable", "simd,bulk-memory"], {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
    });
    const memory = new WebAssembly.Memory({ initial: ENGINE_PAGES });
    const module = await WebAssembly.compile(readFileSync(out));
    const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
      imports[from] ??= {};
      imports[from][name] = kind === "memory" ? memory : () => 0;
    }
    const instance = await WebAssembly.instantiate(module, imports);
    return new DecoderHarness(instance.exports as unknown as Exports, memory);
  }

  mode(bits: Bits): number {
    return this.#exports[`MODE_${bits}`].value;
  }

  /** Decodes `bytes`, followed by `filler`. */
  decode(
    bits: Bits,
    bytes: ArrayLike<number>,
    options: { ip?: number | bigint; available?: number; mode?: number; filler?: number } = {},
  ): Decoded {
    const { ip = 0x1000, available = 15, mode = this.mode(bits), filler = 0xcc } = options;
    const at = this.#exports.bytesAddress();
    new Uint8Array(this.#view.buffer).fill(filler, at, at + 32).set(bytes, at);
    new Uint8Array(this.#view.buffer).fill(0xaa, this.#exports.recordAddress(), this.#exports.recordAddress() + 64);
    const result = this.#exports.decodeOne(mode, available, BigInt(ip));
    const raw = {} as Record<string, number | bigint>;
    const record = this.#exports.recordAddress();
    for (const [key, size, offset] of this.#offsets) {
      const address = record + offset;
      if (size === 8)
        raw[key] = key === "nextRip" ? this.#view.getBigUint64(address, true) : this.#view.getBigInt64(address, true);
      else
        raw[key] =
          size === 4
            ? this.#view.getUint32(address, true)
            : size === 2
              ? this.#view.getUint16(address, true)
              : this.#view.getUint8(address);
    }
    const i = raw as unknown as Raw;
    const vcpu = this.#exports.vcpuAddress();
    const immediate = record + this.#offsets.find(([key]) => key === "imm")![2];
    const where = (address: number) => (address === immediate ? "imm" : address - vcpu);
    const name = NAMES.get(i.op) ?? (i.op >= 448 ? "SSE" : i.op >= 352 ? "X87_REG" : "X87_MEM");
    return {
      ...i,
      result,
      name,
      dstAt: where(i.dst),
      srcAt: where(i.src),
      baseAt: i.base - vcpu,
      indexAt: i.index - vcpu,
    };
  }

  /** Fills the buffer and decodes `count` times from it; for timing. */
  decodeMany(bits: Bits, bytes: Uint8Array, count: number): number {
    new Uint8Array(this.#view.buffer).set(bytes, this.#exports.bytesAddress());
    return this.#exports.decodeMany(this.mode(bits), bytes.length, count);
  }
}

/** Bytes from hex, spaces allowed. */
export function hex(text: string): number[] {
  return [...Buffer.from(text.replace(/ /g, ""), "hex")];
}
