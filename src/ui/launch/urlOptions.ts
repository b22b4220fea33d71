/**
 * The page's URL parameters: `?guest=ID&engine=interp|jit|auto&memory=MIB&append=…`, for the embedded page also
 * `view=screen|serial|both`. Everything is optional; a value that cannot be is a VmError that says which can.
 */
import { MAX_RAM_MIB } from "../../core/engine.ts";
import type { EngineMode } from "../../vm/vmConfig.ts";
import { VmError } from "../../vm/vmError.ts";

export const ENGINE_MODES = ["auto", "interp", "jit"] as const satisfies readonly EngineMode[];
export const VIEWS = ["both", "screen", "serial"] as const;
export type View = (typeof VIEWS)[number];

/** What the URL asks for; what it does not mention is undefined. */
export interface UrlOptions {
  guest?: string;
  engine?: EngineMode;
  memoryMib?: number;
  /** Replaces the guest's kernel command line. */
  append?: string;
  view?: View;
}

export function parseUrlOptions(search: string): UrlOptions {
  const parameters = new URLSearchParams(search);
  const options: UrlOptions = {};
  const guest = parameters.get("guest");
  if (guest !== null) options.guest = guest;
  const engine = parameters.get("engine");
  if (engine !== null) options.engine = oneOf("engine", engine, ENGINE_MODES);
  const memory = parameters.get("memory");
  if (memory !== null) options.memoryMib = parseMemory(memory);
  const append = parameters.get("append");
  if (append !== null) options.append = append;
  const view = parameters.get("view");
  if (view !== null) options.view = oneOf("view", view, VIEWS);
  return options;
}

/** MiB of guest memory. */
export function parseMemory(text: string): number {
  const mib = /^\d{1,9}$/.test(text.trim()) ? Number(text) : 0;
  if (mib >= 1 && mib <= MAX_RAM_MIB) return mib;
  throw new VmError("bad-config", `memory=${text}: guest memory is a whole number of MiB, from 1 to ${MAX_RAM_MIB}.`);
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw new VmError("bad-config", `${name}=${value}: it must be one of ${allowed.join(", ")}.`);
}
