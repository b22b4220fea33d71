/** The two machines that are compared: the interpreter, and the engine in one of its other ways of running. */
import { JitFeature } from "../../assembly/shared/jit.ts";
import type { JitOptions } from "../../src/core/jit.ts";
import { createEngine } from "../support/engine.ts";
import { type Divergence, runBoth, type Schedule, schedule, start } from "./differential.ts";
import { FuzzMachine, RAM_MIB } from "./machine.ts";
import type { Variant } from "./program.ts";

const AUTO_THRESHOLD = 3;
const LEAST_CACHE = 0x10_0000;

/** Ways of running that must agree with the interpreter. */
export const BACKENDS = {
  /** Itself: for tests of this harness. */
  interp: { mode: "off" },
  /** All code is translated before it runs. */
  jit: { mode: "forced" },
  /** Code is translated when it has run a few times. */
  auto: { mode: "auto", threshold: AUTO_THRESHOLD },
  /** Without SIMD and tail calls in the host. */
  plain: { mode: "forced", features: JitFeature.SHARED_MEMORY },
  /** With the smallest code cache. */
  small: { mode: "auto", threshold: AUTO_THRESHOLD, cacheBytes: LEAST_CACHE },
} as const satisfies Record<string, JitOptions>;
export type Backend = keyof typeof BACKENDS;

export async function createMachine(backend: Backend): Promise<FuzzMachine> {
  const machine = new FuzzMachine();
  const options = BACKENDS[backend];
  const engine = await createEngine(options.mode === "off" ? "interp" : "jit", RAM_MIB, machine.host);
  if (options.mode !== "off") engine.setJit(options);
  return machine.attach(engine);
}

/** Engines are used for so many programs. */
const USES = 60;

export class Pair {
  private machines: [FuzzMachine, FuzzMachine] | undefined;
  private uses = 0;
  /** The last program's schedule has left other settings of the JIT. */
  private reconfigured = false;

  constructor(
    readonly backend: Backend,
    private readonly create: (backend: Backend) => Promise<FuzzMachine> = createMachine,
  ) {}

  /** Runs a program on both; a trap of WebAssembly counts as a divergence too. */
  async run(variant: Variant, plan: Schedule, limit?: number): Promise<Divergence | undefined> {
    const [a, b] = await this.get();
    try {
      if (this.reconfigured) b.engine.setJit(BACKENDS[this.backend]);
      this.reconfigured = plan.name === "reconfigured";
      start(variant, a, b, variant.program.seed);
      return runBoth(a, b, plan, limit);
    } catch (error) {
      this.renew();
      return { retired: -1, lines: [`the engine failed: ${(error as Error).stack ?? error}`] };
    }
  }

  /** By the schedule's name, from its start. */
  async runNamed(variant: Variant, name: Schedule["name"], limit?: number): Promise<Divergence | undefined> {
    const usable = name === "reconfigured" && this.backend === "interp" ? "large" : name;
    return this.run(variant, schedule(usable, variant.program.seed), limit);
  }

  /** Fresh engines for the next program. */
  renew(): void {
    this.machines = undefined;
  }

  /** The machines, as the last program left them. */
  async get(): Promise<[FuzzMachine, FuzzMachine]> {
    if (!this.machines || ++this.uses > USES) {
      this.machines = [await this.create("interp"), await this.create(this.backend)];
      this.uses = 0;
    }
    return this.machines;
  }
}
