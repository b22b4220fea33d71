// Which way branches go nearly always, in the module's section "metadata.code.branch_hint" (WebAssembly branch hinting proposal): the
// host's compiler then lays the other way out of line and keeps values in registers on the usual one. What is out of line already needs
// no hints: V8 lays all of it there, and keeps 45 bytes for each hint as long as the module.
import { Encoder } from "../wasm/encoder";
import { FUNCTION_HINTS, MODULE_HINTS, MODULE_HINTS_SIZE, MODULE_STATE } from "./layout";

/** Hints of one function; further branches have none. */
const MOST: u32 = 4096;
/** Bytes of a hint at most, and of what stands before a function's. */
const HINT_BYTES: u32 = 6;
const FUNCTION_BYTES: u32 = 16;
const SECTION_CUSTOM: u32 = 0;

export const enum Hint {
  UNLIKELY = 0,
  LIKELY = 1,
}


@unmanaged
class HintState {
  /** Encoded hints of the functions so far. */
  encoded: Encoder;
  /** Functions that have any. */
  functions: u32;
  /** Hints of the function being written. */
  count: u32;
}

// @ts-ignore: decorator
@inline
function state(): HintState {
  return changetype<HintState>(<usize>MODULE_STATE + 96);
}

export function beginHints(): void {
  const s = state();
  s.encoded = changetype<Encoder>(<usize>MODULE_STATE + 112);
  s.encoded.at = MODULE_HINTS;
  s.functions = 0;
  s.count = 0;
}

export function beginFunctionHints(): void {
  state().count = 0;
}

/** The IF or BR_IF about to be written at `at` is taken as `hint` says. */
export function hintBranch(at: u32, hint: u32): void {
  const s = state();
  if (s.count == MOST) return;
  store<u32>(<usize>(FUNCTION_HINTS + (s.count << 2)), (at << 1) | hint);
  s.count++;
}

/** The function, number `index`, is complete; byte `at` of its code has become byte `at - start` of its body. */
export function endFunctionHints(index: u32, start: u32): void {
  const s = state();
  const e = s.encoded;
  if (!s.count || e.at + s.count * HINT_BYTES + FUNCTION_BYTES > MODULE_HINTS + MODULE_HINTS_SIZE) return;
  s.functions++;
  e.unsigned(index);
  e.unsigned(s.count);
  for (let i: u32 = 0; i < s.count; i++) {
    const hint = load<u32>(<usize>(FUNCTION_HINTS + (i << 2)));
    e.unsigned((hint >> 1) - start);
    e.byte(1);
    e.byte(hint & 1);
  }
}

/** The whole section. */
export function writeHints(e: Encoder, writeName: (e: Encoder, name: string) => void): void {
  const s = state();
  if (!s.functions) return;
  e.byte(SECTION_CUSTOM);
  const length = e.reserve();
  writeName(e, "metadata.code.branch_hint");
  e.unsigned(s.functions);
  const bytes = s.encoded.at - MODULE_HINTS;
  memory.copy(<usize>e.at, <usize>MODULE_HINTS, <usize>bytes);
  e.at += bytes;
  e.patch(length, e.at - length - 5);
}
