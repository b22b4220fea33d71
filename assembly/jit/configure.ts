// Settings of the JIT.
import { Vcpu } from "../cpu/state";
import { JitMode } from "../shared/jit";
import { initCodeCache } from "./codeCache";
import { NEVER } from "./heat";
import { cacheState } from "./segments";

const DEFAULT_THRESHOLD: u32 = 400;
/** A block that waits in the queue is urgent after as many times the threshold. */
const URGENCY: u32 = 20;
/** Transfers into a translation that cost as much as making a wider one without them. */
const WIDE_AFTER: u32 = 20_000;
const ALL: u32 = 0xffff_ffff;

/** See setJit in index.ts; 0 for a threshold or a size is the usual one. Drops all code. */
export function configureJit(
  cpu: Vcpu,
  mode: u32,
  threshold: u32,
  cacheBytes: u32,
  features: u32,
  firstPlace: u32,
): void {
  const runs = threshold ? threshold : DEFAULT_THRESHOLD;
  cpu.jitMode = mode;
  cpu.jitFeatures = features;
  cpu.jitThreshold = mode == JitMode.AUTO ? runs : NEVER - 1;
  initCodeCache(cpu, cacheBytes ? cacheBytes : ALL, firstPlace);
  const state = cacheState();
  state.urgent = runs * URGENCY;
  state.wideAfter = mode == JitMode.FORCED ? 0 : WIDE_AFTER;
}
