/** A bare machine in one of the modes with some code, and what the translator makes of it before it runs. */
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { Engine } from "../../src/core/engine.ts";
import { createEngine, type EngineMode, emptyHost } from "../support/engine.ts";
import { type RegionText, readRegion } from "./regionReader.ts";

export const MODES = [16, 32, 64] as const;
export type Mode = (typeof MODES)[number];

const RAM_MIB = 4;
const STACK = 0x8000n;
const RSP = 4;

/** Page tables for 64-bit mode: the first 2 MiB, linear as physical. */
const PML4 = 0x1_0000;
const PRESENT_WRITABLE = 3n;
const LARGE_PAGE = 0x83n;

const Seg = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5 } as const;
const ALL_MEMORY = 0xffff_ffff;

/** SegAttr: type, S, DPL and P in the low byte; AVL, L, D/B and G in bits 12 to 15. */
const CODE_ATTRIBUTES = { 16: 0x009b, 32: 0xc09b, 64: 0xa09b } as const;
const DATA_ATTRIBUTES = { 16: 0x0093, 32: 0xc093, 64: 0xc093 } as const;

const CR0 = { 16: 0x10n, 32: 0x11n, 64: 0x8000_0011n } as const;
/** OSFXSR and OSXMMEXCPT; with PAE for paging in 64-bit mode. */
const CR4 = { 16: 0x600n, 32: 0x600n, 64: 0x620n } as const;
/** LME and LMA. */
const EFER_LONG = 0x500n;

/** The first region that is translated of `code` at `start`; for a host that has everything unless it is said. */
export async function translate(
  mode: Mode,
  start: number,
  code: Uint8Array,
  host: EngineMode = "jit",
): Promise<RegionText> {
  const engine = await createEngine(host, RAM_MIB, emptyHost());
  engine.write(start, code);
  if (mode === 64) writePageTables(engine);
  enterMode(engine, mode, start);
  let region: RegionText | undefined;
  const restore = onCompile((wasm) => {
    region = readRegion(engine.memory, wasm);
  });
  try {
    // Enough to look the first block up, too little to run a region.
    engine.run(1, false);
  } finally {
    restore();
  }
  if (region === undefined) throw new Error("nothing was translated");
  return region;
}

function writePageTables(engine: Engine): void {
  const tables = new BigUint64Array(3 * 512);
  tables[0] = BigInt(PML4 + 0x1000) | PRESENT_WRITABLE;
  tables[512] = BigInt(PML4 + 0x2000) | PRESENT_WRITABLE;
  tables[1024] = LARGE_PAGE;
  engine.write(PML4, new Uint8Array(tables.buffer));
}

function enterMode(engine: Engine, mode: Mode, start: number): void {
  const limit = mode === 16 ? 0xffff : ALL_MEMORY;
  engine.setField64(VcpuField.CR0, CR0[mode]);
  engine.setField64(VcpuField.CR3, BigInt(PML4));
  engine.setField64(VcpuField.CR4, CR4[mode]);
  engine.setField64(VcpuField.EFER, mode === 64 ? EFER_LONG : 0n);
  engine.setSegment(Seg.cs, 8, 0, limit, CODE_ATTRIBUTES[mode]);
  for (const segment of [Seg.es, Seg.ss, Seg.ds]) engine.setSegment(segment, 16, 0, limit, DATA_ATTRIBUTES[mode]);
  engine.setSegment(Seg.fs, 24, 0x3000, limit, DATA_ATTRIBUTES[mode]);
  engine.setField64(VcpuField.RIP, BigInt(start));
  engine.setField64(VcpuField.REGISTERS, STACK, RSP);
  engine.stateChanged();
}

/** Calls `listener` with the next module that is compiled in this thread; gives what gives that up. */
function onCompile(listener: (wasm: Uint8Array) => void): () => void {
  const original = WebAssembly.Module;
  const restore = () => {
    WebAssembly.Module = original;
  };
  WebAssembly.Module = new Proxy(original, {
    construct(target, [bytes]: [Uint8Array<ArrayBuffer>]) {
      restore();
      listener(bytes);
      return new target(bytes);
    },
  });
  return restore;
}
