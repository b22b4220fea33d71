/** Engines for tests: the module compiled once, and a host without devices that notes what it is asked. */
import { readFile } from "node:fs/promises";
import { JitFeature } from "../../assembly/shared/jit.ts";
import { Engine, type EngineModules, type HostImports } from "../../src/core/engine.ts";
import { buildEngine } from "../../tools/buildEngine.ts";

/** Ways of running guest code that every instruction and kernel test goes through; `jit` translates all before it runs. */
export const ENGINE_MODES = ["interp", "jit"] as const;
/** `jit` on hosts that lack something. */
export const FALLBACK_MODES = [
  "jit without SIMD",
  "jit without tail calls",
  "jit without shared memory",
  "jit without any of them",
] as const;
export type EngineMode = (typeof ENGINE_MODES)[number] | (typeof FALLBACK_MODES)[number];

const ALL_FEATURES = JitFeature.SIMD | JitFeature.TAIL_CALLS;

/** JitFeature bits, and which build of the engine. */
export const HOSTS: Readonly<Record<EngineMode, { features: number; build: keyof EngineModules }>> = {
  interp: { features: ALL_FEATURES, build: "shared" },
  jit: { features: ALL_FEATURES, build: "shared" },
  "jit without SIMD": { features: JitFeature.TAIL_CALLS, build: "shared" },
  "jit without tail calls": { features: JitFeature.SIMD, build: "shared" },
  "jit without shared memory": { features: ALL_FEATURES, build: "unshared" },
  "jit without any of them": { features: 0, build: "unshared" },
};

const compiled = new Map<keyof EngineModules, Promise<EngineModules>>();

/** One build of the engine, compiled once. */
export function engineModules(build: keyof EngineModules): Promise<EngineModules> {
  const modules = compiled.get(build) ?? compile(build);
  compiled.set(build, modules);
  return modules;
}

async function compile(build: keyof EngineModules): Promise<EngineModules> {
  await buildEngine();
  const file = build === "shared" ? "engine.wasm" : "engine-unshared.wasm";
  return { [build]: await WebAssembly.compile(await readFile(new URL(`../../build/${file}`, import.meta.url))) };
}

/** A host on which nothing answers: ports and addresses read as all ones. */
export function emptyHost(over: Partial<HostImports> = {}): HostImports {
  const ones = (size: number) => (size === 1 ? 0xff : size === 2 ? 0xffff : -1);
  return {
    portRead: (_port, size) => ones(size),
    portWrite: () => {},
    portReadBlock: () => 0,
    portWriteBlock: () => 0,
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
  const { features, build } = HOSTS[mode];
  const jit = { mode: mode === "interp" ? "off" : "forced", features } as const;
  return Engine.create(await engineModules(build), ramMib, host, jit);
}
