/** Engines for tests: the module compiled once, and a host without devices that notes what it is asked. */
import { readFile } from "node:fs/promises";
import { Engine, type EngineModules, type HostImports } from "../../src/core/engine.ts";
import { buildEngine } from "../../tools/buildEngine.ts";

/** Ways of running guest code that every instruction and kernel test goes through; `jit` translates all before it runs. */
export const ENGINE_MODES = ["interp", "jit"] as const;
export type EngineMode = (typeof ENGINE_MODES)[number];

let modules: Promise<EngineModules> | undefined;

async function compile(): Promise<EngineModules> {
  await buildEngine();
  return { shared: await WebAssembly.compile(await readFile(new URL("../../build/engine.wasm", import.meta.url))) };
}

/** A host on which nothing answers: ports and addresses read as all ones. */
export function emptyHost(over: Partial<HostImports> = {}): HostImports {
  const ones = (size: number) => (size === 1 ? 0xff : size === 2 ? 0xffff : -1);
  return {
    portRead: (_port, size) => ones(size),
    portWrite: () => {},
    mmioRead: (_low, _high, size) => ones(size),
    mmioWrite: () => {},
    acknowledgeInterrupt: () => -1,
    nowNs: () => 0,
    event: () => {},
    query: () => 0,
    ...over,
  };
}

export async function createEngine(mode: EngineMode, ramMib: number, host: HostImports): Promise<Engine> {
  modules ??= compile();
  return Engine.create(await modules, ramMib, host, { mode: mode === "jit" ? "forced" : "off" });
}
