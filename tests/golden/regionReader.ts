/** Reads the region that the engine has translated last, by entry.ts on the engine's memory. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MemoryMap } from "../../assembly/shared/memoryMap.ts";
import { ENGINE_PAGES } from "../../tools/engineMemory.ts";
import { unshareMemoryImport } from "../../tools/unshareMemory.ts";

const root = join(import.meta.dirname, "../..");
/** In video memory, which these machines do not use: what asc has for static data, then the texts. */
const STATICS = MemoryMap.VRAM;
const TEXT = MemoryMap.VRAM + 0x10_0000;

/** Texts of entry.ts, and the module. */
export interface RegionText {
  ir: string;
  /** Lines "number name". */
  locals: string;
  /** Lines "address name". */
  links: string;
  wasm: Uint8Array;
}

interface Exports {
  writeRegion(out: number): number;
  writeLocals(out: number): number;
  writeLinks(out: number): number;
}

let reader: Uint8Array | undefined;

function compile(): Uint8Array {
  const folder = join(root, "build/golden");
  mkdirSync(folder, { recursive: true });
  const out = join(folder, `reader-${process.pid}.wasm`);
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  const flags = ["--runtime", "stub", "-O2", "--noAssert", "--memoryBase", String(STATICS), "--importMemory"];
  flags.push("--sharedMemory", "--initialMemory", String(ENGINE_PAGES), "--maximumMemory", "65536");
  flags.push("--enable", "threads,simd,bulk-memory,sign-extension,nontrapping-f2i,mutable-globals");
  flags.push("--disableWarning", "112"); // sets of blocks are vectors (jit/blockSet.ts); none goes to JavaScript
  execFileSync(process.execPath, [asc, join(import.meta.dirname, "entry.ts"), "-o", out, ...flags], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  try {
    return readFileSync(out);
  } finally {
    rmSync(out);
  }
}

/** @param wasm the module that the engine has made of it */
export function readRegion(memory: WebAssembly.Memory, wasm: Uint8Array): RegionText {
  reader ??= compile();
  const isShared = memory.buffer instanceof SharedArrayBuffer;
  const module = new WebAssembly.Module(Uint8Array.from(isShared ? reader : unshareMemoryImport(reader)));
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const exports = instance.exports as unknown as Exports;
  const text = (length: number) => new TextDecoder().decode(new Uint8Array(memory.buffer, TEXT, length).slice());
  return {
    ir: text(exports.writeRegion(TEXT)),
    locals: text(exports.writeLocals(TEXT)),
    links: text(exports.writeLinks(TEXT)),
    wasm: wasm.slice(),
  };
}
