/** What a browser must have to run a VM, what it had better have, and which versions of the usual browsers do. */

/** Something that this browser lacks. */
export interface MissingFeature {
  name: string;
  /** The first versions that have it, for people. */
  versions: string;
  /** Without it no VM runs; otherwise `fallback` says what is done instead. */
  required: boolean;
  fallback?: string;
}

interface Feature extends MissingFeature {
  present(): boolean;
}

/** `(func (result v128) i32.const 0  i8x16.splat  i8x16.popcnt)` */
const SIMD_MODULE = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0],
  ...[1, 5, 1, 96, 0, 1, 123],
  ...[3, 2, 1, 0],
  ...[10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
);

const FEATURES: readonly Feature[] = [
  {
    name: "WebAssembly",
    versions: "Chrome 57, Edge 16, Firefox 52 and Safari 11",
    required: true,
    present: () => typeof WebAssembly === "object" && typeof WebAssembly.compileStreaming === "function",
  },
  {
    name: "WebAssembly SIMD",
    versions: "Chrome 91, Edge 91, Firefox 89 and Safari 16.4",
    required: true,
    present: () => typeof WebAssembly === "object" && WebAssembly.validate(SIMD_MODULE),
  },
  {
    name: "module workers",
    versions: "Chrome 80, Edge 80, Firefox 114 and Safari 15",
    required: true,
    present: hasModuleWorkers,
  },
  {
    name: "shared memory (WebAssembly threads)",
    versions: "Chrome 74, Edge 79, Firefox 79 and Safari 15.2",
    required: false,
    fallback: "running without shared memory",
    present: () => globalThis.crossOriginIsolated !== true || typeof SharedArrayBuffer === "function",
  },
  {
    name: "OffscreenCanvas",
    versions: "Chrome 69, Edge 79, Firefox 105 and Safari 16.4",
    required: false,
    fallback: "drawing the screen on the page's own thread, 30 times a second",
    present: hasOffscreenCanvas,
  },
];

/** Whether a worker can draw on a canvas of the page. */
export function hasOffscreenCanvas(): boolean {
  return typeof OffscreenCanvas === "function" && "transferControlToOffscreen" in HTMLCanvasElement.prototype;
}

/** A browser that knows module workers asks for the `type` option. */
function hasModuleWorkers(): boolean {
  let asked = false;
  const options = {
    get type(): "module" {
      asked = true;
      return "module";
    },
  };
  const url = URL.createObjectURL(new Blob([], { type: "text/javascript" }));
  try {
    new Worker(url, options).terminate();
  } catch {
    return false;
  } finally {
    URL.revokeObjectURL(url);
  }
  return asked;
}

/** Whatever of {@link FEATURES} this browser lacks. */
export function missingFeatures(features: readonly Feature[] = FEATURES): MissingFeature[] {
  return features.filter((feature) => !feature.present());
}

/** One sentence for people. */
export function describeMissing(feature: MissingFeature): string {
  const has = `${feature.versions} have it`;
  if (feature.required) return `This browser has no ${feature.name}, which Tabvisor needs; ${has}.`;
  return `This browser has no ${feature.name}: ${feature.fallback}; ${has}.`;
}
