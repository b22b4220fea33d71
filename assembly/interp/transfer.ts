// What the run loop (run.ts) and nested calls (jit/nestedCalls.ts) do between two translated blocks.
import { Vcpu } from "../cpu/state";
import { isCurrent } from "../mmu/epochs";
import { ANY_EPOCH, LinkSlot } from "../jit/translations";
import { Block } from "./blocks";

/** Instructions after which translated code comes back at the latest: V8 takes up its optimised form at the next call. */
const CHUNK: u64 = 20_000;

/** Where the link of a translated block leads, or 0 when it does not hold (any more). */
// @ts-ignore: decorator
@inline
export function linkedEntry(cpu: Vcpu, slot: LinkSlot): u32 {
  const target = slot.target;
  if (!target || changetype<Block>(<usize>target).mode != cpu.mode) return 0;
  return slot.epoch == ANY_EPOCH || isCurrent(cpu, slot.epoch) ? target : 0;
}

/** Makes `instructions` the count of all retired. */
// @ts-ignore: decorator
@inline
export function settle(cpu: Vcpu): void {
  cpu.instructions += <u64>(cpu.jitGiven - cpu.jitLeft);
  cpu.jitGiven = cpu.jitLeft;
}

/** Gives translated code fuel; false when the limit is nearer than `least` instructions. */
export function refuel(cpu: Vcpu, least: u32): bool {
  settle(cpu);
  const left = cpu.instructionLimit - cpu.instructions;
  if (<i64>left < <i64>least) return false;
  const fuel = <u32>max<u64>(min<u64>(left, CHUNK), <u64>least);
  cpu.jitGiven = fuel;
  cpu.jitLeft = fuel;
  return true;
}
