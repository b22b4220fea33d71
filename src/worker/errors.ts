/**
 * Errors across the worker boundary. Comlink copies an error's message and drops its class and own fields; with this transfer
 * handler a VmError, EngineError or StorageError arrives as what it was, its code included. Both ends call {@link installErrorTransfer}.
 */
import { type TransferHandler, transferHandlers } from "comlink";
import { StorageError } from "../bus/blockBackend.ts";
import { EngineError } from "../core/engineError.ts";
import { VmError } from "../vm/vmError.ts";

/** An error as plain data. `stack` is for the developer's console; the page never shows it. */
export interface ErrorRecord {
  name: string;
  message: string;
  code?: string;
  stack?: string;
}

type Thrown = { value: unknown };
type WireThrown = { error: ErrorRecord } | { value: unknown };

/** Those that are more than their name. */
const CLASSES: Readonly<Record<string, (record: ErrorRecord) => Error>> = {
  VmError: ({ code, message }) => new VmError(code as never, message),
  EngineError: ({ code, message }) => new EngineError(code as never, message),
  StorageError: ({ message }) => new StorageError(message),
};

/** What of `error` crosses a thread boundary. */
export function packError(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack } = error;
  const code = (error as { code?: unknown }).code;
  return { name, message, ...(typeof code === "string" && { code }), ...(stack !== undefined && { stack }) };
}

/** The error that `record` was: of its class when it is one of ours, with its code in any case. */
export function unpackError(record: ErrorRecord): Error {
  const known = CLASSES[record.name];
  const error = known
    ? known(record)
    : Object.assign(new Error(record.message), { name: record.name, ...(record.code && { code: record.code }) });
  if (record.stack !== undefined) error.stack = record.stack;
  return error;
}

/** Replaces Comlink's handler for thrown values in this thread. */
export function installErrorTransfer(): void {
  const original = transferHandlers.get("throw") as TransferHandler<Thrown, unknown>;
  const handler: TransferHandler<Thrown, WireThrown> = {
    canHandle: (value: unknown): value is Thrown => original.canHandle(value),
    serialize: ({ value }) => [value instanceof Error ? { error: packError(value) } : { value }, []],
    deserialize: (wire): never => {
      throw "error" in wire ? unpackError(wire.error) : wire.value;
    },
  };
  transferHandlers.set("throw", handler);
}
