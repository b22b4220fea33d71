/**
 * Compiles a module of translated code so that it can run at once elsewhere. V8 compiles a function when it is called for the first time,
 * on the thread that calls it; all threads of a process share the code. So each function is called here once, in a memory of
 * zeros without fuel, where it does nothing of consequence before it returns or traps.
 */
import { MemoryMap } from "../../assembly/shared/memoryMap.ts";

/** At least as many as there are helpers; empty places, so that a call traps. */
const HELPERS = 256;

type Entry = (entry: number) => number;

export class ModulePreparer {
  /** By size in WebAssembly pages: modules take a memory of one size. Little of it is ever touched. */
  private readonly memories = new Map<number, WebAssembly.Memory>();

  constructor() {
    // Most traps are of no interest, and their stack traces cost more than the calls.
    Error.stackTraceLimit = 0;
  }

  /** A module for memories of `memoryPages`. Throws what `WebAssembly.Module` throws. */
  prepare(bytes: Uint8Array<ArrayBuffer>, memoryPages: number): WebAssembly.Module {
    const module = new WebAssembly.Module(bytes);
    try {
      const memory = this.memoryOf(memoryPages);
      for (const entry of Object.values(instantiate(module, memory).exports)) call(entry as Entry, memory);
    } catch {
      // That cannot be done here: the module is as good, only slower at first.
    }
    return module;
  }

  private memoryOf(pages: number): WebAssembly.Memory {
    let memory = this.memories.get(pages);
    if (!memory) {
      memory = new WebAssembly.Memory({
        initial: pages,
        maximum: pages,
        shared: typeof SharedArrayBuffer === "function",
      });
      this.memories.set(pages, memory);
    }
    return memory;
  }
}

function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): WebAssembly.Instance {
  // A table of its own: V8 keeps the instances that have imported a table as long as the table.
  const helpers = new WebAssembly.Table({ element: "anyfunc", initial: HELPERS });
  return new WebAssembly.Instance(module, { m: { memory, helpers } });
}

function call(entry: Entry, memory: WebAssembly.Memory): void {
  new Uint8Array(memory.buffer, MemoryMap.VCPU, MemoryMap.VCPU_SIZE).fill(0);
  try {
    entry(0);
  } catch {
    // It has called a helper, or met with zeros where it did not expect them.
  }
}
