// Compiles mmu/ for the tests, with the interpreter's block cache replaced by a stub that records what it is told.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MemoryMap } from "../../assembly/shared/memoryMap";
import { ENGINE_PAGES } from "../../tools/engineMemory";

const root = fileURLToPath(new URL("../..", import.meta.url));

export const GUEST_RAM = MemoryMap.GUEST_RAM;
export const VRAM = MemoryMap.VRAM;
export const ROM = MemoryMap.ROM;
export const RAM_BYTES = 64 << 20;
export const SCRATCH = MemoryMap.SCRATCH;

const BLOCKS_STUB = `
import { Vcpu } from "../cpu/state";
@external("host", "codeWritten")
declare function told(physical: u32, size: u32): void;
export function codeWritten(cpu: Vcpu, physical: u64, size: u32): void { told(<u32>physical, size); }
`;

let wasm: WebAssembly.Module | undefined;

function compile(): WebAssembly.Module {
  if (wasm) return wasm;
  const work = join(root, `build/mmu-test-${process.pid}`);
  const assembly = join(work, "assembly");
  for (const part of ["shared", "cpu", "decode", "mmu", "host"])
    cpSync(join(root, "assembly", part), join(assembly, part), { recursive: true });
  mkdirSync(join(assembly, "jit"), { recursive: true });
  mkdirSync(join(assembly, "test"), { recursive: true });
  writeFileSync(join(assembly, "jit/codeCache.ts"), BLOCKS_STUB);
  cpSync(join(root, "tests/mmu/entry.ts"), join(assembly, "test/entry.ts"));
  const out = join(work, "mmu.wasm");
  const args = ["assembly/test/entry.ts", "-o", out, "--runtime", "stub", "-O2", "--noAssert", "--importMemory"];
  args.push("--sharedMemory", "--initialMemory", String(ENGINE_PAGES), "--maximumMemory", "65536");
  args.push("--enable", "threads,simd,bulk-memory,sign-extension,nontrapping-f2i,mutable-globals");
  try {
    execFileSync(process.execPath, [join(root, "node_modules/assemblyscript/bin/asc.js"), ...args], { cwd: work });
    wasm = new WebAssembly.Module(readFileSync(out));
  } finally {
    rmSync(work, { recursive: true });
  }
  return wasm;
}

type Exports = Record<string, (...args: (number | bigint | boolean)[]) => number> & {
  [K in `${"load" | "sysLoad"}${number}` | "cr2" | "dr6" | "misses" | "translateTo" | "fetch" | "physicalLoad64"]: (
    ...args: (number | bigint)[]
  ) => bigint;
};

/** The mmu with 64 MiB of RAM, and what it told the host. */
export class Mmu {
  readonly memory = new WebAssembly.Memory({ initial: ENGINE_PAGES + 1024, maximum: 65536, shared: true });
  readonly view = new DataView(this.memory.buffer);
  /** "r4 fee00000" for reads, "w4 fee00000 12345678" for writes. */
  mmio: string[] = [];
  code: string[] = [];
  readValue: (address: number, size: number) => number = (address) => address;
  readonly x: Exports;

  constructor() {
    const host = {
      mmioRead: (low: number, high: number, size: number) => {
        this.mmio.push(`r${size} ${this.hex(high, low)}`);
        return this.readValue(low >>> 0, size);
      },
      mmioWrite: (low: number, high: number, value: number, size: number) => {
        this.mmio.push(`w${size} ${this.hex(high, low)} ${(value >>> 0).toString(16)}`);
      },
      codeWritten: (physical: number, size: number) => this.code.push(`${(physical >>> 0).toString(16)}+${size}`),
    };
    const none = () => 0;
    const env = {
      memory: this.memory,
      abort: () => {
        throw new Error("abort");
      },
    };
    const others = {
      portRead: none,
      portWrite: none,
      portReadBlock: none,
      portWriteBlock: none,
      acknowledgeInterrupt: none,
      nowNs: none,
      event: none,
      query: none,
    };
    const instance = new WebAssembly.Instance(compile(), { env, host: { ...others, ...host } });
    this.x = instance.exports as unknown as Exports;
    this.reset();
  }

  private hex(high: number, low: number): string {
    return ((BigInt(high) << 32n) | BigInt(low >>> 0)).toString(16);
  }

  /** Power on; clears the first `bytes` of RAM. */
  reset(bytes = RAM_BYTES): void {
    new Uint8Array(this.memory.buffer, GUEST_RAM, bytes).fill(0);
    this.x.init!(RAM_BYTES);
    this.takeMmio();
    this.takeCode();
    this.readValue = (address) => address;
  }

  takeMmio(): string[] {
    const taken = this.mmio;
    this.mmio = [];
    return taken;
  }

  takeCode(): string[] {
    const taken = this.code;
    this.code = [];
    return taken;
  }

  // Guest-physical memory.
  get32 = (p: number) => this.view.getUint32(GUEST_RAM + p, true);
  put32 = (p: number, v: number) => this.view.setUint32(GUEST_RAM + p, v, true);
  get64 = (p: number) => this.view.getBigUint64(GUEST_RAM + p, true);
  put64 = (p: number, v: bigint) => this.view.setBigUint64(GUEST_RAM + p, v, true);
}

export const CR0 = { PE: 1n, WP: 1n << 16n, AM: 1n << 18n, PG: 1n << 31n };
export const CR4 = { PSE: 1n << 4n, PAE: 1n << 5n, PGE: 1n << 7n, SMEP: 1n << 20n, SMAP: 1n << 21n };
export const EFER = { LME: 1n << 8n, LMA: 1n << 10n, NXE: 1n << 11n };
export const P = 1n,
  W = 2n,
  U = 4n,
  A = 0x20n,
  D = 0x40n,
  PS = 0x80n,
  G = 0x100n,
  NX = 1n << 63n;
export const FLAG_AC = 0x40000n;

/** Pending exception as text: "PF 3", "none". */
export function fault(m: Mmu): string {
  const f = m.x.takeFault!();
  if (f === -1) return "none";
  const names: Record<number, string> = { 12: "SS", 13: "GP", 14: "PF", 17: "AC" };
  return `${names[f >> 16]} ${f & 0xffff}`;
}

const PML4 = 0x10_0000;

/** Tables at 1 MiB: identity from 0 by levels made on demand. */
export class Tables64 {
  private next = PML4 + 0x1000;
  constructor(private readonly m: Mmu) {}

  /** Address of the entry of `linear` at `level` (4 … 1), making what leads there with all rights. */
  entry(linear: bigint, level: number): number {
    let table = PML4;
    for (let at = 4; ; at--) {
      const address = table + Number((linear >> BigInt(12 + 9 * (at - 1))) & 511n) * 8;
      if (at === level) return address;
      if (!(this.m.get64(address) & P)) {
        this.m.put64(address, BigInt(this.next) | P | W | U);
        this.next += 0x1000;
      }
      table = Number(this.m.get64(address) & 0xf_ffff_f000n);
    }
  }

  map(linear: bigint, physical: bigint, bits: bigint, level = 1): number {
    const address = this.entry(linear, level);
    this.m.put64(address, physical | bits | (level > 1 ? PS : 0n));
    return address;
  }

  enable(options: { cr0?: bigint; cr4?: bigint; efer?: bigint } = {}): void {
    const cr0 = CR0.PE | CR0.PG | (options.cr0 ?? 0n);
    this.m.x.setState!(cr0, BigInt(PML4), CR4.PAE | (options.cr4 ?? 0n), EFER.LME | EFER.LMA | (options.efer ?? 0n));
    this.m.x.setMode!(0x813);
  }
}
