/**
 * Checks for saved device state. A device describes the shape of its state once; `parseState` gives it back typed or throws
 * a {@link SavedStateError} that says where it is wrong, before the device has touched anything.
 *
 *   const SHAPE = object({ irr: u8, lines: list(bool, 8), deadlineNs: nullable(finite) });
 *   const state = parseState(saved, "pic", 1, SHAPE);
 */
import type { DeviceState } from "./device.ts";

export class SavedStateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SavedStateError";
  }
}

/** Returns the value, typed, or throws a SavedStateError naming `path`. */
export type Check<T> = (value: unknown, path: string) => T;
export type Checked<C> = C extends Check<infer T> ? T : never;

/** Checks kind and version, then the state against its shape. */
export function parseState<T>(saved: DeviceState, kind: string, version: number, shape: Check<T>): T {
  if (typeof saved !== "object" || saved === null) throw new SavedStateError(`${kind}: the saved state is no record`);
  if (saved.kind !== kind) throw new SavedStateError(`${kind}: the saved state is of kind ${String(saved.kind)}`);
  if (saved.version !== version) {
    throw new SavedStateError(`${kind}: saved version ${String(saved.version)}, this build reads ${version}`);
  }
  return shape(saved.state, kind);
}

function uintUpTo(max: number): Check<number> {
  return (value, path) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > max) {
      throw new SavedStateError(`${path}: expected an unsigned integer to ${max}, found ${show(value)}`);
    }
    return value;
  };
}

export const u8 = uintUpTo(0xff);
export const u16 = uintUpTo(0xffff);
export const u32 = uintUpTo(0xffffffff);
/** Any unsigned integer a JS number holds exactly. */
export const uint = uintUpTo(Number.MAX_SAFE_INTEGER);

/** A finite number, as times in ns. */
export const finite: Check<number> = (value, path) => {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new SavedStateError(`${path}: expected a finite number, found ${show(value)}`);
  }
  return value;
};

export const bool: Check<boolean> = (value, path) => {
  if (typeof value !== "boolean") throw new SavedStateError(`${path}: expected true or false, found ${show(value)}`);
  return value;
};

export const text: Check<string> = (value, path) => {
  if (typeof value !== "string") throw new SavedStateError(`${path}: expected text, found ${show(value)}`);
  return value;
};

/** Raw bytes, at most `maxLength`. */
export function bytes(maxLength: number): Check<Uint8Array> {
  return (value, path) => {
    if (!(value instanceof Uint8Array) || value.length > maxLength) {
      throw new SavedStateError(`${path}: expected at most ${maxLength} bytes, found ${show(value)}`);
    }
    return value;
  };
}

/** Anything; for a part that another check parses. */
export const anything: Check<unknown> = (value) => value;

export function nullable<T>(check: Check<T>): Check<T | null> {
  return (value, path) => (value === null ? null : check(value, path));
}

/** An array, of exactly `length` elements when given. */
export function list<T>(check: Check<T>, length?: number): Check<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new SavedStateError(`${path}: expected a list, found ${show(value)}`);
    if (length !== undefined && value.length !== length) {
      throw new SavedStateError(`${path}: expected ${length} elements, found ${value.length}`);
    }
    return value.map((element, index) => check(element, `${path}[${index}]`));
  };
}

/** An object with exactly these members. */
export function object<S extends Record<string, Check<unknown>>>(shape: S): Check<{ [K in keyof S]: Checked<S[K]> }> {
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new SavedStateError(`${path}: expected a record, found ${show(value)}`);
    }
    const source = value as Record<string, unknown>;
    for (const key of Object.keys(source)) {
      if (!(key in shape)) throw new SavedStateError(`${path}.${key}: left over`);
    }
    const result: Record<string, unknown> = {};
    for (const [key, check] of Object.entries(shape)) {
      if (!(key in source)) throw new SavedStateError(`${path}.${key}: missing`);
      result[key] = check(source[key], `${path}.${key}`);
    }
    return result as { [K in keyof S]: Checked<S[K]> };
  };
}

function show(value: unknown): string {
  return typeof value === "object" && value !== null ? "an object" : `${typeof value} ${String(value)}`;
}
