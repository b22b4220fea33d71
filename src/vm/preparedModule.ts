/**
 * Compiles a module of translated code so that it can run at once elsewhere. V8 compiles a function when it is called for the first time,
 * on the thread that calls it; all threads of a process share the code. So each function is called here once, in a memory of
 * zeros without fuel, where it does nothing of consequence before it returns or traps.
 */
import { MemoryMap } from "../../assembly/shared/memoryMap.ts";

const PAGE = 0x10000;
const MAX_PAGES = 0x10000;
/** At least as many as there are helpers; empty places, so that a call traps. */
const HELPERS = 256;

type Entry = (entry: number) => number;

export class ModulePreparer {
  private memory: WebAssembly.Memory;

  constructor() {
    // Most traps are of no interest, and their stack traces cost more than the calls.
    Error.stackTraceLimit = 0;
    this.memory = makeMemory(typeof SharedArrayBuffer === "function");
  }

  /** Throws what `WebAssembly.Module` throws. */
  prepare(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
    const module = new WebAssembly.Module(bytes);
    const instance = this.instantiate(module);
    if (instance) for (const entry of Object.values(instance.exports)) this.call(entry as Entry);
    return module;
  }

  /** Undefined when that cannot be done here: the module is as good, only slower at first. */
  private instantiate(module: WebAssembly.Module): WebAssembly.Instance | undefined {
    try {
      // A table of its own: V8 keeps the instances that have imported a table as long as the table.
      const helpers = new WebAssembly.Table({ element: "anyfunc", initial: HELPERS });
      return new WebAssembly.Instance(module, { m: { memory: this.memory, helpers } });
    } catch {
      return undefined;
    }
  }

  private call(entry: Entry): void {
    new Uint8Array(this.memory.buffer, MemoryMap.VCPU, MemoryMap.VCPU_SIZE).fill(0);
    try {
      entry(0);
    } catch {
      // It has called a helper, or met with zeros where it did not expect them.
    }
  }
}

/** A memory that modules of translated code take; little of it is ever touched. */
function makeMemory(shared: boolean): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: MemoryMap.GUEST_RAM / PAGE, maximum: MAX_PAGES, shared });
}
