/** The engine's wasm, compiled once in a page and posted to the workers of all its VMs. */
import type { EngineModules } from "../core/engine.ts";
import { VmError } from "../vm/vmError.ts";

let loading: Promise<EngineModules> | undefined;

/** Whether VMs of this page can have shared memory. */
export function hasSharedMemory(): boolean {
  return globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer === "function";
}

/** The build of the engine that fits this page. Throws VmError; a failure is not kept, the next call tries again. */
export function loadEngine(baseUrl: string = document.baseURI): Promise<EngineModules> {
  loading ??= compileFor(baseUrl).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function compileFor(baseUrl: string): Promise<EngineModules> {
  if (hasSharedMemory()) return { shared: await compile(new URL("engine/engine.wasm", baseUrl)) };
  return { unshared: await compile(new URL("engine/engine-unshared.wasm", baseUrl)) };
}

async function compile(url: URL): Promise<WebAssembly.Module> {
  const response = await fetchEngine(url);
  try {
    return await WebAssembly.compileStreaming(response);
  } catch (error) {
    throw new VmError(
      "load-failed",
      `the engine at ${url.pathname} does not compile here: ${(error as Error).message}`,
    );
  }
}

async function fetchEngine(url: URL): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    throw new VmError("load-failed", `the engine at ${url.href} could not be fetched: the server does not answer`);
  }
  if (response.ok) return response;
  const hint = response.status === 404 ? "; `npm run build:engine` builds it" : "";
  throw new VmError(
    "load-failed",
    `the engine at ${url.pathname} could not be fetched: HTTP ${response.status}${hint}`,
  );
}
