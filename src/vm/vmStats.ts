/** The figures of a VM (VmStats) from the counters of its engine. */
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { Engine } from "../core/engine.ts";
import type { VmStats } from "./vmConfig.ts";

/** Times that the engine does not know. */
export interface VmTimes {
  /** Wall time spent in the engine. */
  busyMs: number;
  /** From the VM's creation to its first instruction. */
  firstInstructionMs: number;
}

/** Of a VM that has not run. */
export const NO_STATS: VmStats = {
  instructions: 0,
  seconds: 0,
  mips: 0,
  translatedShare: 0,
  interpreterShare: 0,
  regions: 0,
  modules: 0,
  regionBytes: 0,
  regionInstructions: 0,
  wasmBytes: 0,
  wasmBytesPerInstruction: 0,
  compileSeconds: 0,
  regionInvalidations: 0,
  regionEvictions: 0,
  chainHits: 0,
  dispatches: 0,
  dispatchesPerMillion: 0,
  codeBytes: 0,
  codeRecordBytes: 0,
  engineBytes: 0,
  heapBytes: 0,
  timeToFirstInstruction: 0,
  tlbMisses: 0,
  tlbMissesPerMillion: 0,
  blocksBuilt: 0,
  invalidations: 0,
  evictions: 0,
  interrupts: 0,
  exceptions: 0,
};

export function collectStats(engine: Engine, times: VmTimes): VmStats {
  const count = (field: VcpuField) => Number(engine.field64(field));
  const instructions = engine.instructionsRetired();
  const seconds = times.busyMs / 1000;
  const perMillion = (events: number) => ratio(events, instructions) * 1e6;
  const translatedShare = ratio(count(VcpuField.STAT_JIT_INSTRUCTIONS), instructions);
  const regionInstructions = count(VcpuField.STAT_GUEST_INSTRUCTIONS);
  const wasmBytes = count(VcpuField.STAT_WASM_BYTES);
  const dispatches = count(VcpuField.STAT_DISPATCHES);
  const tlbMisses = count(VcpuField.STAT_TLB_MISSES);
  const memory = engine.codeMemory();
  return {
    instructions,
    seconds,
    mips: ratio(instructions, seconds) / 1e6,
    translatedShare,
    interpreterShare: 1 - translatedShare,
    regions: count(VcpuField.STAT_REGIONS),
    modules: count(VcpuField.STAT_MODULES),
    regionBytes: count(VcpuField.STAT_GUEST_BYTES),
    regionInstructions,
    wasmBytes,
    wasmBytesPerInstruction: ratio(wasmBytes, regionInstructions),
    compileSeconds: engine.compileMs() / 1000,
    regionInvalidations: count(VcpuField.STAT_JIT_INVALIDATIONS),
    regionEvictions: count(VcpuField.STAT_JIT_EVICTIONS),
    chainHits: count(VcpuField.STAT_CHAINED),
    dispatches,
    dispatchesPerMillion: perMillion(dispatches),
    codeBytes: memory.wasmBytes,
    codeRecordBytes: memory.recordBytes,
    engineBytes: engine.overheadBytes(),
    heapBytes: heapBytes(),
    timeToFirstInstruction: times.firstInstructionMs / 1000,
    tlbMisses,
    tlbMissesPerMillion: perMillion(tlbMisses),
    blocksBuilt: count(VcpuField.STAT_BLOCKS_BUILT),
    invalidations: count(VcpuField.STAT_INVALIDATIONS),
    evictions: count(VcpuField.STAT_EVICTIONS),
    interrupts: count(VcpuField.STAT_INTERRUPTS),
    exceptions: count(VcpuField.STAT_EXCEPTIONS),
  };
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

/** V8's measure of the JavaScript heap, where there is one. */
function heapBytes(): number {
  const node = (globalThis as { process?: { memoryUsage?: () => { heapUsed: number } } }).process;
  if (node?.memoryUsage) return node.memoryUsage().heapUsed;
  return (performance as { memory?: { usedJSHeapSize: number } }).memory?.usedJSHeapSize ?? 0;
}
