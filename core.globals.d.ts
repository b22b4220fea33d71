/**
 * What browsers, workers and Node all have, as far as the board and the engine's view use it: these compile without the `dom`
 * library (tsconfig.core.json), so that nothing of a page can slip in.
 */
declare const performance: { now(): number };

declare const crypto: { getRandomValues(target: Uint8Array): Uint8Array };

declare function structuredClone<T>(value: T): T;
declare function queueMicrotask(callback: () => void): void;

declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean });
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string;
}

declare namespace WebAssembly {
  class Memory {
    constructor(limits: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBuffer;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  type Exports = Record<string, unknown>;
  type Imports = Record<string, Record<string, unknown>>;
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Exports;
  }
  class Table {
    constructor(limits: { element: "anyfunc"; initial: number });
    grow(places: number): number;
    get(place: number): unknown;
    set(place: number, value: unknown): void;
  }
  function validate(bytes: Uint8Array): boolean;
  function instantiate(module: Module, imports?: Imports): Promise<Instance>;
}
