/**
 * Compiles the modules that the engine has translated and puts their functions where the engine calls them: at once, or with a
 * ModuleCompiler while the guest goes on; then between two slices (docs/adr/0003-compiling-translated-code.md).
 */
import { JitTable, ModuleAnswer } from "../../assembly/shared/jit.ts";

/** Compiles beside the VM's thread. */
export interface ModuleCompiler {
  /** A module that imports a memory of `memoryPages` WebAssembly pages. */
  compile(bytes: Uint8Array<ArrayBuffer>, memoryPages: number): Promise<WebAssembly.Module>;
}

/** What of the engine the installer needs. */
export interface InstallerExports {
  helperCount(): number;
  helperPlace(helper: number): number;
  moduleReady(place: number, count: number, ok: boolean): void;
  table: WebAssembly.Table;
}

interface Job {
  place: number;
  count: number;
  bytes: Uint8Array<ArrayBuffer>;
  askedMs: number;
  /** Unset when the compiler has failed. */
  module?: WebAssembly.Module;
}

/**
 * A module is waited for no longer. That happens when nothing lets this thread's events in, so that no answer ever comes, or when the
 * compiler gets no time.
 */
const PATIENCE_MS = 100;
/** See JitOptions.inPlaceBytes: about 0.3 ms of compiling. */
const IN_PLACE_BYTES = 16_384;
/** Of WebAssembly, in bytes. */
const PAGE = 0x10000;
const SEGMENT_PLACES = JitTable.PLACES / JitTable.SEGMENTS;

export class ModuleInstaller {
  /** Time spent in the host's compiler on this thread. */
  compileMs = 0;
  /** Where modules of more than `inPlaceBytes` are compiled from now on; unset: here, at once. */
  compiler: ModuleCompiler | undefined;
  inPlaceBytes = IN_PLACE_BYTES;
  /** Hears of places that are about to be emptied. */
  onEmptied: ((place: number, count: number) => void) | undefined;
  /** The first of JitTable.PLACES places for the engine. */
  readonly firstPlace: number;
  private readonly bytes: Uint8Array;
  /**
   * By segment of the code cache. V8 keeps the instances that have imported a table as long as that table: so a segment that is emptied
   * gets another one, and what it held can go.
   */
  private readonly helpers: WebAssembly.Table[] = [];
  private readonly table: WebAssembly.Table;
  /** By place, in the order in which they were asked for. */
  private readonly pending = new Map<number, Job>();
  private arrived: Job[] = [];
  /** Answers do not come: until one does, modules are compiled here. */
  private stalled = false;

  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly engine: InstallerExports,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.bytes = new Uint8Array(memory.buffer);
    this.table = engine.table;
    this.firstPlace = this.table.grow(JitTable.PLACES);
  }

  /** The host import `installModule` (assembly/host/imports.ts). */
  install(address: number, length: number, place: number, count: number): ModuleAnswer {
    if (length === 0) {
      this.empty(place, count);
      return ModuleAnswer.INSTALLED;
    }
    // A copy: the compiler does not take shared memory.
    const bytes = new Uint8Array(this.bytes.subarray(address, address + length));
    const job = { place, count, bytes, askedMs: this.now() };
    if (this.compiler === undefined || this.stalled || length <= this.inPlaceBytes)
      return this.compileHere(job) ? ModuleAnswer.INSTALLED : ModuleAnswer.REFUSED;
    this.pending.set(place, job);
    this.compiler.compile(bytes, this.bytes.length / PAGE).then(
      (module) => this.arrive(job, module),
      () => this.arrive(job, undefined),
    );
    return ModuleAnswer.PENDING;
  }

  /** Between two slices: installs what has been compiled meanwhile, and what is not waited for any longer. */
  settle(): void {
    if (this.pending.size === 0) return;
    const arrived = this.arrived;
    this.arrived = [];
    for (const job of arrived) this.finish(job);
    const [oldest] = this.pending.values();
    if (oldest === undefined || this.now() - oldest.askedMs < PATIENCE_MS) return;
    this.stalled = true;
    for (const job of [...this.pending.values()]) this.finish(job);
  }

  private arrive(job: Job, module: WebAssembly.Module | undefined): void {
    this.stalled = false;
    if (module) job.module = module;
    this.arrived.push(job);
  }

  /** Installs a pending module, unless its places have been emptied or it was not waited for. */
  private finish(job: Job): void {
    if (this.pending.get(job.place) !== job) return;
    this.pending.delete(job.place);
    // What the compiler has failed at is tried here: then it is known what that means.
    this.engine.moduleReady(job.place, job.count, this.compileHere(job));
  }

  private empty(place: number, count: number): void {
    this.onEmptied?.(place, count);
    for (const at of [...this.pending.keys()]) if (at >= place && at < place + count) this.pending.delete(at);
    for (let i = 0; i < count; i++) this.table.set(place + i, null);
    delete this.helpers[this.segmentOf(place)];
  }

  private segmentOf(place: number): number {
    return Math.floor((place - this.firstPlace) / SEGMENT_PLACES);
  }

  private helpersFor(place: number): WebAssembly.Table {
    const segment = this.segmentOf(place);
    this.helpers[segment] ??= makeHelperTable(this.engine);
    return this.helpers[segment];
  }

  /** Puts the job's functions in their places; false when the host is out of memory for code: it goes on interpreted. */
  private compileHere(job: Job): boolean {
    const started = performance.now();
    try {
      const module = job.module ?? new WebAssembly.Module(job.bytes);
      const m = { memory: this.memory, helpers: this.helpersFor(job.place) };
      const { exports } = new WebAssembly.Instance(module, { m });
      for (let i = 0; i < job.count; i++) this.table.set(job.place + i, exports[i]);
      return true;
    } catch (error) {
      // Anything else is a mistake of the translator.
      if (error instanceof RangeError) return false;
      throw error;
    } finally {
      this.compileMs += performance.now() - started;
    }
  }
}

/** The functions that translated code calls, by their numbers (assembly/jit/helperTable.ts). */
function makeHelperTable(engine: InstallerExports): WebAssembly.Table {
  const count = engine.helperCount();
  const helpers = new WebAssembly.Table({ element: "anyfunc", initial: count });
  for (let helper = 0; helper < count; helper++) helpers.set(helper, engine.table.get(engine.helperPlace(helper)));
  return helpers;
}
