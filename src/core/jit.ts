/** How guest code is translated, and what the host's WebAssembly can do. */
import { JitFeature, JitMode } from "../../assembly/shared/jit.ts";
import type { JitTuning } from "../machine/vmConfig.ts";
import type { ModuleCompiler } from "./moduleInstaller.ts";

/** When guest code is translated to WebAssembly (docs/architecture.md). */
export interface JitOptions extends JitTuning {
  /** `forced`: before it runs for the first time. */
  mode: "off" | "auto" | "forced";
  /** Compiles while the guest goes on (`auto`): for callers that let events in between runs. Left out: in place. */
  compiler?: ModuleCompiler;
  /** Modules of up to so many bytes are compiled in place even so: interpreting until they come would cost as much. */
  inPlaceBytes?: number;
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
