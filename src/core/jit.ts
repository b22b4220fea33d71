/** The engine's way to the host's WebAssembly compiler: what it can do, and the modules that the engine has translated. */
import { JitFeature, JitMode, JitTable } from "../../assembly/shared/jit.ts";
import type { JitTuning } from "../machine/vmConfig.ts";

/** When guest code is translated to WebAssembly (docs/architecture.md). */
export interface JitOptions extends JitTuning {
  /** `forced`: before it runs for the first time. */
  mode: "off" | "auto" | "forced";
}

export const JIT_MODES = { off: JitMode.OFF, auto: JitMode.AUTO, forced: JitMode.FORCED } as const;

/** (func (result v128) i32.const 0 i8x16.splat), and (func return_call 0), as whole modules. */
const SIMD_PROBE = [
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0],
  ...[10, 8, 1, 6, 0, 0x41, 0, 0xfd, 15, 0x0b],
];
const TAIL_CALL_PROBE = [
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
  ...[10, 6, 1, 4, 0, 0x12, 0, 0x0b],
];

/** JitFeature bits of the host's WebAssembly. */
export function detectFeatures(): number {
  let features = 0;
  if (WebAssembly.validate(new Uint8Array(SIMD_PROBE))) features |= JitFeature.SIMD;
  if (WebAssembly.validate(new Uint8Array(TAIL_CALL_PROBE))) features |= JitFeature.TAIL_CALLS;
  return features;
}

/** Compiles translated code and puts it where the engine calls it. */
export class ModuleInstaller {
  /** Time spent in the host's compiler. */
  compileMs = 0;
  /** Hears of places that are about to be emptied. */
  onEmptied: ((place: number, count: number) => void) | undefined;
  /** The first of JitTable.PLACES places for the engine. */
  readonly firstPlace: number;
  private readonly bytes: Uint8Array;
  private readonly imports: WebAssembly.Imports;

  constructor(
    memory: WebAssembly.Memory,
    coreExports: WebAssembly.Exports,
    private readonly table: WebAssembly.Table,
  ) {
    this.bytes = new Uint8Array(memory.buffer);
    this.imports = { m: { memory }, c: coreExports };
    this.firstPlace = table.grow(JitTable.PLACES);
  }

  /** The host import `installModule` (assembly/host/imports.ts). */
  install(address: number, length: number, place: number, count: number): boolean {
    if (length === 0) {
      this.onEmptied?.(place, count);
      for (let i = 0; i < count; i++) this.table.set(place + i, null);
      return true;
    }
    const started = performance.now();
    try {
      // A copy: the compiler does not take shared memory.
      const module = new WebAssembly.Module(this.bytes.slice(address, address + length));
      const { exports } = new WebAssembly.Instance(module, this.imports);
      for (let i = 0; i < count; i++) this.table.set(place + i, exports[i]);
      return true;
    } catch (error) {
      // The host is out of memory for code: guest code goes on interpreted. Anything else is a mistake of the translator.
      if (error instanceof RangeError) return false;
      throw error;
    } finally {
      this.compileMs += performance.now() - started;
    }
  }
}
