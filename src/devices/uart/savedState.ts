import type { DeviceState } from "../../bus/device.ts";

/**
 * Returns the state of a saved record after checking kind, version and shape, or throws a clear Error. `like` is a state
 * that `save` of the same device gave: the candidate must have the same keys and types. Arrays (queues) may differ in length
 * when they are plain arrays of the same element type; typed arrays must agree in length.
 */
export function checkedState<T>(saved: DeviceState, kind: string, version: number, like: T): T {
  if (saved?.kind !== kind) throw new Error(`${kind}: the saved state is of kind ${String(saved?.kind)}`);
  if (saved.version !== version) throw new Error(`${kind}: unknown version ${saved.version} of the saved state`);
  checkShape(kind, like, saved.state);
  return saved.state as T;
}

function checkShape(path: string, like: unknown, value: unknown): void {
  if (ArrayBuffer.isView(like)) return checkTyped(path, like, value);
  if (Array.isArray(like)) return checkArray(path, like, value);
  if (typeof like === "object" && like !== null) return checkObject(path, like, value);
  if (typeof value !== typeof like) throw new Error(`${path}: expected a ${typeof like}, found ${typeof value}`);
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`${path}: not a finite number`);
}

function checkTyped(path: string, like: ArrayBufferView, value: unknown): void {
  const same = ArrayBuffer.isView(value) && value.constructor === like.constructor;
  if (!same || value.byteLength !== like.byteLength) {
    throw new Error(`${path}: expected ${like.byteLength} bytes of ${like.constructor.name}`);
  }
}

/** Plain arrays are queues of numbers throughout. */
function checkArray(path: string, _like: unknown[], value: unknown): void {
  if (!Array.isArray(value)) throw new Error(`${path}: expected an array`);
  for (const element of value) {
    if (typeof element !== "number") throw new Error(`${path}: expected numbers, found ${typeof element}`);
  }
}

function checkObject(path: string, like: object, value: unknown): void {
  if (typeof value !== "object" || value === null) throw new Error(`${path}: expected an object`);
  for (const [key, part] of Object.entries(like)) {
    if (!(key in value)) throw new Error(`${path}.${key}: missing`);
    checkShape(`${path}.${key}`, part, (value as Record<string, unknown>)[key]);
  }
}
