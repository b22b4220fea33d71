// What the translator, the run loop and TypeScript agree on.

/** When guest code is translated (`setJit`). */
export const enum JitMode {
  /** Never. */
  OFF,
  /** When it has run often enough. */
  AUTO,
  /** Before it runs for the first time. */
  FORCED,
}

/** What the host's WebAssembly can do, and what translated code is to do beside its work. */
export const enum JitFeature {
  SHARED_MEMORY = 1,
  SIMD = 2,
  TAIL_CALLS = 4,
  /** Count the instructions of each region (jit/profile.ts). */
  PROFILE = 8,
}

/** What a translated function returns, if not the address of a link slot. `rip` is set in any case. */
export const enum ExitCode {
  /** Look the next block up; there may be attention. */
  INDIRECT = 0,
  /** The instruction at rip could not be done here and has done nothing: interpret it. */
  INTERPRET = 1,
  /** Out of fuel, at a loop head. */
  FUEL = 2,
  /** As INDIRECT, by a RET: nothing is to be learnt from where it goes. */
  RETURN = 3,
  /** Of the helper CALL only: the function that was called has returned to where it should. */
  RETURNED = 4,
}

/** What the host answers when it is given a module. */
export const enum ModuleAnswer {
  /** It could not be compiled. */
  REFUSED = 0,
  /** Its functions are in their places. */
  INSTALLED = 1,
  /** It is being compiled; moduleReady will be called between two slices, unless its places are emptied before. */
  PENDING = 2,
}

/** The exported function table. */
export const enum JitTable {
  /** Places that the code cache needs (`setJit`). */
  PLACES = 16384,
  /** Each segment of the code cache, which is emptied as a whole, has as many of them, one after the other. */
  SEGMENTS = 8,
}
