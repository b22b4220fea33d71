/** Modules that the translator makes for hosts that lack a feature do without it: binaryen refuses them otherwise. */
import binaryen from "binaryen";
import { expect, it } from "vitest";
import { translate } from "../golden/guest.ts";
import { type EngineMode, FALLBACK_MODES } from "../support/engine.ts";

/** movdqu xmm0, [rsi]; paddd xmm0, xmm1; mulsd xmm0, xmm2; call +0; jmp far away: vectors, and ways out of every kind. */
const CODE = Uint8Array.of(
  ...[0xf3, 0x0f, 0x6f, 0x06, 0x66, 0x0f, 0xfe, 0xc1, 0xf2, 0x0f, 0x59, 0xc2],
  ...[0xe8, 0, 0, 0, 0, 0xe9, 0, 0x10, 0, 0],
);

/** In locals, and in memory. */
const STARTS = [0x1000, 0x1010];

const { SIMD128, TailCall, Atomics: Threads, All } = binaryen.Features;
const NEEDS_NOT: readonly [EngineMode, binaryen.Features][] = [
  ["jit without SIMD", SIMD128],
  ["jit without tail calls", TailCall],
  ["jit without shared memory", Threads],
  ["jit without any of them", SIMD128 | TailCall | Threads],
];

function readModule<T>(wasm: Uint8Array, features: binaryen.Features, use: (module: binaryen.Module) => T): T {
  const module = binaryen.readBinaryWithFeatures(wasm, features);
  try {
    return use(module);
  } finally {
    module.dispose();
  }
}

it.each(NEEDS_NOT)("%s", async (host, feature) => {
  for (const start of STARTS) {
    const { wasm } = await translate(64, start, CODE, host);
    expect(readModule(wasm, All & ~feature, (module) => module.validate())).toBe(1);
  }
});

it("a host that has everything gets vectors and shared memory", async () => {
  const { wasm } = await translate(64, 0x1000, CODE);
  const text = readModule(wasm, All, (module) => module.emitText());
  expect(text).toContain("v128.load");
  expect(text).toMatch(/\(memory .* shared\)/);
});

it("knows all fallbacks", () => {
  expect(NEEDS_NOT.map(([host]) => host)).toEqual(FALLBACK_MODES);
});
